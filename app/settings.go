package app

import (
	"context"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/backend"
	"weightroom/backend/engine"
)

// Version is the app's, set by the linker when a release is built.
var Version = "0.1.0" //nolint:gochecknoglobals // the linker needs a variable

const settingsKey = "settings"

// defaults are the settings of a fresh start.
func defaults() Preferences {
	return Preferences{
		Theme: "system", Temperature: -1, ContextLength: 8192, KeepAliveMinutes: 10, SendWith: "enter", ShowFigures: true,
		DownloadsAtOnce: 1,
	}
}

// Settings gives the person's choices, or the defaults where there is no history.
func (c *Core) Settings(ctx context.Context) Preferences {
	p := defaults()
	if c.History != nil {
		if _, err := c.History.Get(ctx, settingsKey, &p); err != nil {
			slog.Warn("settings not read", "error", err)
			return defaults()
		}
	}
	return p
}

// tuning is what of the settings reaches the engine when it starts.
func (c *Core) tuning() engine.Tuning {
	p := c.Settings(context.Background())
	keep := time.Duration(p.KeepAliveMinutes) * time.Minute
	return engine.Tuning{KeepAlive: keep, Threads: p.Threads, Models: int(c.together.Load())}
}

// sampling is what a chat leaves open.
func (p Preferences) sampling() backend.Sampling {
	return samplingOf(ChatOptions{Temperature: p.Temperature, TopP: -1, Seed: -1, ContextLength: p.ContextLength})
}

// check keeps absurd values out of the settings.
func (p Preferences) check() error {
	bad := func(message, hint string) error { return backend.Fail(backend.CodeInvalid, nil, message, hint) }
	switch {
	case !slices.Contains([]string{"system", "light", "dark"}, p.Theme):
		return bad("There is no theme called "+p.Theme+".", "Choose system, light or dark.")
	case !slices.Contains([]string{"enter", "ctrl-enter"}, p.SendWith):
		return bad("Messages can't be sent with "+p.SendWith+".", "Choose enter or ctrl-enter.")
	case p.ContextLength < 512 || p.ContextLength > 1<<20:
		return bad("The context length must be between 512 and 1,048,576 tokens.", "8192 suits most machines.")
	case p.Temperature != -1 && (p.Temperature < 0 || p.Temperature > 2):
		return bad("The temperature must be between 0 and 2.", "Clear the field for the model's own default.")
	case p.KeepAliveMinutes < -1 || p.KeepAliveMinutes > 7*24*60:
		return bad("A model can be kept for at most a week.", "Choose a shorter time, or until the app closes.")
	case p.SpeedLimit < 0 || p.SpeedLimit > 1e12:
		return bad("A speed limit must be above zero.", "Clear the field for no limit.")
	case p.DownloadsAtOnce < 1 || p.DownloadsAtOnce > 8:
		return bad("Between one and eight downloads can run at once.", "One is usually as fast as several.")
	case p.Threads < 0 || p.Threads > 1024:
		return bad("The number of threads must be between 0 and 1024.", "0 lets the engine choose.")
	}
	return nil
}

// Settings is the bound service behind the Settings page.
type Settings struct{ window *Window }

// Get gives the person's choices.
func (s *Settings) Get() (Preferences, error) {
	return call("Settings.Get", func() (Preferences, error) {
		core, err := s.window.Core()
		if err != nil {
			return defaults(), err
		}
		return core.Settings(s.window.ctx), nil
	})
}

// Set stores the person's choices and gives them back. What the engine must know restarts it once it is idle.
func (s *Settings) Set(p Preferences) (Preferences, error) {
	return call("Settings.Set", func() (Preferences, error) {
		core, err := s.window.Core()
		if err != nil {
			return defaults(), err
		}
		if err := p.check(); err != nil {
			return core.Settings(s.window.ctx), err
		}
		before := core.tuning()
		if err := core.History.Put(s.window.ctx, settingsKey, p); err != nil {
			return core.Settings(s.window.ctx), err
		}
		core.setNetwork(s.window.ctx, p)
		if core.tuning() != before {
			s.window.work.Go(func() {
				if err := core.Engine.RestartWhenIdle(s.window.ctx); err != nil {
					slog.Warn("engine not restarted", "error", err)
				}
			})
		}
		return p, nil
	})
}

// About says what runs and where it keeps things.
func (s *Settings) About() (About, error) {
	return call("Settings.About", func() (About, error) {
		about := About{Version: Version, DataFolder: s.window.folders.Data, LogFile: filepath.Join(s.window.folders.Logs, "weightroom.log")}
		if core, err := s.window.Core(); err == nil {
			if ledger, err := core.Ledger(s.window.ctx); err == nil {
				about.BytesOut = ledger.BytesOut
			}
		}
		return about, nil
	})
}

// Startup waits until the app is open and says how that went. It never fails.
func (s *Settings) Startup() StartReport {
	core, err := s.window.Core()
	s.window.asked.Do(func() {
		slog.Info("page is up", "seconds", time.Since(s.window.began).Seconds())
	})
	if err != nil {
		return StartReport{Problem: problemOf(backend.Readable(err))}
	}
	return StartReport{Notice: core.Notice}
}

// OpenLink opens a web address in the system's browser. The page has shown it and asked.
func (s *Settings) OpenLink(address string) error {
	return do("Settings.OpenLink", func() error {
		u, err := url.Parse(address)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto") {
			return backend.Fail(backend.CodeInvalid, err, "This link is not a web or mail address.", "Copy it and open it by hand if you trust it.")
		}
		runtime.BrowserOpenURL(s.window.ctx, u.String())
		return nil
	})
}

// Copy puts text on the clipboard.
func (s *Settings) Copy(text string) error {
	return do("Settings.Copy", func() error {
		return runtime.ClipboardSetText(s.window.ctx, text)
	})
}
