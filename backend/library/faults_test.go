package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library/layout"
)

// steps counts the marked steps of change on a fresh store that prepare has filled.
func steps(t *testing.T, prepare func(*Library), change func(*Library) error) (names []string) {
	t.Helper()
	l := open(t, t.TempDir())
	prepare(l)
	l.step = func(s string) error { names = append(names, s); return nil }
	if err := change(l); err != nil {
		t.Fatal(err)
	}
	return names
}

var errInjected = errors.New("injected")

func TestImportThatFailsAtAnyStepLeavesNothing(t *testing.T) {
	t.Parallel()
	path, other := weights(t, 1), weights(t, 2)
	prepare := func(l *Library) { put(t, l, other, Options{Name: "other"}) }
	change := func(l *Library) error { _, err := l.Import(t.Context(), path, Options{Name: "new"}); return err }
	all := steps(t, prepare, change)
	for i, step := range all {
		t.Run(fmt.Sprintf("%d %s", i, step), func(t *testing.T) {
			t.Parallel()
			l := open(t, t.TempDir())
			prepare(l)
			before, n := files(t, l.Dir()), 0
			l.step = func(string) error {
				if n++; n == i+1 {
					return errInjected
				}
				return nil
			}
			err := change(l)
			l.step = nil
			switch {
			case strings.Contains(step, "index") && err == nil: // the index may fail: it is a cache
				if got := refs(t, l); !slices.Equal(got, []string{"new:Q8_0", "other:Q8_0"}) {
					t.Errorf("%v", got)
				}
			case err == nil || !errors.Is(err, errInjected):
				t.Errorf("%v, want the injected failure", err)
			default:
				if after := files(t, l.Dir()); !slices.Equal(after, before) {
					t.Errorf("left %v, want %v", after, before)
				}
				if e := backend.Readable(err); e.Message == "" || e.Hint == "" {
					t.Errorf("no sentence for %v", err)
				}
			}
			checkSound(t, l)
			if err := change(l); err != nil {
				t.Errorf("the next try fails: %v", err)
			}
		})
	}
	t.Logf("%d steps", len(all))
}

func TestRemovalThatFailsAtAnyStepIsFinishedLater(t *testing.T) {
	t.Parallel()
	path, other := weights(t, 1), weights(t, 2)
	prepare := func(l *Library) { put(t, l, other, Options{Name: "other"}); put(t, l, path, Options{Name: "gone"}) }
	change := func(l *Library) error { _, err := l.Remove(t.Context(), "gone"); return err }
	for i, step := range steps(t, prepare, change) {
		t.Run(fmt.Sprintf("%d %s", i, step), func(t *testing.T) {
			t.Parallel()
			l := open(t, t.TempDir())
			prepare(l)
			n := 0
			l.step = func(string) error {
				if n++; n == i+1 {
					return errInjected
				}
				return nil
			}
			err := change(l)
			l = open(t, l.Dir())
			got := refs(t, l)
			if err == nil && slices.Contains(got, "gone:Q8_0") || !slices.Contains(got, "other:Q8_0") {
				t.Errorf("%v after %v", got, err)
			}
			if step == "remove manifest" != slices.Contains(got, "gone:Q8_0") { // the first step is the decision
				t.Errorf("%v", got)
			}
			checkSound(t, l)
		})
	}
}

func TestImportCancelledAtAnyMomentLeavesNothing(t *testing.T) {
	t.Parallel()
	path := weights(t, 1, func(b *gguftest.Builder) { // several buffers long
		b.Add(gguftest.Tensor{Name: "big", Shape: []uint64{32, 1 << 16}, Type: 8, Size: 34 << 16})
	})
	for name, o := range map[string]Options{"copy": {}, "link": {Link: true}} {
		for at := range 9 {
			t.Run(fmt.Sprintf("%s %d", name, at), func(t *testing.T) {
				l := open(t, t.TempDir())
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				n := 0
				count := func() {
					if n++; n > at {
						cancel()
					}
				}
				o.Progress = func(_, _ int64) { count() }
				l.step = func(string) error { count(); return nil }
				_, err := l.Import(ctx, path, o)
				l.step = nil
				if err != nil {
					wantProblem(t, err, backend.CodeCancelled, "cancelled")
					if left := files(t, l.Dir()); len(left) != 0 {
						t.Errorf("left behind: %v", left)
					}
				}
				checkSound(t, l)
			})
		}
	}
}

func TestFileThatChangesWhileItIsCopiedIsRefused(t *testing.T) {
	t.Parallel()
	big := func(b *gguftest.Builder) {
		b.Add(gguftest.Tensor{Name: "big", Shape: []uint64{32, 1 << 16}, Type: 8, Size: 34 << 16})
	}
	for name, change := range map[string]func(path string) error{
		"written to":   func(path string) error { return overwrite(path, 3<<20, "x") },
		"appended to":  func(path string) error { return overwrite(path, -1, "x") },
		"cut":          func(path string) error { return os.Truncate(path, 1<<20) },
		"emptied":      func(path string) error { return os.Truncate(path, 0) },
		"time changed": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
	} {
		for _, link := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, link %v", name, link), func(t *testing.T) {
				l := open(t, t.TempDir())
				path := weights(t, 1, big)
				once := sync.OnceValue(func() error { return change(path) })
				_, err := l.Import(t.Context(), path, Options{Link: link, Progress: func(_, _ int64) {
					if err := once(); err != nil {
						t.Fatal(err)
					}
				}})
				wantProblem(t, err, backend.CodeInvalid, "changed while")
				if left := files(t, l.Dir()); len(left) != 0 {
					t.Errorf("left behind: %v", left)
				}
			})
		}
	}
	t.Run("replaced by another", func(t *testing.T) { // the open file is still the first
		l := open(t, t.TempDir())
		path, next := weights(t, 1, big), weights(t, 2)
		once := sync.OnceValue(func() error { return os.Rename(next, path) })
		put(t, l, path, Options{Progress: func(_, _ int64) {
			if err := once(); err != nil {
				t.Fatal(err)
			}
		}})
		checkSound(t, l)
	})
}

