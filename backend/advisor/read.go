package advisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"weightroom/backend"
)

// machineFile is the part of a detect file that a recommendation needs. A nil number was left out.
type machineFile struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPU  struct {
		PhysicalCores *float64 `json:"physicalCores"`
		UsableCores   *float64 `json:"usableCores"`
		LogicalCores  *float64 `json:"logicalCores"`
		Threads       struct {
			Count *float64 `json:"count"`
		} `json:"threads"`
	} `json:"cpu"`
	Memory *struct {
		TotalBytes           *float64 `json:"totalBytes"`
		AvailableBytes       *float64 `json:"availableBytes"`
		BandwidthBytesPerSec *float64 `json:"bandwidthBytesPerSec"`
	} `json:"memory"`
	GPUs []gpuFile `json:"gpus"`
	Disk struct {
		FreeBytes *float64 `json:"freeBytes"`
	} `json:"disk"`
}

type gpuFile struct {
	Name                 string   `json:"name"`
	Backend              *string  `json:"backend"`
	TotalBytes           *float64 `json:"totalBytes"`
	FreeBytes            *float64 `json:"freeBytes"`
	FreeKnown            *bool    `json:"freeKnown"`
	Integrated           bool     `json:"integrated"`
	SharedBytes          *float64 `json:"sharedBytes"`
	BandwidthBytesPerSec *float64 `json:"bandwidthBytesPerSec"`
}

// The bounds of what a machine can be. Beyond them a figure is a slip, most often a wrong unit.
const (
	machineFileLimit = 1 << 20
	leastMemory      = 64 << 20
	mostMemory       = 64 << 40
	leastBandwidth   = 100_000_000
	mostBandwidth    = 100_000_000_000_000
	mostCores        = 4096
	mostGPUs         = 64
	mostName         = 200
	wallpaper        = 500_000_000 // graphics memory that a desktop holds, from memory of idle machines
)

const detectHint = "Make the file anew on that machine."

// reader collects the first thing that is wrong.
type reader struct{ err error }

func (r *reader) fail(message, hint string) {
	if r.err == nil {
		r.err = backend.Fail(backend.CodeInvalid, nil, message, hint)
	}
}

// size returns an optional figure; ok is false where it was left out.
func (r *reader) size(value *float64, key string, least, most float64, unit string) (n int64, ok bool) {
	if value == nil {
		return 0, false
	}
	v := *value
	switch {
	case math.IsNaN(v) || v < 0:
		r.fail(fmt.Sprintf("In the machine file, %s is less than nothing.", key), fmt.Sprintf("Give it in %s, or leave it out.", unit))
	case v > most:
		r.fail(fmt.Sprintf("In the machine file, %s is %s, more than any machine has.", key, figure(v)), fmt.Sprintf("Give it in %s, or leave it out.", unit))
	case v > 0 && v < least:
		r.fail(fmt.Sprintf("In the machine file, %s is %s, too little to be in %s.", key, figure(v), unit), fmt.Sprintf("Give it in %s: 8 GB is 8000000000.", unit))
	default:
		return int64(v), true
	}
	return 0, false
}

func figure(v float64) string {
	if v >= 1e15 {
		return fmt.Sprintf("%.0e", v)
	}
	return backend.Count(int64(v))
}

// ReadMachine reads a detect file, also one written by hand: only memory.totalBytes must be there. What it assumes for
// the rest is said in Assumed. Its error is a *backend.Error about the first thing that is wrong.
func ReadMachine(from io.Reader) (Machine, error) {
	text, err := io.ReadAll(io.LimitReader(from, machineFileLimit+1))
	if err != nil {
		return Machine{}, backend.Fail(backend.CodeInvalid, err, "The machine file could not be read.", "Check that the file is there and that you may read it.")
	}
	if len(text) > machineFileLimit {
		return Machine{}, backend.Fail(backend.CodeInvalid, nil, "The machine file is far too long to describe a machine.", detectHint)
	}
	var f machineFile
	if err := json.Unmarshal(text, &f); err != nil {
		return Machine{}, jsonError(err)
	}
	var r reader
	m := Machine{OS: plain(f.OS), Arch: plain(f.Arch), GPUs: []GPU{}, Assumed: []string{}}
	r.memory(&f, &m)
	r.cores(&f, &m)
	if len(f.GPUs) > mostGPUs {
		r.fail(fmt.Sprintf("The machine file lists %d graphics processors.", len(f.GPUs)), fmt.Sprintf("List at most %d.", mostGPUs))
	}
	for i := range f.GPUs {
		if r.err == nil {
			r.gpu(&f.GPUs[i], i, &m)
		}
	}
	m.DiskFree, _ = r.size(f.Disk.FreeBytes, "disk.freeBytes", 0, 1e18, "bytes")
	if r.err != nil {
		return Machine{}, r.err
	}
	return m, nil
}

func jsonError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return backend.Fail(backend.CodeInvalid, err, fmt.Sprintf("In the machine file, %s is not of the right kind.", plain(wrong.Field)), "Numbers stand without quotes, sizes in bytes.")
	}
	return backend.Fail(backend.CodeInvalid, err, "The machine file is not JSON that describes a machine.", detectHint)
}

// plain makes a text from a file safe to show.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == 0xfffd {
			return -1
		}
		return r
	}, s)
	if len(s) > mostName {
		s = strings.ToValidUTF8(s[:mostName], "")
	}
	return strings.TrimSpace(s)
}

