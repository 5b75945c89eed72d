//go:build engine

package core

import (
	"context"
	"testing"

	"weightroom/backend"
)

// A chosen template is what the engine prompts by, also where the file has one of its own and the model is in memory.
func TestTheEnginePromptsByTheChosenTemplate(t *testing.T) {
	c, m := realCore(t)
	read := func(what string) int {
		t.Helper()
		now, err := c.Library.Model(t.Context(), m.Ref)
		if err != nil {
			t.Fatal(err)
		}
		p := backend.Prompt{Model: m.Ref, System: "Be kind.", Messages: []backend.Message{{Role: backend.RoleUser, Text: "Count to three, please."}}}
		p.Sampling.ContextLength, p.Sampling.MaxTokens = 1024, 2
		metrics, err := c.Machine.Answer(context.WithoutCancel(t.Context()), now, p, func(backend.Delta) {})
		if err != nil || metrics.PromptTokens == 0 {
			t.Fatalf("%s: %+v, %v", what, metrics, err)
		}
		t.Log(what, metrics.PromptTokens)
		return metrics.PromptTokens
	}
	set := func(chosen, text string) {
		t.Helper()
		if _, err := c.Models.SetTemplate(t.Context(), m.Ref, chosen, text); err != nil {
			t.Fatal(err)
		}
	}
	own := read("own")
	set("custom", "{{ range .Messages }}{{ .Content }}\n{{ end }}")
	if bare := read("bare"); bare >= own {
		t.Errorf("%d tokens without a mark, %d with the marks of its own", bare, own)
	}
	set("chatml", "")
	if got := read("chatml"); got != own {
		t.Errorf("%d tokens by ChatML, which is the way of its own: %d", got, own)
	}
	set("", "")
	if again := read("own again"); again != own {
		t.Errorf("%d tokens by its own again, not %d", again, own)
	}
}
