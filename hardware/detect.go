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
	return newDetector(newHost(o)).detect(ctx, o)
}

// ReadMemory reads only main memory: cheap enough for once a second.
func ReadMemory(ctx context.Context) (Memory, error) {
	m, err := probeOf(newHost(Options{})).memory(ctx)
	if err != nil {
		return Memory{}, err
	}
	return m, ctx.Err()
}

// ReadCPU reads only the processor: cheap enough for each load of a model, because affinity and quotas change while a
// program runs. With an error, what could not be read is assumed.
func ReadCPU(ctx context.Context) (CPU, error) {
	return newDetector(newHost(Options{})).processor(ctx)
}

// ReadGPUs reads only the graphics processors, for a page that shows their free memory. It starts the vendors' tools,
// so seconds should lie between two calls. The only error is ctx's.
func ReadGPUs(ctx context.Context, o Options) ([]GPU, []Note, error) {
	d := newDetector(newHost(o))
	m, _ := d.memory(ctx)
	r := d.graphics(ctx, m, d.container())
	return r.gpus, r.notes, ctx.Err()
}

// A detector puts a Machine together from what its system's probe finds.
type detector struct {
	*host
	probe
}

func newDetector(h *host) detector { return detector{h, probeOf(h)} }

func (d detector) detect(ctx context.Context, o Options) (Machine, error) {
	m := Machine{OS: d.goos, Arch: d.goarch, GPUs: []GPU{}, Notes: []Note{}}
	var err error
	if m.Memory, err = d.memory(ctx); err != nil {
		m.note(memoryUnknown(err))
	}
	m.Container = d.container()

	var found gpuReport
	var wait sync.WaitGroup
	if !o.SkipGPUs {
		wait.Go(func() { found = d.graphics(ctx, m.Memory, m.Container) })
	}
	if m.CPU, err = d.processor(ctx); err != nil {
		m.note(cpuUnknown(err))
	}
	m.Host, m.System = d.identity(ctx)
	var notes []Note
	m.Disk, notes = d.disk(ctx, o.ModelsPath)
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
	if mac, ok := d.probe.(*appleProbe); ok && mac.translated(ctx) {
		m.note(translated())
	}
	for _, n := range m.Notes {
		d.log.Info("hardware note", "code", n.Code, "detail", n.Detail)
	}
	return m, ctx.Err()
}

func (m *Machine) note(n Note) { m.Notes = append(m.Notes, n) }

// processor fills in what the probe could not tell.
func (d detector) processor(ctx context.Context) (CPU, error) {
	c, err := d.cpu(ctx)
	if c.LogicalCores == 0 {
		c.LogicalCores = d.sys.threads()
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
	if c.Threads.Count == 0 {
		c.Threads = coreCount{all: c.PhysicalCores, allowed: min(c.PhysicalCores, c.UsableCores), fast: c.PerformanceCores, quota: c.LimitCores}.threads()
	}
	return c, err
}

func (d detector) graphics(ctx context.Context, m Memory, container string) gpuReport {
	r := d.gpus(ctx, m, container)
	if r.gpus == nil {
		r.gpus = []GPU{}
	}
	if r.notes == nil {
		r.notes = []Note{}
	}
	return r
}

// disk asks the file system of path, or of its nearest parent that exists.
func (d detector) disk(ctx context.Context, path string) (Disk, []Note) {
	if path == "" {
		path, _ = os.UserHomeDir()
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	found := Disk{Path: path}
	type answer struct {
		total, free int64
		err         error
	}
	got := make(chan answer, 1)
	go func() {
		var a answer
		for at := path; ; at = filepath.Dir(at) {
			a.total, a.free, a.err = d.sys.disk(at)
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
			return found, []Note{diskUnknown(a.err)}
		}
		found.TotalBytes, found.FreeBytes = a.total, a.free
		return found, nil
	case <-timer.C:
		return found, []Note{detectionStuck("disk")}
	case <-ctx.Done():
		return found, nil
	}
}
