//go:build engine

package testdrive

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"weightroom/backend/gguf"
	"weightroom/backend/llama"
)

// TestEngineFillsHoles runs the starter with its vocabulary and its norms and a hole where its weights are. Zeros would
// give each word of the vocabulary the same chance, so that the perplexity is their number. What fills the hole gives
// another, of whatever size, that is a number: nothing on the way was undefined.
func TestEngineFillsHoles(t *testing.T) {
	f := read(t, starter(t))
	real, err := os.Open(starter(t))
	if err != nil {
		t.Fatal(err)
	}
	defer real.Close()
	path, text := filepath.Join(t.TempDir(), "hole.gguf"), filepath.Join(t.TempDir(), "text")
	hole, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.CopyN(hole, real, f.DataOffset)
	for _, tensor := range f.Tensors {
		if tensor.Type == gguf.F32 && err == nil {
			at := f.DataOffset + tensor.Offset
			_, err = io.Copy(io.NewOffsetWriter(hole, at), io.NewSectionReader(real, at, tensor.Bytes))
		}
	}
	if err := errors.Join(err, hole.Truncate(f.Size), hole.Close(), os.WriteFile(text, []byte(strings.Repeat("The sea was calm, and one by one the lamps went on. ", 40)), 0o600)); err != nil {
		t.Fatal(err)
	}
	perplexity := func(run Tool) float64 {
		out, err := run(t.Context(), "llama-perplexity", "-m", path, "-f", text, "-c", "128", "-b", "128", "--chunks", "1", "--load-mode", "none")
		if err != nil {
			t.Fatalf("%v: %s", err, llama.LastWords(string(out.Stderr)))
		}
		m := regexp.MustCompile(`\[1\]([\d.]+|nan|inf)`).FindStringSubmatch(string(out.Stdout) + string(out.Stderr))
		if m == nil {
			t.Fatalf("no perplexity: %s", llama.LastWords(string(out.Stderr)))
		}
		n, _ := strconv.ParseFloat(m[1], 64)
		return n
	}
	tool := engineTool(t)
	filled := perplexity(tool)
	zeros := perplexity(func(ctx context.Context, name string, args ...string) (Output, error) {
		return tool(context.WithValue(ctx, unfilled{}, true), name, args...)
	})
	if words := float64(f.Vocabulary()); math.Abs(zeros/words-1) > 0.01 || !(filled > 0) || math.Abs(filled/words-1) < 0.01 {
		t.Errorf("of %g words: zeros %g, filled %g", words, zeros, filled)
	}
}
