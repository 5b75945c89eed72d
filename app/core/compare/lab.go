package compare

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"weightroom/app/core/advice"
	"weightroom/app/core/machine"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/disturb"
	"weightroom/backend/engine"
	"weightroom/backend/lab"
	"weightroom/backend/library"
	"weightroom/backend/llama"
	"weightroom/backend/platform"
	"weightroom/backend/store"
	"weightroom/backend/testdrive"
	"weightroom/hardware"
)

// Options are what a Lab and a SideBySide are made from. History is nil for commands that do not need it.
type Options struct {
	Folders    platform.Folders
	Executable string
	Engine     *engine.Engine
	Library    *library.Library
	History    *store.Store
	Machine    *machine.Machine
	Catalog    *models.Catalog
	Advice     *advice.Advice
	Settings   func(context.Context) backend.Settings
}

// Lab compares models. It may be used from many goroutines.
type Lab struct {
	opts  Options
	once  sync.Once
	lab   *lab.Lab // made when it is first asked for
	meter *labMeter
	runs  runs
}

// New makes a Lab. Nothing is opened yet.
func New(o Options) *Lab { return &Lab{opts: o} }

// Close ends what the lab has started.
func (l *Lab) Close() {
	if l.meter != nil {
		l.meter.close()
	}
}

// folder is where the lab keeps texts and works. It is on the disk of the data folder, as models are by default, so that
// a finished quant needs no copy.
func (l *Lab) folder() string { return filepath.Join(l.opts.Folders.Data, "lab") }

// open returns the quant lab. It needs the history, where its results are kept.
func (l *Lab) open() (*lab.Lab, error) {
	if l.opts.History == nil {
		return nil, backend.Fail(backend.CodeInternal, nil, "The lab needs the history, where its results are kept.", "Restart Weightroom.")
	}
	l.once.Do(func() {
		if _, err := lab.Sweep(l.folder()); err != nil {
			slog.Warn("lab folder not swept", "error", err)
		}
		l.meter = &labMeter{machine: l.opts.Machine}
		l.lab = lab.New(lab.Options{
			Tools: labTools{l.opts.Engine}, Serve: l.serve, Library: labLibrary{l.opts.Library}, Store: l.opts.History, Meter: l.meter,
			Plan: l.plan, Dir: l.folder(), NewID: l.opts.History.NewID,
		})
	})
	return l.lab, nil
}

// labTools runs the engine's programs.
type labTools struct{ engine *engine.Engine }

func (t labTools) Run(ctx context.Context, job lab.Job) (lab.Output, error) {
	r, err := t.engine.RunJob(ctx, engine.Job{Name: job.Name, Args: job.Args, Threads: job.Threads, Watch: job.Watch})
	return lab.Output{
		Stdout: r.Stdout, Stderr: r.Stderr, Seconds: r.Seconds, CPUSeconds: r.CPUSeconds,
		PeakBytes: r.Memory.Bytes, AnonymousBytes: r.Memory.AnonymousBytes, FileBytes: r.Memory.FileBytes,
	}, err
}

// plan asks the engine what it would allocate.
func (l *Lab) plan(ctx context.Context, path string, contextLength int, kv string) (backend.MemoryPlan, error) {
	run := func(ctx context.Context, name string, args ...string) (testdrive.Output, error) {
		r, err := l.opts.Engine.RunTool(ctx, name, args...)
		return testdrive.Output{Stdout: r.Stdout, Stderr: r.Stderr}, err
	}
	a, err := testdrive.Fit(ctx, run, path, testdrive.FitOptions{Context: contextLength, KVType: kv})
	if err != nil {
		return a.MemoryPlan, err
	}
	return a.MemoryPlan, l.opts.Machine.CheckPlan(ctx, a.MemoryPlan)
}

// serve starts an engine of the lab's own: the person's chats keep theirs, and each KV-cache type needs one.
func (l *Lab) serve(ctx context.Context, s lab.Serving) (lab.Server, error) {
	done, err := l.opts.Engine.Alone(ctx)
	if err != nil {
		return nil, err
	}
	home := filepath.Join(l.opts.Folders.Engine, "lab")
	if err := os.MkdirAll(home, 0o700); err != nil {
		done()
		return nil, err
	}
	tuning := l.opts.Machine.Tuning()
	tuning.KVType, tuning.KeepAlive = s.KV, -1
	e := engine.New(engine.Options{
		Executable: l.opts.Executable, Models: l.opts.Library.Dir(), Home: home, Log: filepath.Join(l.opts.Folders.Logs, "lab.log"),
		Tuning: func() engine.Tuning { return tuning },
		How: func() llama.How {
			how := l.opts.Machine.Ways.How(context.WithoutCancel(ctx))
			how.Threads = cmp.Or(s.Threads, how.Threads)
			return how
		},
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

// labLibrary is the library as the lab takes it.
type labLibrary struct{ *library.Library }

func (l labLibrary) Publish(ctx context.Context, path string, p lab.Publication, progress func(done, total int64)) (backend.Model, error) {
	return l.Import(ctx, path, library.Options{
		Ref: p.Ref, Name: p.Name, Source: library.SourceDerived, Licence: p.Licence, Parent: &p.Parent,
		Link:     true, // the lab removes the original at once, so nobody can change it
		Progress: progress,
	})
}

// labMeter is the machine.
type labMeter struct {
	machine *machine.Machine
	mu      sync.Mutex
	energy  *hardware.EnergyMeter
}

func (m *labMeter) Load(ctx context.Context) disturb.Reading { return machine.ReadLoad(ctx) }

func (m *labMeter) Energy(ctx context.Context) lab.Joules {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.energy == nil {
		card := false
		for _, g := range m.machine.GPUs(ctx) {
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
	build := m.machine.Build()
	c := lab.Conditions{Engine: build.Ollama, LlamaCpp: build.LlamaCpp, Backend: strings.Join(build.Backends, ", ")}
	h, err := m.machine.Hardware(ctx)
	if err != nil {
		return c
	}
	c.Threads = h.CPU.Threads.Count
	c.System, c.Device, c.Power = h.System, h.CPU.Model, string(hardware.ReadPower(ctx))
	for _, g := range h.GPUs {
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
