package testdrive

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// sizes are the known sizes of a model's files, from build/catalog/blueprints.py.
type sizes struct {
	Verified     string             `json:"verified"`
	WithMetadata bool               `json:"withMetadata"`
	Computed     map[string]float64 `json:"computed"`
	Published    [][3]any           `json:"published"` // name, quant, bytes
}

func knownSizes(t *testing.T) map[string]sizes {
	t.Helper()
	data, err := os.ReadFile("testdata/sizes.json")
	if err != nil {
		t.Fatal(err)
	}
	var known map[string]sizes
	if err := json.Unmarshal(data, &known); err != nil {
		t.Fatal(err)
	}
	return known
}

// TestPlannedSizes compares planned files with sizes that were computed from the same facts by other programs, and
// with published files. Where a known size counts the metadata, that of the F16 file tells how large it is.
func TestPlannedSizes(t *testing.T) {
	rows, known := blueprints(t), knownSizes(t)
	compared, exact, files, kept := 0, 0, 0, 0
	worst, worstExact, worstFile := 0.0, 0.0, 0.0
	for _, id := range slices.Sorted(maps.Keys(known)) {
		k := known[id]
		o, err := NewOutline(rows[id])
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		size := func(quant string) float64 {
			if quant == "MXFP4" {
				quant = "MXFP4_MOE"
			}
			h, err := o.Plan(quant, k.WithMetadata)
			if err != nil {
				t.Fatalf("%s %s: %v", id, quant, err)
			}
			return float64(h.File.DataSize)
		}
		metadata := 0.0
		if f := k.Computed["F16"]; f > 0 && k.WithMetadata {
			metadata = f - size("F16")
			if metadata < 1e5 || metadata > 2e7 {
				t.Errorf("%s: %g bytes of metadata are no vocabulary", id, metadata)
			}
		}
		for quant, want := range k.Computed {
			off := math.Abs((size(quant)+metadata)/want - 1)
			compared++
			worst = max(worst, off)
			if k.Verified == "exact" {
				exact++
				worstExact = max(worstExact, off)
			}
			if off > 0.005 {
				t.Errorf("%s %s: planned %.0f, computed elsewhere %.0f (%+.2f%%)", id, quant, size(quant)+metadata, want, 100*off)
			}
		}
		for _, p := range k.Published {
			if !slices.ContainsFunc(quants, func(q quant) bool { return q.name == p[1] }) || k.Verified != "exact" {
				continue
			}
			files++
			off := (size(p[1].(string))+metadata)/p[2].(float64) - 1
			if math.Abs(off) <= 0.005 {
				kept++
				worstFile = max(worstFile, math.Abs(off))
			} else {
				t.Logf("%s: planned %.0f, the file has %.0f (%+.2f%%)", p[0], size(p[1].(string))+metadata, p[2], 100*off)
			}
		}
	}
	t.Logf("%d sizes compared, worst %.3f%%; of rows marked exact %d, worst %.3f%%", compared, 100*worst, exact, 100*worstExact)
	t.Logf("%d published files of rows marked exact: %d within 0.5%% (worst of them %.3f%%)", files, kept, 100*worstFile)
	if compared < 1800 || files > 0 && float64(kept)/float64(files) < 0.8 {
		t.Errorf("only %d sizes compared, %d of %d files close", compared, kept, files)
	}
}

