package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/backend/lab"
	"weightroom/backend/library"
	"weightroom/backend/testdrive"
	"weightroom/hardware"
)

// bench is the lab and what it was wired from. It is made when it is first asked for.
type bench struct {
	once  sync.Once
	lab   *lab.Lab
	meter *labMeter
}

// close ends what the lab has started.
func (b *bench) close() {
	if b.meter != nil {
		b.meter.close()
	}
}

// labFolder is where the lab keeps texts and works. It is on the disk of the data folder, as models are by default, so
// that a finished quant needs no copy.
func (c *Core) labFolder() string { return filepath.Join(c.Folders.Data, "lab") }

// Lab gives the quant lab. It needs the history, where its results are kept.
func (c *Core) Lab() (*lab.Lab, error) {
	if c.History == nil {
		return nil, backend.Fail(backend.CodeInternal, nil, "The lab needs the history, where its results are kept.", "Restart Weightroom.")
	}
	c.bench.once.Do(func() {
		if _, err := lab.Sweep(c.labFolder()); err != nil {
			slog.Warn("lab folder not swept", "error", err)
		}
		c.bench.meter = &labMeter{core: c}
		c.bench.lab = lab.New(lab.Options{
			Tools: labTools{c.Engine}, Serve: c.labServer, Shelf: labShelf{c}, Store: c.History, Meter: c.bench.meter,
			Plan: c.labPlan, Dir: c.labFolder(), NewID: c.History.NewID,
		})
	})
	return c.bench.lab, nil
}

// labTools runs the engine's programs.
type labTools struct{ engine *engine.Engine }

func (t labTools) Run(ctx context.Context, job lab.Job) (lab.Output, error) {
	r, err := t.engine.RunJob(ctx, engine.Job{Name: job.Name, Args: job.Args, Watch: job.Watch})
	return lab.Output{
		Stdout: r.Stdout, Stderr: r.Stderr, Seconds: r.Seconds, CPUSeconds: r.CPUSeconds,
		PeakBytes: r.Memory.Bytes, AnonymousBytes: r.Memory.AnonymousBytes, FileBytes: r.Memory.FileBytes,
	}, err
}

// labPlan asks the engine what it would allocate.
func (c *Core) labPlan(ctx context.Context, path string, contextLength int, kv string) (backend.MemoryPlan, error) {
	run := func(ctx context.Context, name string, args ...string) (testdrive.Output, error) {
		r, err := c.Engine.RunTool(ctx, name, args...)
		return testdrive.Output{Stdout: r.Stdout, Stderr: r.Stderr}, err
	}
	a, err := testdrive.Fit(ctx, run, path, testdrive.FitOptions{Context: contextLength, KVType: kv})
	if err != nil {
		return a.MemoryPlan, err
	}
	return a.MemoryPlan, c.roomFor(ctx, a.MemoryPlan)
}

// roomFor refuses a plan that is larger than what is free now. What a chat has loaded stays where it is.
func (c *Core) roomFor(ctx context.Context, plan backend.MemoryPlan) error {
	memory, err := hardware.ReadMemory(ctx)
	if err != nil {
		return nil //nolint:nilerr // no reading is no reason to refuse
	}
	free := memory.AvailableBytes
	for _, g := range c.gpus(ctx) {
		if g.Backend != "" && !g.Integrated {
			free += g.FreeBytes
		}
	}
	if plan.TotalBytes <= free {
		return nil
	}
	return backend.Fail(backend.CodeTooBig, nil,
		"This needs "+backend.Bytes(plan.TotalBytes)+" of memory ("+backend.Bytes(plan.KVBytes)+" for the context), and "+backend.Bytes(free)+" are free.",
		"Close other programs, choose a shorter context, or a smaller type of the KV cache.")
}

