package core

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
)

func TestADamagedModelIsNotUsedUntilItIsWhole(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := os.WriteFile(file, gguftest.Small(1).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := c.Models.Import(ctx, file, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	rot := func() {
		t.Helper()
		data, err := os.ReadFile(m.Path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-1] ^= 1
		if err := os.WriteFile(m.Path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if bad, err := c.Models.Verify(ctx, "", nil); err != nil || len(bad) != 1 {
			t.Fatalf("%+v, %v", bad, err)
		}
	}
	usable := func(when string) {
		t.Helper()
		if _, err := c.Models.Use(ctx, m.Ref); err != nil || len(c.Models.VerifyReport(ctx).Bad) > 0 {
			t.Fatalf("%s: %v, %+v", when, err, c.Models.VerifyReport(ctx))
		}
	}
	usable("at first")
	rot()
	var e *backend.Error
	if _, err := c.Models.Use(ctx, m.Ref); !errors.As(err, &e) || e.Code != backend.CodeDamaged || e.Hint == "" {
		t.Fatalf("a damaged model is used: %v", err)
	}
	if again, err := c.Models.Import(ctx, file, "", nil); err != nil || again.Ref != m.Ref {
		t.Fatalf("%+v, %v", again, err)
	}
	usable("after it was imported again")
	rot()
	if _, err := c.Models.Remove(ctx, m.Ref); err != nil {
		t.Fatal(err)
	}
	if bad := c.Models.VerifyReport(ctx).Bad; len(bad) > 0 {
		t.Errorf("what was removed is still told of: %+v", bad)
	}
}
