package core

import (
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/advisor"
)

// TestOwnAnswersTellHowLongAModelThinks holds that the median of at least five answers replaces what is assumed, and that
// those of chats from before count.
func TestOwnAnswersTellHowLongAModelThinks(t *testing.T) {
	c := open(t)
	model := smallModel(t, c, "qwen3-4b:Q4_K_M")
	id, _, _ := c.Catalog.Entry(model)
	answer := func(thought int) backend.Message {
		return backend.Message{
			Role: backend.RoleAssistant, Model: model.Ref, State: backend.StateDone, Created: time.Now(),
			Thinking: strings.Repeat("t", thought), Text: strings.Repeat("a", 1000-thought), Metrics: backend.Metrics{Tokens: 4000},
		}
	}
	known := func() (advisor.Figure, bool) {
		return c.Advice.LocalRuns(t.Context(), advisor.Memory{}).Thoughts(id)
	}
	chat, err := c.History.CreateChat(t.Context(), backend.Chat{Title: "before", Model: model.Ref})
	if err != nil {
		t.Fatal(err)
	}
	for _, thought := range []int{100, 900} {
		m := answer(thought)
		m.ChatID = chat.ID
		if _, err := c.History.AddMessage(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, thought := range []int{200, 300} {
		c.Advice.NoteAnswer(t.Context(), answer(thought))
	}
	if f, ok := known(); ok {
		t.Errorf("four answers tell %+v", f)
	}
	c.Advice.NoteAnswer(t.Context(), answer(400))
	if f, ok := known(); !ok || f.Value != 1200 || f.Error < 0.1 {
		t.Errorf("five answers tell %+v, %t", f, ok)
	}
}
