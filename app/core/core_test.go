package core

import (
	"context"
	"testing"

	"weightroom/backend/platform"
)

// open opens a Core on an empty folder.
func open(t *testing.T) *Core {
	t.Helper()
	folders, err := platform.Resolve(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(context.Background(), OpenOptions{Folders: folders, History: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestFileNames(t *testing.T) {
	for in, want := range map[string]string{"": "chat", "a/b\\c:d": "a-b-c-d", "../..": "chat", "Résumé 2": "Résumé-2", "con": "con"} {
		if got := FileName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
