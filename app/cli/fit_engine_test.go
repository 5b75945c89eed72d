//go:build engine && linux

package cli

import (
	"testing"

	"weightroom/backend/store"
)

// What the engine planned for a command is kept where the window looks for it.
func TestEngineKeepsThePlanThatACommandAskedFor(t *testing.T) {
	data := t.TempDir()
	var answer struct {
		Memory struct {
			TotalBytes int64 `json:"totalBytes"`
		}
	}
	if exit, stderr := runJSON(t, &answer, data, "fit", "smollm2-135m:Q4_K_M"); exit != 0 || answer.Memory.TotalBytes == 0 {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	s, _, err := store.Open(t.Context(), data, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // read only
	var kept []struct {
		Model, Quant string
		Context      int
		Memory       struct{ TotalBytes int64 }
	}
	if _, err := s.Get(t.Context(), "plans", &kept); err != nil || len(kept) != 1 {
		t.Fatalf("%+v, %v", kept, err)
	}
	if k := kept[0]; k.Model != "smollm2-135m" || k.Quant != "Q4_K_M" || k.Context != 8192 || k.Memory.TotalBytes != answer.Memory.TotalBytes {
		t.Errorf("%+v, and the command said %d", k, answer.Memory.TotalBytes)
	}
}

// A model that is named without a quant is listed with all of them.
func TestEngineListsTheQuantsOfAModel(t *testing.T) {
	var answer struct {
		Quants []struct {
			Quant, Cause, Reason string
			Bytes                int64
			Memory               struct{ TotalBytes int64 }
		}
	}
	if exit, stderr := runJSON(t, &answer, t.TempDir(), "fit", "smollm2-135m"); exit != 0 || len(answer.Quants) < 3 {
		t.Fatalf("exit %d, %+v: %s", exit, answer, stderr)
	}
	for _, q := range answer.Quants {
		if q.Quant == "" || q.Bytes == 0 || q.Cause != "" || q.Memory.TotalBytes == 0 {
			t.Errorf("%+v", q)
		}
	}
	if exit, stderr := runJSON(t, &answer, t.TempDir(), "fit", "smollm2-135m:Q4_K_M"); exit != 0 || len(answer.Quants) != 0 {
		t.Fatalf("exit %d, %+v: %s", exit, answer, stderr)
	}
}
