package app

// Ask is what a recommendation is for.
type Ask struct {
	Use       string  `json:"use"`       // chat, code, reasoning, vision, documents
	Context   int     `json:"context"`   // tokens
	KV        string  `json:"kv"`        // f16, q8_0, q4_0
	MinSpeed  float64 `json:"minSpeed"`  // tokens per second; 0: any
	FreeBytes int64   `json:"freeBytes"` // pretend that so much main memory is free; 0: what is free now
	Licence   string  `json:"licence"`   // any, commercial, openSource
	Prefer    string  `json:"prefer"`    // balance, quality
	Machine   string  `json:"machine"`   // a profile's id; empty: this machine
}

// MemoryPlan is what the engine will take, in bytes.
type MemoryPlan struct {
	WeightsBytes int64 `json:"weightsBytes"`
	KVBytes      int64 `json:"kvBytes"`
	ComputeBytes int64 `json:"computeBytes"`
	TotalBytes   int64 `json:"totalBytes"`
	SeesBytes    int64 `json:"seesBytes"` // of the working memory, the part that sees images; 0: it has none
}

// Figure is a number with how far off it may be, as a share.
type Figure struct {
	Value  float64 `json:"value"`
	Error  float64 `json:"error"`
	Source string  `json:"source"` // measured, test drive, estimated: the weakest of what it rests on; empty: there is no figure
}

// Times are what a person waits for, in seconds, with the model loaded. The first word of an answer comes after the
// thoughts of a model that thinks. 0: no speed is known.
type Times struct {
	FirstShort  Figure `json:"firstShort"`  // to the first word, for a prompt of 100 tokens
	FirstLong   Figure `json:"firstLong"`   // for one of 4,000 tokens
	Answer      Figure `json:"answer"`      // the whole of a typical answer, with the asked context full
	ThinkTokens Figure `json:"thinkTokens"` // thoughts before that answer; 0: it does not think
	ThinkOwn    bool   `json:"thinkOwn"`    // from the person's own answers; false: assumed
	Full        Figure `json:"full"`        // tokens a second that it writes with the asked context full
}

// Choice is one model at one quant, judged for a machine and an Ask.
type Choice struct {
	ID                    string     `json:"id"`
	Model                 string     `json:"model"` // "Qwen3 4B"
	Family                string     `json:"family"`
	Quant                 string     `json:"quant"`
	Bytes                 int64      `json:"bytes"`
	Fit                   string     `json:"fit"` // gpu, partial, ram, no
	Memory                MemoryPlan `json:"memory"`
	Planned               bool       `json:"planned"` // memory is the engine's own plan; false: calculated
	TokensPerSecond       float64    `json:"tokensPerSecond"`
	PromptTokensPerSecond float64    `json:"promptTokensPerSecond"`
	Source                string     `json:"source"` // measured, test drive, estimated
	Error                 float64    `json:"error"`  // of tokensPerSecond, as a share
	PromptError           float64    `json:"promptError"`
	Disturbed             bool       `json:"disturbed"` // other programs kept the processors busy during the run
	Times                 Times      `json:"times"`
	Quality               float64    `json:"quality"`      // 0..100 for the use; -1: not known
	QualityError          float64    `json:"qualityError"` // points
	MaxContext            int        `json:"maxContext"`   // the largest that fits
	Layers                int        `json:"layers"`
	LayersOnGPU           int        `json:"layersOnGpu"`
	Params                int64      `json:"params"`
	ActiveParams          int64      `json:"activeParams"`
	LicenceName           string     `json:"licenceName"`
	OpenSource            bool       `json:"openSource"`
	Commercial            bool       `json:"commercial"`
	Vision                bool       `json:"vision"`
	Tools                 bool       `json:"tools"`
	Thinking              bool       `json:"thinking"`
	Installed             bool       `json:"installed"`
	Frontier              bool       `json:"frontier"` // nothing else is better in speed, quality and memory at once
	Best                  bool       `json:"best"`
	Why                   []string   `json:"why"` // sentences, without what the figures say
}

// Rejection says why a model was left out.
type Rejection struct {
	ID      string   `json:"id"`
	Model   string   `json:"model"`
	Quant   string   `json:"quant"`
	Cause   string   `json:"cause"` // unrunnable, use, licence, context, memory, disk, slow
	Reason  string   `json:"reason"`
	ShortBy int64    `json:"shortByBytes"` // 0: memory is not the reason
	Bytes   int64    `json:"bytes"`
	Miss    float64  `json:"miss"`     // how many times the memory, the disk or the speed it would take that there is; 0: none of these is the reason
	Remedy  []string `json:"remedies"` // sentences
}

