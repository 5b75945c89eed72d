package models

import "testing"

func TestStrengthIsCutOffAFilesName(t *testing.T) {
	for arg, want := range map[string]struct {
		path  string
		scale float64
	}{
		"a.gguf": {"a.gguf", 1}, "a.gguf=0.5": {"a.gguf", 0.5}, "a=b.gguf": {"a=b.gguf", 1}, "a=b.gguf=-2": {"a=b.gguf", -2}, "a.gguf=": {"a.gguf=", 1},
	} {
		if path, scale := adapterFile(arg); path != want.path || scale != want.scale {
			t.Errorf("%q: %q, %v", arg, path, scale)
		}
	}
}
