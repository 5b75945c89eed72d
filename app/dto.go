package app

// The types that cross to the page. They are flat, hold no time.Time (milliseconds since 1970 instead) and no nil
// slices, and their JSON is the page's TypeScript.

// ChatSummary is a row of the chat list.
type ChatSummary struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Model     string `json:"model"`
	Pinned    bool   `json:"pinned"`
	CreatedAt int64  `json:"createdAt"`
	UpdatedAt int64  `json:"updatedAt"`
	DeletedAt int64  `json:"deletedAt"` // 0: not in the trash
	Streaming bool   `json:"streaming"` // an answer is being written
}

// Chat is a whole conversation: every message of its tree, and the leaf whose branch is shown.
type Chat struct {
	ID            string    `json:"id"`
	Title         string    `json:"title"`
	Model         string    `json:"model"`
	System        string    `json:"system"`
	Leaf          string    `json:"leaf"`
	Draft         string    `json:"draft"`
	Pinned        bool      `json:"pinned"`
	CreatedAt     int64     `json:"createdAt"`
	UpdatedAt     int64     `json:"updatedAt"`
	Temperature   float64   `json:"temperature"`   // -1: the model's default
	TopP          float64   `json:"topP"`          // -1: the model's default
	Seed          int64     `json:"seed"`          // -1: a new one each time
	MaxTokens     int       `json:"maxTokens"`     // 0: no limit but the context
	ContextLength int       `json:"contextLength"` // tokens; 0: the setting's default
	Messages      []Message `json:"messages"`
}

// ChatOptions is what Chat settings changes about a chat.
type ChatOptions struct {
	System        string  `json:"system"`
	Temperature   float64 `json:"temperature"`
	TopP          float64 `json:"topP"`
	Seed          int64   `json:"seed"`
	MaxTokens     int     `json:"maxTokens"`
	ContextLength int     `json:"contextLength"`
}

// Message is one node of a chat's tree.
type Message struct {
	ID                      string  `json:"id"`
	ChatID                  string  `json:"chatId"`
	ParentID                string  `json:"parentId"` // empty: a root
	Role                    string  `json:"role"`     // user, assistant
	Text                    string  `json:"text"`
	Thinking                string  `json:"thinking"`
	State                   string  `json:"state"` // streaming, done, stopped, failed, interrupted
	Problem                 Problem `json:"problem"`
	Model                   string  `json:"model"`
	CreatedAt               int64   `json:"createdAt"`
	PromptTokens            int     `json:"promptTokens"`
	Tokens                  int     `json:"tokens"`
	PromptTokensPerSecond   float64 `json:"promptTokensPerSecond"`
	TokensPerSecond         float64 `json:"tokensPerSecond"`
	TimeToFirstTokenSeconds float64 `json:"timeToFirstTokenSeconds"`
	LoadSeconds             float64 `json:"loadSeconds"`
	ThinkingSeconds         float64 `json:"thinkingSeconds"`
}

// Turn is what Send, Regenerate and Edit begin: the prompt as saved and the answer that will stream.
type Turn struct {
	User   Message `json:"user"`
	Answer Message `json:"answer"`
}

// Problem is a sentence and a next step. An empty code means there is none.
type Problem struct {
	Code     string `json:"code"`
	Severity string `json:"severity"` // info, warning, error
	Title    string `json:"title"`
	Hint     string `json:"hint"`
}

// Model is one set of weights in the library.
type Model struct {
	Ref           string   `json:"ref"`
	Name          string   `json:"name"`
	Quant         string   `json:"quant"`
	Family        string   `json:"family"`
	Architecture  string   `json:"architecture"`
	Parameters    int64    `json:"parameters"`
	Bytes         int64    `json:"bytes"`
	ContextLength int      `json:"contextLength"`
	Digest        string   `json:"digest"`
	LicenceName   string   `json:"licenceName"`
	OpenSource    bool     `json:"openSource"`
	Source        string   `json:"source"` // starter, import, pull, adopted, derived
	Capable       []string `json:"capable"`
	Template      bool     `json:"template"`
	Path          string   `json:"path"`
	AddedAt       int64    `json:"addedAt"`
	LastUsedAt    int64    `json:"lastUsedAt"` // 0: never
}

// LibraryPage is everything the Library page shows.
type LibraryPage struct {
	Models     []Model `json:"models"`
	TotalBytes int64   `json:"totalBytes"`
	FreeBytes  int64   `json:"freeBytes"`
	Folder     string  `json:"folder"`
	Starter    Starter `json:"starter"`

	Adapters []AdapterRow `json:"adapters"` // LoRA adapters, which change a model and do not run alone
}

// Starter is the small model that comes with the app.
type Starter struct {
	Ref       string `json:"ref"`
	Name      string `json:"name"`
	Bytes     int64  `json:"bytes"`
	Installed bool   `json:"installed"`
	Available bool   `json:"available"` // its file is at hand, so it can be added with no network
}

// CPU is the processor.
type CPU struct {
	Model         string   `json:"model"`
	PhysicalCores int      `json:"physicalCores"`
	LogicalCores  int      `json:"logicalCores"`
	Features      []string `json:"features"`
	LimitCores    float64  `json:"limitCores"` // a container's quota; 0: none
}

