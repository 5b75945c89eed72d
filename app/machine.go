package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	goruntime "runtime"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/hardware"
)

// logTail is how much of the engine's log the page shows.
const logTail = 64 << 10

// lowDisk is when a nearly full disk becomes a standing problem.
const lowDisk = 2_000_000_000

// machineCache keeps what does not change while the app runs.
type machineCache struct {
	mu        sync.Mutex
	found     *hardware.Machine
	gpusAt    time.Time
	bandwidth *hardware.BandwidthResult
}

// gpusFresh is how long a reading of graphics memory is good for.
const gpusFresh = 5 * time.Second

// hardware gives what this machine is. Memory and disk are read anew each time, the rest every gpusFresh at most.
func (c *Core) hardware(ctx context.Context) (hardware.Machine, error) {
	c.machine.mu.Lock()
	defer c.machine.mu.Unlock()
	if c.machine.found == nil || time.Since(c.machine.gpusAt) > gpusFresh {
		m, err := hardware.Detect(ctx, hardware.Options{ModelsPath: c.Models.Dir()})
		if err != nil {
			return m, backend.Fail(backend.CodeInternal, err, "This machine could not be read.", "Restart Weightroom.")
		}
		m.GPUs = hardware.Merge(m.GPUs, c.engineDevices(ctx), c.backends()...)
		c.machine.found, c.machine.gpusAt = &m, time.Now()
		if c.machine.bandwidth == nil {
			if r, ok := hardware.LoadBandwidth(c.bandwidthFile(), hardware.BandwidthKey(m)); ok {
				c.machine.bandwidth = &r
			}
		}
	}
	m := *c.machine.found
	if memory, err := hardware.ReadMemory(ctx); err == nil {
		m.Memory = memory
	}
	if c.machine.bandwidth != nil {
		m.SetBandwidth(*c.machine.bandwidth)
	}
	return m, nil
}

// engineDevices asks the engine's backends for graphics processors. A build with none is not asked.
func (c *Core) engineDevices(ctx context.Context) []hardware.EngineDevice {
	if len(c.backends()) < 2 {
		return nil
	}
	devices, err := c.Engine.Devices(ctx)
	if err != nil {
		slog.Warn("engine devices not read", "error", err)
	}
	return convert(devices, func(d engine.Device) hardware.EngineDevice {
		return hardware.EngineDevice{Name: d.Name, PCI: d.ID, Backend: d.Backend, TotalBytes: d.TotalBytes, FreeBytes: d.FreeBytes, Integrated: d.Integrated}
	})
}

func (c *Core) build() engine.Build { return engine.ReadBuild(engine.LibDir(c.executable)) }

func (c *Core) backends() []string { return c.build().Backends }

func (c *Core) gpus(ctx context.Context) []hardware.GPU {
	m, err := c.hardware(ctx)
	if err != nil {
		return nil
	}
	return m.GPUs
}

// MachinePage is everything the Machine page and detect show.
func (c *Core) MachinePage(ctx context.Context) (MachinePage, error) {
	m, err := c.hardware(ctx)
	if err != nil {
		return MachinePage{}, err
	}
	notes := convert(m.Notes, func(n hardware.Note) Problem {
		return Problem{Code: n.Code, Severity: string(backend.SeverityInfo), Title: n.Title, Hint: n.Hint}
	})
	page := MachinePage{
		OS: m.OS, Arch: m.Arch, Host: m.Host, System: m.System, Container: m.Container,
		CPU: CPU{
			Model: m.CPU.Model, PhysicalCores: m.CPU.PhysicalCores, LogicalCores: m.CPU.LogicalCores,
			Features: strings0(m.CPU.Features), LimitCores: m.CPU.LimitCores,
		},
		Memory: Memory{
			TotalBytes: m.Memory.TotalBytes, AvailableBytes: m.Memory.AvailableBytes,
			SwapTotalBytes: m.Memory.SwapTotalBytes, SwapFreeBytes: m.Memory.SwapFreeBytes, LimitBytes: m.Memory.LimitBytes,
			BandwidthBytesPerSec: m.Memory.BandwidthBytesPerSec, SingleCoreBytesPerSec: m.Memory.SingleCoreBytesPerSec,
			BandwidthMeasuredAt: m.Memory.BandwidthMeasuredAt, EngineBytes: c.Engine.MemoryBytes(),
		},
		GPUs:     convert(m.GPUs, gpuOf),
		Disk:     Disk{Path: m.Disk.Path, TotalBytes: m.Disk.TotalBytes, FreeBytes: m.Disk.FreeBytes},
		Engine:   c.EngineState(ctx),
		Problems: append(convert(c.Problems(ctx, m), standing), notes...),
	}
	return page, nil
}

