package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is what testdata/v1.db holds, as JSON: written once with -update when the schema was released, and read by
// every later version.
type golden struct {
	Chats    map[string]backend.Chat    `json:"chats"`
	Messages map[string]backend.Message `json:"messages"`
	Settings map[string]string          `json:"settings"`
}

func TestAnUpdateKeepsEveryChat(t *testing.T) {
	t.Parallel()
	const db, want = "testdata/v1.db", "testdata/v1.json"
	if *update {
		writeGolden(t, db, want)
	}
	dir := t.TempDir()
	b, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileName), b, 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, dir, Options{})
	var g, got golden
	if got.Chats, got.Messages, err = everything(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "settings", &got.Settings); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	a, _ := marshal(g)
	c, _ := marshal(got)
	if !bytes.Equal(a, c) {
		t.Fatalf("opened as\n%s\nwant\n%s", c, a)
	}
}

func writeGolden(t *testing.T, db, want string) {
	t.Helper()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{Now: newClock().now})
	ctx, temperature := t.Context(), 0.7
	c, err := s.CreateChat(ctx, backend.Chat{Title: "Golden 張庭 👩‍👩‍👧", Named: true, Model: "smollm2-135m:Q4_1", System: "Be brief.",
		Sampling: backend.Sampling{Temperature: &temperature, MaxTokens: 7}, Draft: "half a", Pinned: true})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := mustTurn(t, s, c.ID, "", "What is the capital of France?", "Paris.")
	mustTurn(t, s, c.ID, u.ID, "And of Spain? <b>&</b>", "Madrid.")
	_, a, err := s.AddTurn(ctx, backend.Message{ChatID: c.ID, Text: "fails"}, backend.Message{})
	if err != nil {
		t.Fatal(err)
	}
	a.State, a.Problem, a.Metrics.TokensPerSecond = backend.StateFailed, backend.Fail(backend.CodeEngineDied, nil, "It stopped.", "Try again."), 12.5
	if err := s.FinishAnswer(ctx, a); err != nil {
		t.Fatal(err)
	}
	trash := mustChat(t, s, "in the trash")
	if err := errors.Join(s.DeleteChat(ctx, trash.ID), s.Put(ctx, "settings", map[string]string{"theme": "dark"})); err != nil {
		t.Fatal(err)
	}
	var g golden
	if g.Chats, g.Messages, err = everything(ctx, s); err != nil {
		t.Fatal(err)
	}
	g.Settings = map[string]string{"theme": "dark"}
	text, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.db.compact(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	pages := native.Uint64(b[pageHeader+40:]) // what follows the last page is room to grow
	if other := native.Uint64(b[int(native.Uint32(b[pageHeader+8:]))+pageHeader+40:]); other > pages {
		pages = other
	}
	b = b[:int(pages)*int(native.Uint32(b[pageHeader+8:]))]
	if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(db, b, 0o644), os.WriteFile(want, append(text, '\n'), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// future is a schema with two more steps: each rewrites every chat and message.
func future() schema {
	mark := func(from, to string) func(*writeTx) error {
		return func(tx *writeTx) error {
			var chats []backend.Chat
			err := tx.scan(kindChat, "", func(r record) error {
				var c backend.Chat
				if err := json.Unmarshal(r.data, &c); err != nil {
					return err
				}
				chats = append(chats, c)
				return nil
			})
			if err != nil {
				return err
			}
			for _, c := range chats {
				if !strings.HasSuffix(c.Title, from) {
					return fmt.Errorf("chat %s: step twice or out of order", c.ID)
				}
				c.Title += to
				if err := tx.put(kindChat, c.ID, c); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return schema{version: 3, steps: map[int]func(*writeTx) error{1: mark("", " two"), 2: mark(" two", " three")}}
}

// migrateChild opens args[0] with the future's schema, again and again as it is killed.
func migrateChild(args []string) error {
	fmt.Println("start")
	s, recovery, err := open(context.Background(), args[0], Options{}, future())
	if err != nil || recovery != nil {
		return fmt.Errorf("%+v %w", recovery, err)
	}
	fmt.Println("migrated")
	return s.Close()
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	t.Run("killed at any moment, each step is taken once, with a backup of before", func(t *testing.T) {
		base := t.TempDir()
		makeHistory(t, base, 20)
		old, err := os.ReadFile(filepath.Join(base, fileName))
		if err != nil {
			t.Fatal(err)
		}
		r, killed := random(seed(t)), 0
		for range trials(t, 10, 1000) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, fileName), old, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				c := startChild(t, "migrate", dir)
				c.lines.Scan()
				time.Sleep(time.Duration(r.Int64N(int64(15 * time.Millisecond))))
				if rest := c.end(); len(rest) == 0 {
					killed++
				}
			}
			s, recovery, err := open(t.Context(), dir, Options{}, future())
			if err != nil || recovery != nil {
				t.Fatal(recovery, err)
			}
			chats, messages, err := everything(t.Context(), s)
			if err != nil || len(chats) != 20 {
				t.Fatal(len(chats), err)
			}
			for _, c := range chats {
				if !strings.HasSuffix(c.Title, " two three") {
					t.Fatalf("title %q", c.Title)
				}
			}
			backups := s.Backups()
			s.Close()
			if len(backups) == 0 {
				t.Fatal("no backup")
			}
			if len(messages) == 0 {
				t.Fatal("no messages")
			}
			os.RemoveAll(dir)
		}
		t.Logf("killed %d times before the end", killed)
	})
	t.Run("a newer history is refused and never touched", func(t *testing.T) {
		for name, spoil := range map[string]func([]byte) []byte{
			"sound":   func(b []byte) []byte { return b },
			"damaged": func(b []byte) []byte { clear(b[:8192]); return b },
		} {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				s, _, err := open(t.Context(), dir, Options{}, schema{version: 2, steps: nil})
				if err != nil {
					t.Fatal(err)
				}
				s.Close()
				path := filepath.Join(dir, fileName)
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				b = spoil(b)
				os.WriteFile(path, b, 0o600)
				_, _, err = Open(t.Context(), dir, Options{})
				wantCode(t, err, backend.CodeUnsupported)
				if after, _ := os.ReadFile(path); !bytes.Equal(after, b) {
					t.Fatal("it was changed")
				}
			})
		}
	})
	t.Run("a step that fails changes nothing", func(t *testing.T) {
		dir := t.TempDir()
		s := mustOpen(t, dir, Options{})
		mustChat(t, s, "kept")
		s.Close()
		bad := schema{version: 2, steps: map[int]func(*writeTx) error{1: func(tx *writeTx) error {
			if err := tx.deletePrefix(kindChat, ""); err != nil {
				return err
			}
			return errors.New("no")
		}}}
		if _, _, err := open(t.Context(), dir, Options{}, bad); err == nil {
			t.Fatal("opened")
		}
		s = mustOpen(t, dir, Options{})
		if chats, err := s.Chats(t.Context()); err != nil || len(chats) != 1 {
			t.Fatal(chats, err)
		}
	})
}
