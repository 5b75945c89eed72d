package app

// The types of the quant lab that cross to the page. A figure of -1 is one that is not known.

// LabModel is a model of the library that can be compared.
type LabModel struct {
	Ref        string `json:"ref"`
	Name       string `json:"name"`
	Quant      string `json:"quant"`
	Family     string `json:"family"` // models of the same family can be compared: same shape and vocabulary
	Bytes      int64  `json:"bytes"`
	Context    int    `json:"context"`
	Parameters int64  `json:"parameters"`
	Precise    bool   `json:"precise"` // precise enough to make other quants from
}

// LabSetup is what a comparison can be made of.
type LabSetup struct {
	Models   []LabModel `json:"models"`
	Uses     []string   `json:"uses"` // that there are built-in prompts for
	KV       []string   `json:"kv"`
	Contexts []int      `json:"contexts"`
	Rounds   int        `json:"rounds"` // interleaved runs of each, when nothing else is asked
}

// LabQuant is a quant that could be made from a model, with its size foretold.
type LabQuant struct {
	Quant      string `json:"quant"`
	Bytes      int64  `json:"bytes"`
	Ref        string `json:"ref"`        // the library has it already; empty: it would be made
	Note       string `json:"note"`       // what it can't be; empty: nothing to say
	SecondHand bool   `json:"secondHand"` // made from a quant, so that its losses come on top
	Matrix     bool   `json:"matrix"`     // it needs an importance matrix, and so a text
	Refused    string `json:"refused"`    // why it can't be made; empty: it can
}

// LabText is a text file to measure on. An empty path: none was chosen.
type LabText struct {
	Path  string `json:"path"`
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// CompareAsk is a comparison to run.
type CompareAsk struct {
	Reference string   `json:"reference"`
	Refs      []string `json:"refs"`     // models of the library
	Make      []string `json:"make"`     // quants to make from the reference first
	Matrix    string   `json:"matrix"`   // path of a text for an importance matrix; empty: none
	Text      string   `json:"text"`     // path of a text; empty: answers of the reference to built-in prompts
	KV        []string `json:"kv"`       // types of the context memory
	Contexts  []int    `json:"contexts"` // tokens
	Rounds    int      `json:"rounds"`   // 0: as many as usual
}

// LabSummary is a row of the kept comparisons.
type LabSummary struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	State     string `json:"state"` // running, done, cancelled, failed
	At        int64  `json:"at"`
	Rows      int    `json:"rows"`
	Pick      string `json:"pick"` // label of the row that the verdict names; empty: none
	Disturbed bool   `json:"disturbed"`
}

