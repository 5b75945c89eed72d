//go:build engine && linux

package core

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weightroom/backend/llama"
	"weightroom/backend/testdrive"
	"weightroom/backend/tune"
)

// TestEngineWorksAsWasMeasured holds that what was measured reaches the server past what Ollama would choose itself, and
// that it is undone by loading the model anew.
func TestEngineWorksAsWasMeasured(t *testing.T) {
	c, m := realCore(t)
	ctx := t.Context()
	_, rig := c.Machine.Ways.ToTry(ctx)
	load := func() string {
		t.Helper()
		if err := c.Machine.Load(ctx, m, 8192); err != nil {
			t.Fatal(err)
		}
		return serverArguments(t, c.Folders.Models)
	}
	usual := load()
	for _, want := range []string{" --flash-attn auto ", " -b 1024 -ub 1024 "} {
		if !strings.Contains(usual, want) {
			t.Errorf("the engine's own choice is another one than it is held against: %s", usual)
		}
	}
	how := llama.How{Threads: 1, Batch: 256, NoFlash: true}
	if err := c.Machine.Ways.Keep(rig, tune.Result{How: how, Counted: rig.Counted, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	measured := load()
	for _, want := range []string{" -t 1 ", " -b 256 -ub 256 ", " --flash-attn off "} {
		if !strings.Contains(measured, want) {
			t.Errorf("%q is not in %s", want, measured)
		}
	}
	if again := load(); again != measured {
		t.Errorf("it was loaded a second time: %s", again)
	}
	if err := c.Machine.Ways.Use(false); err != nil {
		t.Fatal(err)
	}
	port := func(s string) string { // the port is another one each time
		before, after, _ := strings.Cut(s, " --port ")
		_, after, _ = strings.Cut(after, " ")
		return before + after
	}
	if undone := load(); port(undone) != port(usual) {
		t.Errorf("undone it is\n%s, and was\n%s", undone, usual)
	}
}

// serverArguments are those of the llama-server that has a model of a folder loaded.
func serverArguments(t *testing.T, models string) string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte("llama-server")) && bytes.Contains(line, []byte(models)) {
			return strings.ReplaceAll(string(line), "\x00", " ")
		}
	}
	t.Fatal("no llama-server has the model")
	return ""
}

// TestEngineTimesItsWays holds that every way is one that llama-bench runs, and that its figures are read.
func TestEngineTimesItsWays(t *testing.T) {
	c, m := realCore(t)
	for _, try := range []struct {
		how   llama.How
		steps testdrive.Steps
	}{
		{llama.How{Threads: 1}, testdrive.Steps{Read: 64, Write: 8}},
		{llama.How{Threads: 1, Batch: 64}, testdrive.Steps{Read: 128}},
		{llama.How{Threads: 1, NoFlash: true}, testdrive.Steps{Read: 64, Write: 8, Depth: 64}},
	} {
		read, write, cpu, err := testdrive.Pace(t.Context(), c.Machine.ToolWith(try.how), m.Path, true, try.steps)
		if err != nil || read <= 0 || (write > 0) != (try.steps.Write > 0) || cpu <= 0 {
			t.Errorf("%+v: %g s to read a token, %g s to write one, %g s of the processor, %v", try, read, write, cpu, err)
		}
	}
}