// Memory is main memory, in bytes, as this process may use it.
type Memory struct {
	TotalBytes            int64 `json:"totalBytes"`
	AvailableBytes        int64 `json:"availableBytes"`
	SwapTotalBytes        int64 `json:"swapTotalBytes"`
	SwapFreeBytes         int64 `json:"swapFreeBytes"`
	LimitBytes            int64 `json:"limitBytes"` // a container's limit; 0: none
	BandwidthBytesPerSec  int64 `json:"bandwidthBytesPerSec"`
	SingleCoreBytesPerSec int64 `json:"singleCoreBytesPerSec"`
	BandwidthMeasuredAt   int64 `json:"bandwidthMeasuredAt"` // 0: not measured yet
	EngineBytes           int64 `json:"engineBytes"`         // what the loaded model takes now
}

// GPU is one graphics processor. Memories of several are never added up.
type GPU struct {
	Name        string `json:"name"`
	Vendor      string `json:"vendor"`
	Backend     string `json:"backend"` // CUDA, ROCm, Vulkan, Metal; empty: the engine can't use it
	Driver      string `json:"driver"`
	TotalBytes  int64  `json:"totalBytes"`
	FreeBytes   int64  `json:"freeBytes"`
	FreeKnown   bool   `json:"freeKnown"`
	Integrated  bool   `json:"integrated"`
	SharedBytes int64  `json:"sharedBytes"` // how much of totalBytes is main memory
	Note        string `json:"note"`        // why the engine can't use it
}

// Disk is where models live.
type Disk struct {
	Path       string `json:"path"`
	TotalBytes int64  `json:"totalBytes"`
	FreeBytes  int64  `json:"freeBytes"`
}

// Engine is the state of the embedded engine.
type Engine struct {
	State        string   `json:"state"`        // stopped, starting, ready, loading, failed
	Version      string   `json:"version"`      // Ollama's
	LlamaCpp     string   `json:"llamaCpp"`     // "b10488"
	Backends     []string `json:"backends"`     // cpu, cuda …
	NetworkLock  string   `json:"networkLock"`  // kernel, app, none
	LockDetail   string   `json:"lockDetail"`   // a sentence
	Model        string   `json:"model"`        // loaded model's reference; empty: none
	ModelBytes   int64    `json:"modelBytes"`   // memory it takes
	LoadProgress float64  `json:"loadProgress"` // 0..1 while loading
	ExpiresAt    int64    `json:"expiresAt"`    // when an idle model leaves memory; 0: never, or none loaded
	Restarts     int      `json:"restarts"`
	Problem      Problem  `json:"problem"`
}

// MachinePage is what this machine is.
type MachinePage struct {
	OS        string    `json:"os"`
	Arch      string    `json:"arch"`
	Host      string    `json:"host"`   // "ThinkPad P14s"; empty: unknown
	System    string    `json:"system"` // "Debian GNU/Linux 12"
	CPU       CPU       `json:"cpu"`
	Memory    Memory    `json:"memory"`
	GPUs      []GPU     `json:"gpus"`
	Disk      Disk      `json:"disk"`
	Engine    Engine    `json:"engine"`
	Container string    `json:"container"` // docker, podman, lxc …; empty: none
	Problems  []Problem `json:"problems"`
}

// Pick is the first recommendation: a rule over free memory and a few known models.
type Pick struct {
	Model       string   `json:"model"` // "Qwen3 4B"
	Ref         string   `json:"ref"`
	Quant       string   `json:"quant"`
	Bytes       int64    `json:"bytes"`
	NeedBytes   int64    `json:"needBytes"` // with an 8192-token context
	Fit         string   `json:"fit"`       // gpu, partial, ram, no
	Installed   bool     `json:"installed"`
	LicenceName string   `json:"licenceName"`
	Why         []string `json:"why"`    // short sentences
	CanRun      int      `json:"canRun"` // how many of the known models fit
	Known       int      `json:"known"`
}

// Preferences are the person's choices.
type Preferences struct {
	Theme            string  `json:"theme"`            // system, light, dark
	DefaultModel     string  `json:"defaultModel"`     // reference; empty: the last one used
	SystemPrompt     string  `json:"systemPrompt"`     // of new chats
	Temperature      float64 `json:"temperature"`      // -1: the model's default
	ContextLength    int     `json:"contextLength"`    // tokens
	KeepAliveMinutes int     `json:"keepAliveMinutes"` // an idle model stays in memory this long; -1: until the app closes
	SendWith         string  `json:"sendWith"`         // enter, ctrl-enter
	Threads          int     `json:"threads"`          // 0: the engine chooses
	ShowFigures      bool    `json:"showFigures"`      // speed and time under each answer
	Welcomed         bool    `json:"welcomed"`         // the Welcome page has been left once
	SpeedLimit       int64   `json:"speedLimit"`       // bytes per second of all downloads together; 0: no limit
	DownloadsAtOnce  int     `json:"downloadsAtOnce"`
	NeverOnline      bool    `json:"neverOnline"` // nothing may go online, not even what the person starts
}

// About says what is running and where it keeps things.
type About struct {
	Version    string `json:"version"`
	DataFolder string `json:"dataFolder"`
	LogFile    string `json:"logFile"`
	BytesOut   int64  `json:"bytesOut"` // sent to other machines since the app was installed
}

// Task is a long piece of work that reports progress and can be cancelled.
type Task struct {
	ID string `json:"id"`
}

// StartReport says how the start went: a problem that keeps the app from working, or a notice about what was mended.
type StartReport struct {
	Problem Problem `json:"problem"`
	Notice  Problem `json:"notice"`
}
