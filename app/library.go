package app

import (
	"context"
	"path/filepath"
	"slices"

	"weightroom/app/core"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/library"
)

// Library is the models on disk: the bound service behind the Library page.
type Library struct{ host *host }

// Get returns everything the Library page shows.
func (s *Library) Get() (LibraryPage, error) {
	return withCore(s.host, "Library.Get", func(ctx context.Context, c *core.Core) (LibraryPage, error) {
		all, err := c.Library.Models(ctx)
		if err != nil {
			return LibraryPage{}, err
		}
		page := LibraryPage{
			Models: convert(all, func(m backend.Model) Model {
				row := modelOf(m, c.Models.LastUsed(ctx, m.Ref))
				row.Problem, row.Caution = sentences(c.Models.Problem(ctx, m)), sentences(c.Models.Caution(ctx, m))
				row.WantsTemplate = row.Caution != "" && !m.Template || row.Problem != "" && m.Problem == nil
				return row
			}),
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

// Memory returns what each model takes in memory; one of which too little is known is left out. The first time it reads
// the headers of models that the catalog does not know.
func (s *Library) Memory() ([]ModelMemory, error) {
	return withCore(s.host, "Library.Memory", func(ctx context.Context, c *core.Core) ([]ModelMemory, error) {
		all, err := c.Library.Models(ctx)
		if err != nil {
			return nil, err
		}
		known, memory := []ModelMemory{}, c.Advice.Memories(ctx, all, c.Settings(ctx).ContextLength)
		for _, m := range all {
			if f, ok := memory[m.Ref]; ok {
				known = append(known, ModelMemory{Ref: m.Ref, Bytes: f.TotalBytes, Context: f.Context, Planned: f.Planned, Sees: f.ProjectorBytes})
			}
		}
		return known, nil
	})
}

// ChooseFile lets the person pick a GGUF file; it returns nothing when they cancelled.
func (s *Library) ChooseFile() (string, error) {
	return withCore(s.host, "Library.ChooseFile", func(context.Context, *core.Core) (string, error) {
		return s.host.chooseFile("Import a model", "Models (*.gguf)", "*.gguf")
	})
}

// ChooseFolder lets the person pick a folder; it returns nothing when they cancelled.
func (s *Library) ChooseFolder(title string) (string, error) {
	return withCore(s.host, "Library.ChooseFolder", func(context.Context, *core.Core) (string, error) {
		return s.host.chooseFolder(title)
	})
}

// task runs long work on the library, and tells the page of a success. Its result is what the work returns.
func (s *Library) task(kind, label string, work func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error)) (Task, error) {
	return s.host.task("Library."+kind, kind, label, func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		result, err := work(ctx, c, progress)
		if err == nil {
			s.host.libraryChanged(result)
		}
		return result, err
	})
}

// drop takes note of files that were dropped on the window, and tells the page.
func (s *Library) drop(paths []string) {
	paths = slices.DeleteFunc(paths, func(path string) bool { return path == "" }) // an address that is no file's
	if len(paths) == 0 {
		return
	}
	s.host.dropped.put(paths)
	s.host.emit(EventDropped, Changed{Seq: s.host.next()})
}

// Dropped returns the files and folders that were dropped on the window since it was asked last.
func (s *Library) Dropped() ([]string, error) {
	return call("Library.Dropped", func() ([]string, error) { return s.host.dropped.take(), nil })
}

// Look says what Import would make of files and folders, in the order given.
func (s *Library) Look(paths []string) ([]OtherModel, error) {
	return withCore(s.host, "Library.Look", func(ctx context.Context, c *core.Core) ([]OtherModel, error) {
		found, err := c.Models.Look(ctx, paths)
		if err != nil {
			return nil, err
		}
		return convert(found, importable), nil
	})
}

// Import copies a model's file, or a bundle's folder, into the library as a task; its result is the new model's reference.
// An empty name is the file's own.
func (s *Library) Import(path, name string) (Task, error) {
	return s.task("import", "Copying "+filepath.Base(path), func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		m, err := c.Models.Import(ctx, path, name, progress)
		return m.Ref, err
	})
}

// Rename sets a model's name, to its file's for an empty one, and returns what it is now. Its reference stays.
func (s *Library) Rename(ref, name string) (string, error) {
	return withCore(s.host, "Library.Rename", func(ctx context.Context, c *core.Core) (string, error) {
		now, err := c.Models.Rename(ctx, ref, name)
		if err == nil {
			s.host.libraryChanged(ref)
		}
		return now, err
	})
}

// Templates tells what chat template a model has and which others can be chosen for it.
func (s *Library) Templates(ref string) (TemplateChoices, error) {
	return withCore(s.host, "Library.Templates", func(ctx context.Context, c *core.Core) (TemplateChoices, error) {
		t, err := c.Models.Templates(ctx, ref)
		if err != nil {
			return TemplateChoices{}, err
		}
		return templateChoices(t), nil
	})
}

// SetTemplate has a model use the template of a family, a text ("custom"), or its own again for an empty choice. It returns what
// may go wrong with it, as a sentence.
func (s *Library) SetTemplate(ref, chosen, text string) (string, error) {
	return withCore(s.host, "Library.SetTemplate", func(ctx context.Context, c *core.Core) (string, error) {
		caution, err := c.Models.SetTemplate(ctx, ref, chosen, text)
		if err == nil {
			s.host.libraryChanged(ref)
		}
		return caution, err
	})
}

// InstallStarter puts the starter model into the library as a task.
func (s *Library) InstallStarter() (Task, error) {
	return s.task("starter", "Adding "+library.StarterName, func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		m, err := c.Models.ImportStarter(ctx, progress)
		return m.Ref, err
	})
}

