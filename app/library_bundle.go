package app

import (
	"context"
	"path/filepath"

	"weightroom/app/core"
	"weightroom/backend/library"
)

// ExportBundle writes a model to a new folder inside a chosen one, as a task; its result is that folder.
func (s *Library) ExportBundle(ref, folder string) (Task, error) {
	return s.task("export", "Copying", func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		b, err := c.Library.Export(ctx, ref, folder, progress)
		return b.Dir, err
	})
}

// ImportBundle takes the folder of a bundle back, as a task; its result is the model's reference.
func (s *Library) ImportBundle(folder string) (Task, error) {
	return s.task("import", "Copying "+filepath.Base(folder), func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		m, err := c.Library.Import(ctx, folder, library.Options{Progress: progress})
		return m.Ref, err
	})
}
