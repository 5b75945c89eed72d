package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/testdrive"
	"weightroom/hardware"
)

// drivesFolder is where weightless files live for as long as they are run.
func (c *Core) drivesFolder() string { return filepath.Join(c.Folders.Data, "drives") }

// tool runs one of the engine's programs for a test drive.
func (c *Core) tool(ctx context.Context, name string, args ...string) (testdrive.Output, error) {
	r, err := c.Engine.RunWeightless(ctx, name, args...)
	return testdrive.Output{Stdout: r.Stdout, Stderr: r.Stderr, PeakBytes: r.PeakBytes, CPUSeconds: r.CPUSeconds}, err
}

// header is a catalog model's header at a quant.
func (c *Core) header(id, quant string) (*testdrive.Header, error) {
	if err := c.shelf.load(); err != nil {
		return nil, err
	}
	m, ok := c.shelf.catalog.Model(id)
	if !ok {
		return nil, noModel(id)
	}
	if ok, why := c.shelf.catalog.CanHave(m, quant); !ok {
		return nil, backend.Fail(backend.CodeInvalid, nil, m.Name+" can't be had at "+quant+". "+why, "Choose another quant.")
	}
	if m.Blueprint == nil {
		return nil, backend.Fail(backend.CodeUnsupported, nil, "The shape of "+m.Name+" is not known well enough for a weightless copy.", "Import its file to see how it runs.")
	}
	return testdrive.Plan(*m.Blueprint, quant)
}

// plan asks the engine for its own memory plan of a weightless copy.
func (c *Core) plan(ctx context.Context, header *testdrive.Header, ask advisor.Ask) (backend.MemoryPlan, error) {
	if err := os.MkdirAll(c.drivesFolder(), 0o700); err != nil {
		return backend.MemoryPlan{}, err
	}
	dir, err := os.MkdirTemp(c.drivesFolder(), "fit-*")
	if err != nil {
		return backend.MemoryPlan{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // swept at the next start
	path := filepath.Join(dir, "weightless.gguf")
	if _, err := testdrive.Write(path, header, 0); err != nil {
		return backend.MemoryPlan{}, err
	}
	plan, err := testdrive.Fit(ctx, c.tool, path, testdrive.FitOptions{Context: ask.Context, KVType: string(ask.KV)})
	return plan.MemoryPlan, err
}

// Fit asks the engine for its own memory plan of a weightless copy, and compares it with what is free.
func (c *Core) Fit(ctx context.Context, id, quant string, ask advisor.Ask) (advisor.Verdict, []advisor.Remedy, error) {
	x, err := c.subject(id, quant)
	if err != nil {
		return advisor.Verdict{}, nil, err
	}
	if ask, err = ask.Complete(); err != nil {
		return advisor.Verdict{}, nil, err
	}
	if err := x.candidate.CheckContext(ask.Context); err != nil {
		return advisor.Verdict{}, nil, err
	}
	plan, err := c.plan(ctx, x.header, ask)
	if err != nil {
		return advisor.Verdict{}, nil, err
	}
	machine, err := c.adviceMachine(ctx)
	if err != nil {
		return advisor.Verdict{}, nil, err
	}
	planned := *x.candidate
	planned.Plan = &advisor.Plan{Memory: plan, Context: ask.Context, KV: ask.KV}
	return planned.Fit(&machine, ask), advisor.Remedies(&planned, x.siblings, &machine, ask), nil
}

// Drive runs a weightless copy of a model and keeps the figures. Nothing of it is left on the disk.
func (c *Core) Drive(ctx context.Context, id, quant string, progress func(testdrive.Progress)) (backend.Drive, error) {
	x, err := c.subject(id, quant)
	if err != nil {
		return backend.Drive{}, err
	}
	memory, err := hardware.ReadMemory(ctx)
	if err != nil {
		return backend.Drive{}, err
	}
	if err := os.MkdirAll(c.drivesFolder(), 0o700); err != nil {
		return backend.Drive{}, err
	}
	d, err := testdrive.Drive(ctx, testdrive.Options{
		Run: c.tool, Dir: c.drivesFolder(), Header: x.header, Model: id, FreeBytes: memory.AvailableBytes, Busy: busySeconds, Progress: progress,
	})
	if err != nil {
		return d, err
	}
	d.Quant = quant // the name it is asked for by, which a header may say otherwise
	d.Engine, d.Power, d.Driver = c.build().Ollama, string(hardware.ReadPower(ctx)), c.driverOf(ctx, d.Device)
	return d, c.KeepDrive(ctx, d)
}

// busySeconds is the processor time that all programs have used, and what the host of a virtual machine took away: it was
// not there for a measurement either.
func busySeconds(ctx context.Context) float64 {
	l := hardware.ReadLoad(ctx)
	return l.BusySeconds + l.StolenSeconds
}

// driverOf is the driver of the graphics processor that the engine calls device; empty for a processor.
func (c *Core) driverOf(ctx context.Context, device string) string {
	for _, g := range c.gpus(ctx) {
		if g.Backend != "" && g.Name != "" && strings.Contains(device, g.Name) {
			return g.Driver
		}
	}
	return ""
}

// fittingDrives are the three small models whose runs fit the estimates to this machine: two sizes and two types, so
// that bandwidth, the cost of a layer and the cost of unpacking can be told apart.
func fittingDrives() [][2]string {
	return [][2]string{{"smollm2-360m", "Q8_0"}, {"qwen3-0.6b", "Q4_K_M"}, {"llama-3.2-1b", "Q4_K_M"}}
}

// FitEstimates runs the three small drives that are still missing. It gives way to a person: it waits while an answer
// is written, and a drive that an answer comes into is given up and run again, because its figures would be wrong.
func (c *Core) FitEstimates(ctx context.Context, done func()) error {
	if _, err := testdrive.Sweep(c.drivesFolder()); err != nil {
		slog.Warn("drives folder not swept", "error", err)
	}
	own := known{drives: c.Drives(ctx), engine: c.build().Ollama}
	for _, d := range fittingDrives() {
		if _, ok := own.Speed(d[0], d[1]); ok {
			continue
		}
		for {
			if err := c.quiet(ctx); err != nil {
				return err
			}
			undisturbed, cancel := context.WithCancel(ctx)
			go c.cancelWhenBusy(undisturbed, cancel)
			_, err := c.Drive(undisturbed, d[0], d[1], nil)
			disturbed := undisturbed.Err() != nil
			cancel()
			if err == nil {
				done()
				break
			}
			if ctx.Err() != nil || !disturbed {
				return err
			}
		}
	}
	return nil
}

// quietTick is how often it is looked whether somebody writes.
const quietTick = 200 * time.Millisecond

// busy says whether an answer is written for a person who waits for it.
func (c *Core) busy() bool { return c.Chat != nil && c.Chat.Busy() || c.besides.Load() > 0 }

// quiet waits until no answer is written.
func (c *Core) quiet(ctx context.Context) error {
	for c.busy() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(quietTick):
		}
	}
	return ctx.Err()
}

