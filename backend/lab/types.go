package lab

import (
	"fmt"
	"slices"
	"time"

	"weightroom/backend"
)

// Figure is a repeated measurement: the median and the range of the runs that were not disturbed, or of all when every
// run was.
type Figure struct {
	Median  float64   `json:"median"`
	Low     float64   `json:"low"`
	High    float64   `json:"high"`
	Samples []float64 `json:"samples"` // in the order of the rounds
}

// Spread is half of the range over the median, as a share.
func (f Figure) Spread() float64 {
	if f.Median == 0 {
		return 0
	}
	return (f.High - f.Low) / 2 / f.Median
}

// Estimate is a value with its standard error, as llama.cpp's tools print them.
type Estimate struct {
	Value float64 `json:"value"`
	Error float64 `json:"error"`
}

// Rival is one thing to compare: a model of the library with a KV-cache type and a context.
type Rival struct {
	Model   backend.Model `json:"model"`
	KV      string        `json:"kv"`      // f16, q8_0, q4_0 …
	Context int           `json:"context"` // tokens
}

// SpeedKind is what a speed is of.
type SpeedKind string

// The kinds of speed.
const (
	SpeedPrompt     SpeedKind = "prompt"     // reading Tokens tokens
	SpeedGeneration SpeedKind = "generation" // writing Tokens tokens after Depth others
)

// Speed is what llama-bench measured in one test, in tokens per second.
type Speed struct {
	Kind   SpeedKind `json:"kind"`
	Tokens int       `json:"tokens"`
	Depth  int       `json:"depth"` // tokens in the context before the test began
	Figure Figure    `json:"figure"`
}

// Memory is the resident memory of the engine's process at its peak, and the engine's own accounting, in bytes.
type Memory struct {
	PeakBytes      int64              `json:"peakBytes"`      // largest resident memory, as the system counts it
	AnonymousBytes int64              `json:"anonymousBytes"` // of it, what only ending the process gives back
	FileBytes      int64              `json:"fileBytes"`      // of it, pages of files, which the system may drop
	EngineBytes    int64              `json:"engineBytes"`    // what the running engine says it holds
	Plan           backend.MemoryPlan `json:"plan"`           // what the engine would allocate for the rival's context
}

// Peak is the measured peak for people, the figure that the page shows.
func (m Memory) Peak() string {
	if m.PeakBytes <= 0 {
		return "–"
	}
	return backend.Bytes(m.PeakBytes)
}

// Quality compares a rival with the reference on the same text. Without a reference run only Perplexity is set.
type Quality struct {
	Perplexity   Estimate `json:"perplexity"`
	KLDivergence Estimate `json:"klDivergence"` // mean, in nats; 0 for the reference itself
	KLD99        float64  `json:"kld99"`        // its 99th percentile
	SameTopToken Estimate `json:"sameTopToken"` // share of positions at which the likeliest next token is the same
}

// KLFloor is how much divergence, in nats, the measurement can't tell from none. llama-perplexity keeps the reference's
// log-probabilities in 16 bits over a range of 16 nats or more below the likeliest token, so each is off by up to half a
// step. A model against an identical copy of itself gave a mean of 0.0000004 and single positions of up to 0.00004.
const KLFloor = 16.0 / 65535 / 2

// Divergence writes the divergence as people read it: "none" below the floor.
func (q *Quality) Divergence() string {
	if q.KLDivergence.Value < KLFloor {
		return "none"
	}
	return fmt.Sprintf("%.4f", q.KLDivergence.Value)
}

// Energy is what writing one token costs.
type Energy struct {
	JoulesPerToken *Figure `json:"joulesPerToken"` // nil: not known
	Source         string  `json:"source"`         // "RAPL package", "NVML" …
	Missing        string  `json:"missing"`        // a sentence: why it is not known
}