func (r *reader) memory(f *machineFile, m *Machine) {
	if f.Memory == nil || f.Memory.TotalBytes == nil || *f.Memory.TotalBytes == 0 {
		r.fail("The machine file does not say how much memory the machine has.", "Add memory.totalBytes, in bytes: 16 GB is 16000000000.")
		return
	}
	m.RAM.TotalBytes, _ = r.size(f.Memory.TotalBytes, "memory.totalBytes", leastMemory, mostMemory, "bytes")
	free, ok := r.size(f.Memory.AvailableBytes, "memory.availableBytes", 0, mostMemory, "bytes")
	switch {
	case !ok:
		held := systemBytes(m.OS, m.RAM.TotalBytes)
		free = m.RAM.TotalBytes - held
		m.Assumed = append(m.Assumed, fmt.Sprintf("The file does not say how much memory is free. The system and a few programs are assumed to take %s.", backend.Bytes(held)))
	case free > m.RAM.TotalBytes:
		r.fail(fmt.Sprintf("In the machine file, %s of memory are free, but the machine has %s.", backend.Bytes(free), backend.Bytes(m.RAM.TotalBytes)), "Correct memory.availableBytes, or leave it out.")
	}
	m.RAM.AvailableBytes = free
	m.RAM.BandwidthBytesPerSec, _ = r.size(f.Memory.BandwidthBytesPerSec, "memory.bandwidthBytesPerSec", leastBandwidth, mostBandwidth, "bytes per second")
	if m.RAM.BandwidthBytesPerSec == 0 {
		m.Assumed = append(m.Assumed, fmt.Sprintf("The file does not say how fast main memory is. %s a second is assumed.", backend.Bytes(unknownRAMBandwidth)))
	}
}

func (r *reader) cores(f *machineFile, m *Machine) {
	for _, c := range []struct {
		key   string
		value *float64
	}{{"cpu.physicalCores", f.CPU.PhysicalCores}, {"cpu.usableCores", f.CPU.UsableCores}, {"cpu.logicalCores", f.CPU.LogicalCores}} {
		n, _ := r.size(c.value, c.key, 1, mostCores, "cores")
		if n > 0 && (m.Cores == 0 || (c.key == "cpu.usableCores" && int(n) < m.Cores)) {
			m.Cores = int(n)
		}
	}
	if n, _ := r.size(f.CPU.Threads.Count, "cpu.threads.count", 1, mostCores, "threads"); n > 0 {
		m.Cores = int(n) // those that work for a model
	}
	if m.Cores == 0 {
		m.Assumed = append(m.Assumed, "The file does not say how many cores the processor has. 4 are assumed.")
	}
}

func (r *reader) gpu(f *gpuFile, i int, m *Machine) {
	key := func(name string) string { return fmt.Sprintf("gpus[%d].%s", i, name) }
	g := GPU{Name: plain(f.Name), Unified: f.Integrated}
	if g.Name == "" {
		g.Name = fmt.Sprintf("Graphics processor %d", i+1)
	}
	if f.Backend != nil {
		g.Backend = plain(*f.Backend)
	} else {
		g.Backend = guessBackend(m.OS, g.Name)
		m.Assumed = append(m.Assumed, fmt.Sprintf("The file does not say how the engine uses %s. %s is assumed.", g.Name, g.Backend))
	}
	g.TotalBytes, _ = r.size(f.TotalBytes, key("totalBytes"), leastMemory, mostMemory, "bytes")
	if f.TotalBytes == nil && g.Backend != "" {
		r.fail(fmt.Sprintf("The machine file does not say how much memory %s has.", g.Name), fmt.Sprintf("Add %s, in bytes: 8 GB is 8000000000.", key("totalBytes")))
	}
	free, known := r.size(f.FreeBytes, key("freeBytes"), 0, mostMemory, "bytes")
	if f.FreeKnown != nil {
		known = known && *f.FreeKnown
	} else {
		known = known && free > 0
	}
	shared, ok := r.size(f.SharedBytes, key("sharedBytes"), 0, mostMemory, "bytes")
	if g.Unified && !ok {
		shared = min(g.TotalBytes, m.RAM.TotalBytes) // beyond main memory it must have its own
	}
	switch {
	case shared > g.TotalBytes:
		r.fail(fmt.Sprintf("In the machine file, %s shares %s but has %s.", g.Name, backend.Bytes(shared), backend.Bytes(g.TotalBytes)), fmt.Sprintf("Correct %s, or leave it out.", key("sharedBytes")))
	case g.Unified:
		g.SharedBytes = shared
	}
	switch {
	case known && free > g.TotalBytes:
		r.fail(fmt.Sprintf("In the machine file, %s has %s free of %s.", g.Name, backend.Bytes(free), backend.Bytes(g.TotalBytes)), fmt.Sprintf("Correct %s, or leave it out.", key("freeBytes")))
	case known:
		g.FreeBytes = free
	case g.Unified:
		g.FreeBytes = min(g.TotalBytes, m.RAM.AvailableBytes+g.TotalBytes-g.SharedBytes)
	default:
		g.FreeBytes = max(0, g.TotalBytes-wallpaper)
		if g.Backend != "" && g.TotalBytes > 0 {
			m.Assumed = append(m.Assumed, fmt.Sprintf("The file does not say how much memory of %s is free. The desktop is assumed to take %s.", g.Name, backend.Bytes(wallpaper)))
		}
	}
	g.BandwidthBytesPerSec, _ = r.size(f.BandwidthBytesPerSec, key("bandwidthBytesPerSec"), leastBandwidth, mostBandwidth, "bytes per second")
	m.GPUs = append(m.GPUs, g)
}

func guessBackend(os, name string) string {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(strings.ToLower(name), p) {
				return true
			}
		}
		return false
	}
	switch {
	case os == "darwin" || has("apple"):
		return "Metal"
	case has("nvidia", "geforce", "rtx", "gtx", "tesla", "quadro"):
		return "CUDA"
	}
	return "Vulkan"
}