// QuantVerdict is how one quant of a model would run as asked, judged for itself: whether another is better is not asked.
type QuantVerdict struct {
	Quant                 string     `json:"quant"`
	Bytes                 int64      `json:"bytes"`     // to download
	Installed             bool       `json:"installed"` // in the library
	Cause                 string     `json:"cause"`     // as of a Rejection; empty: it runs as asked
	Reason                string     `json:"reason"`    // Cause as a sentence
	Remedy                []string   `json:"remedies"`  // sentences
	Fit                   string     `json:"fit"`       // gpu, partial, ram, no; empty: not asked, because of Cause
	Memory                MemoryPlan `json:"memory"`
	Planned               bool       `json:"planned"` // memory is the engine's own plan; false: calculated
	ShortBy               int64      `json:"shortByBytes"`
	MaxContext            int        `json:"maxContext"`
	Layers                int        `json:"layers"`
	LayersOnGPU           int        `json:"layersOnGpu"`
	TokensPerSecond       float64    `json:"tokensPerSecond"` // 0: it does not fit
	PromptTokensPerSecond float64    `json:"promptTokensPerSecond"`
	Source                string     `json:"source"` // empty: no speed
	Error                 float64    `json:"error"`  // of the speeds, as a share
	Disturbed             bool       `json:"disturbed"`
}

// Advice is the answer to an Ask. Choices holds the best first, one quant for each model that fits; those on the frontier
// are marked. Rejected holds the misses with the nearest first, then what nothing here would change.
type Advice struct {
	Choices     []Choice    `json:"choices"`
	Rejected    []Rejection `json:"rejected"`
	Considered  int         `json:"considered"`   // models
	MachineName string      `json:"machineName"`  // of the typical machine that was asked about; empty: this one
	GPUFree     int64       `json:"gpuFreeBytes"` // of the largest graphics processor; 0: none
	RAMFree     int64       `json:"ramFreeBytes"`
	Fitted      bool        `json:"fitted"`  // estimates rest on this machine's own runs
	Missing     []string    `json:"missing"` // the test drives that they rest on and that no undisturbed run is kept of, as id:quant
}

// Profile is a machine that advice can be asked for.
type Profile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Benchmark is a published score.
type Benchmark struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Variant string  `json:"variant"` // base or instruct
	Source  string  `json:"source"`
}

// CatalogQuant is a quant that a model can be had in.
type CatalogQuant struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Exact bool   `json:"exact"` // bytes are those of a published file
	Ref   string `json:"ref"`   // what Downloads.Offer takes for it; empty: no place is known that has it
}

// CatalogModel is everything known about a model before it is downloaded.
type CatalogModel struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Family       string         `json:"family"`
	Publisher    string         `json:"publisher"`
	Released     string         `json:"released"`
	Params       int64          `json:"params"`
	ActiveParams int64          `json:"activeParams"`
	Context      int            `json:"context"`
	Architecture string         `json:"architecture"`
	Uses         []string       `json:"uses"`
	Vision       bool           `json:"vision"`
	Tools        bool           `json:"tools"`
	Thinking     bool           `json:"thinking"`
	Runs         bool           `json:"runs"`
	Reason       string         `json:"reason"` // why it does not run
	LicenceName  string         `json:"licenceName"`
	OpenSource   bool           `json:"openSource"`
	Commercial   bool           `json:"commercial"`
	Licence      []Answer       `json:"licence"`
	Benchmarks   []Benchmark    `json:"benchmarks"`
	Warning      string         `json:"warning"` // about the benchmarks; empty: none
	Quants       []CatalogQuant `json:"quants"`
	Ollama       string         `json:"ollama"` // its name there; empty: none
	Repositories []string       `json:"repositories"`
	Notes        []string       `json:"notes"`
}

// FitAsk is what the engine is asked to plan, or to run: a model with so many tokens of context.
type FitAsk struct {
	ID      string `json:"id"`
	Quant   string `json:"quant"`
	Context int    `json:"context"`
	KV      string `json:"kv"`
}

// FitAnswer is the engine's plan for a weightless copy, against what is free now.
type FitAnswer struct {
	Fit        string     `json:"fit"`
	Memory     MemoryPlan `json:"memory"`
	ShortBy    int64      `json:"shortByBytes"`
	MaxContext int        `json:"maxContext"`
	Remedies   []string   `json:"remedies"`
	Times      Times      `json:"times"`
}

// Deep is how fast a model is after so many tokens. No depth: not measured.
type Deep struct {
	Depth                 int     `json:"depth"`
	TokensPerSecond       float64 `json:"tokensPerSecond"`
	PromptTokensPerSecond float64 `json:"promptTokensPerSecond"` // 0: not measured
	Spread                float64 `json:"spread"`
}

