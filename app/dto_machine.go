package app

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
	Tuned     Tuned     `json:"tuned"`
	Container string    `json:"container"` // docker, podman, lxc …; empty: none
	Problems  []Problem `json:"problems"`
}

// CPU is the processor.
type CPU struct {
	Model         string   `json:"model"`
	PhysicalCores int      `json:"physicalCores"`
	LogicalCores  int      `json:"logicalCores"`
	Features      []string `json:"features"`
	LimitCores    float64  `json:"limitCores"` // a container's quota; 0: none
	Threads       Threads  `json:"threads"`
}

// Threads is how many threads work for a model, and why.
type Threads struct {
	Count   int            `json:"count"`
	Reasons []ThreadReason `json:"reasons"` // one at least
}

// ThreadReason is one thing that decided the number of threads.
type ThreadReason struct {
	Kind  string  `json:"kind"`  // cores, cpuset, affinity, performance, quota, measured, setting
	Cores float64 `json:"cores"` // that it leaves or asks for
	Of    int     `json:"of"`    // of so many
}

// Tuned is how the engine was found to work fastest on this machine, and how it works.
type Tuned struct {
	MeasuredAt     int64       `json:"measuredAt"` // 0: not measured with this engine on this machine
	Seconds        float64     `json:"seconds"`    // that it took
	On             string      `json:"on"`         // the model whose first blocks were run
	Off            bool        `json:"off"`        // the person wants the counted number and the engine's own choices
	Power          string      `json:"power"`      // what it was measured with: ac, battery
	Mains          bool        `json:"mains"`      // the machine runs on its battery, and it was measured on mains
	Counted        int         `json:"counted"`    // threads, where nothing is measured
	Threads        int         `json:"threads"`    // that are used
	Chosen         int         `json:"chosen"`     // the number in Settings, which goes first; 0: none
	Batch          int         `json:"batch"`      // tokens of a prompt that are read at once; 0: the engine's own choice
	FlashAttention bool        `json:"flashAttention"`
	Trials         []TuneTrial `json:"trials"`
}

// TuneTrial is one way that was tried.
type TuneTrial struct {
	Kind  string  `json:"kind"`  // threads, batch, flash
	Value int     `json:"value"` // threads, or tokens at once; flash: 0 is without
	Over  int     `json:"over"`  // the same of what it was compared with
	Gain  float64 `json:"gain"`  // 0.1 is 10% faster
	Error float64 `json:"error"` // the truth lies within gain ± error in 99 of 100 cases
	Kept  bool    `json:"kept"`
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
	BandwidthDoubtful     bool  `json:"bandwidthDoubtful"`   // other programs were busy meanwhile, so it is rough
	EngineBytes           int64 `json:"engineBytes"`         // what the loaded model takes now
	ZFSCacheBytes         int64 `json:"zfsCacheBytes"`       // of what is free, held by ZFS' cache, which gives it back
	HostBytes             int64 `json:"hostBytes"`           // all that the machine around this container has free; 0: the container's own figure counts
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

// Pick is the first recommendation for a chat on this machine.
type Pick struct {
	Choices []Choice `json:"choices"` // the best, then, where that one is large, the best that is quick to download; empty: nothing fits
	CanRun  int      `json:"canRun"`  // how many of the known models fit
	Known   int      `json:"known"`
}
