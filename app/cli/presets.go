package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/platform"
)

// presetRow is a row of presets.
type presetRow struct {
	Name     string           `json:"name"`
	BuiltIn  bool             `json:"builtIn"`
	System   string           `json:"system"`
	Sampling backend.Sampling `json:"sampling"`
}

func presetsCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "presets", Short: "List the named settings that run --preset takes", Args: noArgs,
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error {
			all := rows(c.Presets(ctx), func(p core.Preset) presetRow { return presetRow(p) })
			return list(s, "presets", all, "There are no presets.", "NAME\tFROM\tSETTINGS\tSYSTEM PROMPT", func(p presetRow) string {
				from := "you"
				if p.BuiltIn {
					from = "the app"
				}
				return fmt.Sprintf("%s\t%s\t%s\t%s", p.Name, from, settingsWords(p.Sampling), firstLine(p.System))
			})
		}),
	}
}

// settingsWords says what a preset sets.
func settingsWords(s backend.Sampling) string {
	var words []string
	number := func(name string, n *float64) {
		if n != nil {
			words = append(words, fmt.Sprintf("%s %g", name, *n))
		}
	}
	whole := func(name string, n int64, set bool) {
		if set {
			words = append(words, fmt.Sprintf("%s %d", name, n))
		}
	}
	number("temperature", s.Temperature)
	number("top-p", s.TopP)
	if s.TopK != nil {
		whole("top-k", int64(*s.TopK), true)
	}
	number("min-p", s.MinP)
	number("repeat-penalty", s.RepeatPenalty)
	for _, word := range s.Stop {
		words = append(words, fmt.Sprintf("stop %q", word)) // a line break or a tab would break the table
	}
	if s.Seed != nil {
		whole("seed", *s.Seed, true)
	}
	whole("max-tokens", int64(s.MaxTokens), s.MaxTokens > 0)
	whole("context", int64(s.ContextLength), s.ContextLength > 0)
	return strings.Join(words, ", ")
}

// firstLine is the beginning of a text, for a table.
func firstLine(text string) string {
	const most = 40
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if letters := []rune(line); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return line
}

// preset finds a preset by its name. Where a window has the history, it is asked for the presets alone, so that the
// question itself is answered here.
func (s *session) preset(ctx context.Context, name string) (core.Preset, error) {
	var all []core.Preset
	asking := *s
	asking.args = []string{"presets", "--json"}
	handed := false
	asking.handed = func(_ context.Context, r *platform.Reply) error {
		var answer struct {
			Presets []presetRow `json:"presets"`
		}
		if err := json.Unmarshal([]byte(r.Stdout), &answer); err != nil {
			return backend.Fail(backend.CodeInternal, err, "The open Weightroom did not say which presets there are.", "Close it, or start the newest version.")
		}
		all, handed = rows(answer.Presets, func(p presetRow) core.Preset { return core.Preset(p) }), true
		return nil
	}
	c, done, err := s.open(ctx, &asking, true)
	switch {
	case handed:
	case err != nil:
		return core.Preset{}, err
	default:
		all = c.Presets(ctx)
		done()
	}
	return core.FindPreset(all, name)
}
