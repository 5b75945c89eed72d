//go:build engine

package testdrive

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// engineTool runs the engine's programs from WEIGHTROOM_ENGINE, or from the checkout.
func engineTool(t testing.TB) Tool {
	return meteredTool(t, func(time.Duration) {})
}

// unfilled is the key of a context in which holes are zeros.
type unfilled struct{}

// meteredTool reports the processor time of each program.
func meteredTool(t testing.TB, used func(time.Duration)) Tool {
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
		if ctx.Value(unfilled{}) == nil {
			cmd.Env = append(os.Environ(), "LLAMA_FILL_HOLES=1")
		}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		out := Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
		if s := cmd.ProcessState; s != nil {
			used(s.UserTime() + s.SystemTime())
			if u, ok := s.SysUsage().(*syscall.Rusage); ok {
				out.PeakBytes = u.Maxrss << 10
			}
		}
		return out, err
	}
}

// quietBench times a file when nothing else runs: it repeats a run during which other programs had more than 4% of
// the processors, and after patience gives the least disturbed one.
func quietBench(t testing.TB, path string, o BenchOptions, patience time.Duration) Timing {
	var own time.Duration
	run := meteredTool(t, func(d time.Duration) { own = d })
	var best Timing
	least := 2.0
	for begin := time.Now(); ; {
		for wait := time.Now(); othersBusy(200*time.Millisecond) > 0.1 && time.Since(wait) < patience/4; {
			time.Sleep(time.Second)
		}
		before, at := busy(), time.Now()
		timing, err := Bench(t.Context(), run, path, o)
		if err != nil {
			t.Fatal(err)
		}
		others := (busy() - before - own).Seconds() / time.Since(at).Seconds() / float64(timing.Threads)
		if others < least {
			least, best = others, timing
		}
		if least < 0.04 || time.Since(begin) > patience {
			return best
		}
	}
}

func othersBusy(d time.Duration) float64 {
	before := busy()
	time.Sleep(d)
	return (busy() - before).Seconds() / d.Seconds()
}

// busy is how long the processors have worked, or were taken by the machine's host.
func busy() time.Duration {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	var user, nice, system, idle, wait, irq, soft, stolen int64
	_, _ = fmt.Fscan(strings.NewReader(strings.TrimPrefix(string(data), "cpu ")), &user, &nice, &system, &idle, &wait, &irq, &soft, &stolen)
	return time.Duration(user+nice+system+irq+soft+stolen) * 10 * time.Millisecond
}