// EngineState is the engine as the page shows it.
func (c *Core) EngineState(ctx context.Context) Engine {
	status, build := c.Engine.Status(), c.build()
	e := Engine{
		State: string(status.State), Version: build.Ollama, LlamaCpp: build.LlamaCpp, Backends: strings0(build.Backends),
		NetworkLock: string(status.Lock), LockDetail: status.Lock.Detail(), Model: status.Model,
		LoadProgress: status.LoadProgress, Restarts: status.Restarts, Problem: problemOf(status.Problem),
	}
	if status.State == engine.StateReady {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		loaded, err := c.Engine.Loaded(ctx)
		if err == nil {
			e.Model = ""
		}
		for _, m := range loaded {
			e.Model, e.ModelBytes = m.Ref, m.Bytes
			if until := time.Until(m.Expires); until > 0 && until < 30*24*time.Hour {
				e.ExpiresAt = m.Expires.UnixMilli()
			}
		}
	}
	return e
}

// Problems are the standing problems of this machine and this installation.
func (c *Core) Problems(ctx context.Context, m hardware.Machine) []backend.Problem {
	var problems []backend.Problem
	add := func(code string, severity backend.Severity, title, hint string) {
		problems = append(problems, backend.Problem{Code: code, Severity: severity, Title: title, Hint: hint})
	}
	if len(c.backends()) == 0 {
		add("engine_missing", backend.SeverityError, "The engine is not installed.", "Run make engine, or install Weightroom again.")
	}
	if s := c.Engine.Status(); s.Problem != nil {
		add(string(s.Problem.Code), backend.SeverityError, s.Problem.Message, s.Problem.Hint)
	} else if s.Lock == engine.LockApp && goruntime.GOOS == "linux" {
		add("no_kernel_lock", backend.SeverityWarning, "This system does not let the engine have a network of its own.", "The engine locks itself instead. Allow unprivileged user namespaces for the stronger lock.")
	}
	if m.Disk.TotalBytes > 0 && m.Disk.FreeBytes < lowDisk {
		add("disk_low", backend.SeverityWarning, "Only "+backend.Bytes(m.Disk.FreeBytes)+" are free on the disk that holds the models.", "Remove a model you no longer use, or free some space.")
	}
	for _, g := range m.GPUs {
		if g.Backend == "" && g.Note != "" {
			add("gpu_unused", backend.SeverityInfo, g.Name+" is not used.", g.Note)
		}
	}
	if models, err := c.Models.Models(ctx); err == nil && len(models) == 0 {
		add("no_models", backend.SeverityInfo, "The library is empty.", "Add the starter model or import a GGUF file.")
	}
	if c.History != nil {
		problems = append(problems, c.History.Problems()...)
	}
	return problems
}

// EngineLog is the end of the engine's log, at most logTail bytes.
func (c *Core) EngineLog() (string, error) {
	file, err := os.Open(c.Engine.LogPath())
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // read only
	if info, err := file.Stat(); err == nil && info.Size() > logTail {
		if _, err := file.Seek(-logTail, io.SeekEnd); err != nil {
			return "", err
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, logTail))
	return string(text), err
}

