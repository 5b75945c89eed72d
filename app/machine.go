package app

import (
	"context"

	"weightroom/app/core"
	"weightroom/app/core/advice"
	"weightroom/backend/advisor"
)

// Machine is the bound service behind the Machine page.
type Machine struct{ host *host }

// Detect returns everything the Machine page shows.
func (s *Machine) Detect() (MachinePage, error) {
	return withCore(s.host, "Machine.Detect", func(ctx context.Context, c *core.Core) (MachinePage, error) {
		r, err := c.Report(ctx)
		if err != nil {
			return MachinePage{}, err
		}
		return machinePage(r), nil
	})
}

// Engine returns the engine's state.
func (s *Machine) Engine() (Engine, error) {
	return withCore(s.host, "Machine.Engine", func(ctx context.Context, c *core.Core) (Engine, error) {
		return engineOf(c.EngineState(ctx)), nil
	})
}

// MeasureBandwidth measures memory bandwidth as a task of about two seconds.
func (s *Machine) MeasureBandwidth() (Task, error) {
	return s.host.task("Machine.MeasureBandwidth", "bandwidth", "Measuring memory", func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		_, err := c.Machine.MeasureBandwidth(ctx, progress)
		return "", err
	})
}

// Tune measures how the engine works fastest, as a task of about two minutes, and uses it from then on.
func (s *Machine) Tune() (Task, error) {
	return withCore(s.host, "Machine.Tune", func(_ context.Context, c *core.Core) (Task, error) {
		return s.host.tasks.begin(job{kind: "tune", label: tuneLabel}, func(ctx context.Context, report func(step)) (string, error) {
			return "", c.Tuner.Now(ctx, func(t advice.Tuning) { report(tuneStep(t)) })
		}), nil
	})
}

// UseTuned decides whether the engine works as was measured, or with the counted number of threads and its own choices.
func (s *Machine) UseTuned(use bool) (MachinePage, error) {
	return withCore(s.host, "Machine.UseTuned", func(ctx context.Context, c *core.Core) (MachinePage, error) {
		if err := c.Machine.Ways.Use(use); err != nil {
			return MachinePage{}, err
		}
		r, err := c.Report(ctx)
		if err != nil {
			return MachinePage{}, err
		}
		return machinePage(r), nil
	})
}

// Recommend returns the best pick for a chat on this machine.
func (s *Machine) Recommend() (Pick, error) {
	return withCore(s.host, "Machine.Recommend", func(ctx context.Context, c *core.Core) (Pick, error) {
		r, err := c.Advice.Rank(ctx, advisor.Ask{Use: advisor.UseChat}, "")
		if err != nil {
			return Pick{}, err
		}
		return pickOf(r), nil
	})
}

// EngineLog returns the end of the engine's log.
func (s *Machine) EngineLog() (string, error) {
	return withCore(s.host, "Machine.EngineLog", func(_ context.Context, c *core.Core) (string, error) { return c.Machine.EngineLog() })
}

// OpenLog opens the engine's log in the system's own viewer.
func (s *Machine) OpenLog() error {
	return doCore(s.host, "Machine.OpenLog", func(ctx context.Context, c *core.Core) error { return openPath(ctx, c.Engine.LogPath()) })
}

// RestartEngine ends the engine and starts it again.
func (s *Machine) RestartEngine() error {
	return doCore(s.host, "Machine.RestartEngine", func(ctx context.Context, c *core.Core) error { return c.Engine.Restart(ctx) })
}

// LoadModel brings a model into memory before the first message needs it.
func (s *Machine) LoadModel(ref string, contextLength int) error {
	return doCore(s.host, "Machine.LoadModel", func(ctx context.Context, c *core.Core) error {
		m, err := c.Library.Model(ctx, ref)
		if err != nil {
			return err
		}
		return c.Machine.Load(ctx, m, contextLength)
	})
}

// LoadAnyway has a model loaded, by whatever wants it, although it does not fit into memory: with a context of that length
// or a shorter one, until the app is closed. It loads nothing itself.
func (s *Machine) LoadAnyway(ref string, contextLength int) error {
	return doCore(s.host, "Machine.LoadAnyway", func(ctx context.Context, c *core.Core) error {
		m, err := c.Library.Model(ctx, ref)
		if err == nil {
			c.Machine.LoadAnyway(ctx, m, contextLength)
		}
		return err
	})
}

// UnloadModel takes the loaded model out of memory.
func (s *Machine) UnloadModel() error {
	return doCore(s.host, "Machine.UnloadModel", func(ctx context.Context, c *core.Core) error { return c.Machine.Unload(ctx) })
}
