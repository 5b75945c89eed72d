package hardware

import (
	"io/fs"
	"log/slog"
)

// Machine is what [Detect] found. Its JSON is stable: a file of it describes a machine to a command elsewhere. No slice
// is nil.
type Machine struct {
	OS        string `json:"os"`        // as in GOOS
	Arch      string `json:"arch"`      // as in GOARCH
	Host      string `json:"host"`      // product name, "ThinkPad P14s Gen 2a"; empty: unknown
	System    string `json:"system"`    // "Debian GNU/Linux 12 (bookworm)"; empty: unknown
	Container string `json:"container"` // docker, podman, kubernetes, lxc, systemd-nspawn, flatpak, wsl …; empty: none
	CPU       CPU    `json:"cpu"`
	Memory    Memory `json:"memory"`
	GPUs      []GPU  `json:"gpus"`
	Disk      Disk   `json:"disk"`
	Notes     []Note `json:"notes"` // what could not be found out, and standing obstacles
}

// CPU is the processor. A core runs one or, with simultaneous multithreading, several threads.
type CPU struct {
	Model            string   `json:"model"`            // "AMD Ryzen 7 7840U"; empty: unknown
	PhysicalCores    int      `json:"physicalCores"`    // cores switched on
	PerformanceCores int      `json:"performanceCores"` // of them fast ones; 0: all cores are alike, or unknown
	EfficiencyCores  int      `json:"efficiencyCores"`  // of them slow ones; 0: all cores are alike, or unknown
	LogicalCores     int      `json:"logicalCores"`     // hardware threads switched on
	UsableCores      int      `json:"usableCores"`      // hardware threads this process may keep busy: affinity and quota heeded
	LimitCores       float64  `json:"limitCores"`       // a container's quota in cores; 0: none
	Threads          Threads  `json:"threads"`          // that work for a model
	CacheBytes       int64    `json:"cacheBytes"`       // last-level caches together; 0: unknown
	Features         []string `json:"features"`         // vector units; see [FeatureNames]
}

// Memory is main memory as this process may use it, in bytes.
type Memory struct {
	TotalBytes     int64 `json:"totalBytes"`     // the smaller of the machine's and the container's
	AvailableBytes int64 `json:"availableBytes"` // can be taken without swapping; page cache that may be dropped counts
	PhysicalBytes  int64 `json:"physicalBytes"`  // the machine's, whatever the container's limit
	SwapTotalBytes int64 `json:"swapTotalBytes"`
	SwapFreeBytes  int64 `json:"swapFreeBytes"`
	LimitBytes     int64 `json:"limitBytes"` // a container's limit; 0: none

	// Why AvailableBytes is not what the system's own list says.
	ZFSCacheBytes int64 `json:"zfsCacheBytes,omitempty"` // of it, what ZFS' cache holds and gives back; the list calls it used
	HostBytes     int64 `json:"hostBytes,omitempty"`     // all that the machine around this container has; the list knows of the container alone

	// The measured speed of main memory. [Detect] leaves these at 0; see [Machine.SetBandwidth].
	BandwidthBytesPerSec  int64 `json:"bandwidthBytesPerSec"`        // all usable cores together
	SingleCoreBytesPerSec int64 `json:"singleCoreBytesPerSec"`       // one core
	BandwidthMeasuredAt   int64 `json:"bandwidthMeasuredAt"`         // milliseconds since 1970; 0: not measured
	BandwidthDoubtful     bool  `json:"bandwidthDoubtful,omitempty"` // other programs were busy meanwhile, so it is rough
}

// GPU is one graphics processor, or one MIG slice of one. The memories of several are never added up: a model's layer
// lies on one of them.
type GPU struct {
	Name            string  `json:"name"`
	Vendor          string  `json:"vendor"`     // NVIDIA, AMD, Intel, Apple, Qualcomm; empty: unknown
	Backend         string  `json:"backend"`    // the engine's: CUDA, ROCm, Vulkan, Metal; empty: the engine can't use it
	Driver          string  `json:"driver"`     // version where known ("550.54.14"), else the driver's name ("i915")
	TotalBytes      int64   `json:"totalBytes"` // 0: unknown
	FreeBytes       int64   `json:"freeBytes"`  // meaningful where FreeKnown
	FreeKnown       bool    `json:"freeKnown"`
	Integrated      bool    `json:"integrated"`      // it works in main memory
	SharedBytes     int64   `json:"sharedBytes"`     // how much of TotalBytes is main memory
	PCI             string  `json:"pciId"`           // "0000:01:00.0"; empty: unknown
	UUID            string  `json:"uuid"`            // the vendor's, "GPU-…" or "MIG-…"; empty: unknown
	Compute         string  `json:"compute"`         // "8.9" (NVIDIA), "gfx1100" (AMD); empty: unknown
	PowerLimitWatts float64 `json:"powerLimitWatts"` // 0: unknown
	Note            string  `json:"note"`            // why it can't be used, or a figure is missing, and what to do; may be empty
}

// Disk is the file system where models live.
type Disk struct {
	Path       string `json:"path"` // as asked for; it need not exist yet
	TotalBytes int64  `json:"totalBytes"`
	FreeBytes  int64  `json:"freeBytes"` // for an ordinary user; reserved blocks do not count
}

// Note is something a person should know about a detection: a source that failed, or an obstacle with a remedy.
type Note struct {
	Code   string `json:"code"`  // one of the Note… constants
	Title  string `json:"title"` // a sentence
	Hint   string `json:"hint"`  // the next step; may be empty
	Detail string `json:"-"`     // the source's own words, for a log
}

// Options chooses what [Detect] looks at. The zero value detects this machine.
type Options struct {
	// ModelsPath is where models live; its file system is the one reported. Empty: the home folder.
	ModelsPath string
	// SkipGPUs leaves out the graphics processors, the only slow part.
	SkipGPUs bool
	// Log receives the reason of each note; nil: none is logged.
	Log *slog.Logger
	// Root is where /proc, /sys and /etc are read; nil: the machine's own.
	Root fs.FS
	// Run runs a tool such as nvidia-smi; nil: [RunTool].
	Run Runner
}
