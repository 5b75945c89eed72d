package library

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library/layout"
)

func TestAModelIsCalledWhatItsHeaderSays(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Granite 3.3 2B Instruct": "Granite 3.3 2B Instruct",
		"granite-3.3-2b-Q8_0":     "granite 3.3 2B",
		"model":                   "my own",
		"":                        "my own",
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "my-own-Q8_0.gguf")
			if err := os.WriteFile(path, gguftest.Small(1).Set("general.name", header).Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			l := open(t, t.TempDir())
			looked, err := l.Look(t.Context(), path)
			if err != nil || len(looked) != 1 || looked[0].Name != want || looked[0].Problem != nil {
				t.Fatalf("before the import: %+v, %v", looked, err)
			}
			m := put(t, l, path, Options{})
			if m.Name != want || m.Quant != "Q8_0" {
				t.Errorf("imported as %q %s, want %q", m.Name, m.Quant, want)
			}
			if looked, err = l.Look(t.Context(), path); err != nil || looked[0].InLibrary != m.Ref || !looked[0].Alike {
				t.Errorf("after the import: %+v, %v", looked, err)
			}
		})
	}
}

// Two trainings of one model share size and header, so only the import tells whether a file is another model.
func TestAFileThatLooksLikeAModelIsNotTakenForIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.gguf"), filepath.Join(dir, "second.gguf")
	data := gguftest.Small(1).Bytes()
	other := slices.Clone(data)
	other[len(other)-1] ^= 0xff
	big := make([]byte, quickCompare)
	for path, weights := range map[string][]byte{first: data, second: other} {
		if err := os.WriteFile(path, slices.Concat(weights[:len(weights)-1], big, weights[len(weights)-1:]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, t.TempDir())
	m := put(t, l, first, Options{})
	looked, err := l.Look(t.Context(), second)
	if err != nil || len(looked) != 1 || looked[0].InLibrary != m.Ref || !looked[0].Alike {
		t.Fatalf("%+v, %v", looked, err)
	}
	if n := put(t, l, second, Options{}); n.Ref == m.Ref || n.Digest == m.Digest {
		t.Errorf("another file became %s", n.Ref)
	}
	if again := put(t, l, first, Options{}); again.Ref != m.Ref {
		t.Errorf("the same file became %s", again.Ref)
	}
	blob, err := l.Model(t.Context(), m.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if looked, err = l.Look(t.Context(), blob.Path); err != nil || looked[0].InLibrary != m.Ref || looked[0].Alike {
		t.Errorf("its own file: %+v, %v", looked, err)
	}
}

func TestARenamedModel(t *testing.T) {
	t.Parallel()
	home, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "moved")
	l := open(t, home)
	m := put(t, l, weights(t, 1), Options{Ref: "a:Q8_0"})
	was := m.Name
	named := func(when string, l *Library, want string) {
		t.Helper()
		got, err := l.Model(t.Context(), "a:Q8_0")
		if err != nil || got.Name != want {
			t.Fatalf("%s it is called %q (%v), want %q", when, got.Name, err, want)
		}
	}
	if got, err := l.Rename(t.Context(), "a", "  My\nbest one "); err != nil || got.Name != "My best one" || got.Ref != "a:Q8_0" {
		t.Fatalf("%+v, %v", got, err)
	}
	named("at once", l, "My best one")
	named("after a restart", open(t, home), "My best one")
	if err := l.Move(t.Context(), elsewhere, nil); err != nil {
		t.Fatal(err)
	}
	named("after a move", l, "My best one")
	named("after a move and a restart", open(t, home), "My best one")
	_ = os.Remove(filepath.Join(elsewhere, layout.IndexName))
	named("without the index", open(t, home), "My best one")
	if bad, err := l.Verify(t.Context(), "", nil); err != nil || len(bad) > 0 {
		t.Errorf("it is damaged: %+v, %v", bad, err)
	}
	if got, err := l.Rename(t.Context(), "a", ""); err != nil || got.Name != was {
		t.Errorf("with an empty name it is called %q (%v), want %q again", got.Name, err, was)
	}
	blobs, _ := os.ReadDir(filepath.Join(elsewhere, "blobs"))
	if len(blobs) != 2 {
		t.Errorf("%d blobs are left, want its weights and one config", len(blobs))
	}
	if _, err := l.Rename(t.Context(), "b", "x"); err == nil {
		t.Error("a model that is not there was renamed")
	}
}

func TestWhatCantBeImportedSaysSoBeforehand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole, err := os.ReadFile(weights(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"cut.gguf": whole[:len(whole)-1100], "text.gguf": []byte("hello"), "empty.gguf": {}}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, t.TempDir())
	for name, says := range map[string]string{
		"cut.gguf": "1.1 kB of its", "text.gguf": "whatever its name ends in", "empty.gguf": "empty", "none.gguf": "no such file",
	} {
		found, err := l.Look(t.Context(), filepath.Join(dir, name))
		if err != nil || len(found) != 1 || found[0].Problem == nil || !strings.Contains(found[0].Problem.Message, says) {
			t.Errorf("%s: %+v, %v, want %q", name, found, err, says)
		}
	}
	if found, err := l.Look(t.Context(), t.TempDir()); err != nil || len(found) != 1 || found[0].Problem == nil {
		t.Errorf("an empty folder: %+v, %v", found, err)
	}
}
