//go:build engine && linux

package engine

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/library"
	"weightroom/backend/promisetest"
	"weightroom/backend/runnertest"
)

const (
	model = library.StarterRef
	story = "Write a very long story about a lighthouse keeper."
	// patience is how long something that must happen is waited for: long enough for a machine that is busy with
	// other things, and never waited out where it happens.
	patience = 3 * time.Minute
)

// TestMain lets the test binary be its own victim: as "own DIR" it runs an engine and waits to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "own" {
		own(os.Args[2])
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "serve-unlocked" {
		serveUnlocked(os.Args[2])
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "gpu-discover" {
		os.Exit(1) // nothing here runs a model
	}
	os.Exit(m.Run())
}

// binary is the built app: the engine is our own binary.
func binary(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs("../../build/bin/weightroom")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make app first", err)
	}
	return path
}

func options(executable, dir string) Options {
	return Options{
		Executable: executable, Models: filepath.Join(dir, "models"), Home: dir, Log: filepath.Join(dir, "engine.log"),
		Tuning: func() Tuning { return Tuning{KeepAlive: time.Minute} },
	}
}

// fill puts the starter into a library in dir.
func fill(t testing.TB, dir string) {
	t.Helper()
	l, err := library.New(filepath.Join(dir, "models"))
	if err != nil {
		t.Fatal(err)
	}
	path, ok := library.FindStarter([]string{"../../build/share/weightroom"})
	if !ok {
		t.Fatal("no starter: run make starter first")
	}
	if _, err := l.Import(context.Background(), path, library.StarterOptions(nil)); err != nil {
		t.Fatal(err)
	}
}

func newReal(t testing.TB) *Engine {
	t.Helper()
	dir := t.TempDir()
	fill(t, dir)
	e := New(options(binary(t), dir))
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "engine.log"))
			t.Logf("%s", log[max(0, len(log)-4000):])
		}
	})
	return e
}

func prompt(text string, maxTokens int) backend.Prompt {
	zero := 0.0
	return backend.Prompt{
		Model: model, Bytes: library.StarterBytes,
		Messages: []backend.Message{{Role: backend.RoleUser, Text: text}},
		Sampling: backend.Sampling{Temperature: &zero, MaxTokens: maxTokens, ContextLength: 2048},
	}
}

// answering starts an answer and returns once its third piece came; the channel gives its end.
func answering(t *testing.T, e *Engine) <-chan error {
	t.Helper()
	began, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		pieces := 0
		_, err := e.Answer(context.Background(), prompt(story, 4000), func(d backend.Delta) {
			if d.Text != "" {
				if pieces++; pieces == 3 {
					close(began)
				}
			}
		})
		ended <- err
	}()
	select {
	case <-began:
	case err := <-ended:
		t.Fatalf("ended early: %v", err)
	case <-time.After(patience):
		t.Fatal("no answer began")
	}
	return ended
}

func after(t *testing.T, ended <-chan error, limit time.Duration) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(limit):
		t.Fatalf("no end after %v", limit)
		return nil
	}
}

func llamaServer(t *testing.T, e *Engine) process {
	t.Helper()
	for _, p := range processTree(e.PID()) {
		if strings.HasPrefix(p.name, "llama-server") {
			return p
		}
	}
	t.Fatal("no llama-server runs")
	return process{}
}

// gone reports whether a process runs no more; one that nobody has waited for yet does not run either.
func gone(pid int) bool {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}

func TestEngineKeepsTheContract(t *testing.T) {
	runnertest.Contract(t, newReal(t), model, story)
}

func TestEngineSaysParis(t *testing.T) {
	e := newReal(t)
	var text strings.Builder
	if _, err := e.Answer(t.Context(), prompt("What is the capital of France?", 40), func(d backend.Delta) { text.WriteString(d.Text) }); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "Paris") {
		t.Errorf("it says %q", text.String())
	}
}

