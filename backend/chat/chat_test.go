package chat_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"context"

	"weightroom/backend"
	"weightroom/backend/chat"
	"weightroom/backend/runnertest"
	"weightroom/backend/store"
)

const model = "fake:Q4_0"

func words(n int) []string {
	w := make([]string, n)
	for i := range w {
		w[i] = "word "
	}
	return w
}

func TestFakeKeepsTheContract(t *testing.T) {
	runnertest.Contract(t, &runnertest.Fake{Model: model, Words: words(2000), Pace: time.Microsecond}, model, "anything")
}

type models struct{}

func (models) Model(_ context.Context, ref string) (backend.Model, error) {
	if ref != model {
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "not there", "pick another")
	}
	return backend.Model{Ref: model, Name: "Fake", ContextLength: 4096}, nil
}

// bench is a service on a real store with a fake runner.
type bench struct {
	*chat.Service
	store  *store.Store
	chat   backend.Chat
	mu     sync.Mutex
	events []chat.Event
	ended  chan chat.Event
	onEnd  func(chat.Event) // called first, where it is set
}

func newBench(t *testing.T, r backend.Runner, allow func(context.Context, backend.Model, int) error) *bench {
	t.Helper()
	s, _, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{store: s, ended: make(chan chat.Event, 16)}
	b.Service = chat.New(chat.Options{
		Store: s, Models: models{}, Runner: r, Allow: allow,
		Default: func() backend.Sampling { return backend.Sampling{ContextLength: 8192} },
		Event: func(e chat.Event) {
			b.mu.Lock()
			b.events = append(b.events, e)
			b.mu.Unlock()
			if e.End {
				if b.onEnd != nil {
					b.onEnd(e)
				}
				b.ended <- e
			}
		},
	})
	t.Cleanup(func() {
		b.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if b.chat, err = s.CreateChat(t.Context(), backend.Chat{Model: model}); err != nil {
		t.Fatal(err)
	}
	return b
}

// end waits for the end of the answer id and gives it as stored.
func (b *bench) end(t *testing.T, id string) backend.Message {
	t.Helper()
	select {
	case e := <-b.ended:
		if e.Message.ID != id {
			t.Fatalf("the end of %s, not of %s", e.Message.ID, id)
		}
	case <-time.After(time.Minute):
		t.Fatal("no end")
	}
	m, err := b.store.Message(t.Context(), b.chat.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// writes waits for the first words of the answer that streams.
func (b *bench) writes(t *testing.T) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		if m, ok := b.Live(b.chat.ID); ok && m.Text != "" {
			return
		} else if time.Since(begun) > 30*time.Second {
			t.Fatal("no words")
		}
	}
}

func (b *bench) send(t *testing.T, parent, text string) (user, answer backend.Message) {
	t.Helper()
	user, answer, err := b.Send(t.Context(), b.chat.ID, parent, text)
	if err != nil {
		t.Fatal(err)
	}
	return user, answer
}

func TestTurn(t *testing.T) {
	t.Run("the prompt is stored before the engine sees it", func(t *testing.T) {
		fake := &runnertest.Fake{Model: model, Words: words(3)}
		b := newBench(t, fake, nil)
		var stored []backend.Message
		fake.Asked = func(backend.Prompt) { stored, _ = b.store.Messages(context.Background(), b.chat.ID) }
		_, answer := b.send(t, "", "hello")
		b.end(t, answer.ID)
		if len(stored) != 2 || stored[0].Text != "hello" || stored[1].State != backend.StateStreaming {
			t.Errorf("the engine was asked when the store held %v", stored)
		}
	})
	t.Run("the end is stored before anybody hears of it, with the whole text", func(t *testing.T) {
		b := newBench(t, &runnertest.Fake{Model: model, Words: words(50), Pace: time.Millisecond}, nil)
		_, answer := b.send(t, "", "hello")
		m := b.end(t, answer.ID)
		if m.State != backend.StateDone || m.Text != strings.Repeat("word ", 50) || m.Metrics.Tokens != 50 {
			t.Errorf("stored %s, %d bytes, %+v", m.State, len(m.Text), m.Metrics)
		}
		var streamed strings.Builder
		for _, e := range b.events {
			streamed.WriteString(e.Text)
		}
		if streamed.String() != m.Text {
			t.Errorf("streamed %q", streamed.String())
		}
	})
	t.Run("what streams is flushed within about a second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &runnertest.Fake{Model: model, Words: words(400), Pace: 5 * time.Millisecond}, nil)
			_, answer := b.send(t, "", "hello")
			time.Sleep(1500 * time.Millisecond)
			m, err := b.store.Message(t.Context(), b.chat.ID, answer.ID)
			if err != nil || m.Text == "" || m.State != backend.StateStreaming {
				t.Errorf("after 1.5 s: %q, %s, %v", m.Text, m.State, err)
			}
			live, ok := b.Live(b.chat.ID)
			if !ok || len(live.Text) < len(m.Text) {
				t.Errorf("live: %v, %d bytes of %d", ok, len(live.Text), len(m.Text))
			}
			b.Stop(b.chat.ID)
			if _, ok := b.Live(b.chat.ID); ok {
				t.Error("still live after Stop")
			}
		})
	})
	t.Run("Stop keeps the text and returns when it is stored", func(t *testing.T) {
		b := newBench(t, &runnertest.Fake{Model: model, Words: words(10000), Pace: time.Millisecond}, nil)
		_, answer := b.send(t, "", "hello")
		b.writes(t)
		b.Stop(b.chat.ID)
		m, err := b.store.Message(t.Context(), b.chat.ID, answer.ID)
		if err != nil || m.State != backend.StateStopped || m.Text == "" {
			t.Errorf("%s, %q, %v", m.State, m.Text, err)
		}
		if words := strings.Count(m.Text, " "); m.Metrics.PromptTokens != 1 || m.Metrics.Tokens != words {
			t.Errorf("counted %+v of %d words", m.Metrics, words)
		}
	})
	t.Run("what is flushed while an answer streams has its counts, for nothing else is left after a crash", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &runnertest.Fake{Model: model, Words: words(1000), Pace: 50 * time.Millisecond}, nil)
			_, answer := b.send(t, "", "hello")
			time.Sleep(5 * time.Second)
			m, err := b.store.Message(t.Context(), b.chat.ID, answer.ID)
			if words := strings.Count(m.Text, " "); err != nil || words == 0 || m.Metrics.PromptTokens != 1 || m.Metrics.Tokens < words {
				t.Errorf("counted %+v of %d words, %v", m.Metrics, words, err)
			}
			b.Stop(b.chat.ID)
			_, _, err = b.Continue(t.Context(), b.chat.ID, answer.ID)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			b.Stop(b.chat.ID)
			if m, err = b.store.Message(t.Context(), b.chat.ID, answer.ID); err != nil || m.Metrics.Tokens != strings.Count(m.Text, " ") {
				t.Errorf("gone on with: counted %+v of %d words, %v", m.Metrics, strings.Count(m.Text, " "), err)
			}
		})
	})
	t.Run("a failure keeps the text and its sentence, and the next prompt works", func(t *testing.T) {
		fake := &runnertest.Fake{Model: model, Words: words(5), Fail: backend.Fail(backend.CodeEngineDied, nil, "It stopped.", "Try again.")}
		b := newBench(t, fake, nil)
		_, answer := b.send(t, "", "hello")
		m := b.end(t, answer.ID)
		if m.State != backend.StateFailed || m.Problem == nil || m.Problem.Message != "It stopped." || m.Text != strings.Repeat("word ", 4) {
			t.Errorf("%s, %+v, %q", m.State, m.Problem, m.Text)
		}
		fake.Fail = nil
		_, answer = b.send(t, answer.ID, "again")
		if m := b.end(t, answer.ID); m.State != backend.StateDone {
			t.Errorf("then %s", m.State)
		}
	})
	t.Run("an error without a sentence becomes the fixed one", func(t *testing.T) {
		b := newBench(t, &runnertest.Fake{Model: model, Words: words(1), Fail: errors.New("secret path /home/me")}, nil)
		_, answer := b.send(t, "", "hello")
		if m := b.end(t, answer.ID); m.Problem == nil || m.Problem.Code != backend.CodeInternal || strings.Contains(m.Problem.Message, "secret") {
			t.Errorf("%+v", m.Problem)
		}
	})
	t.Run("Regenerate and Edit add siblings and overwrite nothing", func(t *testing.T) {
		b := newBench(t, &runnertest.Fake{Model: model, Words: words(3)}, nil)
		user, first := b.send(t, "", "hello")
		b.end(t, first.ID)
		_, second, err := b.Regenerate(t.Context(), b.chat.ID, first.ID, "")
		if err != nil || second.Parent != user.ID || second.ID == first.ID {
			t.Fatalf("%+v, %v", second, err)
		}
		b.end(t, second.ID)
		edited, third, err := b.Edit(t.Context(), b.chat.ID, user.ID, "hello again")
		if err != nil || edited.Parent != "" || edited.Text != "hello again" {
			t.Fatalf("%+v, %v", edited, err)
		}
		b.end(t, third.ID)
		all, err := b.store.Messages(t.Context(), b.chat.ID)
		if err != nil || len(all) != 5 {
			t.Errorf("%d messages, %v", len(all), err)
		}
		if c, _ := b.store.Chat(t.Context(), b.chat.ID); c.Leaf != third.ID {
			t.Errorf("leaf %s", c.Leaf)
		}
	})
	t.Run("only the shown branch reaches the model", func(t *testing.T) {
		fake := &runnertest.Fake{Model: model, Words: words(1)}
		b := newBench(t, fake, nil)
		user, first := b.send(t, "", "one")
		b.end(t, first.ID)
		_, second := b.send(t, first.ID, "two")
		b.end(t, second.ID)
		var asked backend.Prompt
		fake.Asked = func(p backend.Prompt) { asked = p }
		_, third, err := b.Edit(t.Context(), b.chat.ID, user.ID, "three")
		if err != nil {
			t.Fatal(err)
		}
		b.end(t, third.ID)
		if len(asked.Messages) != 1 || asked.Messages[0].Text != "three" || asked.Sampling.ContextLength != 4096 {
			t.Errorf("asked %+v", asked)
		}
	})
	t.Run("who hears of the end may send at once", func(t *testing.T) {
		b := newBench(t, &runnertest.Fake{Model: model, Words: words(1)}, nil)
		sent := make(chan error, 1)
		b.onEnd = func(e chat.Event) {
			b.onEnd = nil
			_, _, err := b.Send(context.Background(), b.chat.ID, e.Message.ID, "and then?")
			sent <- err
		}
		b.send(t, "", "hello")
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
	t.Run("a first message names the chat and clears the draft", func(t *testing.T) {
		b := newBench(t, &runnertest.Fake{Model: model, Words: words(1)}, nil)
		_, answer := b.send(t, "", "# Why does my loop\nnever end?")
		b.end(t, answer.ID)
		if c, _ := b.store.Chat(t.Context(), b.chat.ID); c.Title != "Why does my loop" || c.Draft != "" {
			t.Errorf("%q, %q", c.Title, c.Draft)
		}
	})
	t.Run("a model that can't fit is refused before the engine is asked", func(t *testing.T) {
		asked := false
		b := newBench(t, &runnertest.Fake{Model: model, Words: words(1), Asked: func(backend.Prompt) { asked = true }},
			func(context.Context, backend.Model, int) error {
				return backend.Fail(backend.CodeTooBig, nil, "Too big.", "Smaller.")
			})
		_, answer := b.send(t, "", "hello")
		if m := b.end(t, answer.ID); asked || m.State != backend.StateFailed || m.Problem.Code != backend.CodeTooBig {
			t.Errorf("asked %v, %s, %+v", asked, m.State, m.Problem)
		}
	})
}

func TestRefusals(t *testing.T) {
	b := newBench(t, &runnertest.Fake{Model: model, Words: words(10000), Pace: time.Millisecond}, nil)
	code := func(err error) backend.Code { return backend.Readable(err).Code }
	if _, _, err := b.Send(t.Context(), b.chat.ID, "", " \n"); code(err) != backend.CodeInvalid {
		t.Errorf("an empty message: %v", err)
	}
	if _, _, err := b.Send(t.Context(), "nothing", "", "hello"); code(err) != backend.CodeNotFound {
		t.Errorf("an unknown chat: %v", err)
	}
	user, answer := b.send(t, "", "hello")
	if _, _, err := b.Send(t.Context(), b.chat.ID, answer.ID, "too soon"); code(err) != backend.CodeBusy {
		t.Errorf("a second turn: %v", err)
	}
	if _, _, err := b.Edit(t.Context(), b.chat.ID, answer.ID, "x"); code(err) != backend.CodeInvalid {
		t.Errorf("editing an answer: %v", err)
	}
	b.Stop(b.chat.ID)
	if err := b.store.DeleteChat(t.Context(), b.chat.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Send(t.Context(), b.chat.ID, user.ID, "hello"); code(err) != backend.CodeInvalid {
		t.Errorf("a chat in the trash: %v", err)
	}
	b.Close()
	other, _ := b.store.CreateChat(t.Context(), backend.Chat{Model: model})
	if _, _, err := b.Send(t.Context(), other.ID, "", "late"); code(err) != backend.CodeCancelled {
		t.Errorf("after Close: %v", err)
	}
}

func TestCloseStoresEveryAnswer(t *testing.T) {
	b := newBench(t, &runnertest.Fake{Model: model, Words: words(100000), Pace: time.Millisecond}, nil)
	_, answer := b.send(t, "", "hello")
	b.writes(t)
	b.Close()
	m, err := b.store.Message(t.Context(), b.chat.ID, answer.ID)
	if err != nil || m.State != backend.StateInterrupted || m.Text == "" {
		t.Errorf("%s, %q, %v", m.State, m.Text, err)
	}
}

func TestTitle(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"short stays", "Names for a bakery", "Names for a bakery"},
		{"the first line with words counts", "\n\n> quote me\nrest", "quote me"},
		{"long is cut at a word", "Explain the difference between a mutex and a semaphore please", "Explain the difference between a mutex and a…"},
		{"one endless word is cut", strings.Repeat("a", 100), strings.Repeat("a", 48) + "…"},
		{"letters of any script count once", strings.Repeat("語", 60), strings.Repeat("語", 48) + "…"},
		{"no words give none", " \n\t", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := chat.Title(tt.in); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
