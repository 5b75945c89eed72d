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
		return c.Advice.LocalRuns(t.Context(), advisor.Memory{}, "").Thoughts(id)
	}
	chat, err := c.History.CreateChat(t.Context(), backend.Chat{Title: "before", Model: model.Ref})
	if err != nil {
		t.Fatal(err)
	}
	for _, thought := range []int{100, 900, 200, 300} {
		m := answer(thought)
		m.ChatID = chat.ID
		if m, err = c.History.AddMessage(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		c.Advice.NoteAnswer(t.Context(), m)
	}
	// An answer has no chats read: that is done where nobody waits for it.
	if found, err := c.History.Get(t.Context(), "thoughts", &map[string][]int{}); err != nil || found {
		t.Errorf("read at an answer: %t, %v", found, err)
	}
	for range 2 { // the second time there is nothing to read
		if err := c.Advice.ReadThoughts(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if f, ok := known(); ok {
		t.Errorf("four answers tell %+v", f)
	}
	c.Advice.NoteAnswer(t.Context(), answer(400))
	if f, ok := known(); !ok || f.Value != 1200 || f.Error < 0.1 {
		t.Errorf("five answers tell %+v, %t", f, ok)
	}
}
