//go:build engine && linux

package engine

import (
	"strings"
	"testing"

	"weightroom/backend"
)

// TestAnAnswerGoesOnWhereItEnded holds that an answer that was cut is continued in its own message, without its first words
// again and in the same way as if it had not been cut.
func TestAnAnswerGoesOnWhereItEnded(t *testing.T) {
	e := newReal(t)
	write := func(p backend.Prompt) (string, backend.Metrics) {
		t.Helper()
		var text strings.Builder
		m, err := e.Answer(t.Context(), p, func(d backend.Delta) { text.WriteString(d.Text) })
		if err != nil {
			t.Fatal(err)
		}
		return text.String(), m
	}
	whole, asked := write(prompt(story, 48))
	cut, _ := write(prompt(story, 24))
	p := prompt(story, 24)
	p.Messages = append(p.Messages, backend.Message{Role: backend.RoleAssistant, Text: cut})
	rest, m := write(p)
	t.Logf("%q goes on with %q", cut, rest)
	if !strings.HasPrefix(whole, cut) {
		t.Skip("this machine's arithmetic is not the same twice")
	}
	if cut+rest != whole {
		t.Errorf("%q, and not %q", cut+rest, whole)
	}
	if m.PromptTokens < asked.PromptTokens+20 {
		t.Errorf("%d prompt tokens, %d without the answer", m.PromptTokens, asked.PromptTokens)
	}
}
