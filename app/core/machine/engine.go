package machine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/backend/llama"
	"weightroom/backend/testdrive"
	"weightroom/hardware"
)

// logTail is how much of the engine's log is shown.
const logTail = 64 << 10

// lowDisk is when a nearly full disk becomes a standing problem.
const lowDisk = 2_000_000_000

// EngineState is the engine as it is now.
type EngineState struct {
	Status  engine.Status
	Build   engine.Build
	Model   string    // in memory; empty: none
	Bytes   int64     // of memory that it takes
	Context int       // tokens that it was loaded for; 0: none is loaded
	Expires time.Time // when an idle model leaves memory; zero: never, or none is loaded
}

// Build is the engine that is installed.
func (m *Machine) Build() engine.Build { return engine.ReadBuild(engine.LibDir(m.opts.Executable)) }

// Tuning is what of the settings reaches the engine when it starts.
func (m *Machine) Tuning() engine.Tuning {
	s := m.opts.Settings(context.Background())
	keep := time.Duration(s.KeepAliveMinutes) * time.Minute
	return engine.Tuning{KeepAlive: keep, Models: int(m.maxLoaded.Load())}
}

// Threads is how many threads work for a model now, and why.
func (m *Machine) Threads(ctx context.Context) hardware.Threads { return m.Ways.Threads(ctx) }

// EngineState returns the engine's state and what it has loaded.
func (m *Machine) EngineState(ctx context.Context) EngineState {
	status := m.opts.Engine.Status()
	e := EngineState{Status: status, Build: m.Build(), Model: status.Model}
	if status.State != engine.StateReady {
		return e
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	loaded, err := m.opts.Engine.Loaded(ctx)
	if err == nil {
		e.Model = ""
	}
	for _, l := range loaded {
		e.Model, e.Bytes, e.Context = l.Ref, l.Bytes, l.ContextLength
		if until := time.Until(l.Expires); until > 0 && until < 30*24*time.Hour {
			e.Expires = l.Expires
		}
	}
	return e
}

// Problems are the standing problems of a machine and of the engine on it.
func (m *Machine) Problems(h hardware.Machine) []backend.Problem {
	var problems []backend.Problem
	add := func(code string, severity backend.Severity, title, hint string) {
		problems = append(problems, backend.Problem{Code: code, Severity: severity, Title: title, Hint: hint})
	}
	if len(m.Build().Backends) == 0 {
		add("engine_missing", backend.SeverityError, "The engine is not installed.", "Install Weightroom again.")
	}
	if s := m.opts.Engine.Status(); s.Problem != nil {
		add(string(s.Problem.Code), backend.SeverityError, s.Problem.Message, s.Problem.Hint)
	} else if s.Lock == engine.LockApp && runtime.GOOS == "linux" {
		add("no_kernel_lock", backend.SeverityWarning, "This system does not let the engine have a network of its own.", "The engine locks itself instead. Allow unprivileged user namespaces for the stronger lock.")
	}
	if h.Disk.TotalBytes > 0 && h.Disk.FreeBytes < lowDisk {
		add("disk_low", backend.SeverityWarning, "Only "+backend.Bytes(h.Disk.FreeBytes)+" are free on the disk that holds the models.", "Remove a model you no longer use, or free some space.")
	}
	for _, g := range h.GPUs {
		if g.Backend == "" && g.Note != "" {
			add("gpu_unused", backend.SeverityInfo, g.Name+" is not used.", g.Note)
		}
	}
	return problems
}

// EngineLog returns the end of the engine's log.
func (m *Machine) EngineLog() (string, error) {
	file, err := os.Open(m.opts.Engine.LogPath())
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

// Answer runs one prompt without storing it. A context length of 0 takes the setting's, or the model's where that is
// shorter.
func (m *Machine) Answer(ctx context.Context, model backend.Model, p backend.Prompt, emit func(backend.Delta)) (backend.Metrics, error) {
	p.Model, p.Bytes, p.Longest = model.Ref, model.Bytes, model.ContextLength
	p.Sampling.ContextLength = m.contextOf(ctx, model, p.Sampling.ContextLength)
	if err := m.CheckMemory(ctx, model, p.Sampling.ContextLength); err != nil {
		return backend.Metrics{}, err
	}
	return m.opts.Engine.Answer(ctx, p, emit)
}

// Load brings a model into memory before the first message needs it.
func (m *Machine) Load(ctx context.Context, model backend.Model, contextLength int) error {
	contextLength = m.contextOf(ctx, model, max(0, contextLength))
	if err := m.CheckMemory(ctx, model, contextLength); err != nil {
		return err
	}
	return m.opts.Engine.Load(ctx, model.Ref, contextLength, model.Bytes, nil)
}

// contextOf is the context that a model gets: what is asked for, else the setting's, and never more than its own.
func (m *Machine) contextOf(ctx context.Context, model backend.Model, asked int) int {
	if asked == 0 {
		asked = m.opts.Settings(ctx).ContextLength
	}
	if model.ContextLength > 0 {
		asked = min(asked, model.ContextLength)
	}
	return asked
}

// Unload takes the loaded model out of memory.
func (m *Machine) Unload(ctx context.Context) error {
	if e := m.EngineState(ctx); e.Model != "" {
		return m.opts.Engine.Unload(ctx, e.Model)
	}
	return nil
}

// Hold has the engine keep n models in memory at once; restore puts it back to one. Either starts the engine anew, once
// no answer is under way.
func (m *Machine) Hold(ctx context.Context, n int) (restore func(), err error) {
	m.maxLoaded.Store(int32(n))
	if err := m.opts.Engine.RestartWhenIdle(ctx); err != nil {
		m.maxLoaded.Store(0)
		return nil, err
	}
	return func() {
		m.maxLoaded.Store(0)
		if err := m.opts.Engine.RestartWhenIdle(context.WithoutCancel(ctx)); err != nil {
			slog.Warn("engine not put back to one model", "error", err)
		}
	}, nil
}

// Tool runs one of the engine's programs on a file without weights.
func (m *Machine) Tool(ctx context.Context, name string, args ...string) (testdrive.Output, error) {
	r, err := m.opts.Engine.RunWeightless(ctx, name, args...)
	return testdrive.Output{Stdout: r.Stdout, Stderr: r.Stderr, PeakBytes: r.PeakBytes, CPUSeconds: r.CPUSeconds}, err
}

// ToolWith is Tool for a program that is to work in a way of its own.
func (m *Machine) ToolWith(how llama.How) testdrive.Tool {
	return func(ctx context.Context, name string, args ...string) (testdrive.Output, error) {
		r, err := m.opts.Engine.RunJob(ctx, engine.Job{Name: name, Args: args, Env: []string{engine.FillHoles}, How: &how})
		return testdrive.Output{Stdout: r.Stdout, Stderr: r.Stderr, PeakBytes: r.PeakBytes, CPUSeconds: r.CPUSeconds}, err
	}
}

// EngineBytes is the memory that the engine's model takes now.
func (m *Machine) EngineBytes() int64 { return m.opts.Engine.MemoryBytes() }
