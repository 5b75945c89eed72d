package app

import (
	"context"
	"path/filepath"

	"weightroom/app/core"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/library"
)

// Library is the models on disk: the bound service behind the Library page.
type Library struct{ window *Window }

// Get returns everything the Library page shows.
func (s *Library) Get() (LibraryPage, error) {
	return withCore(s.window, "Library.Get", func(ctx context.Context, c *core.Core) (LibraryPage, error) {
		all, err := c.Library.Models(ctx)
		if err != nil {
			return LibraryPage{}, err
		}
		page := LibraryPage{
			Models: convert(all, func(m backend.Model) Model { return modelOf(m, c.Models.LastUsed(ctx, m.Ref)) }),
			Folder: c.Library.Dir(),
		}
		if page.TotalBytes, page.FreeBytes, err = c.Library.Usage(); err != nil {
			return LibraryPage{}, err
		}
		adapters, err := c.Library.Adapters(ctx)
		if err != nil {
			return LibraryPage{}, err
		}
		page.Adapters = convert(adapters, adapterRow)
		page.Starter = Starter{Ref: library.StarterRef, Name: library.StarterName, Bytes: library.StarterBytes}
		page.Starter.Installed, page.Starter.Available = c.Models.HasStarter(ctx)
		return page, nil
	})
}

// ChooseFile lets the person pick a GGUF file; it returns nothing when they cancelled.
func (s *Library) ChooseFile() (string, error) {
	return withCore(s.window, "Library.ChooseFile", func(context.Context, *core.Core) (string, error) {
		return s.window.chooseFile("Import a model", "Models (*.gguf)", "*.gguf")
	})
}

// ChooseFolder lets the person pick a folder; it returns nothing when they cancelled.
func (s *Library) ChooseFolder(title string) (string, error) {
	return withCore(s.window, "Library.ChooseFolder", func(context.Context, *core.Core) (string, error) {
		return s.window.chooseFolder(title)
	})
}

// task runs long work on the library, and tells the page of a success. Its result is what the work returns.
func (s *Library) task(kind, label string, work func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error)) (Task, error) {
	return s.window.task("Library."+kind, kind, label, func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		result, err := work(ctx, c, progress)
		if err == nil {
			s.changed(result)
		}
		return result, err
	})
}

// changed tells the page that something of the library is another than it was: a model, or all of them.
func (s *Library) changed(ref string) {
	s.window.emit(EventLibrary, Changed{ID: ref, Seq: s.window.next()})
}

// Import copies a GGUF file into the library as a task; its result is the new model's reference.
func (s *Library) Import(path, name string) (Task, error) {
	return s.task("import", "Copying "+filepath.Base(path), func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		m, err := c.Library.Import(ctx, path, library.Options{Name: name, Progress: progress})
		return m.Ref, err
	})
}

// InstallStarter puts the starter model into the library as a task.
func (s *Library) InstallStarter() (Task, error) {
	return s.task("starter", "Adding "+library.StarterName, func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		m, err := c.Models.ImportStarter(ctx, progress)
		return m.Ref, err
	})
}

// CancelTask is Tasks.Cancel, until the page calls that.
func (s *Library) CancelTask(id string) error {
	return do("Library.CancelTask", func() error {
		s.window.tasks.stop(id)
		return nil
	})
}

// Remove deletes a model's weights and returns the space that this freed, in bytes.
func (s *Library) Remove(ref string) (int64, error) {
	return withCore(s.window, "Library.Remove", func(ctx context.Context, c *core.Core) (int64, error) {
		freed, err := c.Models.Remove(ctx, ref)
		if err == nil {
			s.changed(ref)
		}
		return freed, err
	})
}

// Reveal opens the folder that holds a model's file.
func (s *Library) Reveal(ref string) error {
	return doCore(s.window, "Library.Reveal", func(ctx context.Context, c *core.Core) error {
		m, err := c.Library.Model(ctx, ref)
		if err != nil {
			return err
		}
		return openPath(ctx, filepath.Dir(m.Path))
	})
}

// Others lists models that other apps keep on this machine, or those below a folder.
func (s *Library) Others(folder string) ([]OtherApp, error) {
	return withCore(s.window, "Library.Others", func(ctx context.Context, c *core.Core) ([]OtherApp, error) {
		apps, err := c.Models.Others(ctx, folder)
		if err != nil {
			return nil, err
		}
		return convert(apps, func(a models.OtherApp) OtherApp {
			return OtherApp{Name: a.Name, Folder: a.Folder, Models: convert(a.Models, otherModel)}
		}), nil
	})
}

// Adopt uses a model of another app as a task; its file is not touched.
func (s *Library) Adopt(path string) (Task, error) {
	return s.task("adopt", "Checking "+filepath.Base(path), func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		m, err := c.Models.Adopt(ctx, path, progress)
		return m.Ref, err
	})
}

// Move moves the library to another folder as a task.
func (s *Library) Move(folder string) (Task, error) {
	return s.task("move", "Moving", func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		return folder, c.Models.Move(ctx, folder, progress)
	})
}

// Attach makes a model of a base and an adapter and returns its reference.
func (s *Library) Attach(base, adapter string) (string, error) {
	return withCore(s.window, "Library.Attach", func(ctx context.Context, c *core.Core) (string, error) {
		m, err := c.Library.Attach(ctx, base, adapter, "")
		if err == nil {
			s.changed(m.Ref)
		}
		return m.Ref, err
	})
}
