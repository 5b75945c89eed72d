package models

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/catalog"
	"weightroom/backend/engine"
	"weightroom/backend/library"
	"weightroom/backend/store"
)

// Options are what Models and Downloads are made from. History is nil for commands that do not need it.
type Options struct {
	Library    *library.Library
	Engine     *engine.Engine
	History    *store.Store
	Catalog    *Catalog
	Settings   func(context.Context) backend.Settings
	Executable string // the starter's file is looked for beside it
	// Alone has Downloads run nothing but what this process is asked for, and not what the window had left.
	Alone bool
}

// Models are the models of the library. They may be used from many goroutines.
type Models struct {
	opts      Options
	downloads *Downloads
	foreign   foreignModels
	templates sync.Map // templateVerdict of the files' own chat templates, by the digests of the weights
}

// New makes Models. What a model lacks comes by way of downloads.
func New(o Options, downloads *Downloads) *Models { return &Models{opts: o, downloads: downloads} }

func lastUsedKey(ref string) string { return "lastUsed/" + ref }

// Use finds a model for a chat, as Resolve does, and notes when it was last used.
func (m *Models) Use(ctx context.Context, ref string) (backend.Model, error) {
	found, err := m.Resolve(ctx, ref)
	if err == nil {
		if err := m.damage(ctx, found); err != nil {
			return found, err
		}
		if err := m.Runnable(ctx, found); err != nil {
			return found, err
		}
		if err := m.opts.History.Put(ctx, lastUsedKey(found.Ref), time.Now().UnixMilli()); err != nil {
			slog.Warn("last use not stored", "error", err)
		}
	}
	return found, err
}

// damage is why a model can't be run: the last check found it damaged; nil: it did not.
func (m *Models) damage(ctx context.Context, found backend.Model) error {
	for _, d := range m.VerifyReport(ctx).Bad {
		if d.Ref == found.Ref {
			return backend.Fail(backend.CodeDamaged, nil, found.Name+" is damaged: "+d.Reason, "Repair it on the Library page, import it again, or choose another model.")
		}
	}
	return nil
}

// LastUsed is when a chat last used a model, in milliseconds since 1970; 0: never.
func (m *Models) LastUsed(ctx context.Context, ref string) int64 {
	var at int64
	if m.opts.History != nil {
		_, _ = m.opts.History.Get(ctx, lastUsedKey(ref), &at) // never used and not readable look the same
	}
	return at
}

// Resolve finds a model by its reference, or by its name alone where that is clear. An empty reference means the
// default model, or the first there is.
func (m *Models) Resolve(ctx context.Context, ref string) (backend.Model, error) {
	if ref != "" {
		return m.opts.Library.Model(ctx, ref)
	}
	if chosen := m.opts.Settings(ctx).DefaultModel; chosen != "" {
		if found, err := m.opts.Library.Model(ctx, chosen); err == nil {
			return found, nil
		}
	}
	all, err := m.opts.Library.Models(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	if len(all) == 0 {
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "There is no model yet.", "Add the starter model or import a GGUF file on the Library page.")
	}
	return all[0], nil
}

// ImportStarter puts the starter model into the library when its file came with the app and it is not there yet.
func (m *Models) ImportStarter(ctx context.Context, progress func(done, total int64)) (backend.Model, error) {
	if found, err := m.opts.Library.Model(ctx, library.StarterRef); err == nil {
		return found, nil
	}
	path, ok := library.FindStarter(m.starterDirs())
	if !ok {
		return backend.Model{}, backend.Fail(backend.CodeStarterMissing, nil, "The starter model did not come with this copy of Weightroom.", "Import a GGUF file that you have.")
	}
	return m.opts.Library.Import(ctx, path, library.StarterOptions(progress))
}

// HasStarter reports whether the starter is in the library, and whether its file is at hand.
func (m *Models) HasStarter(ctx context.Context) (installed, available bool) {
	_, missing := m.opts.Library.Model(ctx, library.StarterRef)
	_, available = library.FindStarter(m.starterDirs())
	return missing == nil, available
}

// WantsStarter reports whether the library is empty and the starter's file is at hand.
func (m *Models) WantsStarter(ctx context.Context) bool {
	all, err := m.opts.Library.Models(ctx)
	_, available := library.FindStarter(m.starterDirs())
	return err == nil && len(all) == 0 && available
}

// FirstStart fills an empty library with the starter, quietly: a chat must be possible with no network at all.
func (m *Models) FirstStart(ctx context.Context) (added bool) {
	if !m.WantsStarter(ctx) {
		return false
	}
	if _, err := m.ImportStarter(ctx, nil); err != nil {
		slog.Info("starter not added", "error", err)
		return false
	}
	return true
}

// starterDirs is where a package and a checkout keep the starter's file.
func (m *Models) starterDirs() []string {
	dir := filepath.Dir(m.opts.Executable)
	if real, err := filepath.EvalSymlinks(m.opts.Executable); err == nil {
		dir = filepath.Dir(real)
	}
	return []string{
		filepath.Join(dir, "..", "share", "weightroom"),
		filepath.Join(dir, "share", "weightroom"),
		filepath.Join(dir, "..", "Resources"),
	}
}

// Details is what is known of a model of the library beyond its row.
type Details struct {
	library.Details
	Terms      catalog.Licence // of its licence, in words; zero: not known
	VerifiedAt int64           // milliseconds since 1970; 0: not since it came
}

// Details tells what is known of a model of the library. It reads headers, not weights.
func (m *Models) Details(ctx context.Context, ref string) (Details, error) {
	d, err := m.opts.Library.Inspect(ctx, ref)
	if err != nil {
		return Details{}, err
	}
	_ = m.TemplateProblem(ctx, d.Model)
	terms, _ := m.opts.Catalog.TermsOf(d.Model.Ref, d.Model.Licence.Name, d.LicenceText)
	return Details{Details: d, Terms: terms, VerifiedAt: m.verifiedAt(ctx)[d.Model.Ref]}, nil
}
