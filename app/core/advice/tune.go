package advice

import (
	"context"
	"errors"
	"os"

	"weightroom/app/core/machine"
	"weightroom/backend"
	"weightroom/backend/disturb"
	"weightroom/backend/llama"
	"weightroom/backend/testdrive"
	"weightroom/backend/tune"
)

// What a machine is tuned on: the first blocks of a model of the size that most people run, without its weights. Their
// widths decide what cores and caches have to do for a token, and a few of them take a fraction of the time.
const (
	tunedModel  = "mistral-7b-v0.3"
	tunedQuant  = "Q4_K_M"
	tunedBlocks = 2
)

// patience is how many rounds in a row a person's own measurement bears other programs.
const patience = 4

// Tuning is how far a measurement of the engine's ways is.
type Tuning struct {
	Done  float64   // 0 to 1
	Tries tune.Kind // empty: nothing yet
	Waits Wait
}

// Tuner measures how the engine works fastest.
type Tuner struct{ advice *Advice }

// NewTuner makes a Tuner, which shares what Advice has for test drives.
func NewTuner(a *Advice) *Tuner { return &Tuner{a} }

// Quietly measures how the engine works fastest and keeps it, as FitEstimates measures: it gives way to a person and
// to other programs, and goes on where it was.
func (t *Tuner) Quietly(ctx context.Context, report func(Tuning)) error {
	a := t.advice
	a.scratch.sweep()
	var now Tuning
	return t.tune(func(p tune.Kind, done float64) {
		now.Tries, now.Done = p, done
		report(now)
	}, func(run func(context.Context) error) error {
		return a.quiet().undisturbed(ctx, func(ctx context.Context) (bool, error) {
			err := run(ctx)
			if errors.Is(err, tune.ErrDisturbed) || errors.Is(err, tune.ErrChanged) {
				return true, nil
			}
			return false, err
		}, func(w Wait) { now.Waits = w; report(now) })
	}, 1)
}

// Now measures at once, because a person asked for it.
func (t *Tuner) Now(ctx context.Context, report func(Tuning)) error {
	err := t.tune(func(p tune.Kind, done float64) { report(Tuning{Done: done, Tries: p}) },
		func(run func(context.Context) error) error { return run(ctx) }, patience)
	switch {
	case errors.Is(err, tune.ErrChanged):
		return backend.Fail(backend.CodeChanged, err, "The power or the cores of this machine changed while it was measured. What was used before stays in use.", "Measure again.")
	case errors.Is(err, tune.ErrDisturbed):
		return backend.Fail(backend.CodeBusy, err, "Other programs kept the processor busy, so nothing could be measured. What was used before stays in use.",
			"Close them and measure again.")
	}
	return err
}

// tune writes the model, has around run the measurement as often as it likes, and keeps the result.
func (t *Tuner) tune(report func(tune.Kind, float64), around func(run func(context.Context) error) error, patience int) error {
	a := t.advice
	header, err := a.header(tunedModel, tunedQuant)
	if err == nil {
		header, err = header.Shorten(tunedBlocks)
	}
	if err != nil {
		return err
	}
	leave, err := a.scratch.enter()
	if err != nil {
		return err
	}
	defer leave()
	path, err := testdrive.WriteTemp(a.scratch.dir, header)
	if err != nil {
		return err
	}
	defer os.Remove(path) //nolint:errcheck // swept at the next start
	var run *tune.Run
	var rig machine.Rig
	return around(func(ctx context.Context) error {
		options, now := t.toTry(ctx)
		if run == nil || now != rig { // what was begun on mains is not gone on with on the battery
			options.Time = t.timeOf(path, len(options.Batches) == 0)
			options.Progress = func(done float64, kind tune.Kind) { report(kind, done) }
			run, rig = tune.New(options), now
		}
		result, err := run.Go(ctx, patience)
		if err != nil {
			return err
		}
		if _, now := t.toTry(ctx); now != rig {
			return tune.ErrChanged
		}
		return a.opts.Machine.Ways.Keep(rig, result)
	})
}

// toTry looks for graphics processors first: what may be tried depends on them.
func (t *Tuner) toTry(ctx context.Context) (tune.Options, machine.Rig) {
	m := t.advice.opts.Machine
	_ = m.GPUs(ctx)
	return m.Ways.ToTry(ctx)
}

// timeOf times the model file with llama-bench.
func (t *Tuner) timeOf(path string, cpuOnly bool) func(context.Context, llama.How, tune.Work) (tune.Pace, bool, error) {
	a := t.advice
	load := a.quiet().load
	return func(ctx context.Context, how llama.How, work tune.Work) (tune.Pace, bool, error) {
		// What is loaded before and after the tests is not among the times, but it is watched with them.
		watch := disturb.Begin(ctx, load)
		read, write, cpu, err := testdrive.Pace(ctx, a.opts.Machine.ToolWith(how), path, cpuOnly, testdrive.Steps(work))
		if err != nil {
			return tune.Pace{}, false, err
		}
		return tune.Pace{Read: read, Write: write}, watch.End(ctx, cpu).Disturbed(), nil
	}
}

// On names the model whose first blocks are run.
func (t *Tuner) On() string { return t.advice.NameOf(tunedModel) + " " + tunedQuant }
