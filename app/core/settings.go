package core

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"weightroom/backend"
)

const settingsKey = "settings"

// What the settings may be, beside the limits of every question (backend.ContextLengths and its neighbours).
var (
	Themes           = []string{"system", "light", "dark"}
	SendKeys         = []string{"enter", "ctrl-enter"}
	KeepAliveMinutes = backend.Range{Least: -1, Most: 7 * 24 * 60} // -1: until the app closes
	DownloadsAtOnce  = backend.Range{Least: 1, Most: 8}
	Threads          = backend.Range{Least: 0, Most: 1024} // 0: as many as the machine allows
	TextSizes        = backend.Range{Least: 80, Most: 200} // percent
	StartPages       = []string{"last", "new", "discover", "library", "lab", "machine"}
)

// DefaultSettings are the settings of a fresh start.
func DefaultSettings() backend.Settings {
	return backend.Settings{
		Theme: "system", Temperature: -1, ContextLength: 8192, KeepAliveMinutes: 10, SendWith: "enter", ShowFigures: true,
		DownloadsAtOnce: 1, TextSize: 100, StartPage: "last",
	}
}

// Settings returns the person's choices, or the defaults where there is no history.
func (c *Core) Settings(ctx context.Context) backend.Settings {
	s := DefaultSettings()
	if c.History != nil {
		if _, err := c.History.Get(ctx, settingsKey, &s); err != nil {
			slog.Warn("settings not read", "error", err)
			return DefaultSettings()
		}
	}
	return s
}

// SetSettings stores the person's choices. stale reports that the engine has to be started anew to know of them.
func (c *Core) SetSettings(ctx context.Context, s backend.Settings) (stale bool, err error) {
	if err := checkSettings(s); err != nil {
		return false, err
	}
	before := c.Machine.Tuning()
	if err := c.History.Put(ctx, settingsKey, s); err != nil {
		return false, err
	}
	c.Downloads.Apply(ctx, s)
	return c.Machine.Tuning() != before, nil
}

// sampling is what a chat leaves open.
func sampling(s backend.Settings) backend.Sampling {
	out := backend.Sampling{ContextLength: max(0, s.ContextLength)}
	if s.Temperature >= 0 {
		out.Temperature = &s.Temperature
	}
	return out
}

// checkSettings keeps absurd values out of the settings.
func checkSettings(s backend.Settings) error {
	bad := func(message, hint string) error { return backend.Fail(backend.CodeInvalid, nil, message, hint) }
	if s.Temperature != -1 {
		if err := (backend.Sampling{Temperature: &s.Temperature}).Check(); err != nil {
			return err
		}
	}
	if err := backend.CheckContextLength(s.ContextLength); err != nil {
		return err
	}
	switch {
	case !slices.Contains(Themes, s.Theme):
		return bad("There is no theme called "+s.Theme+".", "Choose system, light or dark.")
	case !slices.Contains(SendKeys, s.SendWith):
		return bad("Messages can't be sent with "+s.SendWith+".", "Choose enter or ctrl-enter.")
	case !KeepAliveMinutes.Holds(s.KeepAliveMinutes):
		return bad("A model can be kept for at most a week.", "Choose a shorter time, or until the app closes.")
	case s.SpeedLimit < 0 || s.SpeedLimit > 1e12:
		return bad("A speed limit must be above zero.", "Clear the field for no limit.")
	case !DownloadsAtOnce.Holds(s.DownloadsAtOnce):
		return bad(fmt.Sprintf("The number of downloads at once must be %s.", DownloadsAtOnce), "One is usually as fast as several.")
	case !TextSizes.Holds(s.TextSize):
		return bad(fmt.Sprintf("The size of text must be %s percent.", TextSizes), "100 is the usual size.")
	case !slices.Contains(StartPages, s.StartPage):
		return bad("The window can't open on "+s.StartPage+".", "Choose last, new, discover, library, lab or machine.")
	case !Threads.Holds(s.Threads):
		return bad(fmt.Sprintf("The number of threads must be %s.", Threads), "0 takes as many as the machine allows.")
	}
	return nil
}
