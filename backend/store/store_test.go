package store

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"weightroom/backend"
)

func TestChats(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := mustOpen(t, t.TempDir(), Options{Now: clock.now})
	ctx := t.Context()
	a, b := mustChat(t, s, "a"), mustChat(t, s, "b")

	t.Run("an empty list is not nil", func(t *testing.T) {
		if trash, err := s.Trash(ctx); err != nil || trash == nil || len(trash) != 0 {
			t.Fatal(trash, err)
		}
	})
	t.Run("the chat with the newest message is first", func(t *testing.T) {
		mustTurn(t, s, a.ID, "", "question", "answer")
		chats, err := s.Chats(ctx)
		if err != nil || len(chats) != 2 || chats[0].ID != a.ID || chats[1].ID != b.ID {
			t.Fatal(chats, err)
		}
	})
	t.Run("an update keeps id and times and its error changes nothing", func(t *testing.T) {
		before, _ := s.Chat(ctx, a.ID)
		got, err := s.UpdateChat(ctx, a.ID, func(c *backend.Chat) error {
			c.ID, c.Title, c.Draft, c.Pinned, c.Updated, c.Deleted = "x", "new", "draft", true, time.Time{}, time.Now()
			return nil
		})
		if err != nil || got.ID != a.ID || got.Title != "new" || got.Draft != "draft" || !got.Pinned || got.Updated != before.Updated || !got.Deleted.IsZero() {
			t.Fatal(got, err)
		}
		stop := errors.New("stop")
		if _, err := s.UpdateChat(ctx, a.ID, func(c *backend.Chat) error { c.Title = "no"; return stop }); !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if got, _ := s.Chat(ctx, a.ID); got.Title != "new" {
			t.Fatal(got)
		}
	})
	t.Run("a leaf must be a message of the chat", func(t *testing.T) {
		_, err := s.UpdateChat(ctx, b.ID, func(c *backend.Chat) error { c.Leaf = s.NewID(); return nil })
		wantCode(t, err, backend.CodeNotFound)
	})
	t.Run("a deleted chat is in the trash until it is restored", func(t *testing.T) {
		for range 2 { // deleting twice is deleting once
			if err := s.DeleteChat(ctx, a.ID); err != nil {
				t.Fatal(err)
			}
		}
		chats, _ := s.Chats(ctx)
		trash, _ := s.Trash(ctx)
		if len(chats) != 1 || len(trash) != 1 || trash[0].ID != a.ID || trash[0].Deleted.IsZero() {
			t.Fatal(chats, trash)
		}
		_, err := s.AddMessage(ctx, backend.Message{ChatID: a.ID, Role: backend.RoleUser})
		wantCode(t, err, backend.CodeInvalid)
		if err := s.RestoreChat(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		if ms, err := s.Messages(ctx, a.ID); err != nil || len(ms) != 2 {
			t.Fatal(ms, err)
		}
	})
	t.Run("what does not exist is said", func(t *testing.T) {
		for _, id := range []string{"", "x", s.NewID(), strings.Repeat("/", 26)} {
			_, err := s.Chat(ctx, id)
			wantCode(t, err, backend.CodeNotFound)
			_, err = s.Messages(ctx, id)
			wantCode(t, err, backend.CodeNotFound)
			_, err = s.Message(ctx, a.ID, id)
			wantCode(t, err, backend.CodeNotFound)
			wantCode(t, s.DeleteChat(ctx, id), backend.CodeNotFound)
			_, err = s.AddMessage(ctx, backend.Message{ChatID: id, Role: backend.RoleUser})
			wantCode(t, err, backend.CodeNotFound)
		}
	})
	t.Run("a chat that exists is not created again", func(t *testing.T) {
		_, err := s.CreateChat(ctx, a)
		wantCode(t, err, backend.CodeInvalid)
	})
}

func TestMessages(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	ctx := t.Context()
	c := mustChat(t, s, "chat")

	t.Run("a turn is a prompt and a streaming answer, and the answer is the leaf", func(t *testing.T) {
		u, a, err := s.AddTurn(ctx, backend.Message{ChatID: c.ID, Text: "q"}, backend.Message{Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		got, _ := s.Chat(ctx, c.ID)
		ms, _ := s.Messages(ctx, c.ID)
		if got.Leaf != a.ID || a.Parent != u.ID || a.State != backend.StateStreaming || u.State != backend.StateDone || len(ms) != 2 || ms[0].ID != u.ID {
			t.Fatal(got, u, a, ms)
		}
	})
	t.Run("an answer is overwritten only while it streams", func(t *testing.T) {
		_, a, err := s.AddTurn(ctx, backend.Message{ChatID: c.ID, Text: "q"}, backend.Message{Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		a.Text = "part"
		if err := s.SaveAnswer(ctx, a); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.FinishAnswer(ctx, a), backend.CodeInvalid) // still streaming
		a.Text, a.State, a.Metrics.TokensPerSecond, a.Metrics.TimeToFirstTokenSeconds = "whole", backend.StateStopped, math.NaN(), math.Inf(1)
		if err := s.FinishAnswer(ctx, a); err != nil {
			t.Fatal(err)
		}
		if err := s.FinishAnswer(ctx, a); err != nil { // the same end again
			t.Fatal(err)
		}
		a.Text = "late"
		wantCode(t, s.SaveAnswer(ctx, a), backend.CodeInvalid)
		wantCode(t, s.FinishAnswer(ctx, a), backend.CodeInvalid)
		got, err := s.Message(ctx, c.ID, a.ID)
		if err != nil || got.Text != "whole" || got.State != backend.StateStopped || got.Model != "m" || got.Metrics.TokensPerSecond != 0 {
			t.Fatal(got, err)
		}
	})
	t.Run("a parent must be in the same chat", func(t *testing.T) {
		other := mustChat(t, s, "other")
		u, _ := mustTurn(t, s, other.ID, "", "q", "a")
		_, err := s.AddMessage(ctx, backend.Message{ChatID: c.ID, Parent: u.ID, Role: backend.RoleUser})
		wantCode(t, err, backend.CodeNotFound)
	})
	t.Run("any text comes back, but bytes that are no text", func(t *testing.T) {
		for _, text := range []string{"", "\x00", "<script>&", "張 庭 👩‍👩‍👧", strings.Repeat("long ", 1<<20), `"state":"streaming"`, recordMagic} {
			m, err := s.AddMessage(ctx, backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: text})
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Message(ctx, c.ID, m.ID)
			if err != nil || got.Text != strings.ToValidUTF8(text, "�") {
				t.Fatalf("%.40q came back as %.40q, %v", text, got.Text, err)
			}
		}
	})
	t.Run("what was streaming when the app ended is interrupted and keeps its text", func(t *testing.T) {
		dir := t.TempDir()
		s := mustOpen(t, dir, Options{})
		c := mustChat(t, s, "chat")
		_, a, err := s.AddTurn(ctx, backend.Message{ChatID: c.ID, Text: `"state":"streaming"`}, backend.Message{})
		if err != nil {
			t.Fatal(err)
		}
		a.Text = "half an ans"
		if err := s.SaveAnswer(ctx, a); err != nil {
			t.Fatal(err)
		}
		s.Close()
		s = mustOpen(t, dir, Options{})
		ms, err := s.Messages(ctx, c.ID)
		if err != nil || len(ms) != 2 || ms[0].State != backend.StateDone || ms[1].State != backend.StateInterrupted || ms[1].Text != "half an ans" {
			t.Fatal(ms, err)
		}
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	ctx := t.Context()
	type settings struct{ Theme string }
	var got settings
	if ok, err := s.Get(ctx, "settings", &got); ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := s.Put(ctx, "settings", settings{"dark"}); err != nil {
		t.Fatal(err)
	}
	for want := int64(5); want <= 15; want += 5 {
		if n, err := s.Count(ctx, "bytes_out", 5); n != want || err != nil {
			t.Fatal(n, err)
		}
	}
	s.Close()
	s = mustOpen(t, dir, Options{})
	if ok, err := s.Get(ctx, "settings", &got); !ok || err != nil || got.Theme != "dark" {
		t.Fatal(got, ok, err)
	}
	if n, err := s.Count(ctx, "bytes_out", 0); n != 15 || err != nil {
		t.Fatal(n, err)
	}
	wantCode(t, s.Put(ctx, "", 1), backend.CodeInvalid)
	wantCode(t, s.Put(ctx, strings.Repeat("k", maxKey+1), 1), backend.CodeInvalid)
}

func TestADamagedRecordDoesNotFailItsList(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	ctx := t.Context()
	c, bad := mustChat(t, s, "good"), mustChat(t, s, "bad")
	u, a := mustTurn(t, s, c.ID, "", "question", "answer")
	if err := s.Put(ctx, "settings", 1); err != nil {
		t.Fatal(err)
	}
	spoil := func(k kind, key string, value []byte) {
		t.Helper()
		err := s.db.bolt.Update(func(tx *bbolt.Tx) error { return tx.Bucket(k.bucket()).Put([]byte(key), value) })
		if err != nil {
			t.Fatal(err)
		}
	}
	spoil(kindChat, bad.ID, []byte(`{"id":`))
	spoil(kindMessage, messageKey(c.ID, u.ID), encodeRecord(kindMessage, 9, messageKey(c.ID, u.ID), []byte("{")))
	spoil(kindKV, "settings", nil)

	chats, err := s.Chats(ctx)
	if err != nil || len(chats) != 1 || chats[0].ID != c.ID {
		t.Error(chats, err)
	}
	ms, err := s.Messages(ctx, c.ID)
	if err != nil || len(ms) != 1 || ms[0].ID != a.ID {
		t.Error(ms, err)
	}
	if hits, err := s.Search(ctx, "answer", 9); err != nil || len(hits) != 1 {
		t.Error(hits, err)
	}
	var n int
	if ok, err := s.Get(ctx, "settings", &n); ok || err != nil {
		t.Error(ok, err)
	}
	_, err = s.Chat(ctx, bad.ID)
	wantCode(t, err, backend.CodeDamaged)
	if p := s.Problems(); len(p) != 1 || !strings.HasPrefix(p[0].Title, "3 entries") {
		t.Error(p)
	}
	if _, err := s.AddMessage(ctx, backend.Message{ChatID: c.ID, Role: backend.RoleUser}); err != nil {
		t.Error("writing stopped:", err)
	}
	_, err = s.Verify(ctx)
	wantCode(t, err, backend.CodeDamaged)
	_, err = s.Backup(ctx)
	wantCode(t, err, backend.CodeDamaged)
	if len(s.Backups()) != 0 {
		t.Error("a backup of a damaged history was kept")
	}
}

func TestTextsAreNeverLogged(t *testing.T) {
	t.Parallel()
	logged, log := testLog()
	dir := t.TempDir()
	const secret = "xyzzy-secret"
	for range 2 {
		s := mustOpen(t, dir, Options{Log: log})
		ctx := t.Context()
		c := mustChat(t, s, secret)
		_, a := mustTurn(t, s, c.ID, "", secret, secret)
		s.SaveAnswer(ctx, a)
		s.Backup(ctx)
		s.DeleteChat(ctx, c.ID)
		s.PurgeChats(ctx, c.ID)
		s.Import(ctx, strings.NewReader(secret))
		mustTurn(t, s, mustChat(t, s, secret).ID, "", secret, secret)
		s.Close()
		if err := os.WriteFile(filepath.Join(dir, fileName), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, _, err := Open(ctx, dir, Options{Log: log}); err != nil {
			t.Fatal(err)
		} else {
			s.Close()
		}
	}
	if logged.Len() == 0 || bytes.Contains(logged.Bytes(), []byte(secret)) {
		t.Fatalf("log: %s", logged)
	}
}

func TestEveryWaitCanBeCancelled(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	c := mustChat(t, s, "chat")
	s.db.writer <- struct{}{} // someone writes, and someone tidies
	s.db.tidy <- struct{}{}
	calls := map[string]func(context.Context) error{
		"create": func(ctx context.Context) error { _, err := s.CreateChat(ctx, backend.Chat{}); return err },
		"put":    func(ctx context.Context) error { return s.Put(ctx, "k", 1) },
		"turn": func(ctx context.Context) error {
			_, _, err := s.AddTurn(ctx, backend.Message{ChatID: c.ID}, backend.Message{})
			return err
		},
		"backup": func(ctx context.Context) error { _, err := s.Backup(ctx); return err },
		"verify": func(ctx context.Context) error { _, err := s.Verify(ctx); return err },
		"purge":  func(ctx context.Context) error { return s.PurgeChats(ctx, c.ID) },
		"import": func(ctx context.Context) error {
			_, err := s.Import(ctx, strings.NewReader(`{"weightroom":1}`))
			return err
		},
		"compact": s.db.compact,
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			wantCode(t, call(ctx), backend.CodeCancelled)
		})
	}
	<-s.db.writer
	<-s.db.tidy
	t.Run("a cancelled context reads nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Chats(ctx)
		wantCode(t, err, backend.CodeCancelled)
		_, _, err = Open(ctx, t.TempDir(), Options{})
		wantCode(t, err, backend.CodeCancelled)
	})
}

func TestAClosedStoreSaysSo(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Chats(t.Context())
	wantCode(t, err, backend.CodeCancelled)
	wantCode(t, s.Put(t.Context(), "k", 1), backend.CodeCancelled)
	_, err = s.Backup(t.Context())
	wantCode(t, err, backend.CodeCancelled)
}

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	ctx := t.Context()
	keep := mustChat(t, s, "keep")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				c, err := s.CreateChat(ctx, backend.Chat{Title: "gone"})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.AddMessage(ctx, backend.Message{ChatID: keep.ID, Role: backend.RoleUser, Text: "kept"}); err != nil {
					t.Error(err)
				}
				if err := errors.Join(s.DeleteChat(ctx, c.ID), s.PurgeChats(ctx, c.ID)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				if _, err := s.Messages(ctx, keep.ID); err != nil {
					t.Error(err)
				}
				if _, err := s.Search(ctx, "kept", 5); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if ms, err := s.Messages(ctx, keep.ID); err != nil || len(ms) != 40 {
		t.Fatal(len(ms), err)
	}
	if r, err := s.Verify(ctx); err != nil || r.Chats != 1 || r.Messages != 40 {
		t.Fatal(r, err)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	var src idSource
	now := time.Now()
	var ids []string
	for i := range 20_000 {
		ids = append(ids, src.next(now.Add(time.Duration(i%7-3)*time.Millisecond))) // the clock goes back, too
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Fatal("not in order, or not unique")
	}
	for _, id := range append(ids[:100], encodeID([16]byte{}), encodeID([16]byte(bytes.Repeat([]byte{255}, 16)))) {
		if !validID(id) {
			t.Fatalf("%q is not valid", id)
		}
	}
	for _, id := range []string{"", "short", strings.Repeat("8", 26), strings.Repeat("u", 26), strings.Repeat("0", 25) + "/", strings.Repeat("0", 27)} {
		if validID(id) {
			t.Errorf("%q is valid", id)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := mustOpen(t, t.TempDir(), Options{Now: clock.now})
	ctx := t.Context()
	c := mustChat(t, s, "Über Straßen")
	mustTurn(t, s, c.ID, "", "Where is the Capital of France?", "It is PARIS, "+strings.Repeat("é", 300))
	mustTurn(t, s, c.ID, "", "ΣΊΣΥΦΟΣ and 張庭", "done")
	trash := mustChat(t, s, "paris in the trash")
	mustTurn(t, s, trash.ID, "", "paris", "paris")
	if err := s.DeleteChat(ctx, trash.ID); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]string{
		"paris":          {"PARIS"},
		"france CAPITAL": {"Capital"},
		"france london":  nil,
		"über":           {"Über"},
		"σίσυφος":        {"ΣΊΣΥΦΟΣ"},
		"張":              {"張"},
		"":               nil,
		"  ":             nil,
		"done":           {"done"},
		"\x00":           nil,
	} {
		t.Run(query, func(t *testing.T) {
			hits, err := s.Search(ctx, query, 10)
			if err != nil || hits == nil || len(hits) != len(want) {
				t.Fatal(hits, err)
			}
			for i, h := range hits {
				if h.Match != want[i] || h.ChatID != c.ID || len([]rune(h.After)) > contextAfter || len([]rune(h.Before)) > contextBefore {
					t.Error(h)
				}
			}
		})
	}
	t.Run("the newest come first, up to the limit", func(t *testing.T) {
		var last backend.Message
		for range 30 {
			last, _ = mustTurn(t, s, c.ID, "", "needle", "x")
		}
		hits, err := s.Search(ctx, "needle", 3)
		if err != nil || len(hits) != 3 || hits[0].MessageID != last.ID || hits[1].Time.After(hits[0].Time) {
			t.Fatal(hits, err)
		}
	})
}