// cancelWhenBusy ends ctx's work when an answer begins.
func (c *Core) cancelWhenBusy(ctx context.Context, cancel context.CancelFunc) {
	for !c.busy() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(quietTick):
		}
	}
	cancel()
}

// estimator is the speed model fitted to the runs of this machine's processor; nil: too few runs for a fit.
func (c *Core) estimator(drives []backend.Drive, bandwidth int64) *testdrive.Speed {
	engine := c.build().Ollama
	var fresh []backend.Drive
	for _, d := range drives {
		if d.Engine == engine && !d.Partial {
			fresh = append(fresh, d)
		}
	}
	if len(fresh) < len(fittingDrives()) {
		return nil
	}
	s := testdrive.NewSpeed(fresh, float64(bandwidth))
	return &s
}

// TestDrive runs a weightless copy of a model as a task; its result is "id:quant".
func (s *Discover) TestDrive(id, quant string) (Task, error) {
	return withShelf(s, "Discover.TestDrive", func(core *Core) (Task, error) {
		if _, err := core.subject(id, quant); err != nil {
			return Task{}, err
		}
		return s.window.tasks.start("testdrive", "Test drive", func(ctx context.Context, progress func(done, total int64)) (string, error) {
			_, err := core.Drive(ctx, id, quant, func(p testdrive.Progress) { progress(int64(100*p.Done), 100) })
			if err == nil {
				s.window.emit(EventDrives, Changed{ID: id, Seq: s.window.next()})
			}
			return id + ":" + quant, err
		}), nil
	})
}

// Fit asks the engine for its own plan.
func (s *Discover) Fit(a FitAsk) (FitAnswer, error) {
	return withShelf(s, "Discover.Fit", func(core *Core) (FitAnswer, error) {
		v, remedies, err := core.Fit(s.window.ctx, a.ID, a.Quant, advisor.Ask{Context: a.Context, KV: advisor.KVType(a.KV)})
		if err != nil {
			return FitAnswer{}, err
		}
		return FitAnswer{
			Fit: string(v.Place), Memory: planOf(v.Memory), ShortBy: v.ShortByBytes, MaxContext: v.MaxContext,
			Remedies: convert(remedies, func(r advisor.Remedy) string { return r.Text }),
		}, nil
	})
}
