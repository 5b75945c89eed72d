package testdrive

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"weightroom/backend"
)

// symbols are the names that a recipe may use, each with the zero of its type. A blueprint's Hyper gives them, but for
// those of a single block (blockSymbols), which come from its lists:
//
//	L blocks · D embedding · V vocabulary · C context · F feed-forward · H heads · KV key-value heads · K, VL key and
//	value length · ropeDim, ropeBase, eps · NE, NU experts and those in use · EF, ES, NSH their feed-forward, the shared
//	one's, number of shared ones · dense leading blocks without experts · step every n-th block has experts · QL, KL, KM,
//	VM latent attention · SC, SI, SS, SR, SG state space · LC short convolution · PL per-layer input · ML latent experts ·
//	Kswa key length of sliding blocks · window · sharedKv · AL, LR AltUp and LAuReL of Gemma 3n · types of BERT tokens
//
// Lists have one entry for each block: Fs, KVs, Hs, swa (1: sliding window), recrs (1: recurrent or convolution);
// sections has four.
var symbols = func() map[string]any {
	m := map[string]any{"kind": ""}
	for _, name := range strings.Fields("L D V C F H KV K VL ropeDim NE NU EF ES NSH dense step QL KL KM VM SC SI SS SR SG LC PL ML Kswa window sharedKv AL LR types Fl KVl Hl Kl") {
		m[name] = 0
	}
	for _, name := range strings.Fields("eps ropeBase logitScale") {
		m[name] = 0.0
	}
	for _, name := range strings.Fields("tied qkvBias ropeFreqs longRope qkNorm kEqV probsB recr full leading moe kvStored") {
		m[name] = false
	}
	for _, name := range strings.Fields("Fs KVs Hs swa recrs sections") {
		m[name] = []int{}
	}
	return m
}()

var blockSymbols = strings.Fields("Fl KVl Hl Kl recr full leading moe kvStored kind")

// derived says that a symbol has a value even where the blueprint does not give it.
func derived(symbol string) bool {
	switch symbol {
	case "Fs", "KVs", "Hs", "eps", "logitScale", "dense", "NSH", "ES", "PL", "sharedKv", "QL", "KL", "sections":
		return true
	}
	return false
}

// The limits of hyperparameters: far above any model, far below what would overflow.
const (
	maxLayers  = 512 // LLAMA_MAX_LAYERS
	maxExperts = 1024
	maxContext = math.MaxInt32
	maxSize    = 1 << 24 // widths and the vocabulary
	maxFile    = 1 << 44 // bytes: 16 TB, eight times the largest model at 32 bits
)

// scope holds the values of all symbols.
type scope map[string]any

func (s scope) int(name string) int { n, _ := s[name].(int); return n }

// list returns a list, or the one number that stands for it in every block.
func (s scope) list(name string) []int {
	values, _ := s[name].([]int)
	if len(values) == 0 && name != "sections" && name != "swa" {
		n := s.int(strings.TrimSuffix(name, "s"))
		for range s.int("L") {
			values = append(values, n)
		}
	}
	return values
}

// newScope checks a blueprint's hyperparameters and fills in what follows from them.
func newScope(bp backend.Blueprint) (scope, error) {
	s := make(scope, len(symbols))
	for name, v := range symbols {
		s[name] = v
	}
	s["eps"], s["logitScale"], s["ropeBase"], s["step"] = 1e-5, 1.0, 10000.0, 1
	for name, v := range bp.Hyper {
		like, ok := symbols[name]
		if !ok || slices.Contains(blockSymbols, name) {
			return nil, invalid("there is no %q", name)
		}
		value, err := convert(like, v)
		if err != nil {
			return nil, invalid("%s is %v", name, err)
		}
		s[name] = value
	}
	if s.int("VL") == 0 {
		s["VL"] = s.int("K")
	}
	if s.int("C") == 0 {
		s["C"] = 4096
	}
	return s, s.check()
}

