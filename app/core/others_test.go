package core

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library"
)

// A model of another app is said to be in the library once its bytes were compared, and not because it looks like one:
// two trainings of one model share their names, sizes and headers.
func TestAModelOfAnotherAppIsComparedBeforeItIsTakenForOneOfTheLibrary(t *testing.T) {
	c := open(t)
	ctx, dir := t.Context(), t.TempDir()
	data := gguftest.Small(1).Bytes()
	data = slices.Concat(data, make([]byte, 2<<20))
	other := slices.Clone(data)
	other[len(other)-1] = 1
	for name, bytes := range map[string][]byte{"mine.gguf": data, "apps/same.gguf": data, "apps/other.gguf": other} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mine, err := c.Library.Import(ctx, filepath.Join(dir, "mine.gguf"), library.Options{Ref: "mine:Q8_0"})
	if err != nil {
		t.Fatal(err)
	}
	look := func() map[string]library.ForeignModel {
		t.Helper()
		apps, err := c.Models.Others(ctx, filepath.Join(dir, "apps"))
		if err != nil || len(apps) != 1 || len(apps[0].Models) != 2 {
			t.Fatalf("%+v, %v", apps, err)
		}
		found := map[string]library.ForeignModel{}
		for _, m := range apps[0].Models {
			found[filepath.Base(m.Files[0].Path)] = m
		}
		return found
	}
	for name, m := range look() {
		if m.InLibrary != mine.Ref || !m.Alike {
			t.Errorf("%s before it was read: %q, alike %t", name, m.InLibrary, m.Alike)
		}
	}
	want := map[string]string{"same.gguf": mine.Ref}
	for _, name := range []string{"same.gguf", "other.gguf"} {
		m, err := c.Models.Adopt(ctx, filepath.Join(dir, "apps", name), nil)
		if err != nil || (m.Ref == mine.Ref) != (name == "same.gguf") {
			t.Fatalf("%s became %s: %v", name, m.Ref, err)
		}
		want[name] = m.Ref
	}
	for name, m := range look() {
		if m.InLibrary != want[name] || m.Alike {
			t.Errorf("%s after it was read: %q, want %q, alike %t", name, m.InLibrary, want[name], m.Alike)
		}
	}
	// What another app has changed meanwhile is not known any more.
	if err := os.WriteFile(filepath.Join(dir, "apps", "same.gguf"), other, 0o600); err != nil {
		t.Fatal(err)
	}
	if m := look()["same.gguf"]; !m.Alike {
		t.Errorf("after a change: %q", m.InLibrary)
	}
}
