package app

import (
	"log/slog"
	"net/url"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/app/core"
	"weightroom/backend"
)

// Settings is the bound service behind the Settings page.
type Settings struct{ host *host }

// Get returns the person's choices.
func (s *Settings) Get() (Preferences, error) {
	return call("Settings.Get", func() (Preferences, error) {
		c, err := s.host.Core()
		if err != nil {
			return Preferences(core.DefaultSettings()), err
		}
		return Preferences(c.Settings(s.host.ctx)), nil
	})
}

// Set stores the person's choices and returns them. What the engine must know restarts it once it is idle.
func (s *Settings) Set(p Preferences) (Preferences, error) {
	return call("Settings.Set", func() (Preferences, error) {
		c, err := s.host.Core()
		if err != nil {
			return Preferences(core.DefaultSettings()), err
		}
		zoomed := p.TextSize != c.Settings(s.host.ctx).TextSize
		stale, err := c.SetSettings(s.host.ctx, backend.Settings(p))
		if err != nil {
			return Preferences(c.Settings(s.host.ctx)), err
		}
		if zoomed {
			zoomWindow(p.TextSize)
		}
		if stale {
			s.host.work.Go(func() {
				if err := c.Engine.RestartWhenIdle(s.host.ctx); err != nil {
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
		return Limits{
			Defaults:      Preferences(core.DefaultSettings()),
			ContextLength: Range(backend.ContextLengths), AnswerLength: Range(backend.AnswerLengths), Seed: Range(backend.Seeds),
			MaxTemperature: backend.MaxTemperature, MaxTopP: backend.MaxTopP, MaxMinP: backend.MaxMinP, TopK: Range(backend.TopKs),
			LeastRepeatPenalty: backend.LeastRepeatPenalty, MaxRepeatPenalty: backend.MaxRepeatPenalty,
			KeepAliveMinutes: Range(core.KeepAliveMinutes), DownloadsAtOnce: Range(core.DownloadsAtOnce), Threads: Range(core.Threads),
			TextSize: Range(core.TextSizes), WindowZooms: windowZooms,
		}, nil
	})
}

// About says what runs and where it keeps things.
func (s *Settings) About() (About, error) {
	return call("Settings.About", func() (About, error) {
		about := About{Version: core.Version, DataFolder: s.host.folders.Data, LogFile: s.host.appLog()}
		if c, err := s.host.Core(); err == nil {
			build := c.Machine.Build()
			about.Engine, about.LlamaCpp = build.Ollama, build.LlamaCpp
			if ledger, err := c.Downloads.Ledger(s.host.ctx); err == nil {
				about.BytesOut = ledger.BytesOut
			}
		}
		return about, nil
	})
}

// OpenData opens the data folder in the system's own viewer.
func (s *Settings) OpenData() error {
	return do("Settings.OpenData", func() error { return openPath(s.host.ctx, s.host.folders.Data) })
}

// OpenAppLog opens the app's log in the system's own viewer.
func (s *Settings) OpenAppLog() error {
	return do("Settings.OpenAppLog", func() error { return openPath(s.host.ctx, s.host.appLog()) })
}

// Startup waits until the app is open and says how that went, and what an earlier page kept. It never fails.
func (s *Settings) Startup() StartReport {
	c, err := s.host.Core()
	s.host.asked.Do(func() {
		slog.Info("page is up", "seconds", time.Since(s.host.began).Seconds())
	})
	kept, again := s.host.page.begin()
	report := StartReport{Kept: kept, Again: again, Stored: map[string]string{}}
	if err != nil {
		report.Problem = problemOf(backend.Readable(err))
		return report
	}
	report.Stored = stored(s.host.ctx, c)
	if !again {
		report.Notice = noticeOf(c.Recovery)
	}
	return report
}

// OpenLink opens a web address in the system's browser. The page has shown it and asked.
func (s *Settings) OpenLink(address string) error {
	return do("Settings.OpenLink", func() error {
		u, err := url.Parse(address)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto") {
			return backend.Fail(backend.CodeInvalid, err, "This link is not a web or mail address.", "Copy it and open it by hand if you trust it.")
		}
		runtime.BrowserOpenURL(s.host.ctx, u.String())
		return nil
	})
}

// Copy puts text on the clipboard.
func (s *Settings) Copy(text string) error {
	return do("Settings.Copy", func() error {
		return runtime.ClipboardSetText(s.host.ctx, text)
	})
}
