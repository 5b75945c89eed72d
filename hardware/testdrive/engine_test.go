//go:build engine

package testdrive

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// engineTool runs the engine's programs from WEIGHTROOM_ENGINE, or from the checkout.
func engineTool(t testing.TB) Tool {
	dir := os.Getenv("WEIGHTROOM_ENGINE")
	if dir == "" {
		dir = filepath.Join("..", "..", "build", "lib", "ollama")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "llama-bench")); err != nil {
		t.Fatalf("no engine: run make engine (%v)", err)
	}
	return func(ctx context.Context, name string, args ...string) (Output, error) {
		cmd := exec.CommandContext(ctx, filepath.Join(dir, name), args...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		out := Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
		if cmd.ProcessState != nil {
			out.PeakBytes = peak(cmd.ProcessState)
		}
		return out, err
	}
}
