package advice

import (
	"context"
	"time"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/testdrive"
	"weightroom/hardware"
)

// header is a catalog model's header at a quant.
func (a *Advice) header(id, quant string) (*testdrive.Header, error) {
	m, err := a.Entry(id)
	if err != nil {
		return nil, err
	}
	if ok, why := a.candidates.catalog.CanHave(m, quant); !ok {
		return nil, backend.Fail(backend.CodeInvalid, nil, m.Name+" can't be had at "+quant+". "+why, "Choose another quant.")
	}
	if m.Blueprint == nil {
		return nil, backend.Fail(backend.CodeUnsupported, nil, "The shape of "+m.Name+" is not known well enough for a weightless copy.", "Import its file to see how it runs.")
	}
	return testdrive.Plan(*m.Blueprint, quant)
}

// plan asks the engine for its own memory plan of a weightless copy.
func (a *Advice) plan(ctx context.Context, header *testdrive.Header, ask advisor.Ask) (backend.MemoryPlan, error) {
	return a.scratch.plan(ctx, a.opts.Machine.Tool, header, ask)
}

// Fitted says whether a model fits, what would make it fit, and how long it makes a person wait.
type Fitted struct {
	advisor.Verdict
	Remedies  []advisor.Remedy
	Times     advisor.Times
	Disturbed bool // other programs kept the processors busy during the run that Times rest on
}

// Fit asks the engine for its own memory plan of a weightless copy, and compares it with what is free.
func (a *Advice) Fit(ctx context.Context, id, quant string, ask advisor.Ask) (Fitted, error) {
	x, err := a.target(id, quant)
	if err != nil {
		return Fitted{}, err
	}
	if ask, err = ask.Complete(); err != nil {
		return Fitted{}, err
	}
	if err := x.candidate.CheckContext(ask.Context); err != nil {
		return Fitted{}, err
	}
	plan, err := a.plan(ctx, x.header, ask)
	if err != nil {
		return Fitted{}, err
	}
	machine, err := a.thisMachine(ctx)
	if err != nil {
		return Fitted{}, err
	}
	a.keepPlan(ctx, id, quant, ask, plan)
	planned := *x.candidate
	if own, ok := a.ownModel(ctx, id, quant); ok {
		a.headers.withOwnProjector(&planned, own, ask)
	}
	planned.Plan = &advisor.Plan{Memory: plan, Context: ask.Context, KV: ask.KV}
	v, own := planned.Fit(&machine, ask), a.LocalRuns(ctx, machine.RAM, ask.KV)
	s := advisor.Expect(&planned, &machine, v, own)
	return Fitted{
		Verdict: v, Remedies: advisor.Remedies(&planned, x.siblings, &machine, ask),
		Times: advisor.TimesOf(&planned, s, ask, own), Disturbed: s.Disturbed,
	}, nil
}

// TestDrive runs a weightless copy of a model and keeps the figures: with an empty context, and as deep in the context that
// is asked for as it can be read in a few seconds, with its KV cache. Nothing of it is left on the disk. A run into which
// other programs came is repeated twice at most.
func (a *Advice) TestDrive(ctx context.Context, id, quant string, ask advisor.Ask, progress func(testdrive.Progress)) (backend.Drive, error) {
	ask, err := ask.Complete()
	if err != nil {
		return backend.Drive{}, err
	}
	d, err := a.drive(ctx, id, quant, testdrive.Options{Depth: ask.Context, Bench: testdrive.BenchOptions{KVType: string(ask.KV)}, Progress: progress})
	if err != nil {
		return d, err
	}
	return d, a.KeepRun(ctx, d)
}