func TestEngineHasANetworkOfItsOwn(t *testing.T) {
	e := newReal(t)
	if err := e.Load(t.Context(), model, 2048, library.StarterBytes, nil); err != nil {
		t.Fatal(err)
	}
	if e.Status().Lock != LockKernel {
		t.Skipf("this system gives the lock %q", e.Status().Lock)
	}
	for address, inode := range listeners(t, "/proc/net") {
		if holds(processTree(os.Getpid()), inode) {
			t.Errorf("listens outside: %s", address)
		}
	}
	inside := filepath.Join("/proc", strconv.Itoa(llamaServer(t, e).pid), "net")
	server := llamaServer(t, e)
	found := false
	for _, inode := range listeners(t, inside) {
		found = found || holds([]process{server}, inode)
	}
	if !found {
		t.Error("llama-server listens nowhere, so this test looked in the wrong place")
	}
	routes, err := os.ReadFile(filepath.Join(inside, "route"))
	if err != nil || strings.Count(string(routes), "\n") > 1 {
		t.Errorf("a way out: %s, %v", routes, err)
	}
	devices, err := os.ReadFile(filepath.Join(inside, "dev"))
	if err != nil || strings.Count(string(devices), ":") != 1 || !strings.Contains(string(devices), "lo:") {
		t.Errorf("more than a loopback: %s, %v", devices, err)
	}
}

// listeners returns the listening TCP sockets of one network namespace, from its tables below dir, with their inodes.
func listeners(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, table := range []string{"tcp", "tcp6"} {
		file, err := os.Open(filepath.Join(dir, table))
		if err != nil {
			continue
		}
		for s := bufio.NewScanner(file); s.Scan(); {
			if f := strings.Fields(s.Text()); len(f) > 9 && f[3] == "0A" { // TCP_LISTEN
				found[table+" "+f[1]] = f[9]
			}
		}
		_ = file.Close()
	}
	return found
}

// holds reports whether one of the processes has the socket open: others on this machine may listen as they like.
func holds(some []process, inode string) bool {
	for _, p := range some {
		open, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(p.pid), "fd", "*"))
		for _, fd := range open {
			if target, _ := os.Readlink(fd); target == "socket:["+inode+"]" {
				return true
			}
		}
	}
	return false
}

func TestEngineSurvivesAKilledServer(t *testing.T) {
	e := newReal(t)
	ended := answering(t, e)
	if err := syscall.Kill(llamaServer(t, e).pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := after(t, ended, patience); backend.Readable(err).Code != backend.CodeEngineDied {
		t.Errorf("said %v", err)
	}
	if _, err := e.Answer(t.Context(), prompt("Hello", 4), func(backend.Delta) {}); err != nil {
		t.Errorf("the next prompt: %v", err)
	}
}

func TestEngineIsStartedAgainAfterACrash(t *testing.T) {
	promisetest.Within(t, "starting again after a crash", 2*time.Second, func() time.Duration {
		e := newReal(t)
		ended := answering(t, e)
		tree := processTree(e.PID())
		begun := time.Now()
		if err := syscall.Kill(e.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := after(t, ended, patience); backend.Readable(err).Code != backend.CodeEngineDied {
			t.Errorf("said %v", err)
		}
		allEnd(t, pids(tree))
		again := func() bool { s := e.Status(); return s.State == StateReady && s.Restarts > 0 }
		for !again() && time.Since(begun) < patience {
			time.Sleep(50 * time.Millisecond)
		}
		took := time.Since(begun)
		if s := e.Status(); s.State != StateReady || s.Restarts != 1 {
			t.Errorf("not started again: %+v", s)
		}
		if _, err := e.Answer(t.Context(), prompt("Hello", 4), func(backend.Delta) {}); err != nil {
			t.Errorf("the next prompt: %v", err)
		}
		return took
	})
}

func TestEngineThatHangsIsNoticed(t *testing.T) {
	promisetest.Within(t, "noticing a hang", 30*time.Second, func() time.Duration {
		e := newReal(t)
		ended := answering(t, e)
		for _, p := range processTree(e.PID()) {
			_ = syscall.Kill(p.pid, syscall.SIGSTOP)
		}
		begun := time.Now()
		if err := after(t, ended, patience); backend.Readable(err).Code != backend.CodeEngineHung {
			t.Errorf("said %v", err)
		}
		took := time.Since(begun)
		if _, err := e.Answer(t.Context(), prompt("Hello", 4), func(backend.Delta) {}); err != nil {
			t.Errorf("the next prompt: %v", err)
		}
		return took
	})
}

func TestEngineStopsWhateverHangs(t *testing.T) {
	promisetest.Within(t, "Stop", time.Second, func() time.Duration {
		e := newReal(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended, began := make(chan error, 1), make(chan struct{}, 10000)
		go func() {
			_, err := e.Answer(ctx, prompt(story, 4000), func(backend.Delta) { began <- struct{}{} })
			ended <- err
		}()
		for range 8 {
			<-began
		}
		for _, p := range processTree(e.PID()) {
			_ = syscall.Kill(p.pid, syscall.SIGSTOP)
		}
		begun := time.Now()
		cancel()
		if err := after(t, ended, hungAfter/2); err == nil { // before anybody could have noticed that it hangs
			t.Error("no error")
		}
		return time.Since(begun)
	})
}

func TestEngineCloseLeavesNothing(t *testing.T) {
	e := newReal(t)
	answering(t, e)
	tree, dir := processTree(e.PID()), e.child.dir
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range tree {
		if !gone(p.pid) {
			t.Errorf("%s (%d) is left", p.name, p.pid)
		}
	}
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("%s, where it listened, is left: %v", dir, err)
	}
}

// own runs an engine with a loaded model in dir, under the lock that ENGINE_LOCK names or the strongest, prints its
// process ids and waits.
func own(dir string) {
	executable, _ := filepath.Abs("../../build/bin/weightroom")
	if e := os.Getenv("ENGINE_BINARY"); e != "" {
		executable = e
	}
	e := New(options(executable, dir))
	if lock := os.Getenv("ENGINE_LOCK"); lock != "" {
		e.lock = Lock(lock)
	}
	var text strings.Builder
	_, err := e.Answer(context.Background(), prompt("What is the capital of France?", 20), func(d backend.Delta) { text.WriteString(d.Text) })
	pids := ""
	for _, p := range processTree(e.PID()) {
		pids += fmt.Sprintf(" %d", p.pid)
	}
	fmt.Println(strings.Contains(text.String(), "Paris"), e.Status().Lock, err, pids)
	select {}
}

// startOwner runs own in a process of its own and gives its first line.
func startOwner(t *testing.T, dir string, lock Lock) (*exec.Cmd, []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "own", dir)
	cmd.Env = append(os.Environ(), "ENGINE_BINARY="+binary(t), "ENGINE_LOCK="+string(lock), "XDG_RUNTIME_DIR=")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the owner said nothing: %v", err)
	}
	return cmd, strings.Fields(line)
}

