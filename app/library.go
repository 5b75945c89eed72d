package app

import (
	"context"
	"path/filepath"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/backend"
	"weightroom/backend/library"
)

// Library is the models on disk: the bound service behind the Library page.
type Library struct{ window *Window }

// LibraryPage is everything the Library page shows.
func (c *Core) LibraryPage(ctx context.Context) (LibraryPage, error) {
	models, err := c.Models.Models(ctx)
	if err != nil {
		return LibraryPage{}, err
	}
	page := LibraryPage{
		Models: convert(models, func(m backend.Model) Model { return modelOf(m, c.lastUsed(ctx, m.Ref)) }),
		Folder: c.Models.Dir(),
	}
	if page.TotalBytes, page.FreeBytes, err = c.Models.Usage(); err != nil {
		return LibraryPage{}, err
	}
	adapters, err := c.Models.Adapters(ctx)
	if err != nil {
		return LibraryPage{}, err
	}
	page.Adapters = convert(adapters, func(a library.Adapter) AdapterRow {
		return AdapterRow{Ref: a.Ref, Name: a.Name, Base: a.Architecture, Bytes: a.Bytes, AddedAt: millis(a.Added)}
	})
	_, missing := c.Models.Model(ctx, library.StarterRef)
	_, available := library.FindStarter(c.starterDirs())
	page.Starter = Starter{
		Ref: library.StarterRef, Name: library.StarterName, Bytes: library.StarterBytes,
		Installed: missing == nil, Available: available,
	}
	return page, nil
}

func (c *Core) lastUsed(ctx context.Context, ref string) int64 {
	var at int64
	if c.History != nil {
		_, _ = c.History.Get(ctx, lastUsedKey(ref), &at) // never used and not readable look the same
	}
	return at
}

// Get gives everything the Library page shows.
func (s *Library) Get() (LibraryPage, error) {
	return call("Library.Get", func() (LibraryPage, error) {
		core, err := s.window.Core()
		if err != nil {
			return LibraryPage{}, err
		}
		return core.LibraryPage(s.window.ctx)
	})
}

// ChooseFile lets the person pick a GGUF file; it gives nothing when they cancelled.
func (s *Library) ChooseFile() (string, error) {
	return call("Library.ChooseFile", func() (string, error) {
		if _, err := s.window.Core(); err != nil {
			return "", err
		}
		return runtime.OpenFileDialog(s.window.ctx, runtime.OpenDialogOptions{
			Title:   "Import a model",
			Filters: []runtime.FileFilter{{DisplayName: "Models (*.gguf)", Pattern: "*.gguf"}, {DisplayName: "All files", Pattern: "*"}},
		})
	})
}

// Import copies a GGUF file into the library as a task; its result is the new model's reference.
func (s *Library) Import(path, name string) (Task, error) {
	return s.task("import", "Copying "+filepath.Base(path), func(ctx context.Context, core *Core, progress func(done, total int64)) (backend.Model, error) {
		return core.Models.Import(ctx, path, library.Options{Name: name, Progress: progress})
	})
}

// InstallStarter puts the starter model into the library as a task.
func (s *Library) InstallStarter() (Task, error) {
	return s.task("starter", "Adding "+library.StarterName, func(ctx context.Context, core *Core, progress func(done, total int64)) (backend.Model, error) {
		return core.ImportStarter(ctx, progress)
	})
}

func (s *Library) task(kind, label string, work func(ctx context.Context, core *Core, progress func(done, total int64)) (backend.Model, error)) (Task, error) {
	return call("Library."+kind, func() (Task, error) {
		core, err := s.window.Core()
		if err != nil {
			return Task{}, err
		}
		return s.window.tasks.start(kind, label, func(ctx context.Context, progress func(done, total int64)) (string, error) {
			m, err := work(ctx, core, progress)
			if err == nil {
				s.window.emit(EventLibrary, Changed{ID: m.Ref, Seq: s.window.next()})
			}
			return m.Ref, err
		}), nil
	})
}

// CancelTask ends a task; what it had half done is undone.
func (s *Library) CancelTask(id string) error {
	return do("Library.CancelTask", func() error {
		s.window.tasks.stop(id)
		return nil
	})
}

// Remove deletes a model's weights and gives the space that this freed, in bytes.
func (s *Library) Remove(ref string) (int64, error) {
	return call("Library.Remove", func() (int64, error) {
		core, err := s.window.Core()
		if err != nil {
			return 0, err
		}
		if core.Engine.Status().Model == ref {
			if err := core.Engine.Unload(s.window.ctx, ref); err != nil {
				return 0, err
			}
		}
		freed, err := core.Models.Remove(s.window.ctx, ref)
		s.window.emit(EventLibrary, Changed{ID: ref, Seq: s.window.next()})
		return freed, err
	})
}

// Reveal opens the folder that holds a model's file.
func (s *Library) Reveal(ref string) error {
	return do("Library.Reveal", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		m, err := core.Models.Model(s.window.ctx, ref)
		if err != nil {
			return err
		}
		return openPath(s.window.ctx, filepath.Dir(m.Path))
	})
}
