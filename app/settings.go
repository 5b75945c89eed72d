package app

import (
	"log/slog"
	"net/url"
	"path/filepath"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/app/core"
	"weightroom/backend"
)

// Settings is the bound service behind the Settings page.
type Settings struct{ window *Window }

// Get returns the person's choices.
func (s *Settings) Get() (Preferences, error) {
	return call("Settings.Get", func() (Preferences, error) {
		c, err := s.window.Core()
		if err != nil {
			return Preferences(core.DefaultSettings()), err
		}
		return Preferences(c.Settings(s.window.ctx)), nil
	})
}

// Set stores the person's choices and returns them. What the engine must know restarts it once it is idle.
func (s *Settings) Set(p Preferences) (Preferences, error) {
	return call("Settings.Set", func() (Preferences, error) {
		c, err := s.window.Core()
		if err != nil {
			return Preferences(core.DefaultSettings()), err
		}
		stale, err := c.SetSettings(s.window.ctx, backend.Settings(p))
		if err != nil {
			return Preferences(c.Settings(s.window.ctx)), err
		}
		if stale {
			s.window.work.Go(func() {
				if err := c.Engine.RestartWhenIdle(s.window.ctx); err != nil {
					slog.Warn("engine not restarted", "error", err)
				}
			})
		}
		return p, nil
	})
}

// Limits returns what the settings may be, and what they are at a fresh start.
func (s *Settings) Limits() (Limits, error) {
	return call("Settings.Limits", func() (Limits, error) {
		l := core.SettingsLimits()
		return Limits{
			Defaults:      Preferences(core.DefaultSettings()),
			ContextLength: Range(l.ContextLength), KeepAliveMinutes: Range(l.KeepAliveMinutes), DownloadsAtOnce: Range(l.DownloadsAtOnce),
			Threads: Range(l.Threads), MaxTemperature: l.Temperature,
		}, nil
	})
}

// About says what runs and where it keeps things.
func (s *Settings) About() (About, error) {
	return call("Settings.About", func() (About, error) {
		about := About{Version: core.Version, DataFolder: s.window.folders.Data, LogFile: filepath.Join(s.window.folders.Logs, "weightroom.log")}
		if c, err := s.window.Core(); err == nil {
			if ledger, err := c.Downloads.Ledger(s.window.ctx); err == nil {
				about.BytesOut = ledger.BytesOut
			}
		}
		return about, nil
	})
}

// Startup waits until the app is open and says how that went. It never fails.
func (s *Settings) Startup() StartReport {
	c, err := s.window.Core()
	s.window.asked.Do(func() {
		slog.Info("page is up", "seconds", time.Since(s.window.began).Seconds())
	})
	if err != nil {
		return StartReport{Problem: problemOf(backend.Readable(err))}
	}
	return StartReport{Notice: noticeOf(c.Recovery)}
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
