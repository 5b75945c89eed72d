package catalog

import "weightroom/backend"

// Use is what a person wants a model for.
type Use string

// The uses. Completion is for base models, which continue a text and do not answer.
const (
	UseChat          Use = "chat"
	UseCode          Use = "code"
	UseReasoning     Use = "reasoning"
	UseVision        Use = "vision"
	UseLongDocuments Use = "long-documents" // a context of at least LongContext tokens without extension
	UseTools         Use = "tools"
	UseEmbedding     Use = "embedding"
	UseCompletion    Use = "completion"
)

// LongContext is the context, in tokens, from which a model counts as one for long documents: about 150 pages.
const LongContext = 65536

// Answer is a question's answer where "not known" must not be read as "no".
type Answer string

// The answers.
const (
	Yes        Answer = "yes"
	No         Answer = "no"
	Conditions Answer = "conditions" // yes, with conditions that the sentence beside it names
	Unknown    Answer = "unknown"
)

// Verified says how sure a model's shape, and with it every computed size, is.
type Verified string

// The levels, surest first.
const (
	VerifiedExact      Verified = "exact"      // tensor bytes computed from the shape equal a published file's
	VerifiedConsistent Verified = "consistent" // a published file's size is reproduced, or its difference explained
	VerifiedSame       Verified = "same"       // the same shape as the model in SameAs, which is exact or consistent
	VerifiedParams     Verified = "params"     // the parameter count agrees with the published one to 2.5%
	VerifiedSource     Verified = "source"     // read from one source, with nothing to check against
	VerifiedRecalled   Verified = "recalled"   // at least one dimension was written down from memory
)

// Model is one set of weights as its publisher released it, whatever files hold it.
type Model struct {
	ID           string   `json:"id"`     // "llama-3.1-8b"; unique
	Name         string   `json:"name"`   // "Llama 3.1 8B Instruct"
	Family       string   `json:"family"` // the release: "Llama 3.1"
	Line         string   `json:"line"`   // the family people name: "Llama"
	Publisher    string   `json:"publisher,omitempty"`
	Released     string   `json:"released,omitempty"` // 2024-07-23; empty: not known
	Uses         []Use    `json:"uses,omitempty"`
	Languages    int      `json:"languages,omitempty"`    // 0: not known
	Params       int64    `json:"params,omitempty"`       // weights of the text model; 0: not known
	ActiveParams int64    `json:"activeParams,omitempty"` // at work on each token; 0: all of them
	Vision       bool     `json:"vision,omitempty"`
	Audio        bool     `json:"audio,omitempty"`
	Tools        Answer   `json:"tools,omitempty"`
	Thinking     bool     `json:"thinking,omitempty"`
	Experts      *Experts `json:"experts,omitempty"` // nil: dense

	Context         int    `json:"context"`                   // tokens it really handles; cap every setting at this
	ContextExtended int    `json:"contextExtended,omitempty"` // tokens with Extension switched on
	Extension       string `json:"extension,omitempty"`       // "YaRN ×4"
	FileContext     int    `json:"fileContext,omitempty"`     // what files claim, where that is not Context

	Architecture      string             `json:"architecture,omitempty"` // GGUF general.architecture
	ArchitectureAlias string             `json:"architectureAlias,omitempty"`
	Verified          Verified           `json:"verified"`
	SameAs            string             `json:"sameAs,omitempty"`
	Cache             []CacheGroup       `json:"cache,omitempty"` // empty: not known, or none (embedding models)
	OddWidths         []int              `json:"oddWidths,omitempty"`
	Blueprint         *backend.Blueprint `json:"blueprint,omitempty"` // nil: no weightless file can be written

	Runs   bool   `json:"-"`                // the engine runs it: Reason is empty
	Reason string `json:"reason,omitempty"` // why the engine does not run it

	LicenceID string  `json:"licence"`
	Licence   Licence `json:"-"`
	Gated     Answer  `json:"gated,omitempty"` // the publisher's own repository asks for a sign-in

	Quants      []Quant     `json:"quants,omitempty"`      // largest first
	QuantsNote  string      `json:"quantsNote,omitempty"`  // why Quants is empty, or what to know about its sizes
	HeaderBytes int64       `json:"headerBytes,omitempty"` // to add to computed Bytes for the file, ±30%; 0: in them already
	Projector   *Projector  `json:"projector,omitempty"`
	Ollama      *Ollama     `json:"ollama,omitempty"`
	Repos       []Repo      `json:"repos,omitempty"`
	Benchmarks  []Benchmark `json:"benchmarks,omitempty"`
	Warning     string      `json:"warning,omitempty"` // what a reader of Benchmarks must know
	Notes       []string    `json:"notes,omitempty"`

	User bool `json:"-"` // added by the person
}

// Experts is a mixture of experts: Used of Count work on each token.
type Experts struct {
	Count int `json:"count"`
	Used  int `json:"used"`
}

