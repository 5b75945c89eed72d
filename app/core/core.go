package core

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"weightroom/app/core/advice"
	"weightroom/app/core/compare"
	"weightroom/app/core/machine"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/chat"
	"weightroom/backend/engine"
	"weightroom/backend/library"
	"weightroom/backend/llama"
	"weightroom/backend/platform"
	"weightroom/backend/store"
)

// Version is the app's, set by the linker when a release is built.
var Version = "0.1.0" //nolint:gochecknoglobals // the linker needs a variable

// Core is everything the app keeps open. History and Chat are nil for commands that do not need them.
type Core struct {
	Folders  platform.Folders
	Library  *library.Library
	Engine   *engine.Engine
	History  *store.Store
	Chat     *chat.Service
	Recovery *store.Recovery // what opening the history had to mend; nil: nothing

	Machine    *machine.Machine
	Catalog    *models.Catalog
	Models     *models.Models
	Downloads  *models.Downloads
	Advice     *advice.Advice
	Tuner      *advice.Tuner
	Lab        *compare.Lab
	SideBySide *compare.SideBySide

	close sync.Once
}

// OpenOptions say what to open.
type OpenOptions struct {
	Folders    platform.Folders
	Executable string           // of the engine; empty: this program, which is the engine too
	History    bool             // commands that only run a model need no history
	Alone      bool             // downloads run only what this process is asked for, and not what the window had left
	Event      func(chat.Event) // may be nil
	Planned    func()           // the engine has planned a model that it had not; may be nil
}

// Open makes the folders and opens what is asked for. Errors are *backend.Error.
func Open(ctx context.Context, o OpenOptions) (*Core, error) {
	if err := o.Folders.Make(); err != nil {
		return nil, err
	}
	if o.Executable == "" {
		var err error
		if o.Executable, err = os.Executable(); err != nil {
			return nil, backend.Fail(backend.CodeInternal, err, "Weightroom can't find its own program file.", "Start it by its full path.")
		}
	}
	c := &Core{Folders: o.Folders}
	var err error
	if c.Library, err = library.New(o.Folders.Models); err != nil {
		return nil, err
	}
	if o.History {
		if c.History, c.Recovery, err = store.Open(ctx, o.Folders.Data, store.Options{}); err != nil {
			return nil, err
		}
	}
	c.compose(o)
	return c, nil
}

// compose wires the use cases to what is open.
func (c *Core) compose(o OpenOptions) {
	c.Engine = engine.New(engine.Options{
		Executable: o.Executable,
		Models:     c.Library.Dir(),
		Home:       o.Folders.Engine,
		Log:        filepath.Join(o.Folders.Logs, "engine.log"),
		Tuning:     func() engine.Tuning { return c.Machine.Tuning() },
		How:        func() llama.How { return c.Machine.Ways.How(context.Background()) },
		Load:       machine.ReadLoad,
	})
	c.Machine = machine.New(machine.Options{
		Engine: c.Engine, Executable: o.Executable, Bandwidth: filepath.Join(o.Folders.Cache, "bandwidth.json"),
		Tuned:  filepath.Join(o.Folders.Data, "tuned.json"),
		Models: c.Library.Dir, Settings: c.Settings,
		Whole: func(m backend.Model, contextLength int, plan backend.MemoryPlan) backend.MemoryPlan {
			return c.Advice.Whole(m, contextLength, plan)
		},
	})
	c.Catalog = models.NewCatalog(filepath.Join(o.Folders.Data, "catalog"))
	forModels := models.Options{
		Library: c.Library, Engine: c.Engine, History: c.History, Catalog: c.Catalog, Settings: c.Settings,
		Executable: o.Executable, Alone: o.Alone,
	}
	c.Downloads = models.NewDownloads(forModels)
	c.Models = models.New(forModels, c.Downloads)
	c.Advice = advice.New(advice.Options{
		Machine: c.Machine, Catalog: c.Catalog, Downloads: c.Downloads, Library: c.Library, History: c.History,
		Drives: filepath.Join(o.Folders.Data, "drives"), Planned: o.Planned,
		Findings: func(ctx context.Context) map[[2]string][]advisor.Finding { return c.Lab.Findings(ctx) },
		Watts:    func(ctx context.Context) (float64, string) { return c.Lab.Watts(ctx) },
		Busy:     func() bool { return c.Chat != nil && c.Chat.Busy() || c.SideBySide.Busy() },
	})
	c.Tuner = advice.NewTuner(c.Advice)
	forLab := compare.Options{
		Folders: o.Folders, Executable: o.Executable, Engine: c.Engine, Library: c.Library, History: c.History,
		Machine: c.Machine, Catalog: c.Catalog, Advice: c.Advice, Settings: c.Settings,
	}
	c.Lab, c.SideBySide = compare.New(forLab), compare.NewSideBySide(forLab)
	if c.History == nil {
		return
	}
	event := o.Event
	if event == nil {
		event = func(chat.Event) {}
	}
	c.Chat = chat.New(chat.Options{
		Store:   c.History,
		Models:  usedModels{c.Models},
		Runner:  c.Engine,
		Default: func() backend.Sampling { return sampling(c.Settings(context.Background())) },
		Allow:   c.Machine.CheckMemory,
		Event:   event,
	})
}

// Close stops every answer, stores it, ends the engine with all its children, waits until what they ran is removed, and
// closes the history.
func (c *Core) Close() error {
	var err error
	c.close.Do(func() {
		if c.Chat != nil {
			c.Chat.Close()
		}
		c.Lab.Close()
		err = errors.Join(c.Downloads.Close(), c.Engine.Close())
		c.Advice.Close()
		if c.History != nil {
			err = errors.Join(err, c.History.Close())
		}
	})
	return err
}

// usedModels finds models for the chat and notes when each was last used.
type usedModels struct{ models *models.Models }

func (u usedModels) Model(ctx context.Context, ref string) (backend.Model, error) {
	return u.models.Use(ctx, ref)
}
