package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
)

// furnished gives a library with a pulled model, one in parts, an adapter, one of another app, and a download that is
// under way.
func furnished(t testing.TB, dir string) *Library {
	t.Helper()
	l := open(t, dir)
	l.partBytes = 4096
	accept(t, l, pulled(t, l, "hf.co/owner/repo:Q8_0", 1))
	parts, names := split(t, 2, 2)
	put(t, l, filepath.Join(parts, names[0]), Options{Ref: "parts"})
	lora := must(savedOne(t, adapterOf(1)))
	put(t, l, lora, Options{})
	theirs := tree(t, map[string][]byte{"theirs.gguf": named(3, "Theirs")})
	if _, err := l.Adopt(t.Context(), must(l.ScanFolder(t.Context(), theirs))[0], AdoptOptions{How: HowSymlink}); err != nil {
		t.Fatal(err)
	}
	clearDownloads(t, l)
	if err := errors.Join(os.MkdirAll(l.DownloadsDir(), 0o755), os.WriteFile(filepath.Join(l.DownloadsDir(), "half.part"), []byte("half"), 0o600)); err != nil {
		t.Fatal(err)
	}
	return l
}

var furniture = []string{"hf.co/owner/repo:Q8_0", "parts:Q8_0", "theirs:Q8_0"}

// wantWhole fails unless a library has all that furnished put into it, sound, and a Download under way.
func wantWhole(t testing.TB, l *Library) {
	t.Helper()
	if got := refs(t, l); !slices.Equal(got, furniture) {
		t.Errorf("%v", got)
	}
	if a := must(l.Adapters(t.Context())); len(a) != 1 {
		t.Errorf("%v", a)
	}
	if bad, err := l.Verify(t.Context(), "", nil); err != nil || len(bad) != 0 {
		t.Errorf("%v %v", bad, err)
	}
	if b, err := os.ReadFile(filepath.Join(l.DownloadsDir(), "half.part")); err != nil || string(b) != "half" {
		t.Error(err)
	}
}

// stride is how many steps a trial of every step goes on by: all of them only in the slow suite.
func stride() int {
	if os.Getenv("WEIGHTROOM_SLOW") != "" {
		return 1
	}
	return 5
}

// leftovers lists what is in a folder besides the notes that say where the library went.
func leftovers(t testing.TB, dir string) []string {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	return slices.DeleteFunc(files(t, dir), func(f string) bool { return slices.Contains(movedNames(), f) })
}

// wantNotes fails unless a folder has both notes that say where the library went, or none.
func wantNotes(t testing.TB, dir string, want bool) {
	t.Helper()
	for _, note := range movedNames() {
		if _, err := os.Stat(filepath.Join(dir, note)); (err == nil) != want {
			t.Errorf("%s in %s: %v", note, dir, err)
		}
	}
}

func TestLibraryMovesAndIsFoundAgain(t *testing.T) {
	t.Parallel()
	for _, apart := range []bool{false, true} {
		t.Run(fmt.Sprintf("another disk %v", apart), func(t *testing.T) {
			t.Parallel()
			home, first, second := t.TempDir(), filepath.Join(t.TempDir(), "new"), t.TempDir()
			l := furnished(t, home)
			other := open(t, home) // of another process
			l.apart = apart
			for _, to := range []string{first, second, home} {
				from := l.Dir()
				var done, total int64
				if err := l.Move(t.Context(), to, func(d, n int64) {
					if d < done || n < d {
						t.Errorf("progress %d after %d of %d", d, done, n)
					}
					done, total = d, n
				}); err != nil {
					t.Fatal(err)
				}
				if apart && (done != total || total < 25_000) {
					t.Errorf("%d of %d", done, total)
				}
				if l.Dir() != to {
					t.Errorf("in %s", l.Dir())
				}
				for name, l := range map[string]*Library{"the same": l, "another process's": other, "opened again": open(t, home)} {
					if l.Dir() != to {
						if _, err := l.Models(t.Context()); err != nil || l.Dir() != to {
							t.Errorf("%s is in %s, %v", name, l.Dir(), err)
						}
					}
					wantWhole(t, l)
				}
				if left := leftovers(t, from); len(left) != 0 {
					t.Errorf("left in %s: %v", from, left)
				}
				wantNotes(t, home, to != home)
				wantNotes(t, first, false)
				wantNotes(t, second, false)
				if s, ok := l.store().ReadSums(must(l.Model(t.Context(), "hf.co/owner/repo")).Digest); ok && !l.store().Proven(must(l.Model(t.Context(), "hf.co/owner/repo")).Digest) {
					t.Errorf("dates were lost: %+v", s)
				}
			}
			put(t, other, weights(t, 9), Options{Ref: "later"})
			if m, err := l.Model(t.Context(), "later"); err != nil || !strings.HasPrefix(m.Path, home) {
				t.Errorf("%+v %v", m, err)
			}
		})
	}
}

