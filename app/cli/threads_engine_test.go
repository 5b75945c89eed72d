//go:build engine && linux

package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
)

// TestEngineWorksWithWhatTheMachineAllows runs the app on one processor, and under a quota of one core where control groups
// may be made here: detect says one thread, and the engine's log that it took one. The speeds are printed, not judged.
func TestEngineWorksWithWhatTheMachineAllows(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("there is one processor, so nothing can be taken away")
	}
	data := t.TempDir()
	for _, c := range []struct {
		name, kind string
		wrap       func(t *testing.T) []string // put before the command
	}{
		{"alone", "", func(*testing.T) []string { return nil }},
		{"on one processor", "affinity", func(t *testing.T) []string {
			if _, err := exec.LookPath("taskset"); err != nil {
				t.Skip(err)
			}
			return []string{"taskset", "-c", "0"}
		}},
		{"under a quota of one core", "quota", quota},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrap := c.wrap(t)
			run := func(v any, args ...string) {
				t.Helper()
				args = append(append(wrap[:len(wrap):len(wrap)], bin(t)), append(args, "--json", "--data", data)...)
				cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
				cmd.Stderr = t.Output()
				out, err := cmd.Output()
				if err == nil {
					err = json.Unmarshal(out, v)
				}
				if err != nil {
					t.Fatalf("%v: %v: %s", args, err, out)
				}
			}
			var machine struct {
				CPU struct{ Threads threadsRow }
			}
			run(&machine, "detect")
			said := machine.CPU.Threads
			if c.kind != "" && (said.Count != 1 || said.Reasons[len(said.Reasons)-1].Kind != c.kind) {
				t.Errorf("detect says %+v", said)
			}
			log := filepath.Join(data, "logs", "engine.log")
			before, _ := os.Stat(log)
			var answer struct {
				Tokens                                 int
				TokensPerSecond, PromptTokensPerSecond float64
			}
			run(&answer, "run", "smollm2-135m", "Write a very long story about the sea.", "--max-tokens", "64", "--temperature", "0", "--context", "2048")
			if got := threadsInLog(t, log, before); got != said.Count {
				t.Errorf("the engine took %d threads, detect says %d", got, said.Count)
			}
			load, _ := os.ReadFile("/proc/loadavg")
			t.Logf("%s; %d tokens, %.1f a second, prompt %.1f; load %.14s", threadsText(said), answer.Tokens, answer.TokensPerSecond, answer.PromptTokensPerSecond, load)
		})
	}
}

// threadsInLog is what llama-server said last, in what was written since.
func threadsInLog(t *testing.T, path string, since os.FileInfo) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if since != nil && int64(len(text)) >= since.Size() { // else it began a new one
		text = text[since.Size():]
	}
	found := regexp.MustCompile(`system_info: n_threads = (\d+) \(n_threads_batch = (\d+)\)`).FindAllSubmatch(text, -1)
	if len(found) == 0 {
		t.Fatalf("the engine does not say its threads: %s", text)
	}
	last := found[len(found)-1]
	if string(last[1]) != string(last[2]) {
		t.Errorf("%s threads write and %s read", last[1], last[2])
	}
	n, _ := strconv.Atoi(string(last[1]))
	return n
}

// quota makes a control group with a quota of one core and gives what joins it; it skips where none may be made.
func quota(t *testing.T) []string {
	name := fmt.Sprintf("weightroom-threads-%d", os.Getpid())
	for _, v := range []struct{ dir, file, value string }{
		{filepath.Join("/sys/fs/cgroup/cpu", name), "cpu.cfs_quota_us", "100000"}, // version 1; its period is 100 ms
		{filepath.Join("/sys/fs/cgroup", name), "cpu.max", "100000 100000"},
	} {
		if os.Mkdir(v.dir, 0o755) != nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(v.dir, v.file), []byte(v.value), 0o600); err != nil {
			_ = os.Remove(v.dir)
			continue
		}
		t.Cleanup(func() { _ = os.Remove(v.dir) })
		return []string{"sh", "-c", `echo $$ > ` + filepath.Join(v.dir, "cgroup.procs") + ` && exec "$@"`, "sh"}
	}
	t.Skip("no control group with a quota may be made here")
	return nil
}