// openPath opens a file or folder with the program the person's system has for it.
func openPath(ctx context.Context, path string) error {
	ctx = context.WithoutCancel(ctx) // the viewer outlives the call
	var cmd *exec.Cmd
	switch goruntime.GOOS {
	case "darwin":
		cmd = exec.CommandContext(ctx, "open", path)
	case "windows":
		cmd = exec.CommandContext(ctx, "explorer", path)
	default:
		cmd = exec.CommandContext(ctx, "xdg-open", path)
	}
	if err := cmd.Start(); err != nil {
		return backend.Fail(backend.CodeDenied, err, "No program on this system opens "+path+".", "Open it by hand.")
	}
	go func() { _ = cmd.Wait() }()
	return nil
}

// Machine is the bound service behind the Machine page.
type Machine struct{ window *Window }

// Detect gives everything the Machine page shows.
func (s *Machine) Detect() (MachinePage, error) {
	return call("Machine.Detect", func() (MachinePage, error) {
		core, err := s.window.Core()
		if err != nil {
			return MachinePage{}, err
		}
		return core.MachinePage(s.window.ctx)
	})
}

// Engine gives the engine's state.
func (s *Machine) Engine() (Engine, error) {
	return call("Machine.Engine", func() (Engine, error) {
		core, err := s.window.Core()
		if err != nil {
			return Engine{}, err
		}
		return core.EngineState(s.window.ctx), nil
	})
}

// MeasureBandwidth measures memory bandwidth as a task of about two seconds.
func (s *Machine) MeasureBandwidth() (Task, error) {
	return call("Machine.MeasureBandwidth", func() (Task, error) {
		core, err := s.window.Core()
		if err != nil {
			return Task{}, err
		}
		return s.window.tasks.start("bandwidth", "Measuring memory", func(ctx context.Context, _ func(done, total int64)) (string, error) {
			return "", core.MeasureBandwidth(ctx)
		}), nil
	})
}

// Recommend gives the best pick for a chat on this machine.
func (s *Machine) Recommend() (Pick, error) {
	return call("Machine.Recommend", func() (Pick, error) {
		core, err := s.window.Core()
		if err != nil {
			return Pick{}, err
		}
		return core.Recommend(s.window.ctx)
	})
}

// EngineLog gives the end of the engine's log.
func (s *Machine) EngineLog() (string, error) {
	return call("Machine.EngineLog", func() (string, error) {
		core, err := s.window.Core()
		if err != nil {
			return "", err
		}
		return core.EngineLog()
	})
}

// OpenLog opens the engine's log in the system's own viewer.
func (s *Machine) OpenLog() error {
	return do("Machine.OpenLog", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		return openPath(s.window.ctx, core.Engine.LogPath())
	})
}

// RestartEngine ends the engine and starts it again.
func (s *Machine) RestartEngine() error {
	return do("Machine.RestartEngine", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		return core.Engine.Restart(s.window.ctx)
	})
}

// LoadModel brings a model into memory before the first message needs it.
func (s *Machine) LoadModel(ref string, contextLength int) error {
	return do("Machine.LoadModel", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		m, err := core.Models.Model(s.window.ctx, ref)
		if err != nil {
			return err
		}
		if contextLength <= 0 {
			contextLength = core.Settings(s.window.ctx).ContextLength
		}
		if m.ContextLength > 0 {
			contextLength = min(contextLength, m.ContextLength)
		}
		if err := core.allow(s.window.ctx, m, contextLength); err != nil {
			return err
		}
		return core.Engine.Load(s.window.ctx, m.Ref, contextLength, m.Bytes, nil)
	})
}

// UnloadModel takes the loaded model out of memory.
func (s *Machine) UnloadModel() error {
	return do("Machine.UnloadModel", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		if e := core.EngineState(s.window.ctx); e.Model != "" {
			return core.Engine.Unload(s.window.ctx, e.Model)
		}
		return nil
	})
}
