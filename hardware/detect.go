package hardware

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// diskTimeout is how long a file system may take to say how full it is; a network share that is gone never answers.
const diskTimeout = time.Second

// Detect reads what this machine is. The only error is ctx's: a source that fails becomes a note. The graphics
// processors are asked at the same time as the rest, and only they can take longer than a blink; a tool that hangs is
// given up after seconds.
func Detect(ctx context.Context, o Options) (Machine, error) {
	return newHost(o).detect(ctx, o)
}

// ReadMemory reads only main memory: cheap enough for once a second.
func ReadMemory(ctx context.Context) (Memory, error) {
	h := newHost(Options{})
	m, err := h.memory(ctx)
	if err != nil {
		return Memory{}, err
	}
	return m, ctx.Err()
}

// ReadGPUs reads only the graphics processors, for a page that shows their free memory. It starts the vendors' tools,
// so seconds should lie between two calls. The only error is ctx's.
func ReadGPUs(ctx context.Context, o Options) ([]GPU, []Note, error) {
	h := newHost(o)
	m, _ := h.memory(ctx)
	r := h.gpus(ctx, m, h.container())
	return r.gpus, r.notes, ctx.Err()
}

func (h *host) detect(ctx context.Context, o Options) (Machine, error) {
	m := Machine{OS: h.goos, Arch: h.goarch, GPUs: []GPU{}, Notes: []Note{}}
	var err error
	if m.Memory, err = h.memory(ctx); err != nil {
		m.note(memoryUnknown(err))
	}
	m.Container = h.container()

	var found gpuReport
	var wait sync.WaitGroup
	if !o.SkipGPUs {
		wait.Go(func() { found = h.gpus(ctx, m.Memory, m.Container) })
	}
	if m.CPU, err = h.cpu(ctx); err != nil {
		m.note(cpuUnknown(err))
	}
	m.Host, m.System = h.identity(ctx)
	var notes []Note
	m.Disk, notes = h.disk(ctx, o.ModelsPath)
	wait.Wait()

	for _, n := range slices.Concat(notes, found.notes) {
		m.note(n)
	}
	if found.gpus != nil {
		m.GPUs = found.gpus
	}
	if found.host != "" {
		m.Host = found.host
	}
	if m.Memory.LimitBytes > 0 {
		m.note(memoryLimited())
	}
	if m.CPU.LimitCores > 0 && m.CPU.LimitCores < float64(m.CPU.LogicalCores) {
		m.note(cpuLimited())
	}
	if h.goos == "darwin" && h.translated(ctx) {
		m.note(translated())
	}
	for _, n := range m.Notes {
		h.log.Info("hardware note", "code", n.Code, "detail", n.Detail)
	}
	return m, ctx.Err()
}

func (m *Machine) note(n Note) { m.Notes = append(m.Notes, n) }

func (h *host) memory(ctx context.Context) (Memory, error) {
	switch {
	case h.goos == "linux":
		return h.linuxMemory()
	case h.goos == "darwin":
		return h.appleMemory(ctx)
	case h.sys.memory != nil:
		return h.sys.memory()
	}
	return Memory{}, errUnsupported
}

func (h *host) cpu(ctx context.Context) (CPU, error) {
	var c CPU
	err := errUnsupported
	switch h.goos {
	case "linux":
		c, err = h.linuxCPU()
	case "darwin":
		c, err = h.appleCPU(ctx)
	case "windows":
		c, err = h.windowsCPU()
	}
	if c.LogicalCores == 0 {
		c.LogicalCores = h.sys.threads()
	}
	if c.PhysicalCores == 0 || c.PhysicalCores > c.LogicalCores {
		c.PhysicalCores = c.LogicalCores
	}
	if c.UsableCores == 0 || c.UsableCores > c.LogicalCores {
		c.UsableCores = c.LogicalCores
	}
	if c.Features == nil {
		c.Features = []string{}
	}
	return c, err
}

// identity returns the machine's product name and the system's.
func (h *host) identity(ctx context.Context) (product, system string) {
	switch h.goos {
	case "linux":
		return h.linuxIdentity()
	case "darwin":
		return h.appleIdentity(ctx)
	case "windows":
		return h.windowsIdentity()
	}
	return "", ""
}

// A gpuReport is what a system's probe of its graphics processors found, and the better host name that macOS gives
// along with it.
type gpuReport struct {
	gpus  []GPU
	notes []Note
	host  string
}

func (h *host) gpus(ctx context.Context, m Memory, container string) gpuReport {
	var r gpuReport
	switch h.goos {
	case "linux":
		r = h.linuxGPUs(ctx, m, container)
	case "darwin":
		r = h.appleGPUs(ctx, m)
	case "windows":
		r = h.windowsGPUs(ctx, m)
	}
	if r.gpus == nil {
		r.gpus = []GPU{}
	}
	if r.notes == nil {
		r.notes = []Note{}
	}
	return r
}

// disk asks the file system of path, or of its nearest parent that exists.
func (h *host) disk(ctx context.Context, path string) (Disk, []Note) {
	if path == "" {
		path, _ = os.UserHomeDir()
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	d := Disk{Path: path}
	type answer struct {
		total, free int64
		err         error
	}
	got := make(chan answer, 1)
	go func() {
		var a answer
		for at := path; ; at = filepath.Dir(at) {
			a.total, a.free, a.err = h.sys.disk(at)
			if a.err == nil || at == filepath.Dir(at) {
				break
			}
		}
		got <- a
	}()
	timer := time.NewTimer(diskTimeout)
	defer timer.Stop()
	select {
	case a := <-got:
		if a.err != nil {
			return d, []Note{diskUnknown(a.err)}
		}
		d.TotalBytes, d.FreeBytes = a.total, a.free
		return d, nil
	case <-timer.C:
		return d, []Note{detectionStuck("disk")}
	case <-ctx.Done():
		return d, nil
	}
}
