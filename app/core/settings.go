package core

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"weightroom/backend"
)

const settingsKey = "settings"

// Range is what a number may be.
type Range struct{ Least, Most int }

// Limits are what the settings may be.
type Limits struct {
	Themes           []string
	SendWith         []string
	ContextLength    Range // tokens
	KeepAliveMinutes Range // -1: until the app closes
	DownloadsAtOnce  Range
	Threads          Range   // 0: the engine chooses
	Temperature      float64 // at most; -1: the model's default
}

// SettingsLimits returns what the settings may be.
func SettingsLimits() Limits {
	return Limits{
		Themes: []string{"system", "light", "dark"}, SendWith: []string{"enter", "ctrl-enter"}, ContextLength: Range{512, 1 << 20},
		KeepAliveMinutes: Range{-1, 7 * 24 * 60}, DownloadsAtOnce: Range{1, 8}, Threads: Range{0, 1024}, Temperature: 2,
	}
}

// DefaultSettings are the settings of a fresh start.
func DefaultSettings() backend.Settings {
	return backend.Settings{
		Theme: "system", Temperature: -1, ContextLength: 8192, KeepAliveMinutes: 10, SendWith: "enter", ShowFigures: true,
		DownloadsAtOnce: 1,
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
	l := SettingsLimits()
	outside := func(n int, r Range) bool { return n < r.Least || n > r.Most }
	switch {
	case !slices.Contains(l.Themes, s.Theme):
		return bad("There is no theme called "+s.Theme+".", "Choose system, light or dark.")
	case !slices.Contains(l.SendWith, s.SendWith):
		return bad("Messages can't be sent with "+s.SendWith+".", "Choose enter or ctrl-enter.")
	case outside(s.ContextLength, l.ContextLength):
		return bad("The context length must be between 512 and 1,048,576 tokens.", "8192 suits most machines.")
	case s.Temperature != -1 && (s.Temperature < 0 || s.Temperature > l.Temperature):
		return bad("The temperature must be between 0 and 2.", "Clear the field for the model's own default.")
	case outside(s.KeepAliveMinutes, l.KeepAliveMinutes):
		return bad("A model can be kept for at most a week.", "Choose a shorter time, or until the app closes.")
	case s.SpeedLimit < 0 || s.SpeedLimit > 1e12:
		return bad("A speed limit must be above zero.", "Clear the field for no limit.")
	case outside(s.DownloadsAtOnce, l.DownloadsAtOnce):
		return bad("Between one and eight downloads can run at once.", "One is usually as fast as several.")
	case outside(s.Threads, l.Threads):
		return bad(fmt.Sprintf("The number of threads must be between 0 and %d.", l.Threads.Most), "0 lets the engine choose.")
	}
	return nil
}