func TestMoveThatCantBeIsRefused(t *testing.T) {
	t.Parallel()
	full := tree(t, map[string][]byte{"somebody's": []byte("x")})
	l := furnished(t, t.TempDir())
	for name, c := range map[string]struct{ to, says string }{
		"nowhere":              {"", "No folder"},
		"a part of a path":     {"models", "whole path"},
		"into itself":          {filepath.Join(l.Dir(), "blobs", "x"), "into itself"},
		"around itself":        {filepath.Dir(l.Dir()), "into itself"},
		"onto itself":          {l.Dir(), ""},
		"a file":               {filepath.Join(full, "somebody's"), "a file"},
		"a folder with others": {full, "other files"},
		"below a file":         {filepath.Join(full, "somebody's", "x"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := l.Move(t.Context(), c.to, nil)
			e := backend.Readable(err)
			if err == nil || e.Code == backend.CodeInternal || !strings.Contains(e.Message, c.says) || e.Hint == "" {
				t.Errorf("%v", err)
			}
			wantWhole(t, l)
			if left := files(t, full); !slices.Equal(left, []string{"somebody's"}) {
				t.Errorf("%v", left)
			}
		})
	}
}

func TestMoveThatFailsOrIsCancelledAtAnyStepLeavesTheLibraryWhole(t *testing.T) {
	t.Parallel()
	for _, apart := range []bool{false, true} {
		for _, how := range []string{"fails", "is cancelled"} {
			t.Run(fmt.Sprintf("%s, another disk %v", how, apart), func(t *testing.T) {
				t.Parallel()
				stayed, went := 0, 0
				for at := 1; ; at += stride() {
					home, to := t.TempDir(), filepath.Join(t.TempDir(), "new")
					l := furnished(t, home)
					l.apart = apart
					ctx, cancel := context.WithCancel(t.Context())
					n := 0
					l.step = func(string) error {
						if n++; n == at && how == "fails" {
							return errInjected
						} else if n == at {
							cancel()
						}
						return nil
					}
					err := l.Move(ctx, to, nil)
					cancel()
					l.step = nil
					if n < at {
						t.Logf("%d steps or fewer: it stayed %d times and went %d times", at-1, stayed, went)
						return
					}
					if err != nil && l.Dir() == home {
						stayed++
						if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
							t.Errorf("step %d: left %v", at, files(t, to))
						}
					} else {
						went++
					}
					wantWhole(t, l)
					l = open(t, home)
					wantWhole(t, l)
					for _, dir := range []string{home, to} {
						if left := leftovers(t, dir); dir != l.Dir() && len(left) > 0 {
							t.Errorf("step %d: left in %s: %v", at, dir, left)
						}
					}
					if t.Failed() {
						t.Fatalf("step %d", at)
					}
				}
			})
		}
	}
}

func TestLibraryOnADiskThatIsNotThereSaysSo(t *testing.T) {
	t.Parallel()
	home, to := t.TempDir(), filepath.Join(t.TempDir(), "disk", "models")
	l := furnished(t, home)
	if err := l.Move(t.Context(), to, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Dir(to), filepath.Dir(to)+"-unplugged"); err != nil {
		t.Fatal(err)
	}
	l = open(t, home)
	_, err := l.Models(t.Context())
	wantProblem(t, err, backend.CodeNotFound, to)
	_, err = l.Import(t.Context(), weights(t, 1), Options{})
	wantProblem(t, err, backend.CodeNotFound, to)
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		t.Error("a new library was made")
	}
	if err := os.Rename(filepath.Dir(to)+"-unplugged", filepath.Dir(to)); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, l)
	for name, harm := range map[string]func(p string) error{"deleted": os.Remove, "cut": func(p string) error { return os.Truncate(p, 5) }, "zeroed": func(p string) error { return os.WriteFile(p, make([]byte, 100), 0o600) }} {
		for _, note := range movedNames() {
			t.Run(note+" "+name, func(t *testing.T) { // one of the notes
				path := filepath.Join(home, note)
				was := must(os.ReadFile(path))
				if err := harm(path); err != nil {
					t.Fatal(err)
				}
				wantWhole(t, open(t, home))
				if err := os.WriteFile(path, was, 0o600); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func TestMoveToWhereTheLibraryIsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, move := range map[string][]string{"never moved": {}, "moved": {"away"}, "moved and back": {"away", "home"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := t.TempDir()
			l := open(t, filepath.Join(in, "home"))
			for _, to := range move {
				if err := l.Move(t.Context(), filepath.Join(in, to), nil); err != nil {
					t.Fatal(err)
				}
			}
			lasting := func() []string {
				return slices.DeleteFunc(files(t, in), func(f string) bool { return filepath.Base(f) == lockName })
			}
			before := lasting()
			for range 2 {
				wantProblem(t, l.Move(t.Context(), l.Dir(), nil), backend.CodeInvalid, "already")
			}
			open(t, filepath.Join(in, "home"))
			if left := lasting(); !slices.Equal(left, before) {
				t.Errorf("%v after %v", left, before)
			}
		})
	}
}

func TestLibraryMovesBackToAFolderOfAnotherName(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	home, alias := filepath.Join(in, "home"), filepath.Join(in, "alias")
	l := furnished(t, home)
	if err := os.Symlink(home, alias); err != nil {
		t.Skip(err)
	}
	wantProblem(t, l.Move(t.Context(), alias, nil), backend.CodeInvalid, "already")
	for _, to := range []string{filepath.Join(in, "away"), alias} {
		if err := l.Move(t.Context(), to, nil); err != nil {
			t.Fatal(err)
		}
	}
	if l.Dir() != home {
		t.Errorf("in %s", l.Dir())
	}
	wantNotes(t, home, false)
	wantWhole(t, open(t, home))
}
