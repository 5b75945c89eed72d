package advisor

import (
	"fmt"
	"math"

	"weightroom/backend"
)

// KVType is how the engine stores the keys and values of the context.
type KVType string

// The types that the engine takes.
const (
	KVF32  KVType = "f32"
	KVF16  KVType = "f16"
	KVBF16 KVType = "bf16"
	KVQ8   KVType = "q8_0"
	KVQ5   KVType = "q5_0"
	KVQ4   KVType = "q4_0"
)

// bits is the size of one stored number; 0: no such type. A ggml block of 32 numbers is 34 bytes at q8_0, 22 at q5_0
// and 18 at q4_0.
func (t KVType) bits() float64 {
	switch t {
	case KVF32:
		return 32
	case KVF16, KVBF16:
		return 16
	case KVQ8:
		return 8.5
	case KVQ5:
		return 5.5
	case KVQ4:
		return 4.5
	}
	return 0
}

const (
	minContext  = 256      // tokens; the engine rounds contexts up to this
	maxContext  = 16 << 20 // beyond every model of the catalog
	cacheStep   = 256      // cells; llama.cpp pads its caches to this
	windowBatch = 512      // llama.cpp keeps a batch beside a sliding window: its n_ubatch
	defaultBuff = 512 << 20
)

// CacheGroup is a number of layers whose cache is alike.
type CacheGroup struct {
	Layers int `json:"layers"`
	Values int `json:"values"` // numbers stored per token and layer: all keys and all values
	Window int `json:"window"` // tokens that a sliding window looks back; 0: the whole context
}

// Score is a quality on a scale of 0 to 100 with its standard error, in points.
type Score struct {
	Value  float64 `json:"value"`
	Error  float64 `json:"error"`
	Source string  `json:"source"` // "MMLU-Pro, model card"
}

// Loss is the share of a score that a quantization costs: 0.02 is 2%.
type Loss struct {
	Share float64 `json:"share"`
	Error float64 `json:"error"` // standard error, as a share of the score too
}

// Plan is the engine's own memory plan for one context. Sums for another context start from it.
type Plan struct {
	Memory  backend.MemoryPlan `json:"memory"`
	Context int                `json:"context"`
	KV      KVType             `json:"kv"`
}

// Candidate is one model at one quantization.
type Candidate struct {
	ID     string `json:"id"` // "llama-3.1-8b"
	Name   string `json:"name"`
	Family string `json:"family"`
	Quant  string `json:"quant"`

	FileBytes      int64 `json:"fileBytes"`
	ProjectorBytes int64 `json:"projectorBytes"` // a separate file for pictures; 0: none, or inside the file
	ProjectorWork  int64 `json:"projectorWork"`  // buffers that it needs for one picture
	ActiveBytes    int64 `json:"activeBytes"`    // weights read for one token; 0: all of them
	HostBytes      int64 `json:"hostBytes"`      // weights that stay in main memory whatever the graphics: the input embedding
	TwiceBytes     int64 `json:"twiceBytes"`     // weights that the engine holds twice
	DiskBytes      int64 `json:"diskBytes"`      // to download; 0: file and projector
	Params         int64 `json:"params"`
	ActiveParams   int64 `json:"activeParams"` // 0: all
	Layers         int   `json:"layers"`

	Cache           []CacheGroup `json:"cache"`
	Queries         float64      `json:"queries"`         // heads that look at each key; 0: unknown
	StateBytes      int64        `json:"stateBytes"`      // recurrent state, the same at any context
	ComputeBytes    int64        `json:"computeBytes"`    // buffers at no context; 0 without LeastBuffers: half a gigabyte
	LeastBuffers    int64        `json:"leastBuffers"`    // that the output needs, whatever the context
	ComputePerToken int64        `json:"computePerToken"` // more buffer for each token of context
	LogitBytes      int64        `json:"logitBytes"`      // of LeastBuffers, the output for one token, which is all that is ever touched of it
	Plan            *Plan        `json:"plan"`            // nil: none, the sums above count

	MaxContext int           `json:"maxContext"` // tokens it really handles; 0: unknown
	Uses       []Use         `json:"uses"`       // what it is made for; empty: anything
	Scores     map[Use]Score `json:"scores"`     // unquantized; a missing use is unknown
	Loss       Loss          `json:"loss"`

	Licence    backend.Licence `json:"licence"`
	Thinking   bool            `json:"thinking"` // writes thoughts before its answer
	Thoughts   map[Use]Figure  `json:"thoughts"` // how many tokens of them; a missing use is unknown
	Vision     bool            `json:"vision"`
	Tools      bool            `json:"tools"`
	Embedding  bool            `json:"embedding"`  // makes vectors, not text
	Base       bool            `json:"base"`       // continues text, follows no instructions
	Unrunnable string          `json:"unrunnable"` // a sentence why the engine cannot run it; empty: it can
	Installed  bool            `json:"installed"`
}

// mixture reports whether only some of the weights work on each token.
func (c *Candidate) mixture() bool { return c.ActiveParams > 0 && c.ActiveParams < c.Params*9/10 }

func (c *Candidate) active() int64 {
	if c.ActiveBytes > 0 {
		return c.ActiveBytes
	}
	return c.FileBytes
}

