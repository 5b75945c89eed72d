package chat_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/runnertest"
)

func TestChatsAreAnsweredInTheOrderInWhichTheyAsked(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	b := newBench(t, &runnertest.Fake{Model: model, Words: words(40), Pace: 2 * time.Millisecond, Asked: func(p backend.Prompt) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, p.Messages[0].Text)
	}}, nil)
	other := func() string {
		c, err := b.store.CreateChat(t.Context(), backend.Chat{Model: model})
		if err != nil {
			t.Fatal(err)
		}
		return c.ID
	}
	second, third, fourth := other(), other(), other()
	b.send(t, "", "first")
	for _, c := range []struct{ id, text string }{{second, "second"}, {third, "third"}, {fourth, "fourth"}} {
		if _, _, err := b.Send(t.Context(), c.id, "", c.text); err != nil {
			t.Fatal(err)
		}
	}
	b.Stop(third) // while it waits: the others don't wait for it
	states := map[string]backend.MessageState{}
	for range 4 {
		e := <-b.ended
		states[e.Message.ChatID] = e.Message.State
	}
	if states[third] != backend.StateStopped || states[fourth] != backend.StateDone || strings.Join(asked, " ") != "first second fourth" {
		t.Errorf("%v, asked %v", states, asked)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Message.ChatID == second && e.Phase == backend.PhaseWaiting && e.Behind == b.chat.ID {
			return
		}
	}
	t.Error("the second chat was not told which one is answered first")
}

func TestContinue(t *testing.T) {
	var last backend.Prompt
	b := newBench(t, &runnertest.Fake{Model: model, Words: words(30), Pace: 2 * time.Millisecond, Asked: func(p backend.Prompt) { last = p }}, nil)
	user, answer := b.send(t, "", "hello")
	b.writes(t)
	b.Stop(b.chat.ID)
	stopped := b.end(t, answer.ID)
	if last.Continues() {
		t.Error("the first prompt goes on with an answer")
	}
	asked, again, err := b.Continue(t.Context(), b.chat.ID, answer.ID)
	if err != nil || asked.ID != user.ID || again.ID != answer.ID || again.State != backend.StateStreaming || again.Text != stopped.Text {
		t.Fatalf("%+v, %v", again, err)
	}
	whole := b.end(t, answer.ID)
	if whole.State != backend.StateDone || whole.Text != stopped.Text+strings.Join(words(30), "") || whole.Metrics.Tokens != stopped.Metrics.Tokens+30 {
		t.Errorf("%s, %q, %+v", whole.State, whole.Text, whole.Metrics)
	}
	if !last.Continues() || last.Messages[len(last.Messages)-1].Text != stopped.Text {
		t.Errorf("%+v", last.Messages)
	}
	length := 0
	b.mu.Lock()
	for _, e := range b.events {
		if e.Text != "" && e.Offset != length {
			t.Errorf("a delta at %d, not at %d", e.Offset, length)
		}
		length += len(e.Text)
	}
	b.mu.Unlock()
	for name, id := range map[string]string{"a message of one's own": user.ID, "no message": "nothing"} {
		if _, _, err := b.Continue(context.Background(), b.chat.ID, id); err == nil {
			t.Errorf("%s was continued", name)
		}
	}
	_, next := b.send(t, answer.ID, "and then?")
	b.end(t, next.ID)
	if _, _, err := b.Continue(t.Context(), b.chat.ID, answer.ID); backend.Readable(err).Code != backend.CodeInvalid {
		t.Errorf("an answer that others follow: %v", err)
	}
}
