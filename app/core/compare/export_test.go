package compare

import (
	"context"

	"weightroom/backend/lab"
)

// KeepMeasured is keepMeasured, for tests that need an open Core.
func KeepMeasured(ctx context.Context, l *Lab, c *lab.Comparison) error {
	return l.keepMeasured(ctx, c)
}
