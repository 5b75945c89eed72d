//go:build linux

package engine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"weightroom/backend/llama"
	"weightroom/backend/promisetest"
)

// withProgram makes an engine whose only program is a shell script.
func withProgram(t *testing.T, script string) *Engine {
	t.Helper()
	dir := t.TempDir()
	lib := filepath.Join(dir, "lib", "ollama")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lib, "llama-fake"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	e := New(options0(filepath.Join(dir, "weightroom"), dir))
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func options0(executable, dir string) Options {
	return Options{Executable: executable, Models: dir, Home: dir, Log: filepath.Join(dir, "engine.log")}
}

// TestWhatAChildLeavesBehindEnds holds that nothing of a group runs once endRest returns, with the leader gone first,
// as without a PID namespace.
func TestWhatAChildLeavesBehindEnds(t *testing.T) {
	for range 20 {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "for i in 1 2 3 4 5; do sleep 100 & done; (sleep 100 & sleep 100) & kill -9 $$")
		jail(cmd, LockApp)
		if err := cmd.Run(); err == nil {
			t.Fatal("the leader ended in peace")
		}
		endRest(cmd)
		for _, p := range processes() {
			if p.group == cmd.Process.Pid && !p.ended {
				t.Errorf("%s (%d) is left", p.name, p.pid)
			}
		}
	}
}

func TestJobIsWatchedWhileItRuns(t *testing.T) {
	// The program goes on once its first words were seen.
	seenIt := filepath.Join(t.TempDir(), "seen")
	e := withProgram(t, "echo one; until [ -e '"+seenIt+"' ]; do sleep 0.02; done; echo two >&2; echo three\n")
	pieces := make(chan string, 10)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := e.RunJob(ctx, Job{Name: "llama-fake", Watch: func(text string) {
		pieces <- text
		_ = os.WriteFile(seenIt, nil, 0o600)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Stdout) != "one\nthree\n" || string(r.Stderr) != "two\n" {
		t.Errorf("kept %q and %q", r.Stdout, r.Stderr)
	}
	close(pieces)
	var seen strings.Builder
	for p := range pieces {
		seen.WriteString(p)
	}
	if got := seen.String(); !strings.HasPrefix(got, "one\n") || !strings.Contains(got, "two\n") {
		t.Errorf("watched %q", got)
	}
}

// TestJobWorksWithAsManyThreadsAsTheMachineAllows holds that each run asks anew.
func TestJobWorksWithAsManyThreadsAsTheMachineAllows(t *testing.T) {
	e := withProgram(t, `echo "$@"`)
	allowed := 0
	e.opts.How = func() llama.How { return llama.How{Threads: allowed} }
	for _, c := range []struct {
		allowed, wanted int
		args            string
	}{{4, 0, "-m m -t 4\n"}, {1, 0, "-m m -t 1\n"}, {4, 2, "-m m -t 2\n"}, {0, 0, "-m m\n"}} {
		allowed = c.allowed
		r, err := e.RunJob(t.Context(), Job{Name: "llama-fake", Args: []string{"-m", "m"}, Threads: c.wanted})
		if err != nil || string(r.Stdout) != c.args {
			t.Errorf("%d allowed, %d wanted: %q, %v", c.allowed, c.wanted, r.Stdout, err)
		}
	}
}

func TestJobTellsItsMemoryAndItsProcessorTime(t *testing.T) {
	e := withProgram(t, `x=$(head -c 60000000 /dev/zero | tr '\0' a); i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo ${#x}`)
	r, err := e.RunJob(t.Context(), Job{Name: "llama-fake"})
	if err != nil {
		t.Fatalf("%v: %s", err, r.Stderr)
	}
	if r.Memory.AnonymousBytes < 50e6 || r.Memory.Bytes < r.Memory.AnonymousBytes || r.Memory.FileBytes == 0 {
		t.Errorf("memory %+v", r.Memory)
	}
	if r.CPUSeconds < 0.05 || r.CPUSeconds > 2*r.Seconds+0.1 {
		t.Errorf("%.2f s of the processor in %.2f s", r.CPUSeconds, r.Seconds)
	}
}

func TestJobEndsWithItsContext(t *testing.T) {
	e := withProgram(t, "sleep 100\n")
	promisetest.Within(t, "cancelling", 3*time.Second, func() time.Duration {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if _, err := e.RunJob(ctx, Job{Name: "llama-fake"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		return time.Since(begun)
	})
}

func TestOneJobRunsAtATime(t *testing.T) {
	e := withProgram(t, "true\n")
	done, err := e.Alone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := e.RunJob(ctx, Job{Name: "llama-fake"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a job began beside a measurement: %v", err)
	}
	done()
	if _, err := e.RunJob(t.Context(), Job{Name: "llama-fake"}); err != nil {
		t.Error(err)
	}
}

func TestProgramsComeBehindTheWindow(t *testing.T) {
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	e := withProgram(t, "nice\n")
	r, err := e.RunJob(t.Context(), Job{Name: "llama-fake"})
	if nice := strings.TrimSpace(string(r.Stdout)); err != nil || nice != strconv.Itoa(max(niceness, 20-own)) { // the call returns 20 less it
		t.Errorf("nice value %q, not %d: %v", nice, niceness, err)
	}
	if now, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err != nil || now != own {
		t.Errorf("this program gives way too: %d, %v", now, err)
	}
}

// TestAChildIsStartedWithoutFlashAttentionWhereThatIsFaster holds that a quantized cache, which needs it, keeps it.
func TestAChildIsStartedWithoutFlashAttentionWhereThatIsFaster(t *testing.T) {
	for _, c := range []struct {
		kv      string
		noFlash bool
		want    bool
	}{{"", true, true}, {"f16", true, true}, {"q8_0", true, false}, {"", false, false}} {
		e := New(Options{Log: filepath.Join(t.TempDir(), "log"), Tuning: func() Tuning { return Tuning{KVType: c.kv} }})
		if got := slices.Contains(e.environment(c.noFlash), "OLLAMA_FLASH_ATTENTION=0"); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