// Bench is what llama-bench says about a model and how it ran it.
type Bench struct {
	Name       string `json:"name"`       // "llama 256M Q4_K - Medium"
	Bytes      int64  `json:"bytes"`      // of all tensors
	Parameters int64  `json:"parameters"` // weights
	Backend    string `json:"backend"`    // CPU, CUDA …
	Device     string `json:"device"`
	Threads    int    `json:"threads"`
	Build      int    `json:"build"` // llama.cpp's number
}

// RowState is how far a row got.
type RowState string

// The states of a row.
const (
	RowWaiting RowState = "waiting"
	RowRunning RowState = "running"
	RowDone    RowState = "done"
	RowFailed  RowState = "failed" // Problem says why; what was measured before is kept
)

// Row is what is known of one rival.
type Row struct {
	Rival      Rival    `json:"rival"`
	State      RowState `json:"state"`
	Reference  bool     `json:"reference"`  // the rows are compared with this one
	SecondHand bool     `json:"secondHand"` // made from a quant, not from the original weights

	Load       Figure   `json:"load"`       // seconds until the engine can answer, with the file in the system's cache
	FirstToken Figure   `json:"firstToken"` // seconds from a prompt of FirstTokenPrompt tokens to the first token
	Speeds     []Speed  `json:"speeds"`
	Memory     Memory   `json:"memory"`
	Energy     Energy   `json:"energy"`
	Quality    *Quality `json:"quality"` // nil: not measured

	Bench     Bench          `json:"bench"`
	Disturbed []string       `json:"disturbed"` // sentences: what else the machine did in runs that count
	Repeated  int            `json:"repeated"`  // runs thrown away because they were disturbed
	Problem   *backend.Error `json:"problem"`
}

// Watts is the power drawn while the models of a comparison wrote, the median of its rows: joules per token times tokens per
// second. 0: none of them has both.
func (c *Comparison) Watts() (watts float64, source string) {
	var all []float64
	for _, r := range c.Rows {
		if speed, ok := r.Generation(0); ok && r.Energy.JoulesPerToken != nil {
			all, source = append(all, r.Energy.JoulesPerToken.Median*speed.Median), r.Energy.Source
		}
	}
	if len(all) == 0 {
		return 0, ""
	}
	slices.Sort(all)
	return all[len(all)/2], source
}

// Prompt is the speed of reading about tokens tokens with an empty context: of the test whose length is nearest.
func (r *Row) Prompt(tokens int) (Figure, bool) { return r.speed(SpeedPrompt, tokens, 0) }

// Generation is the speed of writing after about depth tokens: of the test whose depth is nearest.
func (r *Row) Generation(depth int) (Figure, bool) { return r.speed(SpeedGeneration, 0, depth) }

func (r *Row) speed(kind SpeedKind, tokens, depth int) (Figure, bool) {
	best, found := 0, -1
	for i, s := range r.Speeds {
		if s.Kind != kind || s.Figure.Median == 0 {
			continue
		}
		away := max(s.Depth-depth, depth-s.Depth)
		if tokens > 0 {
			away += max(s.Tokens-tokens, tokens-s.Tokens)
		}
		if found < 0 || away < best {
			best, found = away, i
		}
	}
	if found < 0 {
		return Figure{}, false
	}
	return r.Speeds[found].Figure, true
}

// Text is what quality was measured on.
type Text struct {
	Source  string `json:"source"` // TextReference or TextFile
	Name    string `json:"name"`   // for people: the file's name, or whose answers
	SHA256  string `json:"sha256"`
	Bytes   int64  `json:"bytes"`
	Tokens  int    `json:"tokens"`  // by the reference's tokenizer; 0: not counted yet
	Context int    `json:"context"` // tokens of one chunk
	Chunks  int    `json:"chunks"`
}

// Where the text comes from.
const (
	TextReference = "reference" // answers that the reference wrote to built-in prompts
	TextFile      = "file"      // a file of the person's
)

// Conditions are what the figures depend on besides the model.
type Conditions struct {
	Engine   string `json:"engine"`   // Ollama's version
	LlamaCpp string `json:"llamaCpp"` // "b10488"
	Device   string `json:"device"`   // processor or graphics processor that ran it
	Driver   string `json:"driver"`
	Backend  string `json:"backend"` // CPU, CUDA …
	Threads  int    `json:"threads"`
	Power    string `json:"power"` // ac, battery; empty: unknown
	System   string `json:"system"`
}

