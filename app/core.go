package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"weightroom/backend"
	"weightroom/backend/chat"
	"weightroom/backend/engine"
	"weightroom/backend/library"
	"weightroom/backend/platform"
	"weightroom/backend/store"
)

// Core is everything the app keeps open. Models, Engine and Chat are always there; History is nil for commands that
// do not need it.
type Core struct {
	Folders platform.Folders
	Models  *library.Library
	Engine  *engine.Engine
	History *store.Store
	Chat    *chat.Service
	Notice  Problem // what opening the history had to mend; empty code: nothing

	executable string
	besides    atomic.Int32 // prompts under way that went to several models
	together   atomic.Int32 // models that may be loaded at the same time; 0: one
	machine    machineCache
	plans      planCache
	keeping    sync.Mutex // held while a run is added to those that are kept
	shelf      shelf
	bench      bench
	network    networkCell
	found      strangers
	others     othersCell
	close      sync.Once
}

// OpenOptions say what to open.
type OpenOptions struct {
	Folders platform.Folders
	History bool             // commands that only run a model need no history
	Event   func(chat.Event) // may be nil
}

// Open makes the folders and opens what is asked for. Errors are *backend.Error.
func Open(ctx context.Context, o OpenOptions) (*Core, error) {
	if err := o.Folders.Make(); err != nil {
		return nil, err
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, backend.Fail(backend.CodeInternal, err, "Weightroom can't find its own program file.", "Start it by its full path.")
	}
	c := &Core{Folders: o.Folders, executable: executable}
	c.shelf.user = filepath.Join(o.Folders.Data, "catalog")
	if c.Models, err = library.New(o.Folders.Models); err != nil {
		return nil, err
	}
	if o.History {
		var recovery *store.Recovery
		if c.History, recovery, err = store.Open(ctx, o.Folders.Data, store.Options{}); err != nil {
			return nil, err
		}
		c.Notice = noticeOf(recovery)
	}
	c.Engine = engine.New(engine.Options{
		Executable: executable,
		Models:     c.Models.Dir(),
		Home:       o.Folders.Engine,
		Log:        filepath.Join(o.Folders.Logs, "engine.log"),
		Tuning:     c.tuning,
	})
	if o.History {
		event := o.Event
		if event == nil {
			event = func(chat.Event) {}
		}
		c.Chat = chat.New(chat.Options{
			Store:   c.History,
			Models:  usedModels{c},
			Runner:  c.Engine,
			Default: func() backend.Sampling { return c.Settings(context.Background()).sampling() },
			Allow:   c.allow,
			Event:   event,
		})
	}
	return c, nil
}

// Close stops every answer, stores it, ends the engine with all its children, and closes the history.
func (c *Core) Close() error {
	var err error
	c.close.Do(func() {
		if c.Chat != nil {
			c.Chat.Close()
		}
		c.bench.close()
		err = errors.Join(c.closeNetwork(), c.Engine.Close())
		if c.History != nil {
			err = errors.Join(err, c.History.Close())
		}
	})
	return err
}

// usedModels finds models for the chat and notes when each was last used.
type usedModels struct{ core *Core }

func (u usedModels) Model(ctx context.Context, ref string) (backend.Model, error) {
	m, err := u.core.Resolve(ctx, ref)
	if err == nil {
		if err := u.core.History.Put(ctx, lastUsedKey(m.Ref), time.Now().UnixMilli()); err != nil {
			slog.Warn("last use not stored", "error", err)
		}
	}
	return m, err
}

func lastUsedKey(ref string) string { return "lastUsed/" + ref }

// Resolve finds a model by its reference, or by its name alone where that is clear. An empty reference means the
// default model, or the only one.
func (c *Core) Resolve(ctx context.Context, ref string) (backend.Model, error) {
	if ref != "" {
		return c.Models.Model(ctx, ref)
	}
	if chosen := c.Settings(ctx).DefaultModel; chosen != "" {
		if m, err := c.Models.Model(ctx, chosen); err == nil {
			return m, nil
		}
	}
	models, err := c.Models.Models(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	if len(models) == 0 {
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "There is no model yet.", "Add the starter model or import a GGUF file on the Library page.")
	}
	return models[0], nil
}

// ImportStarter puts the starter model into the library when its file came with the app and it is not there yet. It
// says whether the library has it.
func (c *Core) ImportStarter(ctx context.Context, progress func(done, total int64)) (backend.Model, error) {
	if m, err := c.Models.Model(ctx, library.StarterRef); err == nil {
		return m, nil
	}
	path, ok := library.FindStarter(c.starterDirs())
	if !ok {
		return backend.Model{}, backend.Fail(backend.CodeStarterMissing, nil, "The starter model did not come with this copy of Weightroom.", "Run make starter, or import a GGUF file that you have.")
	}
	return c.Models.Import(ctx, path, library.StarterOptions(progress))
}

// starterDirs is where a package and a checkout keep the starter's file.
func (c *Core) starterDirs() []string {
	dir := filepath.Dir(c.executable)
	if real, err := filepath.EvalSymlinks(c.executable); err == nil {
		dir = filepath.Dir(real)
	}
	return []string{
		filepath.Join(dir, "..", "share", "weightroom"),
		filepath.Join(dir, "share", "weightroom"),
		filepath.Join(dir, "..", "Resources"),
	}
}

// firstStart fills an empty library with the starter, quietly: a chat must be possible with no network at all.
func (c *Core) firstStart(ctx context.Context) (added bool) {
	models, err := c.Models.Models(ctx)
	if err != nil || len(models) > 0 {
		return false
	}
	if _, err := c.ImportStarter(ctx, nil); err != nil {
		slog.Info("starter not added", "error", err)
		return false
	}
	return true
}

// FirstStart is firstStart for commands.
func (c *Core) FirstStart(ctx context.Context) { c.firstStart(ctx) }

// Answer runs one prompt without storing it. A context length of 0 takes the setting's, or the model's where that is
// shorter.
func (c *Core) Answer(ctx context.Context, m backend.Model, p backend.Prompt, emit func(backend.Delta)) (backend.Metrics, error) {
	p.Model, p.Bytes = m.Ref, m.Bytes
	if p.Sampling.ContextLength == 0 {
		p.Sampling.ContextLength = c.Settings(ctx).ContextLength
	}
	if m.ContextLength > 0 {
		p.Sampling.ContextLength = min(p.Sampling.ContextLength, m.ContextLength)
	}
	if err := c.allow(ctx, m, p.Sampling.ContextLength); err != nil {
		return backend.Metrics{}, err
	}
	return c.Engine.Answer(ctx, p, emit)
}

// ExportChat gives a chat as "json" or "markdown", and a name for its file.
func (c *Core) ExportChat(ctx context.Context, id, format string) (text []byte, name string, err error) {
	chat, err := c.History.Chat(ctx, id)
	if err != nil {
		return nil, "", err
	}
	archive, err := c.History.Export(ctx, id)
	if err != nil {
		return nil, "", err
	}
	if format == "markdown" {
		return []byte(archive.Markdown()), fileName(chat.Title) + ".md", nil
	}
	text, err = archive.JSON()
	return text, fileName(chat.Title) + ".json", err
}

// fileName makes a title safe as a file's name on every system.
func fileName(title string) string {
	safe := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return ' '
	}, title)
	safe = strings.Join(strings.Fields(safe), "-")
	if safe == "" {
		return "chat"
	}
	return safe
}
