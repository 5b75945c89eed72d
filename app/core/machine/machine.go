package machine

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/hardware"
)

// Options are what a Machine is made from.
type Options struct {
	Engine     *engine.Engine
	Executable string        // the engine's libraries are found from it
	Bandwidth  string        // file that keeps the measured memory bandwidth
	Tuned      string        // file that keeps how the engine was found to work fastest
	Models     func() string // the folder whose disk counts
	Settings   func(context.Context) backend.Settings
	// Whole is a plan of the engine's with what its planner leaves out, such as a projector; nil: plans count as they are.
	Whole func(m backend.Model, contextLength int, plan backend.MemoryPlan) backend.MemoryPlan
}

// Machine knows this machine and the engine on it. It may be used from many goroutines.
type Machine struct {
	Ways      *Ways
	opts      Options
	maxLoaded atomic.Int32 // models that may be in memory at the same time; 0: one
	plans     planCache

	mu        sync.Mutex // guards the following
	hardware  *hardware.Machine
	readAt    time.Time
	bandwidth *hardware.BandwidthResult
}

// New makes a Machine. Nothing is read yet.
func New(o Options) *Machine {
	m := &Machine{opts: o}
	m.Ways = &Ways{settings: o.Settings, build: m.Build, path: o.Tuned}
	return m
}

// fresh is how long a reading of graphics memory is good for.
const fresh = 5 * time.Second

// Hardware returns what this machine is. Memory and threads are read anew each time, the rest every few seconds at most.
func (m *Machine) Hardware(ctx context.Context) (hardware.Machine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hardware == nil || time.Since(m.readAt) > fresh {
		h, err := hardware.Detect(ctx, hardware.Options{ModelsPath: m.opts.Models()})
		if err != nil {
			return h, backend.Fail(backend.CodeInternal, err, "This machine could not be read.", "Restart Weightroom.")
		}
		h.GPUs = hardware.Merge(h.GPUs, m.engineDevices(ctx), m.Build().Backends...)
		m.hardware, m.readAt = &h, time.Now()
		m.Ways.graphics.Store(slices.ContainsFunc(h.GPUs, func(g hardware.GPU) bool { return g.Backend != "" }))
		if m.bandwidth == nil {
			if r, kept := hardware.LoadBandwidth(m.opts.Bandwidth, hardware.BandwidthKey(h)); kept > 0 {
				m.bandwidth = &r
			}
		}
	}
	h := *m.hardware
	if memory, err := hardware.ReadMemory(ctx); err == nil {
		h.Memory = memory
	}
	h.CPU.Threads = m.Ways.Threads(ctx)
	if m.bandwidth != nil {
		h.SetBandwidth(*m.bandwidth)
	}
	return h, nil
}

// engineDevices asks the engine's backends for graphics processors. A build with none is not asked.
func (m *Machine) engineDevices(ctx context.Context) []hardware.EngineDevice {
	if len(m.Build().Backends) < 2 {
		return nil
	}
	devices, err := m.opts.Engine.Devices(ctx)
	if err != nil {
		slog.Warn("engine devices not read", "error", err)
	}
	var out []hardware.EngineDevice
	for _, d := range devices {
		out = append(out, hardware.EngineDevice{Name: d.Name, PCI: d.ID, Backend: d.Backend, TotalBytes: d.TotalBytes, FreeBytes: d.FreeBytes, Integrated: d.Integrated})
	}
	return out
}

// GPUs returns the graphics processors; none where the machine can't be read.
func (m *Machine) GPUs(ctx context.Context) []hardware.GPU {
	h, err := m.Hardware(ctx)
	if err != nil {
		return nil
	}
	return h.GPUs
}

// Driver is the driver of the graphics processor that the engine calls device; empty for a processor.
func (m *Machine) Driver(ctx context.Context, device string) string {
	for _, g := range m.GPUs(ctx) {
		if g.Backend != "" && g.Name != "" && strings.Contains(device, g.Name) {
			return g.Driver
		}
	}
	return ""
}
