package library

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/library/layout"
)

// TestAnyDamagedFileHealsAlone damages every file of a store, one to three at a time, in every way a crash, a full disk
// or a hand can. The store must open, list what is whole, take the same files again, and end sound with nothing to
// delete by hand.
func TestAnyDamagedFileHealsAlone(t *testing.T) {
	t.Parallel()
	harm := map[string]func(path string) error{
		"cut":     func(p string) error { return os.Truncate(p, must(os.Stat(p)).Size()/2) },
		"emptied": func(p string) error { return os.Truncate(p, 0) },
		"zeroed": func(p string) error {
			return os.WriteFile(p, make([]byte, must(os.Stat(p)).Size()), 0o600)
		},
		"deleted": os.Remove,
		"garbled": func(p string) error { return overwrite(p, 1, "\xff\x00{[") },
		"a folder": func(p string) error {
			return errors.Join(os.Remove(p), os.Mkdir(p, 0o755))
		},
		"a full folder": func(p string) error {
			return errors.Join(os.Remove(p), os.Mkdir(p, 0o755), os.WriteFile(filepath.Join(p, "x"), []byte("x"), 0o600))
		},
		"longer": func(p string) error { return overwrite(p, -1, "more") },
	}
	a, b := weights(t, 1), weights(t, 2)
	fresh := func(t *testing.T) (*Library, []string) {
		t.Helper()
		l := open(t, t.TempDir())
		put(t, l, a, Options{Name: "a"})
		put(t, l, b, Options{Name: "b"})
		models(t, l)
		return l, append(files(t, l.Dir()), layout.IndexName)
	}
	_, shape := fresh(t)
	ways := slices.Sorted(maps.Keys(harm))
	type blow struct {
		file int
		way  string
	}
	var states [][]blow
	for i := range shape {
		for _, way := range ways {
			states = append(states, []blow{{i, way}})
		}
	}
	seed := uint64(1)
	r := rand.New(rand.NewPCG(seed, 0))
	for n := often("WEIGHTROOM_STATES", len(states)+12); len(states) < n; {
		order := r.Perm(len(shape))[:2+r.IntN(2)]
		var blows []blow
		for _, i := range order {
			blows = append(blows, blow{i, ways[r.IntN(len(ways))]})
		}
		states = append(states, blows)
	}
	for _, blows := range states {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			l, all := fresh(t)
			name := ""
			for _, b := range blows {
				name += filepath.Base(all[b.file]) + " " + b.way + ", "
				if err := harm[b.way](filepath.Join(l.Dir(), all[b.file])); err != nil {
					t.Fatal(name, err)
				}
			}
			checkHeals(t, name, l.Dir(), a, b)
		})
	}
	t.Logf("%d states", len(states))
}

func checkHeals(t *testing.T, name, dir, a, b string) {
	t.Helper()
	l, err := New(dir)
	if err != nil {
		t.Errorf("%s: does not open: %v", name, err)
		return
	}
	if _, err := l.Models(t.Context()); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if _, err := l.Verify(t.Context(), "", nil); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for _, path := range []string{a, b} {
		if _, err := l.Import(t.Context(), path, Options{Name: strings.ToUpper(filepath.Base(path))}); err != nil {
			t.Errorf("%s: import: %v", name, err)
		}
	}
	l = open(t, dir)
	if got := models(t, l); len(got) != 2 {
		t.Errorf("%s: %v", name, refs(t, l))
	}
	bad, err := l.Verify(t.Context(), "", nil)
	if err != nil || len(bad) != 0 {
		t.Errorf("%s: %v %v", name, bad, err)
	}
	for _, f := range files(t, dir) { // a folder with somebody's files in it is set aside, never deleted
		if !strings.Contains(f, ".set-aside-") && !strings.HasPrefix(filepath.Base(f), "sha256-") && !strings.HasPrefix(f, "manifests") {
			t.Errorf("%s: left %s", name, f)
		}
	}
	if t.Failed() {
		return
	}
	for _, m := range models(t, l) {
		if _, err := l.Remove(t.Context(), m.Ref); err != nil {
			t.Errorf("%s: remove: %v", name, err)
		}
	}
	for _, f := range files(t, dir) {
		if !strings.Contains(f, ".set-aside-") {
			t.Errorf("%s: %s is left after everything was removed", name, f)
		}
	}
}

func TestFoldersOfTheStoreComeBack(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(l *Library) error{
		"all deleted":       func(l *Library) error { return os.RemoveAll(l.Dir()) },
		"blobs deleted":     func(l *Library) error { return os.RemoveAll(l.store().Blobs()) },
		"manifests deleted": func(l *Library) error { return os.RemoveAll(l.store().Manifests()) },
		"manifests now a file": func(l *Library) error {
			return errors.Join(os.RemoveAll(l.store().Manifests()), os.WriteFile(l.store().Manifests(), nil, 0o600))
		},
		"blobs now a file": func(l *Library) error {
			return errors.Join(os.RemoveAll(l.store().Blobs()), os.WriteFile(l.store().Blobs(), nil, 0o600))
		},
		"lock now a folder": func(l *Library) error {
			return errors.Join(os.Remove(filepath.Join(l.Dir(), lockName)), os.Mkdir(filepath.Join(l.Dir(), lockName), 0o755))
		},
		"stray files at levels": func(l *Library) error {
			return os.WriteFile(filepath.Join(l.store().Manifests(), layout.Host, layout.Namespace, "stray"), []byte("x"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			path := weights(t, 1)
			put(t, l, path, Options{Name: "a"})
			if err := harm(l); err != nil {
				t.Fatal(err)
			}
			l = open(t, l.Dir())
			m := put(t, l, path, Options{Name: "a"})
			if got := refs(t, l); !slices.Equal(got, []string{m.Ref}) {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestModelWithoutItsManifestComesBackUnderItsName(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(l *Library) error{
		"manifest deleted": func(l *Library) error { return os.RemoveAll(l.store().Manifests()) },
		"manifest zeroed": func(l *Library) error {
			e := must(l.entries())[0]
			return os.WriteFile(e.Path, make([]byte, 300), 0o600)
		},
		"config deleted": func(l *Library) error { return os.Remove(l.store().Blob(must(l.entries())[0].Manifest.Config.Digest)) },
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			want := put(t, l, weights(t, 1), Options{Ref: "mine:v1", Name: "Mine", Source: SourcePull, Licence: backend.Licence{Name: "X", Commercial: true}})
			if err := harm(l); err != nil {
				t.Fatal(err)
			}
			l = open(t, l.Dir())
			got := models(t, l)
			if len(got) != 1 || got[0].Ref != want.Ref || got[0].Name != want.Name || got[0].Source != want.Source || got[0].Licence != want.Licence || !got[0].Added.Equal(want.Added) {
				t.Errorf("%+v, want %+v", got, want)
			}
			checkSound(t, l)
		})
	}
}
