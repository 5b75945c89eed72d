//go:build engine

package testdrive

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"weightroom/backend/gguf"
)

// TestEngineFillsHoles lets the engine read a weightless model and write what it read: weights that are not zero and
// finite, but norms as they are in the file.
func TestEngineFillsHoles(t *testing.T) {
	weightless, written := filepath.Join(t.TempDir(), "weightless.gguf"), filepath.Join(t.TempDir(), "written.gguf")
	if _, err := Write(weightless, planned(t, "smollm2-135m", "F16"), 0); err != nil {
		t.Fatal(err)
	}
	if out, err := engineTool(t)(t.Context(), "llama-quantize", weightless, written, "F16"); err != nil {
		t.Fatalf("%v: %s", err, lastWords(out.Stderr))
	}
	f := read(t, written)
	data, err := os.ReadFile(written)
	if err != nil {
		t.Fatal(err)
	}
	for name, filled := range map[string]bool{"blk.7.attn_q.weight": true, "blk.29.ffn_down.weight": true, "token_embd.weight": true, "blk.7.attn_norm.weight": false} {
		i := slices.IndexFunc(f.Tensors, func(t gguf.Tensor) bool { return t.Name == name })
		weights := data[f.DataOffset+f.Tensors[i].Offset:][:f.Tensors[i].Bytes]
		if got := !bytes.Equal(weights, make([]byte, len(weights))); got != filled {
			t.Errorf("%s is filled: %v", name, got)
		}
		for at := 1; filled && at < len(weights); at += 2 { // the high byte of a 16-bit number
			if weights[at] < 0x04 || weights[at] > 0x2f {
				t.Fatalf("%s: byte %d is %#x", name, at, weights[at])
			}
		}
	}
}
