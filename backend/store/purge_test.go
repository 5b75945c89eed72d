package store

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
)

// filesWith lists the files under dir that hold text anywhere in their raw bytes.
func filesWith(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDeleteCanBeUndoneAndThenIsReallyGone(t *testing.T) {
	t.Parallel()
	n := seed(t)
	for round := range trials(t, 5, 500) {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			r, clock, dir, ctx := random(n+uint64(round)), newClock(), t.TempDir(), t.Context()
			opts := Options{Now: clock.now}
			s := mustOpen(t, dir, opts)
			const secret, other = "xyzzy-secret", "plugh-other"
			kept := mustChat(t, s, other)
			gone := mustChat(t, s, secret)
			for range 1 + r.IntN(20) {
				mustTurn(t, s, kept.ID, "", other, strings.Repeat(other, r.IntN(800)))
				u, a, err := s.AddTurn(ctx, backend.Message{ChatID: gone.ID, Text: strings.Repeat(secret, r.IntN(500))}, backend.Message{})
				if err != nil {
					t.Fatal(err)
				}
				for i := range r.IntN(4) { // versions that are left on free pages
					a.Text = strings.Repeat(secret, i*r.IntN(800))
					if err := s.SaveAnswer(ctx, a); err != nil {
						t.Fatal(err)
					}
				}
				a.Text, a.Thinking, a.State, a.Problem = secret, secret, backend.StateFailed, backend.Fail(backend.CodeInternal, nil, secret, "")
				if err := s.FinishAnswer(ctx, a); err != nil {
					t.Fatal(err)
				}
				_ = u
				if r.IntN(4) == 0 {
					clock.t = clock.t.Add(24 * time.Hour)
					if _, err := s.Backup(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := s.UpdateChat(ctx, gone.ID, func(c *backend.Chat) error { c.Draft, c.System = secret, secret; return nil }); err != nil {
				t.Fatal(err)
			}
			if r.IntN(2) == 0 { // a damaged file that was set aside holds the text, too
				s.Close()
				b, _ := os.ReadFile(s.Path())
				b[r.IntN(len(b))] ^= 1
				os.WriteFile(s.Path(), append(b[:4096:4096], b[8192:]...), 0o600)
				var err error
				if s, _, err = Open(ctx, dir, opts); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
			}
			_, before, err := everything(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteChat(ctx, gone.ID); err != nil {
				t.Fatal(err)
			}
			if err := s.RestoreChat(ctx, gone.ID); err != nil {
				t.Fatal(err)
			}
			if _, after, err := everything(ctx, s); err != nil || len(after) != len(before) {
				t.Fatal("undo lost messages", err)
			}
			wantCode(t, s.PurgeChats(ctx, gone.ID), backend.CodeInvalid) // not in the trash
			if err := s.DeleteChat(ctx, gone.ID); err != nil {
				t.Fatal(err)
			}
			if err := s.EmptyTrash(ctx); err != nil {
				t.Fatal(err)
			}
			if files := filesWith(t, dir, secret); files != nil {
				t.Fatalf("seed %d: still in %v", n+uint64(round), files)
			}
			if files := filesWith(t, dir, gone.ID); files != nil {
				t.Fatalf("seed %d: its id is still in %v", n+uint64(round), files)
			}
			if files := filesWith(t, dir, other); !slices.Contains(files, fileName) || len(files) != 2 {
				t.Fatalf("the other chat is in %v, want the history and one backup", files)
			}
			if ms, err := s.Messages(ctx, kept.ID); err != nil || len(ms) == 0 {
				t.Fatal(ms, err)
			}
			wantCode(t, s.RestoreChat(ctx, gone.ID), backend.CodeNotFound)
			checkBoth(t, s)
		})
	}
}

func TestMaintain(t *testing.T) {
	t.Parallel()
	clock, dir, ctx := newClock(), t.TempDir(), t.Context()
	s := mustOpen(t, dir, Options{Now: clock.now})
	const day = 24 * time.Hour
	maintain := func(t *testing.T) {
		t.Helper()
		if err := s.Maintain(ctx); err != nil {
			t.Fatal(err)
		}
	}
	c := mustChat(t, s, "old")
	mustTurn(t, s, c.ID, "", "xyzzy", "xyzzy")
	if err := s.DeleteChat(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	t.Run("a backup is taken once a day and seven are kept", func(t *testing.T) {
		for i := range 10 {
			maintain(t)
			maintain(t)
			if got, want := len(s.Backups()), min(i+1, 7); got != want {
				t.Fatalf("day %d: %d backups", i, got)
			}
			clock.t = clock.t.Add(day)
		}
	})
	t.Run("trash is kept thirty days and then gone from every file", func(t *testing.T) {
		clock.t = clock.t.Add(19 * day)
		maintain(t)
		if trash, _ := s.Trash(ctx); len(trash) != 1 {
			t.Fatal("purged too early")
		}
		clock.t = clock.t.Add(2 * day)
		maintain(t)
		if trash, _ := s.Trash(ctx); len(trash) != 0 {
			t.Fatal("not purged")
		}
		if files := filesWith(t, dir, "xyzzy"); files != nil {
			t.Fatal(files)
		}
	})
	t.Run("old trash waits while a damaged file was set aside lately", func(t *testing.T) {
		c := mustChat(t, s, "old")
		if err := s.DeleteChat(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		aside := filepath.Join(dir, "history.damaged-"+clock.t.Add(20*day).Local().Format("20060102-150405")+".db")
		if err := os.WriteFile(aside, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		clock.t = clock.t.Add(40 * day)
		maintain(t)
		if trash, _ := s.Trash(ctx); len(trash) != 1 {
			t.Fatal("purged")
		}
		clock.t = clock.t.Add(20 * day)
		maintain(t)
		if trash, _ := s.Trash(ctx); len(trash) != 0 {
			t.Fatal("not purged")
		}
		if _, err := os.Stat(aside); err == nil {
			t.Fatal("the file set aside is still there")
		}
	})
}

func TestDamageDuringAPurge(t *testing.T) {
	t.Parallel()
	const secret = "xyzzy-secret"
	t.Run("a chat whose purge had begun does not come back from the backup", func(t *testing.T) {
		dir, ctx := t.TempDir(), t.Context()
		s := mustOpen(t, dir, Options{})
		kept, gone := mustChat(t, s, "kept"), mustChat(t, s, secret)
		mustTurn(t, s, kept.ID, "", "question", "answer")
		mustTurn(t, s, gone.ID, "", secret, secret)
		if err := s.DeleteChat(ctx, gone.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Backup(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.dropChats(ctx, []string{gone.ID}); err != nil { // and here the app is killed
			t.Fatal(err)
		}
		s.Close()
		b, _ := os.ReadFile(s.Path())
		clear(b[:8192])
		os.WriteFile(s.Path(), b, 0o600)
		s, recovery, err := Open(ctx, dir, Options{})
		if err != nil || recovery == nil || recovery.Chats != 1 || recovery.Messages != 2 {
			t.Fatal(recovery, err)
		}
		defer s.Close()
		if err := s.Maintain(ctx); err != nil {
			t.Fatal(err)
		}
		if files := filesWith(t, dir, secret); files != nil {
			t.Fatal(files)
		}
	})
	t.Run("a mark that a crash left of a purge that never was takes nothing", func(t *testing.T) {
		s := mustOpen(t, t.TempDir(), Options{})
		c := mustChat(t, s, "restored since")
		h := &heap{newest: map[string]record{}, source: map[string]int{}, broken: map[string]bool{}}
		for rev, r := range map[uint64]struct {
			k   kind
			key string
			v   any
		}{
			1: {kindMessage, messageKey(c.ID, s.NewID()), backend.Message{}},
			2: {kindMeta, purgeMark(c.ID), true},
			3: {kindChat, c.ID, c},
		} {
			data, _ := marshal(r.v)
			rec, err := decodeRecord(encodeRecord(r.k, rev, r.key, data))
			if err != nil {
				t.Fatal(err)
			}
			h.add(rec)
		}
		if h.dropPurged() || len(h.newest) != 2 { // the mark is gone
			t.Fatal(h.newest)
		}
	})
}