// DriveResult is one run kept on this machine.
type DriveResult struct {
	ID                    string  `json:"id"`
	Quant                 string  `json:"quant"`
	Source                string  `json:"source"`
	PromptTokensPerSecond float64 `json:"promptTokensPerSecond"`
	TokensPerSecond       float64 `json:"tokensPerSecond"`
	Spread                float64 `json:"spread"`
	PeakMemoryBytes       int64   `json:"peakMemoryBytes"`
	LoadSeconds           float64 `json:"loadSeconds"`
	DiskBytes             int64   `json:"diskBytes"`
	Seconds               float64 `json:"seconds"`
	Partial               bool    `json:"partial"`
	Disturbed             bool    `json:"disturbed"` // other programs kept the processors busy
	Device                string  `json:"device"`    // the processor or graphics processor that ran it
	Threads               int     `json:"threads"`
	Driver                string  `json:"driver"`    // of a graphics processor; empty: none, or unknown
	Power                 string  `json:"power"`     // ac, battery; empty: unknown
	Elsewhere             string  `json:"elsewhere"` // the processor of another machine that ran it; empty: this machine
	Older                 bool    `json:"older"`     // another version of the engine ran it
	Replaced              bool    `json:"replaced"`  // other weights bear this name now
	KV                    string  `json:"kv"`        // type of the KV cache; empty: not noted
	Deep                  Deep    `json:"deep"`
	At                    int64   `json:"at"`
}

// Price is what an API asks, in US dollars per million tokens.
type Price struct {
	Model    string  `json:"model"`
	Provider string  `json:"provider"`
	Input    float64 `json:"input"`
	Output   float64 `json:"output"`
	Date     string  `json:"date"`
	Source   string  `json:"source"`
	Current  bool    `json:"current"` // asked now; false: asked before, or from a later day on
}

// SumsAsk are the assumptions of the cost sums; every one can be changed.
type SumsAsk struct {
	InputPerDay         float64 `json:"inputTokensPerDay"`
	OutputPerDay        float64 `json:"outputTokensPerDay"`
	InputPrice          float64 `json:"inputPrice"`  // dollars per million tokens
	OutputPrice         float64 `json:"outputPrice"` // dollars per million tokens
	TokensPerSecond     float64 `json:"tokensPerSecond"`
	PromptPerSecond     float64 `json:"promptTokensPerSecond"`
	Watts               float64 `json:"watts"`         // while it works
	PricePerKWh         float64 `json:"pricePerKwh"`   // dollars
	HardwarePrice       float64 `json:"hardwarePrice"` // dollars; 0: it is there anyway
	HardwareYears       float64 `json:"hardwareYears"`
	ResaleShare         float64 `json:"resaleShare"`         // of the machine's price, that it still sells for after these years
	RentPerHour         float64 `json:"rentPerHour"`         // dollars
	RentHoursPerDay     float64 `json:"rentHoursPerDay"`     // less than it works: as long as it works
	RentTokensPerSecond float64 `json:"rentTokensPerSecond"` // with all requests at once
	RentPromptPerSecond float64 `json:"rentPromptTokensPerSecond"`
}

// Usage is how much somebody has a model read and write in a day.
type Usage struct {
	ID             string  `json:"id"` // own, light, daily, heavy, service
	MessagesPerDay float64 `json:"messagesPerDay"`
	InputPerDay    float64 `json:"inputTokensPerDay"`
	OutputPerDay   float64 `json:"outputTokensPerDay"`
	Days           int     `json:"days"` // of chats on this machine that it rests on; 0: assumed
}

// SumsStart is what the cost calculator begins with.
type SumsStart struct {
	Ask      SumsAsk      `json:"ask"`
	Model    string       `json:"model"`    // whose speeds these are, the pick for this machine; empty: assumed
	Measured bool         `json:"measured"` // they were measured here
	Power    string       `json:"power"`    // what measured watts here; empty: assumed
	Usages   []Usage      `json:"usages"`   // the person's own first, where there is one
	Cards    []RentedCard `json:"cards"`    // that can be rented; ask begins with the first

	ReadingSpeed float64 `json:"readingSpeed"` // from where on a model writes as fast as people read, in tokens per second
}

// RentedCard is a machine that can be rented by the hour.
type RentedCard struct {
	ID                  string  `json:"id"` // large, small
	RentPerHour         float64 `json:"rentPerHour"`
	RentTokensPerSecond float64 `json:"rentTokensPerSecond"`
	RentPromptPerSecond float64 `json:"rentPromptTokensPerSecond"`
}

// SumsAnswer is what a month costs.
type SumsAnswer struct {
	APIPerMonth         float64 `json:"apiPerMonth"`
	ElectricityPerMonth float64 `json:"electricityPerMonth"`
	HardwarePerMonth    float64 `json:"hardwarePerMonth"`
	OwnPerMonth         float64 `json:"ownPerMonth"`
	HoursPerDay         float64 `json:"hoursPerDay"`     // that the machine works; over 24 it can't keep up
	BreakEvenMonths     float64 `json:"breakEvenMonths"` // until the hardware has paid for itself; -1: never
	RentPerMonth        float64 `json:"rentPerMonth"`    // of a machine rented by the hour; -1: it can't keep up
}

// BitsRow is memory for weights alone at one precision, in the decimal gigabytes of the article.
type BitsRow struct {
	Bits  int   `json:"bits"`
	Bytes int64 `json:"bytes"`
}
