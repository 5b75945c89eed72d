package backend

import "time"

// Blueprint is everything that a model file's header says about its shape, so that one can be written without weights.
type Blueprint struct {
	Architecture string         `json:"architecture"` // GGUF general.architecture
	Hyper        map[string]any `json:"hyper"`        // hyperparameters by the symbols of backend/testdrive's recipes: numbers, booleans or lists of numbers
}

// Source says where a figure comes from. Every figure on screen carries one.
type Source string

// The sources, best first.
const (
	SourceMeasured  Source = "measured"   // a real run of these weights on this machine
	SourceTestDrive Source = "test drive" // a run of a weightless copy on this machine
	SourceEstimated Source = "estimated"  // a model fitted to this machine's own runs
)

// MemoryPlan is what the engine will allocate, in bytes.
type MemoryPlan struct {
	WeightsBytes int64 `json:"weightsBytes"`
	KVBytes      int64 `json:"kvBytes"`
	ComputeBytes int64 `json:"computeBytes"` // buffers, and a projector's
	TotalBytes   int64 `json:"totalBytes"`
	GPUBytes     int64 `json:"gpuBytes"` // the part that lies in graphics memory

	ProjectorBytes int64 `json:"projectorBytes,omitempty"` // of the buffers, the part that sees images: its weights and its own buffers
	UntouchedBytes int64 `json:"untouchedBytes,omitempty"` // of the buffers, reserved and never touched: main memory does not have to hold it
}

// ResidentBytes is what main memory has to hold: the plan without what is reserved and never touched.
func (p MemoryPlan) ResidentBytes() int64 { return p.TotalBytes - p.UntouchedBytes }

// Drive is one run on this machine: of real weights or of a weightless copy.
type Drive struct {
	Model                 string  `json:"model"` // catalog id, or a library reference for real weights
	Quant                 string  `json:"quant"`
	Source                Source  `json:"source"` // measured or test drive
	Architecture          string  `json:"architecture"`
	Bytes                 int64   `json:"bytes"`       // of the file
	ActiveBytes           int64   `json:"activeBytes"` // weights read for one token: all but unused experts and the input embedding
	Layers                int     `json:"layers"`
	PromptTokensPerSecond float64 `json:"promptTokensPerSecond"`
	TokensPerSecond       float64 `json:"tokensPerSecond"`
	Spread                float64 `json:"spread"` // half of the range over the median of repeated runs, as a share
	PeakMemoryBytes       int64   `json:"peakMemoryBytes"`
	LoadSeconds           float64 `json:"loadSeconds"`
	DiskBytes             int64   `json:"diskBytes"` // taken by the file that was run
	Seconds               float64 `json:"seconds"`   // the whole drive
	Partial               bool    `json:"partial"`   // fewer layers were run and a line was drawn through them
	Disturbed             bool    `json:"disturbed"` // other programs kept the processors busy in every run
	Engine                string  `json:"engine"`    // version
	Device                string  `json:"device"`    // processor or graphics processor that ran it
	Driver                string  `json:"driver"`
	Threads               int     `json:"threads"`
	Apart                 string  `json:"apart,omitempty"` // see llama.How.Apart; empty: the engine's own choices
	Power                 string  `json:"power"`           // ac, battery; empty: unknown
	// Machine is the processor, its threads, the memory and the graphics processors, see hardware.RunKey; empty: kept
	// before machines were told apart.
	Machine string    `json:"machine,omitempty"`
	Tokens  int       `json:"tokens,omitempty"` // written in the one answer that this is the speed of; 0: repeated runs
	Digest  string    `json:"digest,omitempty"` // of the weights that ran; empty: a copy without weights, or kept before it was noted
	KV      string    `json:"kv,omitempty"`     // type of the KV cache: f16, q8_0 …; empty: kept before it was noted
	Depth   int       `json:"depth,omitempty"`  // tokens in the context, in the middle of what was written; 0: an empty context, or an answer that was kept before it was noted
	Deep    Deep      `json:"deep,omitzero"`    // the same in a context that is not empty; zero: not measured
	At      time.Time `json:"at"`
}

// Deep is how fast a model runs after so many tokens. Each token reads what the cache keeps of all before it.
type Deep struct {
	Depth                 int     `json:"depth"`
	TokensPerSecond       float64 `json:"tokensPerSecond"`
	PromptTokensPerSecond float64 `json:"promptTokensPerSecond"` // of further tokens of a prompt; 0: not measured
	Spread                float64 `json:"spread"`
}
