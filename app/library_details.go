package app

import (
	"context"

	"weightroom/app/core"
)

// Details tells what is known of a model.
func (s *Library) Details(ref string) (ModelDetails, error) {
	return withCore(s.window, "Library.Details", func(ctx context.Context, c *core.Core) (ModelDetails, error) {
		d, err := c.Models.Details(ctx, ref)
		if err != nil {
			return ModelDetails{}, err
		}
		return modelDetails(d), nil
	})
}

// Verify reads every byte of a model again, or of all for an empty ref, as a task.
func (s *Library) Verify(ref string) (Task, error) {
	return s.task("verify", "Checking", func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		_, err := c.Models.Verify(ctx, ref, progress)
		return ref, err
	})
}

// VerifyReport returns what came of the last check.
func (s *Library) VerifyReport() (VerifyReport, error) {
	return call("Library.VerifyReport", func() (VerifyReport, error) {
		c, err := s.window.Core()
		if err != nil {
			return VerifyReport{Bad: []Damage{}}, err
		}
		return verifyReport(c.Models.VerifyReport(s.window.ctx)), nil
	})
}

// Repair fetches the bad parts of a model again as a task.
func (s *Library) Repair(ref string) (Task, error) {
	return s.task("repair", "Repairing", func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		_, err := c.Models.Repair(ctx, ref, progress)
		return ref, err
	})
}