func TestPlan(t *testing.T) {
	rows := blueprints(t)
	t.Run("every model at every quant has a header that our own strict reader accepts", func(t *testing.T) {
		for id, bp := range rows {
			o, err := NewOutline(bp)
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			for _, quant := range []string{"Q4_K_M", "IQ2_XXS", "F16"} {
				h, err := o.Plan(quant, false)
				if err != nil {
					t.Errorf("%s %s: %v", id, quant, err)
					continue
				}
				var w bytes.Buffer
				if err := h.File.WriteHeader(&w); err != nil {
					t.Errorf("%s: %v", id, err)
				}
				back, err := gguf.Read(hole{w.Bytes(), h.File.Size}, h.File.Size)
				if err != nil && bp.Architecture == "lfm2" { // the reader takes its list of key-value heads for a mistake, as of now
					t.Logf("%s: %v", id, err)
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", id, err)
					continue
				}
				if back.Quant() != quant || back.Size != h.Bytes || h.ActiveBytes > h.Bytes || h.ActiveBytes < 1<<20 {
					t.Errorf("%s: read back as %s of %d bytes, %d active; planned %s of %d", id, back.Quant(), back.Size, h.ActiveBytes, quant, h.Bytes)
				}
			}
		}
	})
	t.Run("one token reads the experts it uses and no table of embeddings", func(t *testing.T) {
		for _, c := range []struct {
			id     string
			active float64 // weights in billions
		}{{"llama-3.1-8b", 7.5}, {"qwen3-30b-a3b", 3.03}, {"mixtral-8x7b", 12.7}, {"gpt-oss-120b", 5.13}, {"smollm2-135m", 0.1345}} {
			h, err := Plan(rows[c.id], "Q8_0")
			if err != nil {
				t.Fatal(err)
			}
			if got := float64(h.ActiveWeights) / 1e9; math.Abs(got/c.active-1) > 0.02 {
				t.Errorf("%s: %.3f billion weights for a token, not %.3f", c.id, got, c.active)
			}
		}
	})
	t.Run("widths that are no multiple of 256 are named", func(t *testing.T) {
		h, err := Plan(rows["smollm2-135m"], "Q4_K_M")
		if err != nil {
			t.Fatal(err)
		}
		if len(h.Fallbacks) < 150 || !slices.Contains(h.Fallbacks, "blk.0.attn_q.weight") || slices.Contains(h.Fallbacks, "blk.0.ffn_down.weight") {
			t.Errorf("%d fallbacks: %v", len(h.Fallbacks), h.Fallbacks[:3])
		}
		if h, _ = Plan(rows["llama-3.1-8b"], "Q4_K_M"); len(h.Fallbacks) != 0 {
			t.Errorf("%v", h.Fallbacks)
		}
	})
	t.Run("bad input is refused with a sentence", func(t *testing.T) {
		with := func(change func(map[string]any)) backend.Blueprint {
			bp := backend.Blueprint{Architecture: "llama", Hyper: maps.Clone(rows["llama-3.1-8b"].Hyper)}
			change(bp.Hyper)
			return bp
		}
		for name, c := range map[string]struct {
			bp    backend.Blueprint
			quant string
			code  backend.Code
		}{
			"an unknown architecture":         {backend.Blueprint{Architecture: "gptj"}, "Q8_0", backend.CodeUnsupported},
			"an unknown quant":                {rows["llama-3.1-8b"], "Q9_X", backend.CodeInvalid},
			"experts it does not have":        {rows["llama-3.1-8b"], "MXFP4_MOE", backend.CodeInvalid},
			"nothing known":                   {backend.Blueprint{Architecture: "llama"}, "Q8_0", backend.CodeInvalid},
			"no layers":                       {with(func(h map[string]any) { h["L"] = 0 }), "Q8_0", backend.CodeInvalid},
			"a million layers":                {with(func(h map[string]any) { h["L"] = 1e6 }), "Q8_0", backend.CodeInvalid},
			"half a layer":                    {with(func(h map[string]any) { h["L"] = 0.5 }), "Q8_0", backend.CodeInvalid},
			"a negative width":                {with(func(h map[string]any) { h["D"] = -4096 }), "Q8_0", backend.CodeInvalid},
			"a width of a text":               {with(func(h map[string]any) { h["D"] = "wide" }), "Q8_0", backend.CodeInvalid},
			"more weights than any disk":      {with(func(h map[string]any) { h["D"], h["F"], h["V"] = 1<<24, 1<<24, 1<<24 }), "F32", backend.CodeInvalid},
			"a vocabulary of nothing":         {with(func(h map[string]any) { h["V"] = 0 }), "Q8_0", backend.CodeInvalid},
			"more key-value heads than heads": {with(func(h map[string]any) { h["KV"] = 64 }), "Q8_0", backend.CodeInvalid},
			"a fact that nothing knows":       {with(func(h map[string]any) { h["Q"] = 64 }), "Q8_0", backend.CodeInvalid},
			"a list of another length":        {with(func(h map[string]any) { h["Fs"] = []any{1.0, 2.0} }), "Q8_0", backend.CodeInvalid},
			"more experts in use than are":    {with(func(h map[string]any) { h["NE"], h["NU"] = 2, 3 }), "Q8_0", backend.CodeInvalid},
			"an epsilon that is none":         {with(func(h map[string]any) { h["eps"] = math.NaN() }), "Q8_0", backend.CodeInvalid},
		} {
			_, err := Plan(c.bp, c.quant)
			var e *backend.Error
			if !errors.As(err, &e) || e.Code != c.code || !strings.HasSuffix(e.Message, ".") || e.Hint == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("names of quants may be in small letters", func(t *testing.T) {
		if h, err := Plan(rows["llama-3.1-8b"], "q4_k_m"); err != nil || h.Quant != "Q4_K_M" {
			t.Error(err)
		}
	})
}

// hole is a header with nothing behind it.
type hole struct {
	header []byte
	size   int64
}

func (h hole) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(h.header)) {
		n = copy(p, h.header[at:])
	}
	for ; n < len(p) && at+int64(n) < h.size; n++ {
		p[n] = 0
	}
	return n, nil
}

func TestMix(t *testing.T) {
	rows := blueprints(t)
	for _, c := range []struct {
		requirement, id, quant, tensor, want string
	}{
		{"the output has six bits in a 4-bit mix", "llama-3.1-8b", "Q4_K_M", "output.weight", "Q6_K"},
		{"so has an embedding that is the output too", "llama-3.2-3b", "Q4_K_M", "token_embd.weight", "Q6_K"},
		{"an embedding of its own has the quant's type", "llama-3.1-8b", "Q4_K_M", "token_embd.weight", "Q4_K"},
		{"values of the first eighth have more bits", "llama-3.1-8b", "Q4_K_M", "blk.0.attn_v.weight", "Q6_K"},
		{"those of the second block behind it do not", "llama-3.1-8b", "Q4_K_M", "blk.4.attn_v.weight", "Q4_K"},
		{"those of every third block do", "llama-3.1-8b", "Q4_K_M", "blk.6.attn_v.weight", "Q6_K"},
		{"values shared by four heads have more bits", "llama-3.1-8b", "Q2_K", "blk.9.attn_v.weight", "Q4_K"},
		{"values shared by two do not", "gemma-2-9b", "Q2_K", "blk.9.attn_v.weight", "Q3_K"},
		{"80 blocks are a 70B, whose values have five bits", "llama-3.1-70b", "Q4_K_M", "blk.11.attn_v.weight", "Q5_K"},
		{"eight experts have values of eight bits", "mixtral-8x7b", "Q4_K_M", "blk.9.attn_v.weight", "Q8_0"},
		{"and an attention output of five", "mixtral-8x7b", "Q4_K_M", "blk.9.attn_output.weight", "Q5_K"},
		{"routers keep 32 bits", "mixtral-8x7b", "Q4_K_M", "blk.9.ffn_gate_inp.weight", "F32"},
		{"norms keep 32 bits", "llama-3.1-8b", "Q2_K", "blk.9.ffn_norm.weight", "F32"},
		{"experts are MXFP4", "gpt-oss-20b", "MXFP4_MOE", "blk.3.ffn_up_exps.weight", "MXFP4"},
		{"what is no expert has eight bits then", "gpt-oss-20b", "MXFP4_MOE", "blk.3.attn_q.weight", "Q8_0"},
		{"rows that are no blocks of 256 get blocks of 32", "smollm2-135m", "Q4_K_M", "blk.3.attn_q.weight", "Q5_0"},
		{"in a mix of i-quants too", "smollm2-135m", "IQ4_XS", "blk.3.ffn_up.weight", "IQ4_NL"},
		{"rows that are no blocks at all get 16 bits", "gemma-3n-e2b", "Q4_0", "blk.0.laurel_r.weight", "F16"},
		{"the table for each layer has 16 bits, as published", "gemma-3n-e2b", "Q4_K_M", "per_layer_token_embd.weight", "F16"},
	} {
		t.Run(c.requirement, func(t *testing.T) {
			h, err := Plan(rows[c.id], c.quant)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(h.File.Tensors, func(t gguf.Tensor) bool { return t.Name == c.tensor })
			if i < 0 {
				t.Fatal("no such tensor")
			}
			if got := h.File.Tensors[i].Type.String(); got != c.want {
				t.Errorf("%s of %s at %s is %s, not %s", c.tensor, c.id, c.quant, got, c.want)
			}
		})
	}
}

func TestTwiceBytes(t *testing.T) {
	rows := blueprints(t)
	for _, id := range []string{"gemma-3n-e2b", "gemma-4-e4b", "gemma-4-12b", "gemma-3-4b", "llama-3.2-1b"} {
		for _, quant := range []string{"Q4_K_M", "Q8_0", "IQ2_XXS", "F16"} {
			h, err := Plan(rows[id], quant)
			if err != nil {
				t.Fatal(err)
			}
			if got := TwiceBytes(rows[id], quant); got != h.TwiceBytes {
				t.Errorf("%s %s: %d, and %d by its header", id, quant, got, h.TwiceBytes)
			}
			if twice := strings.HasPrefix(id, "gemma-3n") || strings.HasPrefix(id, "gemma-4"); h.TwiceBytes > 0 != twice {
				t.Errorf("%s %s holds %d bytes twice", id, quant, h.TwiceBytes)
			}
		}
	}
}