// overwrite writes s at a place of a file; -1: at its end.
func overwrite(path string, at int64, s string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if at < 0 {
		if at, err = f.Seek(0, 2); err != nil {
			return err
		}
	}
	_, err = f.WriteAt([]byte(s), at)
	return err
}

func TestFileImportedManyTimesAtOnceIsOneModel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	same := weights(t, 1)
	var wg sync.WaitGroup
	for i := range 24 {
		// Several libraries on one folder stand for several processes: the lock is per open file.
		l, path := open(t, dir), same
		if i%4 == 3 {
			path = weights(t, byte(i))
		}
		wg.Go(func() {
			if _, err := l.Import(t.Context(), path, Options{}); err != nil {
				t.Error(err)
			}
			if _, err := l.Models(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := l.Tidy(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	l := open(t, dir)
	if got := models(t, l); len(got) != 7 {
		t.Errorf("%d models of 7 contents: %v", len(got), refs(t, l))
	}
	checkSound(t, l)
}

func TestFlippedBitIsFound(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	m, other := put(t, l, weights(t, 1), Options{Name: "a"}), put(t, l, weights(t, 2), Options{Name: "b"})
	r := rand.New(rand.NewPCG(1, 2))
	paths := []string{m.Path}
	for _, e := range must(l.entries()) {
		if e.Name.Model == "a" {
			paths = append(paths, l.store().Blob(e.Manifest.Config.Digest))
		}
	}
	flips := often("WEIGHTROOM_FLIPS", 100)
	for i := range flips {
		path := paths[i%2]
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := r.IntN(len(data))
		data[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var done, total int64
		bad, err := l.Verify(t.Context(), []string{"", m.Ref}[i%3%2], func(d, n int64) { done, total = d, n })
		if err != nil || len(bad) != 1 || bad[0].Ref != m.Ref || !strings.HasSuffix(path, bad[0].Digest[7:]) || done != total || total == 0 {
			t.Fatalf("flip %d at %d: %v %v, %d of %d", i, at, bad, err, done, total)
		}
		if bad, err := l.Verify(t.Context(), other.Ref, nil); err != nil || len(bad) != 0 {
			t.Fatalf("the other model: %v %v", bad, err)
		}
		data[at] = must(os.ReadFile(path))[at] // as read back
		if err := os.WriteFile(path, restore(data, at, path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d flips found", flips, flips)
}

// restore finds the one bit at a place that gives the content its name back.
func restore(data []byte, at int, path string) []byte {
	for bit := range 8 {
		c := bytes.Clone(data)
		c[at] ^= 1 << bit
		if strings.HasSuffix(path, layout.DigestOf(c)[7:]) {
			return c
		}
	}
	return data
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestFolderNamesDoNotMatter(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with space", "張 庭", "emoji 😀", "100% %s", "new\nline", "a'b\"c", "star*[x]?", "-dash", "trailing.", "ünï", "\\back", "$HOME", "#;&|", ".hidden", strings.Repeat("n", 200)} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d", name)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Skip(err)
			}
			file := filepath.Join(dir, name+".gguf")
			if err := os.WriteFile(file, gguftest.Small(1).Bytes(), 0o600); err != nil {
				t.Skip(err)
			}
			l := open(t, filepath.Join(dir, "models"))
			put(t, l, file, Options{})
			link := filepath.Join(dir, "link")
			if err := os.Symlink(file, link); err == nil {
				put(t, l, link, Options{Link: true})
			}
			if err := os.WriteFile(filepath.Join(l.Dir(), layout.RemovePrefix+"x"), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
			l = open(t, l.Dir())
			if n := len(models(t, l)); n != 1 {
				t.Errorf("%d models", n)
			}
			checkSound(t, l)
			if _, err := l.Remove(t.Context(), "tiny-llama-1k"); err != nil {
				t.Error(err)
			}
			if left := files(t, l.Dir()); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestOtherFilesInTheStoreAreLeftAlone(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	put(t, l, weights(t, 1), Options{})
	strangers := []string{
		"blobs/sha256-" + strings.Repeat("0", 64) + "-partial", "blobs/notes.txt", "blobs/sha256-" + layout.DigestOf([]byte("somebody's"))[7:],
		"readme", "manifests/registry.ollama.ai/library/.hidden", "metadata/sha256-1.json",
	}
	for _, s := range strangers {
		path := filepath.Join(l.Dir(), filepath.FromSlash(s))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("somebody's"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	l = open(t, l.Dir())
	if _, err := l.Tidy(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := l.Remove(t.Context(), "tiny-llama-1k"); err != nil {
		t.Error(err)
	}
	for _, s := range strangers {
		if _, err := os.Stat(filepath.Join(l.Dir(), filepath.FromSlash(s))); errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was deleted", s)
		}
	}
}