func (c *Candidate) activeParams() int64 {
	if c.ActiveParams > 0 {
		return c.ActiveParams
	}
	return c.Params
}

func (c *Candidate) download() int64 {
	if c.DiskBytes > 0 {
		return c.DiskBytes
	}
	return c.FileBytes + c.ProjectorBytes
}

// bitsPerWeight is 0 where the number of weights is unknown.
func (c *Candidate) bitsPerWeight() float64 {
	if c.Params <= 0 {
		return 0
	}
	return float64(c.FileBytes) * 8 / float64(c.Params)
}

// cacheBytes is the size of the cache for context tokens. A sliding window keeps its window and one batch
// (llama.cpp, src/llama-kv-cache-iswa.cpp).
func (c *Candidate) cacheBytes(context int, kv KVType) int64 {
	bits := kv.bits()
	if bits == 0 {
		bits = KVF16.bits()
	}
	full := pad(context)
	var numbers float64
	for _, g := range c.Cache {
		cells := full
		if g.Window > 0 {
			cells = min(full, pad(g.Window+windowBatch))
		}
		numbers += float64(g.Layers) * float64(g.Values) * float64(cells)
	}
	return int64(numbers*bits/8) + c.StateBytes
}

func pad(cells int) int { return (cells + cacheStep - 1) / cacheStep * cacheStep }

// SetBuffers works out the buffers of a model with that many words in its vocabulary, that width, and that many columns
// between the two halves of a layer's feed-forward network: of all experts that work on a token, for a mixture. llama.cpp
// computes 512 tokens at a time in 32 bits (n_ubatch), and keeps what one step needs: of the output, the vocabulary and
// two rows of its width; of a layer, three such networks, four rows of its width, and a mask of 16 bits for each token of
// the context. Its own plans of the catalog's models are within a few percent of it.
func (c *Candidate) SetBuffers(vocabulary, width, inner int64) {
	const batch, float, half = windowBatch, 4, 2
	c.LeastBuffers = batch * float * (vocabulary + 2*width)
	c.LogitBytes = float * vocabulary
	c.ComputeBytes = batch * float * (3*inner + 4*width)
	c.ComputePerToken = batch * half
}

func (c *Candidate) buffers(context int) int64 {
	base := c.ComputeBytes
	if base == 0 && c.LeastBuffers == 0 {
		base = defaultBuff
	}
	return max(c.LeastBuffers, base+c.ComputePerToken*int64(context))
}

// untouched is the part of the buffers that the engine reserves and never touches: it makes room for the output of a whole
// batch and asks for that of one token. What the layers need at the same place is touched.
func (c *Candidate) untouched(reserved int64, context int) int64 {
	layers := c.ComputeBytes + c.ComputePerToken*int64(context)
	return max(0, min((windowBatch-1)*c.LogitBytes, reserved-layers))
}

// Memory is what the candidate takes with context tokens: weights, context and working memory, and a projector. With a
// [Plan] the engine's own figures, which know of no projector, are moved to that context by the difference that the sums
// make.
func (c *Candidate) Memory(context int, kv KVType) backend.MemoryPlan {
	m := backend.MemoryPlan{WeightsBytes: c.FileBytes + c.TwiceBytes, KVBytes: c.cacheBytes(context, kv), ComputeBytes: c.buffers(context)}
	if p := c.Plan; p != nil {
		m.WeightsBytes = p.Memory.WeightsBytes
		if here := c.cacheBytes(p.Context, p.KV); here > 0 {
			m.KVBytes = int64(float64(p.Memory.KVBytes) * float64(m.KVBytes) / float64(here))
		}
		m.ComputeBytes = max(0, p.Memory.ComputeBytes+c.buffers(context)-c.buffers(p.Context))
	}
	m.UntouchedBytes = c.untouched(m.ComputeBytes, context)
	m.ProjectorBytes = c.ProjectorBytes + c.ProjectorWork
	m.ComputeBytes += m.ProjectorBytes
	m.TotalBytes = m.WeightsBytes + m.KVBytes + m.ComputeBytes
	return m
}

// Planned reports whether [Candidate.Memory] is the engine's own plan for what is asked, and not calculated.
func (c *Candidate) Planned(ask Ask) bool {
	return c.Plan != nil && c.Plan.Context == ask.Context && c.Plan.KV == ask.KV
}

// CheckContext refuses a context beyond what the model was made for. Its error is a *backend.Error.
func (c *Candidate) CheckContext(context int) error {
	if c.MaxContext == 0 || context <= c.MaxContext {
		return nil
	}
	return backend.Fail(backend.CodeInvalid, nil,
		fmt.Sprintf("%s reads at most %s tokens, not %s.", c.Name, backend.Count(int64(c.MaxContext)), backend.Count(int64(context))),
		fmt.Sprintf("Ask for a context of %s or less.", backend.Count(int64(c.MaxContext))))
}

// Quality is the score for a use after what the quantization costs; false: nobody has published one.
func (c *Candidate) Quality(use Use) (Score, bool) {
	s, ok := c.Scores[use]
	if !ok {
		return Score{}, false
	}
	return s.after(c.Loss), true
}

func (s Score) after(l Loss) Score {
	return Score{
		Value:  s.Value * (1 - l.Share),
		Error:  math.Hypot(s.Error*(1-l.Share), s.Value*l.Error),
		Source: s.Source,
	}
}
