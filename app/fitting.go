package app

import (
	"context"
	"log/slog"

	"weightroom/app/core/advice"
)

// fitEstimates runs what the estimates rest on and returns when that has ended. It is a task like any other: the page shows
// it, and a person who stops it is not asked again before the next start.
func (w *Window) fitEstimates(ctx context.Context) {
	if w.fitStopped || !w.core.Advice.Unfitted(ctx) {
		return
	}
	ended := make(chan struct{})
	w.tasks.begin(job{kind: "fit", label: "Timing small models"}, func(ctx context.Context, report func(step)) (string, error) {
		defer close(ended)
		const whole = 1000
		err := w.core.Advice.FitEstimates(ctx, func(f advice.Fitting) {
			report(step{
				done: int64(whole * (float64(f.At-1) + f.Done) / float64(f.Many)), total: whole,
				of: f.Model, waits: string(f.Waits),
			})
		}, func() { w.emit(EventDrives, Changed{Seq: w.next()}) })
		switch {
		case ctx.Err() != nil:
			w.fitStopped = true
		case err != nil:
			slog.Warn("estimates not fitted", "error", err)
		}
		return "", err
	})
	<-ended
}
