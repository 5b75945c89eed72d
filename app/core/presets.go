package core

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"weightroom/backend"
)

const (
	presetsKey  = "presets"
	presetRunes = 60
)

// Preset is a named way of drawing answers.
type Preset struct {
	Name     string           `json:"name"`
	BuiltIn  bool             `json:"-"` // comes with the app, and leaves the system prompt and the lengths alone
	System   string           `json:"system"`
	Sampling backend.Sampling `json:"sampling"`
}

// builtInPresets differ in how far an answer may stray from the likeliest words.
func builtInPresets() []Preset {
	preset := func(name string, temperature, topP, minP float64, topK int) Preset {
		return Preset{Name: name, BuiltIn: true, Sampling: backend.Sampling{Temperature: &temperature, TopP: &topP, MinP: &minP, TopK: &topK}}
	}
	return []Preset{
		preset("Precise", 0.2, 0.9, 0.05, 40),
		preset("Balanced", 0.7, 0.9, 0.05, 40),
		preset("Creative", 1.1, 0.95, 0.05, 0),
	}
}

// Presets returns the named settings: those that come with the app, then the person's own by name.
func (c *Core) Presets(ctx context.Context) []Preset {
	var own []Preset
	if _, err := c.History.Get(ctx, presetsKey, &own); err != nil {
		slog.Warn("presets not read", "error", err)
	}
	return append(builtInPresets(), own...)
}

// FindPreset finds one of all presets by its name.
func FindPreset(all []Preset, name string) (Preset, error) {
	i := slices.IndexFunc(all, sameName(strings.Join(strings.Fields(name), " ")))
	if i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	return Preset{}, backend.Fail(backend.CodeNotFound, nil, "There is no preset called "+name+".", "Choose one of these: "+strings.Join(names, ", ")+".")
}

// SavePreset keeps a preset, in place of the person's own of that name, and returns all.
func (c *Core) SavePreset(ctx context.Context, p Preset) ([]Preset, error) {
	p.Name = strings.Join(strings.Fields(p.Name), " ")
	switch {
	case p.Name == "":
		return nil, backend.Fail(backend.CodeInvalid, nil, "A preset needs a name.", "Write at least one letter.")
	case utf8.RuneCountInString(p.Name) > presetRunes:
		return nil, backend.Fail(backend.CodeInvalid, nil, "This name is too long.", "Use at most 60 letters.")
	case slices.ContainsFunc(builtInPresets(), sameName(p.Name)):
		return nil, backend.Fail(backend.CodeInvalid, nil, "The preset "+p.Name+" comes with the app.", "Choose another name.")
	}
	if err := p.Sampling.Check(); err != nil {
		return nil, err
	}
	var own []Preset
	err := c.History.Update(ctx, presetsKey, &own, func() error {
		own = append(slices.DeleteFunc(own, sameName(p.Name)), p)
		slices.SortFunc(own, func(a, b Preset) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
		return nil
	})
	return append(builtInPresets(), own...), err
}

// DeletePreset forgets one of the person's own presets and returns those that are left. To forget an unknown one is no error.
func (c *Core) DeletePreset(ctx context.Context, name string) ([]Preset, error) {
	var own []Preset
	err := c.History.Update(ctx, presetsKey, &own, func() error {
		own = slices.DeleteFunc(own, sameName(name))
		return nil
	})
	return append(builtInPresets(), own...), err
}

func sameName(name string) func(Preset) bool {
	return func(p Preset) bool { return strings.EqualFold(p.Name, name) }
}