// drive runs a weightless copy as o says.
func (a *Advice) drive(ctx context.Context, id, quant string, o testdrive.Options) (backend.Drive, error) {
	x, err := a.target(id, quant)
	if err != nil {
		return backend.Drive{}, err
	}
	memory, err := hardware.ReadMemory(ctx)
	if err != nil {
		return backend.Drive{}, err
	}
	leave, err := a.scratch.enter()
	if err != nil {
		return backend.Drive{}, err
	}
	defer leave()
	o.Run, o.Dir, o.Header, o.Model, o.FreeBytes, o.Load = a.opts.Machine.Tool, a.scratch.dir, x.header, id, memory.AvailableBytes, a.quiet().load
	if x.candidate.MaxContext > 0 {
		o.Depth = min(o.Depth, x.candidate.MaxContext)
	}
	d, err := testdrive.Drive(ctx, o)
	if err != nil {
		return d, err
	}
	here := a.rig(ctx)
	d.Quant, d.Digest = quant, x.digest // the name it is asked for by, which a header may say otherwise
	d.Machine, d.Engine, d.Power, d.Driver = here.machine, here.engine, string(here.power), a.opts.Machine.Driver(ctx, d.Device)
	d.Apart = here.apart
	return d, nil
}

// fittingDrives are the three small models whose runs fit the estimates to this machine: two sizes and two types, so
// that bandwidth, the cost of a layer and the cost of unpacking can be told apart.
func fittingDrives() [][2]string {
	return [][2]string{{"smollm2-360m", "Q8_0"}, {"qwen3-0.6b", "Q4_K_M"}, {"llama-3.2-1b", "Q4_K_M"}}
}

// How deep in a context the fitting drives go, and what reading to there may take: enough to tell what a token of the
// context costs.
const (
	fittingDepth   = 2048
	fittingReading = 4 * time.Second
)

// Fitting is how far FitEstimates is.
type Fitting struct {
	Model    string  // at work, as a person knows it
	At, Many int     // which of how many, from 1
	Done     float64 // of this one, 0 to 1
	Waits    Wait
}

// Wait is what work in the background waits for; empty: nothing.
type Wait string

// What work in the background gives way to.
const (
	WaitAnswer   Wait = "answer"   // a person waits for one
	WaitMains    Wait = "mains"    // the machine runs on its battery
	WaitPrograms Wait = "programs" // other programs keep the processors busy
)

// Unfitted reports whether something that the estimates rest on is still to be measured.
func (a *Advice) Unfitted(ctx context.Context) bool {
	return len(a.missingDrives(ctx)) > 0 || !a.opts.Machine.BandwidthSettled(ctx)
}

func (a kept) missingDrives(ctx context.Context) []string {
	return LocalRuns{runs: a.Runs(ctx), rig: a.rig(ctx)}.missing()
}

// FitEstimates measures what the estimates rest on and is still missing, memory bandwidth and three small drives, and
// calls done after each. It gives way to a person and to other programs: it waits while an answer is written, while the
// machine runs on its battery and while programs keep the processors busy. What one of these comes into is given up and
// measured again, because its figures would be wrong: nothing disturbed is kept.
func (a *Advice) FitEstimates(ctx context.Context, report func(Fitting), done func()) error {
	a.scratch.sweep()
	drives := a.missingDrives(ctx)
	now := Fitting{At: 1, Many: max(1, len(drives))} // the memory first
	measure := func(once measurement) error {
		err := a.quiet().undisturbed(ctx, once, func(w Wait) { now.Waits, now.Done = w, 0; report(now) })
		if err == nil {
			done()
		}
		return err
	}
	for !a.opts.Machine.BandwidthSettled(ctx) {
		if err := measure(func(ctx context.Context) (bool, error) { return a.opts.Machine.MeasureBandwidth(ctx, nil) }); err != nil {
			return err
		}
	}
	for i, ref := range drives {
		id, quant := backend.SplitRef(ref)
		now = Fitting{Model: a.NameOf(id) + " " + quant, At: i + 1, Many: len(drives)}
		err := measure(func(ctx context.Context) (bool, error) {
			run, err := a.drive(ctx, id, quant, testdrive.Options{
				Tries: 1, Depth: fittingDepth, Reading: fittingReading, Progress: func(p testdrive.Progress) { now.Done = p.Done; report(now) },
			})
			if err != nil || run.Disturbed {
				return true, err
			}
			return false, a.KeepRun(ctx, run)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