// labServer starts an engine of the lab's own: the person's chats keep theirs, and each KV-cache type needs one.
func (c *Core) labServer(ctx context.Context, s lab.Serving) (lab.Server, error) {
	done, err := c.Engine.Alone(ctx)
	if err != nil {
		return nil, err
	}
	home := filepath.Join(c.Folders.Engine, "lab")
	if err := os.MkdirAll(home, 0o700); err != nil {
		done()
		return nil, err
	}
	tuning := c.tuning()
	tuning.KVType, tuning.KeepAlive = s.KV, -1
	if s.Threads > 0 {
		tuning.Threads = s.Threads
	}
	e := engine.New(engine.Options{
		Executable: c.executable, Models: c.Models.Dir(), Home: home, Log: filepath.Join(c.Folders.Logs, "lab.log"),
		Tuning: func() engine.Tuning { return tuning },
	})
	if err := e.Start(ctx); err != nil {
		_ = e.Close()
		done()
		return nil, err
	}
	return &labServer{Engine: e, done: done}, nil
}

type labServer struct {
	*engine.Engine
	done func()
}

func (s *labServer) Load(ctx context.Context, m backend.Model, contextLength int) error {
	return s.Engine.Load(ctx, m.Ref, contextLength, m.Bytes, nil)
}

func (s *labServer) Unload(ctx context.Context, m backend.Model) error {
	return s.Engine.Unload(ctx, m.Ref)
}

func (s *labServer) Held(ctx context.Context) int64 {
	loaded, err := s.Loaded(ctx)
	if err != nil || len(loaded) == 0 {
		return 0
	}
	return loaded[0].Bytes
}

func (s *labServer) Memory() lab.Resident {
	m := s.ModelMemory()
	return lab.Resident{Bytes: m.Bytes, AnonymousBytes: m.AnonymousBytes, FileBytes: m.FileBytes}
}

func (s *labServer) Close() error {
	defer s.done()
	return s.Engine.Close()
}

// labShelf is the library.
type labShelf struct{ core *Core }

func (s labShelf) Models(ctx context.Context) ([]backend.Model, error) {
	return s.core.Models.Models(ctx)
}

func (s labShelf) Publish(ctx context.Context, path string, p lab.Publication, progress func(done, total int64)) (backend.Model, error) {
	return s.core.Models.Import(ctx, path, library.Options{
		Ref: p.Ref, Name: p.Name, Source: library.SourceDerived, Licence: p.Licence, Parent: &p.Parent,
		Link:     true, // the lab removes the original at once, so nobody can change it
		Progress: progress,
	})
}

// labMeter is the machine.
type labMeter struct {
	core   *Core
	mu     sync.Mutex
	energy *hardware.EnergyMeter
}

func (m *labMeter) Load(ctx context.Context) lab.Reading {
	l := hardware.ReadLoad(ctx)
	return lab.Reading{Known: l.Known, Cores: l.Cores, BusySeconds: l.BusySeconds, Stolen: l.StolenSeconds, Throttled: l.Throttled, MHz: l.MHz}
}

func (m *labMeter) Energy(ctx context.Context) lab.Joules {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.energy == nil {
		card := false
		for _, g := range m.core.gpus(ctx) {
			card = card || strings.EqualFold(g.Backend, "cuda")
		}
		m.energy = hardware.NewEnergyMeter(card)
	}
	e := m.energy.Read(ctx)
	return lab.Joules{Known: e.Known, Value: e.Joules, Source: e.Source, Missing: e.Missing}
}

// close ends what reads the energy.
func (m *labMeter) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.energy != nil {
		m.energy.Close()
		m.energy = nil
	}
}

func (m *labMeter) Conditions(ctx context.Context) lab.Conditions {
	build := m.core.build()
	c := lab.Conditions{Engine: build.Ollama, LlamaCpp: build.LlamaCpp, Backend: strings.Join(build.Backends, ", ")}
	machine, err := m.core.hardware(ctx)
	if err != nil {
		return c
	}
	c.System, c.Device, c.Power = machine.System, machine.CPU.Model, string(hardware.ReadPower(ctx))
	for _, g := range machine.GPUs {
		if g.Backend != "" {
			c.Device, c.Driver = g.Name, g.Driver
			break
		}
	}
	return c
}

// Free looks at the nearest folder that is there: the lab's own is made when it is first used.
func (m *labMeter) Free(dir string) (int64, error) {
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(dir)
	}
	return hardware.FreeBytes(dir)
}
