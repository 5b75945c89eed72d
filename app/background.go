package app

import (
	"context"
	"log/slog"

	"weightroom/app/core/advice"
	"weightroom/backend/library"
)

// alone runs work that the app does by itself, and returns when it has ended. It is a task like any other: the page shows
// it, and what a person stops is not begun again before the next start.
func (w *Window) alone(j job, work func(ctx context.Context, report func(step)) (string, error)) {
	if w.refused[j.kind] {
		return
	}
	ended := make(chan bool, 1)
	w.tasks.begin(j, func(ctx context.Context, report func(step)) (string, error) {
		defer func() { ended <- ctx.Err() != nil }()
		result, err := work(ctx, report)
		if err != nil && ctx.Err() == nil {
			slog.Warn("work in the background failed", "kind", j.kind, "error", err)
		}
		return result, err
	})
	if <-ended {
		if w.refused == nil {
			w.refused = map[string]bool{}
		}
		w.refused[j.kind] = true
	}
}

// addStarter fills an empty library with the model that came with the app: a chat must be possible with no network at all.
func (w *Window) addStarter(ctx context.Context) {
	if !w.core.Models.WantsStarter(ctx) {
		return
	}
	w.alone(job{kind: "starter", label: "Adding " + library.StarterName}, func(ctx context.Context, report func(step)) (string, error) {
		m, err := w.core.Models.ImportStarter(ctx, func(done, total int64) { report(step{done: done, total: total}) })
		if err == nil {
			w.libraryChanged(m.Ref)
		}
		return m.Ref, err
	})
}

// measureMemory finds out how fast memory is read, once for a machine. It waits for answers: both would be slower.
func (w *Window) measureMemory(ctx context.Context) {
	if !w.core.Machine.Unmeasured(ctx) {
		return
	}
	w.alone(job{kind: "bandwidth", label: "Measuring memory"}, func(ctx context.Context, report func(step)) (string, error) {
		if err := w.core.Advice.AfterAnswers(ctx, func(waits advice.Wait) { report(step{waits: string(waits)}) }); err != nil {
			return "", err
		}
		_, err := w.core.Machine.MeasureBandwidth(ctx, func(done, total int64) { report(step{done: done, total: total}) })
		return "", err
	})
}

// tune measures how the engine works fastest, once for a machine, an engine and what the machine allows. It comes before
// what is timed with it.
func (w *Window) tune(ctx context.Context) {
	if !w.core.Machine.Ways.Untuned(ctx) {
		return
	}
	w.alone(job{kind: "tune", label: tuneLabel}, func(ctx context.Context, report func(step)) (string, error) {
		return "", w.core.Tuner.Quietly(ctx, func(t advice.Tuning) { report(tuneStep(t)) })
	})
}

const tuneLabel = "Tuning the engine"

func tuneStep(t advice.Tuning) step {
	const whole = 1000
	return step{done: int64(whole * t.Done), total: whole, waits: string(t.Waits)}
}

// fitEstimates runs what the estimates rest on.
func (w *Window) fitEstimates(ctx context.Context) {
	if !w.core.Advice.Unfitted(ctx) {
		return
	}
	w.alone(job{kind: "fit", label: "Timing small models"}, func(ctx context.Context, report func(step)) (string, error) {
		const whole = 1000
		return "", w.core.Advice.FitEstimates(ctx, func(f advice.Fitting) {
			report(step{
				done: int64(whole * (float64(f.At-1) + f.Done) / float64(f.Many)), total: whole,
				of: f.Model, waits: string(f.Waits),
			})
		}, func() { w.emit(EventDrives, Changed{Seq: w.next()}) })
	})
}

// checkAnswers holds what this engine gives against what the last one gave.
func (w *Window) checkAnswers(ctx context.Context) {
	if !w.core.Lab.Unchecked(ctx) {
		return
	}
	w.alone(job{kind: "agree", label: "Comparing answers with before"}, func(ctx context.Context, report func(step)) (string, error) {
		if err := w.core.Advice.AfterAnswers(ctx, func(waits advice.Wait) { report(step{waits: string(waits)}) }); err != nil {
			return "", err
		}
		const whole = 1000
		return "", w.core.Lab.CheckAgreement(ctx, func(done float64) { report(step{done: int64(whole * done), total: whole}) })
	})
}
