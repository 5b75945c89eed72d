package models

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"weightroom/backend"
	"weightroom/backend/library"
)

// Look says what Import would make of files and folders, without copying anything. What can't be imported has its reason.
func (m *Models) Look(ctx context.Context, paths []string) ([]library.ForeignModel, error) {
	out := []library.ForeignModel{}
	for _, path := range paths {
		found, err := m.opts.Library.Look(ctx, path)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	m.foreign.keep(out)
	return out, nil
}

// Import copies a model into the library: see library.Import. One that Look found brings what lets it see. A model that was
// damaged and is whole by this is not told of any more.
func (m *Models) Import(ctx context.Context, path, name string, progress func(done, total int64)) (backend.Model, error) {
	o := library.Options{Name: name, Progress: progress}
	if f, ok := m.foreign.find(path); ok {
		for _, file := range f.Files {
			if file.Kind == backend.KindProjector {
				o.Projector = file.Path
			}
		}
	}
	found, err := m.opts.Library.Import(ctx, path, o)
	if err == nil && slices.ContainsFunc(m.VerifyReport(ctx).Bad, func(d backend.Damage) bool { return d.Ref == found.Ref }) {
		if _, err := m.Verify(ctx, found.Ref, nil); err != nil {
			slog.Warn("imported model not checked", "error", err)
		}
	}
	if err == nil {
		_ = m.TemplateProblem(ctx, found) // so that its row says so
	}
	return found, err
}

// Rename sets the name that people see of a model, an empty one to its file's, and returns what it is now.
func (m *Models) Rename(ctx context.Context, ref, name string) (string, error) {
	found, err := m.opts.Library.Rename(ctx, ref, name)
	return found.Name, err
}

// Remove deletes a model's weights, after taking it out of memory, and returns the bytes that this freed.
func (m *Models) Remove(ctx context.Context, ref string) (freed int64, err error) {
	if m.opts.Engine.Status().Model == ref {
		if err := m.opts.Engine.Unload(ctx, ref); err != nil {
			return 0, err
		}
	}
	if freed, err = m.opts.Library.Remove(ctx, ref); err != nil || m.opts.History == nil {
		return freed, err
	}
	var report backend.VerifyReport
	gone := func(d backend.Damage) bool { return d.Ref == ref }
	if slices.ContainsFunc(m.VerifyReport(ctx).Bad, gone) {
		err = m.opts.History.Update(ctx, reportKey, &report, func() error {
			report.Bad = slices.DeleteFunc(report.Bad, gone)
			return nil
		})
	}
	return freed, errors.Join(err)
}
