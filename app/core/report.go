package core

import (
	"context"
	"slices"
	"time"

	"weightroom/app/core/machine"
	"weightroom/backend"
	"weightroom/hardware"
)

// Report is everything known about this machine and what runs on it.
type Report struct {
	Hardware    hardware.Machine
	Engine      machine.EngineState
	Tuned       machine.Tuned
	TunedOn     string // the model whose first blocks are run for it
	EngineBytes int64  // memory that the loaded model takes now
	Problems    []backend.Problem
}

// Report returns what this machine is, and its standing problems.
func (c *Core) Report(ctx context.Context) (Report, error) {
	h, err := c.Machine.Hardware(ctx)
	if err != nil {
		return Report{}, err
	}
	r := Report{
		Hardware: h, Engine: c.EngineState(ctx), Tuned: c.Machine.Ways.Tuned(ctx), TunedOn: c.Tuner.On(), EngineBytes: c.Machine.EngineBytes(),
		Problems: c.problems(ctx, h),
	}
	for _, n := range h.Notes {
		r.Problems = append(r.Problems, backend.Problem{Code: n.Code, Severity: backend.SeverityInfo, Title: n.Title, Hint: n.Hint})
	}
	return r, nil
}

// EngineState is the engine's state, with the memory of its model by the rule of every page: the engine's plan where there
// is one, else the calculated value. Where nothing is known of the model, the engine's own account counts.
func (c *Core) EngineState(ctx context.Context) machine.EngineState {
	e := c.Machine.EngineState(ctx)
	if e.Model == "" || e.Context == 0 {
		return e
	}
	if m, err := c.Library.Model(ctx, e.Model); err == nil {
		if known, ok := c.Advice.Memory(ctx, m, e.Context); ok {
			e.Bytes = known.TotalBytes
		}
	}
	return e
}

// problems are the standing problems of this machine and this installation.
func (c *Core) problems(ctx context.Context, h hardware.Machine) []backend.Problem {
	problems := c.Machine.Problems(h)
	if all, err := c.Library.Models(ctx); err == nil && len(all) == 0 {
		problems = append(problems, backend.Problem{
			Code: "no_models", Severity: backend.SeverityInfo, Title: "The library is empty.", Hint: "Add the starter model or import a GGUF file.",
		})
	}
	if c.History != nil {
		problems = append(problems, c.History.Problems()...)
		if change, ok := c.changed(ctx, time.Now()); ok {
			problems = append(problems, change)
		}
	}
	return problems
}

// DeepProblems are what takes a while to find: doctor looks for them. It reads the whole history.
func (c *Core) DeepProblems(ctx context.Context) []*backend.Error {
	problems := slices.Clone(c.Catalog.Problems())
	if c.History != nil {
		if _, err := c.History.Verify(ctx); err != nil {
			problems = append(problems, backend.Readable(err))
		}
	}
	return problems
}
