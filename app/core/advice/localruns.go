package advice

import (
	"context"
	"log/slog"
	"slices"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
	"weightroom/backend/testdrive"
)

// runsKey holds the runs that are kept, and keptRuns is how many; the oldest go first.
const (
	runsKey  = "drives"
	keptRuns = 500
)

// Runs returns the test drives and measurements kept on this machine, oldest first.
func (a *Advice) Runs(ctx context.Context) []backend.Drive {
	var runs []backend.Drive
	if a.opts.History != nil {
		if _, err := a.opts.History.Get(ctx, runsKey, &runs); err != nil {
			slog.Warn("test drives not read", "error", err)
		}
	}
	return runs
}

// tellingRuns are those that say how fast this machine is now: on a processor, what ran with another number of threads
// than work for a model today does not. They come back with that number.
func (a *Advice) tellingRuns(ctx context.Context) []backend.Drive {
	threads := a.opts.Machine.Threads(ctx).Count
	return slices.DeleteFunc(a.Runs(ctx), func(d backend.Drive) bool {
		return d.Threads > 0 && d.Threads != threads && d.Driver == "" // only a graphics processor has a driver
	})
}

// KeepRun adds a run.
func (a *Advice) KeepRun(ctx context.Context, d backend.Drive) error {
	if a.opts.History == nil {
		return nil
	}
	var runs []backend.Drive
	return a.opts.History.Update(ctx, runsKey, &runs, func() error {
		runs = append(runs, d)
		runs = runs[max(0, len(runs)-keptRuns):]
		return nil
	})
}

// LocalRuns is what this machine's own runs say; it implements advisor.Measurements.
type LocalRuns struct {
	runs   []backend.Drive // newest last
	engine string
	speed  *testdrive.Speed // fitted to this machine's processor; nil: too few runs
	// findings of the person's blind tests, by catalog id and quant
	findings map[[2]string][]advisor.Finding
}

// LocalRuns reads what this machine's own runs say, for a memory of that bandwidth.
func (a *Advice) LocalRuns(ctx context.Context, bandwidth int64) LocalRuns {
	runs, engine := a.tellingRuns(ctx), a.opts.Machine.Build().Ollama
	return LocalRuns{runs, engine, estimator(runs, engine, bandwidth), a.opts.Findings(ctx)}
}

// estimator is the speed model fitted to the runs of this machine's processor; nil: too few runs for a fit.
func estimator(runs []backend.Drive, engine string, bandwidth int64) *testdrive.Speed {
	var fresh []backend.Drive
	for _, d := range runs {
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

// disturbed are the newest runs of the fitting drives that other programs disturbed, as id:quant.
func (r LocalRuns) disturbed() []string {
	var refs []string
	for _, d := range fittingDrives() {
		if s, ok := r.Speed(d[0], d[1]); ok && s.Disturbed {
			refs = append(refs, d[0]+":"+d[1])
		}
	}
	return refs
}

// Speed returns the newest measured figure, else the newest test drive.
func (r LocalRuns) Speed(id, quant string) (advisor.Speed, bool) {
	best := -1
	for i, d := range r.runs {
		if d.Model != id || d.Quant != quant || d.Engine != r.engine {
			continue
		}
		if best < 0 || d.Source == backend.SourceMeasured || r.runs[best].Source != backend.SourceMeasured {
			best = i
		}
	}
	if best < 0 {
		return advisor.Speed{}, false
	}
	d := r.runs[best]
	return advisor.Speed{Generation: d.TokensPerSecond, Prompt: d.PromptTokensPerSecond, Source: d.Source, Error: d.Spread, Disturbed: d.Disturbed}, true
}

// Estimate returns a figure of the model fitted to this machine's own runs, which ran in main memory; for graphics
// processors the prior counts.
func (r LocalRuns) Estimate(c *advisor.Candidate, v advisor.Verdict) (advisor.Speed, bool) {
	if r.speed == nil || v.Place != advisor.PlaceRAM {
		return advisor.Speed{}, false
	}
	active := c.ActiveBytes
	if active == 0 {
		active = c.FileBytes
	}
	e := r.speed.Estimate(testdrive.SpeedInput{Quant: c.Quant, Bytes: c.FileBytes, ActiveBytes: active, Layers: max(1, c.Layers)})
	return advisor.Speed{Generation: e.TokensPerSecond, Prompt: e.PromptTokensPerSecond, Source: backend.SourceEstimated, Error: e.Error, Place: v.Place}, true
}

// Finding returns what this person's blind tests say of a quant. One that they liked less than another is not as good as
// a third, whatever another test says.
func (r LocalRuns) Finding(id, quant string) (advisor.Finding, bool) {
	found := r.findings[[2]string{id, quant}]
	for _, f := range found {
		if f.WorseThan != "" {
			return f, true
		}
	}
	if len(found) == 0 {
		return advisor.Finding{}, false
	}
	return slices.MinFunc(found, func(a, b advisor.Finding) int { return lab.ComparePrecision(a.AsGoodAs, b.AsGoodAs) }), true
}