// convert takes what JSON gives (float64, []any) and what Go code gives.
func convert(like, v any) (any, error) {
	switch like.(type) {
	case int:
		if n, ok := whole(v); ok {
			return n, nil
		}
	case float64:
		switch n := v.(type) {
		case float64:
			if !math.IsNaN(n) && !math.IsInf(n, 0) {
				return n, nil
			}
		case int:
			return float64(n), nil
		}
	case bool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case []int:
		switch values := v.(type) {
		case []int:
			return values, nil
		case []any:
			out := make([]int, len(values))
			for i, e := range values {
				n, ok := whole(e)
				if !ok {
					return nil, fmt.Errorf("a list with %v", e)
				}
				out[i] = n
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("%v", v)
}

func whole(v any) (int, bool) {
	switch n := v.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int(n), true
		}
	}
	return 0, false
}

// check refuses numbers that no model has.
func (s scope) check() error {
	limits := []struct {
		symbol, name string
		least, most  int
	}{
		{"L", "layers", 1, maxLayers}, {"D", "width", 1, maxSize}, {"V", "vocabulary", 1, maxSize}, {"C", "context", 1, maxContext},
		{"H", "heads", 1, maxSize}, {"NE", "experts", 0, maxExperts}, {"NU", "experts in use", 0, maxExperts},
	}
	for _, l := range limits {
		if n := s.int(l.symbol); n < l.least || n > l.most {
			return invalid("%d %s", n, l.name)
		}
	}
	layers := s.int("L")
	for name, v := range s {
		switch v := v.(type) {
		case int:
			if v < 0 || name != "C" && v > maxSize {
				return invalid("%s is %d", name, v)
			}
		case []int:
			if name != "sections" && len(v) != 0 && len(v) != layers {
				return invalid("%s has %d entries for %d layers", name, len(v), layers)
			}
			for _, n := range v {
				if n < 0 || n > maxSize {
					return invalid("%s has %d", name, n)
				}
			}
		}
	}
	switch experts, used := s.int("NE"), s.int("NU"); {
	case used > experts:
		return invalid("it uses %d of %d experts", used, experts)
	case experts > 0 && used == 0:
		return invalid("it uses none of its %d experts", experts)
	case s.int("KV") > s.int("H"):
		return invalid("%d key-value heads for %d heads", s.int("KV"), s.int("H"))
	}
	return nil
}

// block is what tells one block's tensors from another's.
type block struct {
	F, KV, H, K              int
	recr, full, leading, moe bool
	kind                     string
}

// at returns the values of block i.
func (s scope) at(i int) block {
	pick := func(list, one string) int {
		if values, _ := s[list].([]int); len(values) > 0 {
			return values[i]
		}
		return s.int(one)
	}
	b := block{F: pick("Fs", "F"), KV: pick("KVs", "KV"), H: pick("Hs", "H"), K: s.int("K")}
	b.full = pick("swa", "") == 0
	if !b.full && s.int("Kswa") > 0 {
		b.K = s.int("Kswa")
	}
	b.recr = pick("recrs", "") != 0
	b.leading = i < s.int("dense")
	b.moe = s.int("NE") > 0 && s.int("step") > 0 && (i+1)%s.int("step") == 0
	switch { // the hybrids that have one part of a block in each block
	case b.KV > 0:
		b.kind = "*"
	case b.F > 0 && s.int("NE") > 0:
		b.kind = "E"
	case b.F > 0:
		b.kind = "-"
	default:
		b.kind = "M"
	}
	return b
}

// enter sets the symbols of a single block.
func (s scope) enter(b block) {
	s["Fl"], s["KVl"], s["Hl"], s["Kl"] = b.F, b.KV, b.H, b.K
	s["recr"], s["full"], s["leading"], s["moe"], s["kind"] = b.recr, b.full, b.leading, b.moe, b.kind
	s["kvStored"] = true // published files keep keys and values even where a block reuses earlier ones
}

func invalid(format string, args ...any) error {
	return backend.Fail(backend.CodeInvalid, nil, "The facts about this model can't be right: "+fmt.Sprintf(format, args...)+".", "Pick another model, or correct its entry.")
}