// State is how far a comparison got.
type State string

// The states of a comparison.
const (
	StateRunning   State = "running"
	StateDone      State = "done"
	StateCancelled State = "cancelled" // rows that were finished are kept
	StateFailed    State = "failed"    // the same; Problem says why
)

// Comparison is a whole run: everything that is kept of it and everything that a page shows.
type Comparison struct {
	ID         string         `json:"id"`
	Begun      time.Time      `json:"begun"`
	Seconds    float64        `json:"seconds"`
	State      State          `json:"state"`
	Problem    *backend.Error `json:"problem"`
	Reference  string         `json:"reference"` // reference of its model
	Settings   Settings       `json:"settings"`
	Conditions Conditions     `json:"conditions"`
	Text       Text           `json:"text"`
	Rows       []Row          `json:"rows"` // the reference first, then by size
	Verdict    Verdict        `json:"verdict"`
}

// Settings say how much is measured. The zero value of a field takes the default beside it.
type Settings struct {
	Rounds           int   `json:"rounds"`           // 3: how often each rival is timed
	PromptTokens     []int `json:"promptTokens"`     // 128, 512, 2048
	Generate         int   `json:"generate"`         // 32 tokens
	Depths           []int `json:"depths"`           // 0, 512, 2048
	TextContext      int   `json:"textContext"`      // 512: tokens of one chunk of the text
	TextChunks       int   `json:"textChunks"`       // 16
	FirstTokenPrompt int   `json:"firstTokenPrompt"` // words of the prompt for the first token; 128
	Threads          int   `json:"threads"`          // 0: as many as the machine allows
	Seed             int64 `json:"seed"`             // of the order of the runs; 0: by the clock
	SkipQuality      bool  `json:"skipQuality"`
	SkipSpeed        bool  `json:"skipSpeed"`
	Rough            bool  `json:"rough,omitempty"` // disturbed runs are not repeated
}

// Stage is what a long piece of work is doing.
type Stage string

// The stages of a derivation and of a comparison.
const (
	StageText     Stage = "text"     // the reference writes the text
	StageMatrix   Stage = "matrix"   // llama-imatrix
	StageQuantize Stage = "quantize" // llama-quantize
	StagePublish  Stage = "publish"  // into the library
	StagePlan     Stage = "plan"     // the engine's memory plan
	StageQuality  Stage = "quality"  // llama-perplexity
	StageWarm     Stage = "warm"     // a first run that does not count
	StageSpeed    Stage = "speed"    // llama-bench and the running engine
	StageDone     Stage = "done"
)

// Again is a run that is repeated, because something disturbed the one before.
type Again struct {
	Why  string // a sentence; empty: nothing is repeated
	Try  int    // the run at work: 2 or more
	Most int    // how often it is tried
}

// Progress is a step of long work.
type Progress struct {
	Stage Stage   `json:"stage"`
	Label string  `json:"label"` // "Measuring Q4_K_M, round 2 of 3"
	Row   int     `json:"row"`   // of the comparison; -1: none
	Round int     `json:"round"` // from 1; 0: none
	Done  float64 `json:"done"`  // 0 to 1, never falling
	Again Again   // the run at work is a repeat; zero: it is not
	Left  Left    // of a comparison
}

// Verdict is what the figures support, in words and in data.
type Verdict struct {
	Sentence  string   `json:"sentence"`
	Use       string   `json:"use"`       // model to use; empty: the figures name none
	KV        string   `json:"kv"`        // of the row to use
	Context   int      `json:"context"`   // of the row to use
	Pareto    []int    `json:"pareto"`    // rows that no other beats in memory, speed and quality
	Disturbed bool     `json:"disturbed"` // some figures are not to be trusted
	Notes     []string `json:"notes"`     // what the sentence leaves out
}