// CacheGroup is layers that keep the same amount of keys and values.
type CacheGroup struct {
	Layers int `json:"layers"`
	Values int `json:"values"`           // numbers kept for each token in each layer, keys and values together
	Window int `json:"window,omitempty"` // tokens kept at most; 0: the whole context
}

// Quant is one quantization of a model and the size it has.
type Quant struct {
	Name   string     `json:"name"`  // llama.cpp's name: "Q4_K_M"
	Bytes  int64      `json:"bytes"` // of the text model, without a vision projector
	Exact  bool       `json:"exact,omitempty"`
	Source SizeSource `json:"source"`
}

// SizeSource says where a size comes from.
type SizeSource string

// The sources of sizes.
const (
	SizeComputed SizeSource = "computed" // from the shape, by the quantizer's own rules
	SizePrinted  SizeSource = "printed"  // a listing printed it to two or three digits
	SizeUser     SizeSource = "user"     // the person's own entry
)

// Projector is the part that turns pictures into tokens. Files from Hugging Face repositories keep it apart;
// Ollama packs it into the model's file.
type Projector struct {
	Bytes  int64  `json:"bytes"`
	Source string `json:"source"`
}

// Ollama is a model's place in the Ollama library.
type Ollama struct {
	Library string `json:"library"` // "llama3.1"
	Tags    []Tag  `json:"tags"`
}

// Tag is one name that can be pulled from the Ollama library.
type Tag struct {
	Name    string `json:"name"`              // "llama3.1:8b"
	Quant   string `json:"quant,omitempty"`   // empty: not known
	QAT     bool   `json:"qat,omitempty"`     // trained for that quantization
	Bytes   int64  `json:"bytes,omitempty"`   // 0: not known
	Exact   bool   `json:"exact,omitempty"`   // Bytes was read from a manifest, not printed to two digits
	SHA256  string `json:"sha256,omitempty"`  // of the weights, as of SHA256 collected 2025-08; a tag may have moved since
	Context int    `json:"context,omitempty"` // what the library prints
	Cloud   bool   `json:"cloud,omitempty"`   // runs on Ollama's servers: never offered as a download
}

// Repo is a Hugging Face repository of GGUF files.
type Repo struct {
	Name     string `json:"name"` // "OWNER/REPO"
	Official bool   `json:"official,omitempty"`
	Pattern  string `json:"pattern,omitempty"` // the uploader's habit, with {quant}: look before offering it as a fact
	Seen     bool   `json:"seen,omitempty"`    // the name was read in a catalog, not recalled
	Files    []File `json:"files,omitempty"`
}

// File is one file of a Repo that some catalog lists.
type File struct {
	Name      string `json:"name"`
	Quant     string `json:"quant,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	Bytes     int64  `json:"bytes,omitempty"`
	Exact     bool   `json:"exact,omitempty"` // Bytes is not rounded
	Projector bool   `json:"projector,omitempty"`
	OwnRecipe bool   `json:"ownRecipe,omitempty"` // the uploader's own mixture: its size is not the one in Quants
	Source    string `json:"source"`
}

// Benchmark is one published score.
type Benchmark struct {
	Name     string  `json:"name"`
	Value    float64 `json:"value"`
	Mode     string  `json:"mode,omitempty"`    // "thinking", "no thinking"
	Variant  string  `json:"variant,omitempty"` // starts with "base" where the score is not of this model: never compare it
	Source   string  `json:"source"`
	Recalled bool    `json:"recalled,omitempty"` // written down from memory, not read again
}

// Active returns the weights that work on each token.
func (m *Model) Active() int64 {
	if m.ActiveParams > 0 {
		return m.ActiveParams
	}
	return m.Params
}

// Has reports whether the model is meant for a use.
func (m *Model) Has(use Use) bool {
	for _, u := range m.Uses {
		if u == use {
			return true
		}
	}
	return false
}

// Quant returns one of the model's quantizations.
func (m *Model) Quant(name string) (Quant, bool) {
	for _, q := range m.Quants {
		if q.Name == name {
			return q, true
		}
	}
	return Quant{}, false
}

// FileBytes returns the size of the file that holds the text model at a quantization.
func (m *Model) FileBytes(q Quant) int64 {
	if q.Source == SizeComputed {
		return q.Bytes + m.HeaderBytes
	}
	return q.Bytes
}

// CacheBytes returns what keys and values take at a context, in bytes, with bitsPerValue 16 for f16, 8.5 for q8_0 and
// 4.5 for q4_0. It leaves out the engine's padding and a hybrid's fixed state; ok is false where the shape is not known.
func (m *Model) CacheBytes(context int, bitsPerValue float64) (bytes int64, ok bool) {
	if len(m.Cache) == 0 || context < 0 {
		return 0, false
	}
	var values int64
	for _, g := range m.Cache {
		tokens := context
		if g.Window > 0 {
			tokens = min(tokens, g.Window)
		}
		values += int64(g.Layers) * int64(g.Values) * int64(tokens)
	}
	return int64(float64(values) * bitsPerValue / 8), true
}
