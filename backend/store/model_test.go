package store

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
)

// TestRandomOperationsAgreeWithAMap does what a person could do in any order, and after each hundred steps compares
// the store with two plain maps, closes it, and lets both inspections look at the file.
func TestRandomOperationsAgreeWithAMap(t *testing.T) {
	t.Parallel()
	n := seed(t)
	for round := range trials(t, 2, 100) {
		t.Run(fmt.Sprint(round), func(t *testing.T) { runModel(t, n+uint64(round), 400) })
	}
}

func runModel(t *testing.T, seed uint64, steps int) {
	r, clock, dir, ctx := random(seed), newClock(), t.TempDir(), t.Context()
	s := mustOpen(t, dir, Options{Now: clock.now})
	s.db.bolt.NoSync = true // until the first reopening or purge, for speed
	chats, messages := map[string]backend.Chat{}, map[string]backend.Message{}
	text := func() string { return streamText(s.NewID(), int(r.ExpFloat64()*800)) }
	pick := func() (backend.Chat, bool) {
		if len(chats) == 0 {
			return backend.Chat{}, false
		}
		return chats[slices.Sorted(maps.Keys(chats))[r.IntN(len(chats))]], true
	}
	of := func(chat string) (ids []string) {
		for id, m := range messages {
			if m.ChatID == chat {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return ids
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	// refresh takes over what the store alone decides: times and the leaf.
	refresh := func(id string) {
		c, err := s.Chat(ctx, id)
		must(err)
		chats[id] = c
	}
	for step := range steps {
		c, any := pick()
		switch op := r.IntN(100); {
		case op < 10 || !any:
			c, err := s.CreateChat(ctx, backend.Chat{Title: text(), Model: "m"})
			must(err)
			chats[c.ID] = c
		case op < 50 && c.Deleted.IsZero():
			parent := ""
			if ids := of(c.ID); len(ids) > 0 && r.IntN(5) > 0 {
				parent = ids[r.IntN(len(ids))]
			}
			u, a, err := s.AddTurn(ctx, backend.Message{ChatID: c.ID, Parent: parent, Text: text()}, backend.Message{Model: "m"})
			must(err)
			for range r.IntN(4) {
				a.Text += text()
				must(s.SaveAnswer(ctx, a))
			}
			if r.IntN(4) > 0 {
				a.State = backend.StateDone
				must(s.FinishAnswer(ctx, a))
			}
			messages[u.ID], messages[a.ID] = u, a
			refresh(c.ID)
			if chats[c.ID].Leaf != a.ID {
				t.Fatalf("seed %d: leaf is not the answer", seed)
			}
		case op < 65:
			title, draft := text(), text()
			got, err := s.UpdateChat(ctx, c.ID, func(c *backend.Chat) error { c.Title, c.Draft = title, draft; return nil })
			must(err)
			c.Title, c.Draft = title, draft
			if !reflect.DeepEqual(got, c) {
				t.Fatalf("seed %d: update gave %v, want %v", seed, got, c)
			}
			chats[c.ID] = c
		case op < 73:
			must(s.DeleteChat(ctx, c.ID))
			refresh(c.ID)
		case op < 80:
			must(s.RestoreChat(ctx, c.ID))
			refresh(c.ID)
		case op < 82:
			if err := s.PurgeChats(ctx, c.ID); c.Deleted.IsZero() {
				wantCode(t, err, backend.CodeInvalid)
			} else {
				must(err)
				for _, id := range of(c.ID) {
					delete(messages, id)
				}
				delete(chats, c.ID)
			}
		case op < 85:
			_, err := s.Backup(ctx)
			must(err)
		case op < 88:
			a, err := s.Export(ctx, c.ID)
			must(err)
			data, err := a.JSON()
			must(err)
			done, err := s.Import(ctx, strings.NewReader(string(data)))
			must(err)
			if done.Chats != 0 || done.Messages != 0 {
				t.Fatalf("seed %d: importing what is here added %+v", seed, done)
			}
			for _, id := range done.IDs { // from the trash they come back
				c := chats[id]
				c.Deleted = time.Time{}
				chats[id] = c
			}
		case op < 90:
			must(s.Close())
			s = mustOpen(t, dir, Options{Now: clock.now})
			for id, m := range messages {
				if m.State == backend.StateStreaming {
					m.State = backend.StateInterrupted
					messages[id] = m
				}
			}
		}
		if step%100 == 99 {
			compare(t, s, seed, chats, messages)
			checkBoth(t, s)
		}
	}
}

func compare(t *testing.T, s *Store, seed uint64, chats map[string]backend.Chat, messages map[string]backend.Message) {
	t.Helper()
	gotChats, gotMessages, err := everything(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(gotChats, chats) {
		t.Fatalf("seed %d: chats differ", seed)
	}
	if len(gotMessages) != len(messages) {
		t.Fatalf("seed %d: %d messages, want %d", seed, len(gotMessages), len(messages))
	}
	for id, want := range messages {
		got := gotMessages[id]
		want.Created, got.Created = want.Created.Truncate(time.Millisecond), got.Created.Truncate(time.Millisecond)
		if got != want {
			t.Fatalf("seed %d: message %s is\n%+v, want\n%+v", seed, id, got, want)
		}
	}
	if p := s.Problems(); p != nil {
		t.Fatalf("seed %d: %v", seed, p)
	}
}
