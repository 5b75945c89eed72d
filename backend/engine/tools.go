package engine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"weightroom/backend"
)

// LibDir is where the engine's programs and libraries lie for the binary executable: "lib/ollama" beside its
// folder, where Ollama looks first, or beside the binary itself on macOS.
func LibDir(executable string) string {
	if real, err := filepath.EvalSymlinks(executable); err == nil {
		executable = real
	}
	dir := filepath.Dir(executable)
	candidates := []string{
		filepath.Join(dir, "..", "lib", "ollama"),
		filepath.Join(dir, "lib", "ollama"),
		filepath.Join(dir, "build", "lib", "ollama"),
	}
	for _, c := range candidates {
		if info, err := os.Stat(c); err == nil && info.IsDir() {
			return c
		}
	}
	return candidates[0]
}

func toolFile(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// Build says what the bundled engine was built from.
type Build struct {
	Ollama   string   // version, "0.34.4"
	LlamaCpp string   // build, "b10488"
	Backends []string // cpu, cuda, hip, vulkan, metal
}

// ReadBuild reads the note that the engine's build leaves beside it. A missing note gives an empty Build.
func ReadBuild(libDir string) Build {
	b := Build{Backends: []string{}}
	data, err := os.ReadFile(filepath.Join(libDir, "ENGINE"))
	if err != nil {
		return b
	}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "ollama":
			b.Ollama = value
		case "llama.cpp":
			b.LlamaCpp = value
		case "backends":
			b.Backends = strings.Fields(value)
		}
	}
	return b
}

// Tool prepares one of llama.cpp's programs to run in a jail of its own, without a network. ctx ends it with
// everything it started. The caller sets its pipes and calls Run.
type Tool struct {
	*exec.Cmd
	lock    Lock
	started func(pid int) // called once it runs; nil: nobody asks
}

// Tool finds the program name, such as "llama-bench".
func (e *Engine) Tool(ctx context.Context, name string, args ...string) (*Tool, error) {
	lib := LibDir(e.opts.Executable)
	path := filepath.Join(lib, toolFile(name))
	if _, err := os.Stat(path); err != nil {
		return nil, backend.Fail(backend.CodeEngineMissing, err, "The engine's program "+name+" is not installed.", "Install Weightroom again.")
	}
	return e.jailed(exec.CommandContext(ctx, path, args...)), nil
}

// jailed prepares a command to run without a network.
func (e *Engine) jailed(cmd *exec.Cmd) *Tool {
	cmd.Env = append(inherited(), "HOME="+e.opts.Home)
	cmd.Dir = LibDir(e.opts.Executable)
	cmd.WaitDelay = 2 * time.Second
	t := &Tool{Cmd: cmd, lock: strongestLock}
	jail(cmd, t.lock)
	return t
}

// ToolResult is what a program of the engine left behind.
type ToolResult struct {
	Stdout, Stderr []byte
	PeakBytes      int64   // largest resident memory; 0: this system does not tell
	Seconds        float64 // from start to end
	CPUSeconds     float64 // processor time of the program
}

// RunTool runs one of the engine's programs to its end and collects its output. One job runs at a time, so that
// measurements do not disturb each other; RunTool waits for its turn.
func (e *Engine) RunTool(ctx context.Context, name string, args ...string) (ToolResult, error) {
	return e.runTool(ctx, nil, name, args...)
}

// FillHoles makes a program of the engine read a hole in a model's file as bytes that keep the processor as busy as weights
// do, see build/engine/patches/fill-holes.patch.
const FillHoles = "LLAMA_FILL_HOLES=1"

// RunWeightless is RunTool for a model file whose weights are a hole.
func (e *Engine) RunWeightless(ctx context.Context, name string, args ...string) (ToolResult, error) {
	return e.runTool(ctx, []string{FillHoles}, name, args...)
}

func (e *Engine) runTool(ctx context.Context, env []string, name string, args ...string) (ToolResult, error) {
	r, err := e.RunJob(ctx, Job{Name: name, Args: args, Env: env})
	return r.ToolResult, err
}

// Run runs the program to its end. Where the system forbids namespaces it runs without; llama.cpp's programs are
// built without any network code.
func (t *Tool) Run() error {
	err := t.runOnce()
	var path *os.PathError
	if t.lock != LockKernel || !errors.As(err, &path) {
		return err
	}
	t.lock = LockApp
	fresh := *t.Cmd
	fresh.Process, fresh.ProcessState = nil, nil
	t.Cmd = &fresh
	jail(t.Cmd, t.lock)
	return t.runOnce()
}

func (t *Tool) runOnce() error {
	ended := make(chan error, 1)
	if err := threadBound(t.Cmd, func(err error) { ended <- err }); err != nil {
		return err
	}
	if t.started != nil {
		t.started(t.Process.Pid)
	}
	return <-ended
}