// LabSpeed is tokens per second at a number of tokens: median, least and most of all rounds.
type LabSpeed struct {
	Tokens int     `json:"tokens"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// LabRow is one variant of a comparison: a quant with a type and a length of the context memory.
type LabRow struct {
	ID          string     `json:"id"`
	Label       string     `json:"label"` // "Q4_K_M", or "Q4_K_M, q8_0 at 32k" where these differ
	Ref         string     `json:"ref"`
	Quant       string     `json:"quant"`
	KV          string     `json:"kv"`
	Context     int        `json:"context"`
	Reference   bool       `json:"reference"`
	State       string     `json:"state"` // waiting, running, done, failed, cancelled
	Problem     Problem    `json:"problem"`
	Bytes       int64      `json:"bytes"`
	LoadSeconds float64    `json:"loadSeconds"`
	PeakBytes   int64      `json:"peakBytes"`   // resident memory of the engine
	EngineBytes int64      `json:"engineBytes"` // the engine's own account
	KVBytes     int64      `json:"kvBytes"`
	Reads       []LabSpeed `json:"reads"`  // prompt tokens per second by length
	Writes      []LabSpeed `json:"writes"` // generated tokens per second by depth
	First       float64    `json:"first"`  // seconds to the first token
	// Quality against the reference. Errors are standard errors.
	Perplexity      float64 `json:"perplexity"`
	PerplexityError float64 `json:"perplexityError"`
	KLD             float64 `json:"kld"` // 0: what is measured can't be told from none
	KLDError        float64 `json:"kldError"`
	KLD99           float64 `json:"kld99"`
	SameTop         float64 `json:"sameTop"` // share, 0..1
	SameTopError    float64 `json:"sameTopError"`
	JoulesPerToken  float64 `json:"joulesPerToken"`
	Energy          string  `json:"energy"`    // where that comes from, or why it is not known
	Disturbed       string  `json:"disturbed"` // what disturbed it; empty: nothing
	Frontier        bool    `json:"frontier"`  // nothing is better in quality, memory and speed at once
	Pick            bool    `json:"pick"`
}

// LabVerdict is what the figures say, in plain words.
type LabVerdict struct {
	Title string `json:"title"` // "Use Q4_K_M."; empty: no verdict yet
	Text  string `json:"text"`
	Tag   string `json:"tag"` // where it comes from: "measured, ±3%"
}

// LabComparison is one comparison with all its rows.
type LabComparison struct {
	ID          string     `json:"id"`
	Title       string     `json:"title"`
	State       string     `json:"state"` // running, done, cancelled, failed
	Problem     Problem    `json:"problem"`
	Reference   string     `json:"reference"` // label of the row that is the measure
	StartedAt   int64      `json:"startedAt"`
	Seconds     float64    `json:"seconds"`
	Machine     string     `json:"machine"` // "2 cores, AMD EPYC"
	Engine      string     `json:"engine"`
	Driver      string     `json:"driver"`
	Text        string     `json:"text"` // what was measured on, in words
	TextTokens  int        `json:"textTokens"`
	Rounds      int        `json:"rounds"`
	Disturbance []string   `json:"disturbance"` // why the whole run can't be trusted; empty: it can
	Notes       []string   `json:"notes"`       // requantized quants, tensors that fell back
	Verdict     LabVerdict `json:"verdict"`
	Rows        []LabRow   `json:"rows"`
}

// LabProgress says where a comparison is.
type LabProgress struct {
	ID    string  `json:"id"` // of the comparison
	Seq   int64   `json:"seq"`
	Stage string  `json:"stage"` // text, matrix, quantize, publish, plan, quality, warm, speed, done
	Row   string  `json:"row"`   // id of the row at work; empty: all of them
	Label string  `json:"label"` // "Measuring Q4_K_M, round 2 of 3"
	Share float64 `json:"share"` // 0..1; -1: unknown
	Left  float64 `json:"left"`  // seconds to the end, at the least; -1: not known yet
	Most  float64 `json:"most"`  // seconds to the end, at the most; -1: not known yet
	Again string  `json:"again"` // why a run is repeated; empty: none is
	Try   int     `json:"try"`   // which run of the row at work it is, from 1
	Tries int     `json:"tries"` // how many there are at the most
}

// BlindAsk begins a blind test.
type BlindAsk struct {
	Refs   []string `json:"refs"` // two to four models
	Use    string   `json:"use"`  // whose prompts; empty: the person's own
	Tokens int      `json:"tokens"`
}

// BlindVariant is one of the models under test. Where its answer stands nobody is told before the end.
type BlindVariant struct {
	Ref   string `json:"ref"`
	Name  string `json:"name"`
	Quant string `json:"quant"`
}

// BlindPoint is the evidence after one round: the share of the votes that went to one of the variants, with its
// interval. Which one it is the end tells.
type BlindPoint struct {
	Round int     `json:"round"`
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// BlindTally is a variant's result, known after the end.
type BlindTally struct {
	Ref   string  `json:"ref"`
	Label string  `json:"label"`
	Wins  int     `json:"wins"`
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// BlindVote is a past round, known after the end. Order names the variant of each answer; Choice is its index, or -1
// for a tie.
type BlindVote struct {
	Prompt  string   `json:"prompt"`
	Order   []string `json:"order"`
	Choice  int      `json:"choice"`
	Answers []string `json:"answers"`
}

// BlindTest is a blind test as far as a person may see it. Before its end nothing in it says which answer is whose.
type BlindTest struct {
	ID       string         `json:"id"`
	Variants []BlindVariant `json:"variants"` // in the order of their names
	Use      string         `json:"use"`
	State    string         `json:"state"` // open, ended
	At       int64          `json:"at"`
	Rounds   int            `json:"rounds"` // voted
	Most     int            `json:"most"`   // after so many it ends
	Ties     int            `json:"ties"`
	Enough   bool           `json:"enough"` // the stop rule says that more rounds would not change the answer
	Rule     string         `json:"rule"`   // the stop rule in a sentence
	Sentence string         `json:"sentence"`
	Evidence []BlindPoint   `json:"evidence"`
	// The round in hand.
	Round   int      `json:"round"` // its number; 0: none is ready
	Pace    float64  `json:"pace"`  // at which all its answers are to be shown, in letters a second
	Prompt  string   `json:"prompt"`
	Answers []string `json:"answers"` // empty: none is ready
	// How long answers take to be written, about, of all variants together; of a list of tests they are not known.
	RoundSeconds float64 `json:"roundSeconds"` // for one prompt; 0: nothing tells
	LoadSeconds  float64 `json:"loadSeconds"`  // to load every model once; 0: not known
	Ahead        int     `json:"ahead"`        // rounds that are written together where no prompt of the person's own is asked
	// After the end.
	Verdict string       `json:"verdict"`
	Winner  string       `json:"winner"` // reference; empty: none
	Tallies []BlindTally `json:"tallies"`
	Votes   []BlindVote  `json:"votes"`
	Advice  string       `json:"advice"` // what the advisor says now; empty: nothing new
}

// SideAsk sends one prompt to two to four models.
type SideAsk struct {
	Refs   []string `json:"refs"`
	Prompt string   `json:"prompt"`
	System string   `json:"system"`
	Seed   int64    `json:"seed"` // -1: a new one
	Tokens int      `json:"tokens"`
}

// SideColumn is one model's answer.
type SideColumn struct {
	Ref                     string  `json:"ref"`
	Name                    string  `json:"name"`
	Quant                   string  `json:"quant"`
	State                   string  `json:"state"` // waiting, loading, reading, writing, done, stopped, failed
	Text                    string  `json:"text"`
	Thinking                string  `json:"thinking"`
	Problem                 Problem `json:"problem"`
	Tokens                  int     `json:"tokens"`
	TokensPerSecond         float64 `json:"tokensPerSecond"`
	TimeToFirstTokenSeconds float64 `json:"timeToFirstTokenSeconds"`
	LoadSeconds             float64 `json:"loadSeconds"`
}

// SideRun is one prompt and all its answers.
type SideRun struct {
	ID      string       `json:"id"`
	Prompt  string       `json:"prompt"`
	Seed    int64        `json:"seed"`
	AtOnce  bool         `json:"atOnce"` // all run at the same time; else one after another
	Reason  string       `json:"reason"` // why not at once; empty: they do
	Running bool         `json:"running"`
	Columns []SideColumn `json:"columns"`
}

// SideDelta is text that an answer of a SideRun grew by, or a new state of it.
type SideDelta struct {
	ID     string `json:"id"` // of the run
	Seq    int64  `json:"seq"`
	Column int    `json:"column"`
	State  string `json:"state"`
	Offset int    `json:"offset"` // length of the text before, in UTF-16 units: a gap means refetch
	Text   string `json:"text"`
}

// Adapter is a LoRA adapter of the library: a small change to a model.
type Adapter struct {
	ID           string  `json:"id"`
	Name         string  `json:"name"`
	Architecture string  `json:"architecture"`
	Bytes        int64   `json:"bytes"`
	Rank         int     `json:"rank"`
	Alpha        float64 `json:"alpha"`
}

// AdapterUse is an adapter with the strength that it is added at: 1 is as it was trained, 0 not at all.
type AdapterUse struct {
	ID    string  `json:"id"`
	Scale float64 `json:"scale"`
}
