package advisor

import "strings"

// Machine is what a recommendation is for, in bytes and bytes per second. Memory that a loaded model will give back
// counts as available: the caller adds it.
type Machine struct {
	OS        string   `json:"os"`   // as in GOOS
	Arch      string   `json:"arch"` // as in GOARCH
	Cores     int      `json:"cores"`
	RAM       Memory   `json:"ram"`
	GPUs      []GPU    `json:"gpus"`
	DiskFree  int64    `json:"diskFree"`  // 0: unknown
	PromptOps float64  `json:"promptOps"` // operations per second of the processor on a prompt; 0: unknown
	Assumed   []string `json:"assumed"`   // sentences about what a machine file left out
}

// Memory is main memory.
type Memory struct {
	TotalBytes           int64 `json:"totalBytes"`
	AvailableBytes       int64 `json:"availableBytes"`       // 0: none is free
	BandwidthBytesPerSec int64 `json:"bandwidthBytesPerSec"` // as measured by reading with all cores; 0: unknown
	BandwidthDoubtful    bool  `json:"bandwidthDoubtful"`    // other programs were busy meanwhile, so it is rough
}

// GPU is one graphics processor.
type GPU struct {
	Name                 string  `json:"name"`
	Backend              string  `json:"backend"` // the engine's: CUDA, ROCm, Vulkan, Metal; empty: the engine cannot use it
	TotalBytes           int64   `json:"totalBytes"`
	FreeBytes            int64   `json:"freeBytes"`
	Unified              bool    `json:"unified"`              // it works in main memory
	SharedBytes          int64   `json:"sharedBytes"`          // how much of TotalBytes is main memory, where Unified
	BandwidthBytesPerSec int64   `json:"bandwidthBytesPerSec"` // the vendor's figure; 0: unknown
	PromptOps            float64 `json:"promptOps"`            // operations per second on a prompt; 0: unknown
}

// SetBandwidths fills in what the machine does not say about its graphics processors. lookup gets a name and a memory
// size in bytes, and gives bytes per second or 0.
func (m *Machine) SetBandwidths(lookup func(name string, totalBytes int64) int64) {
	gpus := make([]GPU, len(m.GPUs))
	copy(gpus, m.GPUs)
	for i := range gpus {
		if gpus[i].BandwidthBytesPerSec == 0 {
			gpus[i].BandwidthBytesPerSec = max(0, lookup(gpus[i].Name, gpus[i].TotalBytes))
		}
	}
	m.GPUs = gpus
}

// What is kept back so that a machine stays usable. A card's share is what the engine itself keeps back (Ollama
// v0.34.4, ml/device.go, MinimumMemory). Main memory's is a twentieth of what is free: enough that a browser tab does
// not start swapping.
const (
	cardReserve  = 457 << 20
	metalReserve = 512 << 20
	ramShare     = 20
	ramLeast     = 256 << 20
	ramMost      = 2 << 30
)

// usableRAM is main memory that a model may take.
func (m *Machine) usableRAM(ask Ask) int64 {
	free := m.RAM.AvailableBytes
	if ask.FreeMemory > 0 {
		free = ask.FreeMemory
	}
	return max(0, free-min(ramMost, max(ramLeast, free/ramShare)))
}

// reclaimable is main memory that would be usable with every other program closed.
func (m *Machine) reclaimable() int64 {
	free := m.RAM.TotalBytes - systemBytes(m.OS, m.RAM.TotalBytes)
	return max(0, free-min(ramMost, max(ramLeast, free/ramShare)))
}

func (g *GPU) reserve() int64 {
	if g.metal() {
		return metalReserve
	}
	return cardReserve
}

func (g *GPU) metal() bool { return strings.EqualFold(g.Backend, "metal") }

// usable is graphics memory that a model may take. An integrated one takes it from main memory, of which ram is usable.
func (g *GPU) usable(ram int64) int64 {
	own := g.FreeBytes - g.reserve()
	if g.Unified {
		own = min(own, g.house(ram))
	}
	return max(0, own)
}

// Own is what is free of a memory that is the processor's own: all of a card's, and of an integrated one what was carved
// out of main memory, where that is the larger part of what it may use. ram is what is free of main memory.
func (g *GPU) Own(ram int64) int64 {
	own := g.TotalBytes - g.SharedBytes
	switch {
	case !g.Unified:
		return g.FreeBytes
	case own <= g.SharedBytes:
		return 0
	}
	return max(0, min(own, g.FreeBytes-min(g.SharedBytes, ram)))
}

// house is all memory in which an integrated graphics processor and the processor work together: main memory, and what is
// free of the part that was carved out of it.
func (g *GPU) house(ram int64) int64 {
	return ram + max(0, min(g.TotalBytes-g.SharedBytes, g.FreeBytes))
}

// systemBytes is what a started system with a few programs holds. From memory of idle machines: 3.5 to 4.5 GB for
// Windows 11, about 4 GB for macOS, 1.5 to 2.5 GB for a Linux desktop; never over half of the memory.
func systemBytes(os string, total int64) int64 {
	held := int64(2_000_000_000)
	if os == "windows" || os == "darwin" {
		held = 4_000_000_000
	}
	return min(held, total/2)
}
