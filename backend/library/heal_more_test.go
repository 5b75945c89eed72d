package library

import (
	"errors"
	"fmt"
	"io/fs"
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

// harms are the ways in which a crash, a full disk or a hand can damage a file.
func harms() map[string]func(path string) error {
	return map[string]func(path string) error{
		"cut":      func(p string) error { return os.Truncate(p, must(os.Stat(p)).Size()/2) },
		"emptied":  func(p string) error { return os.Truncate(p, 0) },
		"zeroed":   func(p string) error { return os.WriteFile(p, make([]byte, must(os.Stat(p)).Size()), 0o600) },
		"deleted":  os.Remove,
		"garbled":  func(p string) error { return overwrite(p, 1, "\xff\x00{[") },
		"a folder": func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) },
		"a full folder": func(p string) error {
			return errors.Join(os.Remove(p), os.Mkdir(p, 0o755), os.WriteFile(filepath.Join(p, "x"), []byte("x"), 0o600))
		},
		"longer": func(p string) error { return overwrite(p, -1, "more") },
	}
}

// pantry holds a library with models of every kind, and what it takes to get them again.
type pantry struct {
	store  string // the library, to be copied
	parts  string
	lora   string
	theirs string
	state  []string // every file of it, and of work that was under way
}

func newPantry(t testing.TB) pantry {
	t.Helper()
	p := pantry{store: t.TempDir(), theirs: tree(t, map[string][]byte{"theirs.gguf": named(3, "Theirs")})}
	dir, names := split(t, 2, 2)
	p.parts, p.lora = filepath.Join(dir, names[0]), must(savedOne(t, adapterOf(1)))
	l := open(t, p.store)
	l.partBytes = 4096
	p.fill(t, l)
	clearDownloads(t, l)
	models(t, l)
	// Journals of work that was under way when a process ended: of an arrival that can't be finished, and of a removal
	// that is.
	for name, data := range map[string]string{
		".arriving-LEFT": fmt.Sprintf(`{"Host":"hf.co","Namespace":"a","Model":"b","Tag":"c","Manifest":{"schemaVersion":2,"config":{"digest":"sha256:%064d","size":1},"layers":[{"digest":"sha256:%064d","size":1}]},"Moves":[]}`, 1, 2),
		".removing-LEFT": fmt.Sprintf(`{"layers":[{"digest":"sha256:%064d","size":1}]}`, 3),
		movingName:       `{"from":"/nowhere/a","to":"/nowhere/b"}`,
		".import-LEFT":   "half of a file",
	} {
		if err := os.WriteFile(filepath.Join(p.store, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.state = append(files(t, p.store), layout.IndexName)
	return p
}

// fill gets every model of the pantry, as a person would who misses one.
func (p pantry) fill(t testing.TB, l *Library) {
	t.Helper()
	in := pulled(t, l, "hf.co/owner/repo:Q8_0", 1)
	_, err := l.Accept(t.Context(), in)
	_, errParts := l.Import(t.Context(), p.parts, Options{Ref: "parts"})
	_, errLora := l.Import(t.Context(), p.lora, Options{})
	found, errLook := l.ScanFolder(t.Context(), p.theirs)
	if err = errors.Join(err, errParts, errLora, errLook); err == nil && len(found) == 1 {
		_, err = l.Adopt(t.Context(), found[0], AdoptOptions{How: HowSymlink})
	}
	if err != nil {
		t.Errorf("not to be had again: %v", err)
	}
	clearDownloads(t, l)
}

func (p pantry) copy(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	err := filepath.WalkDir(p.store, func(path string, it fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(p.store, path)
		to := filepath.Join(dir, rel)
		switch {
		case err != nil:
			return err
		case it.IsDir():
			return os.MkdirAll(to, 0o755)
		case it.Type()&fs.ModeSymlink != 0:
			return os.Symlink(must(os.Readlink(path)), to)
		}
		return errors.Join(os.WriteFile(to, must(os.ReadFile(path)), 0o600), os.Chtimes(to, must(it.Info()).ModTime(), must(it.Info()).ModTime()))
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAnyDamagedStateOfEveryKindOfModelHealsAlone damages every file of a library that has pulled, split, adopted and
// adapter models and work under way, one to four files at a time. It has to open, tell what is wrong, take the same
// models again, be sound then, and be empty once they are removed: nothing has to be deleted by hand.
func TestAnyDamagedStateOfEveryKindOfModelHealsAlone(t *testing.T) {
	t.Parallel()
	p := newPantry(t)
	ways := slices.Sorted(maps.Keys(harms()))
	type blow struct{ file, way string }
	var states [][]blow
	for _, f := range p.state {
		for _, way := range ways {
			states = append(states, []blow{{f, way}})
		}
	}
	seed := uint64(7)
	r := rand.New(rand.NewPCG(seed, 0))
	want := often("WEIGHTROOM_STATES", 60)
	if want < len(states) { // a slice of the single ones
		r.Shuffle(len(states), func(i, j int) { states[i], states[j] = states[j], states[i] })
		states = states[:want]
	}
	for len(states) < want {
		var blows []blow
		for _, i := range r.Perm(len(p.state))[:2+r.IntN(3)] {
			blows = append(blows, blow{p.state[i], ways[r.IntN(len(ways))]})
		}
		states = append(states, blows)
	}
	theirs := contents(t, p.theirs)
	t.Run("states", func(t *testing.T) {
		for n, blows := range states {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				dir, name := p.copy(t), ""
				for _, b := range blows {
					name += b.file + " " + b.way + ", "
					path := filepath.Join(dir, b.file)
					if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 && b.way != "deleted" && !strings.Contains(b.way, "folder") {
						continue // what would be damaged is the other app's
					}
					if err := harms()[b.way](path); err != nil {
						t.Fatal(name, err)
					}
				}
				p.checkHeals(t, dir)
				if t.Failed() {
					t.Fatalf("state %d of seed %d: %s", n, seed, name)
				}
			})
		}
	})
	if !slices.Equal(contents(t, p.theirs), theirs) {
		t.Error("the other app's file was touched")
	}
	t.Logf("%d states of %d files", len(states), len(p.state))
}

func (p pantry) checkHeals(t *testing.T, dir string) {
	t.Helper()
	l, err := New(dir)
	if err != nil {
		t.Errorf("does not open: %v", err)
		return
	}
	_, errModels := l.Models(t.Context())
	_, errAdapters := l.Adapters(t.Context())
	_, errBroken := l.Broken(t.Context())
	_, errVerify := l.Verify(t.Context(), "", nil)
	_, errDisk := l.Disk(t.Context())
	_, errTidy := l.Tidy(t.Context())
	if err := errors.Join(errModels, errAdapters, errBroken, errVerify, errDisk, errTidy); err != nil {
		t.Errorf("%v", err)
	}
	p.fill(t, l)
	l = open(t, dir)
	if _, err := l.Tidy(t.Context()); err != nil {
		t.Error(err)
	}
	digests := map[string]backend.Model{}
	for _, m := range models(t, l) {
		digests[m.Digest] = m
	}
	if _, err := l.Model(t.Context(), "hf.co/owner/repo:Q8_0"); err != nil || len(digests) != 3 || len(must(l.Adapters(t.Context()))) != 1 {
		t.Errorf("%v, %v", refs(t, l), err)
	}
	if bad, err := l.Verify(t.Context(), "", nil); err != nil || len(bad) != 0 {
		t.Errorf("%+v %v", bad, err)
	}
	for _, m := range models(t, l) {
		if _, err := l.Remove(t.Context(), m.Ref); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
	for _, a := range must(l.Adapters(t.Context())) {
		if _, err := l.Remove(t.Context(), a.Ref); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
	for _, f := range files(t, dir) { // a folder with somebody's files in it is set aside, never deleted
		if !strings.Contains(f, ".set-aside-") && filepath.Dir(f) != ".import-LEFT" { // in nobody's way, so it stays
			t.Errorf("%s is left after everything was removed", f)
		}
	}
}