// Remove deletes a model's weights and returns the space that this freed, in bytes.
func (s *Library) Remove(ref string) (int64, error) {
	return withCore(s.host, "Library.Remove", func(ctx context.Context, c *core.Core) (int64, error) {
		freed, err := c.Models.Remove(ctx, ref)
		if err == nil {
			s.host.libraryChanged(ref)
		}
		return freed, err
	})
}

// Reveal opens the folder that holds a model's file.
func (s *Library) Reveal(ref string) error {
	return doCore(s.host, "Library.Reveal", func(ctx context.Context, c *core.Core) error {
		m, err := c.Library.Model(ctx, ref)
		if err != nil {
			return err
		}
		return openPath(ctx, filepath.Dir(m.Path))
	})
}

// Others lists models that other apps keep on this machine, or those below a folder.
func (s *Library) Others(folder string) ([]OtherApp, error) {
	return withCore(s.host, "Library.Others", func(ctx context.Context, c *core.Core) ([]OtherApp, error) {
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
	return withCore(s.host, "Library.Attach", func(ctx context.Context, c *core.Core) (string, error) {
		m, err := c.Library.Attach(ctx, base, adapter, "")
		if err == nil {
			s.host.libraryChanged(m.Ref)
		}
		return m.Ref, err
	})
}

// Details tells what is known of a model.
func (s *Library) Details(ref string) (ModelDetails, error) {
	return withCore(s.host, "Library.Details", func(ctx context.Context, c *core.Core) (ModelDetails, error) {
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
		c, err := s.host.Core()
		if err != nil {
			return VerifyReport{Bad: []Damage{}}, err
		}
		return verifyReport(c.Models.VerifyReport(s.host.ctx)), nil
	})
}

// Repair fetches the bad parts of a model again as a task.
func (s *Library) Repair(ref string) (Task, error) {
	return s.task("repair", "Repairing", func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		_, err := c.Models.Repair(ctx, ref, progress)
		return ref, err
	})
}

// ExportBundle writes a model to a new folder inside a chosen one, as a task; its result is that folder.
func (s *Library) ExportBundle(ref, folder string) (Task, error) {
	return s.task("export", "Copying", func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error) {
		b, err := c.Library.Export(ctx, ref, folder, progress)
		return b.Dir, err
	})
}