func TestEngineEndsWithItsOwner(t *testing.T) {
	for _, lock := range []Lock{strongestLock, LockApp} {
		t.Run(string(lock), func(t *testing.T) {
			promisetest.Within(t, "ending after kill -9", 2*time.Second, func() time.Duration {
				dir := t.TempDir()
				fill(t, dir)
				cmd, line := startOwner(t, dir, lock)
				if line[0] != "true" || line[2] != "<nil>" || lock == LockApp && line[1] != string(lock) {
					t.Errorf("the owner said %v", line)
				}
				if len(line) < 5 {
					t.Errorf("only %v ran", line[3:])
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait()
				return allEnd(t, numbers(line[3:]))
			})
		})
	}
}

// TestEngineOutlivesTheReaderOfItsLog: the engine writes its log while its owner is killed, and must live to end what it
// started.
func TestEngineOutlivesTheReaderOfItsLog(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "engine.sock")
	file, err := listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	log, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary(t), "engine", "--lock", string(LockApp))
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	cmd.ExtraFiles = []*os.File{file}
	cmd.Stderr = write
	jail(cmd, LockApp)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = killGroup(cmd) }()
	_ = file.Close() // else a request to an engine that has ended would wait
	_ = log.Close()
	_ = write.Close()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	for range 3 { // each is a line of the log
		res, err := client.Get("http://localhost/api/version")
		if err != nil {
			t.Fatalf("the engine ended with the reader of its log: %v", err)
		}
		_ = res.Body.Close()
	}
	_ = stdin.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	_ = after(t, ended, patience)
}

// allEnd waits until none of the processes runs, and returns how long that took.
func allEnd(t *testing.T, pids []int) time.Duration {
	t.Helper()
	begun := time.Now()
	for _, pid := range pids {
		for ; !gone(pid) && time.Since(begun) < 30*time.Second; time.Sleep(10 * time.Millisecond) {
		}
		if !gone(pid) {
			t.Errorf("%d is left: %s", pid, commandLine(pid))
		}
	}
	return time.Since(begun)
}

func pids(tree []process) []int {
	var ids []int
	for _, p := range tree {
		ids = append(ids, p.pid)
	}
	return ids
}

func numbers(fields []string) []int {
	var ids []int
	for _, field := range fields {
		if pid, err := strconv.Atoi(field); err == nil {
			ids = append(ids, pid)
		}
	}
	return ids
}

func commandLine(pid int) string {
	data, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return strings.ReplaceAll(string(data), "\x00", " ")
}

func TestEngineRunsAsAnOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("the other tests are run by an ordinary user already")
	}
	const nobody = 65534
	// Everything is copied to where that user may read it.
	base, err := os.MkdirTemp("/tmp", "weightroom-user-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	dir := filepath.Join(base, "data")
	fill(t, dir)
	script := `set -e; mkdir -p "$1/bin" "$1/lib"; cp "$2" "$1/bin/weightroom"; cp -RL "$3" "$1/lib/ollama"; cp "$4" "$1/test"; chmod -R a+rX "$1"; chown -R 65534:65534 "$1/data"; chmod 755 "$1"`
	self, _ := os.Executable()
	if out, err := exec.Command("bash", "-c", script, "copy", base, binary(t), LibDir(binary(t)), self).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(filepath.Join(base, "test"), "own", dir)
	cmd.Dir = base
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "ENGINE_BINARY=" + filepath.Join(base, "bin", "weightroom")}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	t.Logf("uid %d: %s", nobody, strings.TrimSpace(line))
	if fields := strings.Fields(line); err != nil || fields[0] != "true" || fields[1] != string(LockKernel) {
		t.Errorf("it said %q, %v", line, err)
	}
	for address, inode := range listeners(t, "/proc/net") {
		if holds(processTree(cmd.Process.Pid), inode) {
			t.Errorf("listens outside: %s", address)
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	allEnd(t, numbers(strings.Fields(line)[3:]))
}

func TestEngineWorksWithoutNamespaces(t *testing.T) {
	e := newReal(t)
	e.lock = LockApp
	if _, err := e.Answer(t.Context(), prompt("Hello", 4), func(backend.Delta) {}); err != nil {
		t.Fatal(err)
	}
	if s := e.Status(); s.Lock != LockApp {
		t.Errorf("lock %q", s.Lock)
	}
	tree := processTree(e.PID())
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range tree {
		if !gone(p.pid) {
			t.Errorf("%s (%d) is left", p.name, p.pid)
		}
	}
}

func TestEngineUnloadsAndTellsWhatIsLoaded(t *testing.T) {
	e := newReal(t)
	if loaded, err := e.Loaded(t.Context()); err != nil || len(loaded) != 0 || e.PID() != 0 {
		t.Errorf("before the start: %v, %v", loaded, err)
	}
	var progress []float64
	if err := e.Load(t.Context(), model, 4096, library.StarterBytes, func(p float64) { progress = append(progress, p) }); err != nil {
		t.Fatal(err)
	}
	for i, p := range progress {
		if p < 0 || p > 1 || i > 0 && p < progress[i-1]-0.05 {
			t.Errorf("progress %v", progress)
		}
	}
	loaded, err := e.Loaded(t.Context())
	if err != nil || len(loaded) != 1 || loaded[0].Ref != model || loaded[0].ContextLength != 4096 || loaded[0].Bytes < library.StarterBytes {
		t.Errorf("loaded %+v, %v", loaded, err)
	}
	if e.MemoryBytes() < library.StarterBytes {
		t.Errorf("memory %d", e.MemoryBytes())
	}
	if err := e.Unload(t.Context(), model); err != nil {
		t.Fatal(err)
	}
	if loaded, err := e.Loaded(t.Context()); err != nil || len(loaded) != 0 {
		t.Errorf("after unloading: %v, %v", loaded, err)
	}
}

func TestEngineToolRunsInAJail(t *testing.T) {
	e := newReal(t)
	path, _ := library.FindStarter([]string{"../../build/share/weightroom"})
	path, _ = filepath.Abs(path)
	tool, err := e.Tool(t.Context(), "llama-bench", "-m", path, "-p", "16", "-n", "4", "-r", "1", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	tool.Stdout = &out
	if err := tool.Run(); err != nil || !strings.Contains(out.String(), "avg_ts") {
		t.Errorf("%v: %s", err, out.String())
	}
	promisetest.Within(t, "cancelling", 3*time.Second, func() time.Duration { // it would take many minutes
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		long, err := e.Tool(ctx, "llama-bench", "-m", path, "-p", "4096", "-r", "100")
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if err := long.Run(); err == nil {
			t.Error("it was not cancelled")
		}
		return time.Since(begun)
	})
}

// TestEngineToolThatAbortsEnds holds that a program that gives up inside its jail ends: llama.cpp would start a
// debugger to print where it was, and wait for it for ever.
func TestEngineToolThatAbortsEnds(t *testing.T) {
	e := newReal(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := e.RunTool(ctx, "llama-fit-params", "-m", "/nonexistent.gguf", "-c", "512", "-fitp", "on"); err == nil {
		t.Error("a plan for a file that is not there")
	}
	if ctx.Err() != nil {
		t.Error("it does not end")
	}
}
