package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"weightroom/backend"
)

func TestWorksFromAnyFolderAPersonHas(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	names := []string{
		"plain", "with space", "張 庭", "👩‍👩‍👧 emoji", "100%", "%2F%00", "new\nline", "tab\t", "'quote\"", "[brackets]*?", "-dash", ".hidden",
		"trailing.", strings.Repeat("long", 60), "deep/er/and/deeper", "e\u0301 decomposed", "back\\slash", "bad\xffutf8", "$HOME", "~",
	}
	for _, name := range names {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			dir := filepath.Join(root, name)
			useAndDamage(t, dir)
			info, err := os.Stat(dir)
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
				t.Error(info.Mode(), err)
			}
			info, err = os.Stat(filepath.Join(dir, fileName))
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Error(info.Mode(), err)
			}
		})
	}
	t.Run("a link to a folder", func(t *testing.T) {
		target, link := t.TempDir(), filepath.Join(root, "link")
		if err := os.Symlink(target, link); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		useAndDamage(t, link)
	})
	t.Run("a link to a file keeps its target's place", func(t *testing.T) {
		target, dir := t.TempDir(), t.TempDir()
		s := mustOpen(t, target, Options{})
		s.Close()
		if err := os.Symlink(filepath.Join(target, fileName), filepath.Join(dir, fileName)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		useAndDamage(t, dir)
		if info, err := os.Lstat(filepath.Join(dir, fileName)); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Error("the link was replaced", err)
		}
	})
	t.Run("a link to a file that is not there is said, and nothing is created", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Symlink(filepath.Join(dir, "unplugged", fileName), filepath.Join(dir, fileName)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		_, _, err := Open(t.Context(), dir, Options{})
		wantCode(t, err, backend.CodeNotFound)
	})
	t.Run("a folder at the file's place", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, fileName), 0o700); err != nil {
			t.Fatal(err)
		}
		_, _, err := Open(t.Context(), dir, Options{})
		wantCode(t, err, backend.CodeInvalid)
	})
	t.Run("folders and files at the places of the others", func(t *testing.T) {
		for name, spoil := range map[string]func(string) error{
			lockName:              func(p string) error { return os.Mkdir(p, 0o700) },
			fileName + tempSuffix: func(p string) error { return os.MkdirAll(filepath.Join(p, "x"), 0o700) },
		} {
			dir := t.TempDir()
			if err := spoil(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, _, err := Open(t.Context(), dir, Options{})
			wantCode(t, err, backend.CodeInvalid)
		}
		dir := t.TempDir()
		for _, path := range []string{filepath.Join(dir, reserveName, "x"), filepath.Join(dir, "history.damaged-x.db")} {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, backupsDir), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s, recovery, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(recovery, err)
		}
		defer s.Close()
		mustTurn(t, s, mustChat(t, s, "chat").ID, "", "question", "answer")
		_, err = s.Backup(t.Context())
		wantCode(t, err, backend.CodeInvalid)
	})
	t.Run("no folder, or no place for one", func(t *testing.T) {
		_, _, err := Open(t.Context(), "", Options{})
		wantCode(t, err, backend.CodeNotFound)
		_, _, err = Open(t.Context(), filepath.Join(t.TempDir(), strings.Repeat("x", 300)), Options{})
		wantCode(t, err, backend.CodeInvalid)
	})
	t.Run("a file at the folder's place", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := Open(t.Context(), path, Options{})
		wantCode(t, err, backend.CodeInvalid)
	})
}

// useAndDamage does in dir what touches every kind of file: write, back up, purge, damage, repair.
func useAndDamage(t *testing.T, dir string) {
	t.Helper()
	ctx := t.Context()
	s := mustOpen(t, dir, Options{})
	c, gone := mustChat(t, s, "kept"), mustChat(t, s, "gone")
	mustTurn(t, s, c.ID, "", "question", "answer")
	if err := errors.Join(s.DeleteChat(ctx, gone.ID), s.PurgeChats(ctx, gone.ID), s.Maintain(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.Path(), 5000); err != nil {
		t.Fatal(err)
	}
	for range 2 { // set aside twice
		again, recovery, err := Open(ctx, dir, Options{})
		if err != nil || recovery == nil || recovery.Messages != 2 {
			t.Fatal(recovery, err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(s.Path(), 5000); err != nil {
			t.Fatal(err)
		}
	}
	if len(again(t, dir).db.setAside()) != 3 {
		t.Error("not every damaged file is kept")
	}
}

func again(t *testing.T, dir string) *Store {
	t.Helper()
	s, _, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestTwoStartsNeverMeanTwoWriters(t *testing.T) {
	t.Parallel()
	t.Run("the second is told", func(t *testing.T) {
		dir := t.TempDir()
		first := mustOpen(t, dir, Options{})
		start := time.Now()
		_, _, err := Open(t.Context(), dir, Options{Timeout: 50 * time.Millisecond})
		wantCode(t, err, backend.CodeLocked)
		if waited := time.Since(start); waited > time.Second {
			t.Errorf("waited %v", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, _, err = Open(ctx, dir, Options{Timeout: time.Minute})
		wantCode(t, err, backend.CodeCancelled)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, dir, Options{})
	})
	t.Run("also while the file is replaced", func(t *testing.T) {
		dir := t.TempDir()
		first := mustOpen(t, dir, Options{})
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if s, _, err := Open(t.Context(), dir, Options{Timeout: time.Millisecond}); err == nil {
						s.Close()
						t.Error("two have the same history open")
						return
					}
				}
			}
		})
		for range 20 {
			c := mustChat(t, first, "gone")
			if err := errors.Join(first.DeleteChat(t.Context(), c.ID), first.PurgeChats(t.Context(), c.ID)); err != nil {
				t.Fatal(err)
			}
		}
		close(stop)
		wg.Wait()
	})
	t.Run("pairs that start together", func(t *testing.T) {
		dir := t.TempDir()
		for i := range trials(t, 10, 1000) {
			if i%10 == 0 {
				dir = t.TempDir() // creation is raced for, too
			}
			a, b := startChild(t, "open", dir, "hold"), startChild(t, "open", dir, "hold")
			var said []string
			for _, c := range []*child{a, b} {
				if !c.lines.Scan() {
					t.Fatal("a child said nothing")
				}
				said = append(said, c.lines.Text())
			}
			a.in.Close()
			b.in.Close()
			a.end()
			b.end()
			if opened := strings.Count(strings.Join(said, " "), "opened"); opened != 1 || !strings.Contains(strings.Join(said, " "), string(backend.CodeLocked)) {
				t.Fatalf("pair %d: %q", i, said)
			}
		}
	})
}

// openChild opens a history, says how that went, and with "hold" keeps it open until its standard input ends.
func openChild(args []string) error {
	s, _, err := Open(context.Background(), args[0], Options{Timeout: 100 * time.Millisecond})
	if err != nil {
		told := backend.Readable(err)
		fmt.Println(told.Code, told.Message, told.Hint)
		return nil
	}
	defer s.Close()
	fmt.Println("opened")
	if len(args) > 1 && args[1] == "hold" {
		os.Stdin.Read(make([]byte, 1))
	}
	return nil
}
