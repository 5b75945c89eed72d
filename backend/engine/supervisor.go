package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ollama/ollama/api"

	"weightroom/backend"
	"weightroom/backend/disturb"
	"weightroom/backend/llama"
)

// State is where the engine is.
type State string

// The states of an Engine.
const (
	StateStopped  State = "stopped"
	StateStarting State = "starting"
	StateReady    State = "ready"
	StateLoading  State = "loading"
	StateFailed   State = "failed"
)

// Status is a snapshot for the Machine page.
type Status struct {
	State        State
	Lock         Lock
	Model        string  // loaded, or being loaded; empty: none
	LoadProgress float64 // 0..1 while State is StateLoading
	Restarts     int     // after crashes, since New
	Problem      *backend.Error
}

// Tuning is what reaches the engine through its environment; a change takes effect when the child starts again.
type Tuning struct {
	KeepAlive time.Duration // an idle model stays this long; negative: until Close
	KVType    string        // f16, q8_0, q4_0; empty: f16
	Models    int           // that may be loaded at the same time; 0: one, so that one plan of memory holds
}

// Options are what an Engine needs to know.
type Options struct {
	Executable string           // our own binary
	Models     string           // the library's folder, in Ollama's layout
	Home       string           // a private folder that the child gets as its home
	Log        string           // file for the engine's own words
	Tuning     func() Tuning    // asked each time the child starts
	How        func() llama.How // asked for each load and each run of a program, because what the machine allows changes; nil: llama.cpp chooses
	Load       disturb.Read     // of the whole machine, to tell answers that others disturbed; nil: not watched
}

const (
	readyTimeout    = 60 * time.Second // the slowest graphics drivers take half of it
	stableAfter     = time.Minute      // a child that lived this long was not part of a crash loop
	firstBackoff    = 250 * time.Millisecond
	maxBackoff      = 30 * time.Second
	crashesToGiveUp = 6
	healthEvery     = 15 * time.Second
)

// Engine supervises the child. Its methods may be called from any goroutine.
type Engine struct {
	opts Options
	log  *logFile

	prompts  promptCounts
	starting chan struct{}   // a mutex that a context can give up on
	life     context.Context // ends at Close
	end      context.CancelFunc
	active   atomic.Int64  // requests under way
	server   atomic.Int64  // process id of the llama-server that was last looked at; 0: none
	lock     Lock          // tried first
	tools    chan struct{} // held by the one program that runs

	mu      sync.Mutex
	child   *child
	status  Status
	crashes int // in a row
	notify  []func(Status)
	retry   *time.Timer
}

// New makes an Engine. Nothing runs before Start.
func New(opts Options) *Engine {
	life, end := context.WithCancel(context.Background())
	e := &Engine{
		opts:     opts,
		log:      openLog(opts.Log),
		starting: make(chan struct{}, 1),
		life:     life,
		end:      end,
		lock:     strongestLock,
		tools:    make(chan struct{}, 1),
		status:   Status{State: StateStopped, Lock: LockNone},
	}
	e.log.heard = e.prompts.hear
	return e
}

// OnChange has f called, from any goroutine, after each change of Status.
func (e *Engine) OnChange(f func(Status)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.notify = append(e.notify, f)
}

// Status returns a snapshot.
func (e *Engine) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.status
}

func (e *Engine) update(change func(*Status)) {
	e.mu.Lock()
	change(&e.status)
	status, notify := e.status, e.notify
	e.mu.Unlock()
	for _, f := range notify {
		f(status)
	}
}

// Start returns once the engine answers; it starts it when it does not run. Errors are *backend.Error, or ctx's.
func (e *Engine) Start(ctx context.Context) error {
	_, err := e.running(ctx)
	return err
}

// running returns the child that answers, starting one when there is none. A start goes on when ctx gives up on it.
func (e *Engine) running(ctx context.Context) (*child, error) {
	select {
	case e.starting <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	e.mu.Lock()
	c := e.child
	e.mu.Unlock()
	if c != nil && c.alive() {
		<-e.starting
		return c, nil
	}
	type result struct {
		child *child
		err   error
	}
	started := make(chan result, 1)
	go func() {
		defer func() { <-e.starting }()
		c, err := e.launch()
		started <- result{c, err}
	}()
	select {
	case r := <-started:
		return r.child, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// launch starts a child under the strongest lock this system allows and waits until it answers.
func (e *Engine) launch() (*child, error) {
	if e.life.Err() != nil {
		return nil, backend.Fail(backend.CodeCancelled, nil, "Weightroom is closing.", "Start it again.")
	}
	e.update(func(s *Status) { s.State, s.Problem = StateStarting, nil })
	c, err := e.spawnLocked()
	if err != nil {
		problem := backend.Readable(err)
		slog.Error("engine did not start", "error", err)
		e.update(func(s *Status) { s.State, s.Lock, s.Problem = StateFailed, LockNone, problem })
		return nil, problem
	}
	e.mu.Lock()
	e.child = c
	e.mu.Unlock()
	go e.watch(c)
	e.update(func(s *Status) { s.State, s.Lock, s.Model, s.LoadProgress = StateReady, c.lock, "", 0 })
	return c, nil
}

func (e *Engine) spawnLocked() (*child, error) {
	if _, err := os.Stat(filepath.Join(LibDir(e.opts.Executable), toolFile(llama.Server))); err != nil {
		return nil, backend.Fail(backend.CodeEngineMissing, err, "The engine is not installed.", "Install Weightroom again.")
	}
	c, err := e.spawn(e.life, e.lock)
	if err != nil && e.lock != LockApp && e.life.Err() == nil {
		slog.Warn("kernel lock not available", "error", err)
		c, err = e.spawn(e.life, LockApp)
	}
	return c, err
}

// watch waits for the child's end and for silence, and starts it again after a crash.
func (e *Engine) watch(c *child) {
	ticker := time.NewTicker(healthEvery)
	defer ticker.Stop()
	for running := true; running; {
		select {
		case <-c.done:
			running = false
		case <-ticker.C:
			if !c.healthy() {
				slog.Error("engine hangs, ending it")
				c.silence()
			}
		}
	}
	c.cleanUp()
	e.mu.Lock()
	if e.child == c {
		e.child = nil
	}
	closed := e.life.Err() != nil
	if time.Since(c.started) > stableAfter {
		e.crashes = 0
	}
	wanted := c.stopped.Load()
	if !closed && !wanted {
		e.crashes++
	}
	crashes := e.crashes
	if !closed && !wanted && crashes < crashesToGiveUp {
		wait := min(firstBackoff<<(crashes-1), maxBackoff)
		e.retry = time.AfterFunc(wait, func() { _ = e.Start(e.life) }) // its failure is in Status
	}
	e.mu.Unlock()
	if closed || wanted {
		e.update(func(s *Status) { s.State, s.Lock, s.Model = StateStopped, LockNone, "" })
		return
	}
	slog.Error("engine ended unexpectedly", "error", c.err, "crashes", crashes)
	e.update(func(s *Status) {
		s.Restarts++
		s.State, s.Lock, s.Model = StateStarting, LockNone, ""
		if crashes >= crashesToGiveUp {
			s.State = StateFailed
			s.Problem = backend.Fail(backend.CodeEngineDied, c.err, "The engine keeps stopping.", "Restart it on the Machine page; its log there says why.")
		}
	})
}

// Restart ends the child and starts a fresh one, with the tuning of now.
func (e *Engine) Restart(ctx context.Context) error {
	e.mu.Lock()
	c := e.child
	e.crashes = 0
	e.mu.Unlock()
	if c != nil {
		c.stop()
	}
	return e.Start(ctx)
}

// RestartWhenIdle restarts the engine, for a change of tuning, once no answer and no load is under way. An engine
// that does not run is left alone: it will start with the new tuning anyway.
func (e *Engine) RestartWhenIdle(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for e.active.Load() > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.life.Done():
			return nil
		case <-ticker.C:
		}
	}
	if e.PID() == 0 {
		return nil
	}
	return e.Restart(ctx)
}

// SetModels says that the library is in another folder now. The child learns of it when it starts next.
func (e *Engine) SetModels(dir string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.opts.Models = dir
}

// how is how a model is worked for now.
func (e *Engine) how() llama.How {
	if e.opts.How == nil {
		return llama.How{}
	}
	how := e.opts.How()
	how.Threads = max(0, how.Threads)
	return how
}

// tuned is running with the choice of flash attention of now, which a child has for its life. While others use it, it
// stays as it is.
func (e *Engine) tuned(ctx context.Context) (*child, error) {
	c, err := e.running(ctx)
	if err != nil || c.noFlash == e.how().NoFlash || e.active.Load() > 1 {
		return c, err
	}
	slog.Info("engine starts anew for another choice of flash attention")
	if err := e.Restart(ctx); err != nil {
		return nil, err
	}
	return e.running(ctx)
}

func (e *Engine) models() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.opts.Models
}

// LogPath is the file with the engine's own words.
func (e *Engine) LogPath() string { return e.opts.Log }

// Close ends the child and all its children, and returns once they are gone.
func (e *Engine) Close() error {
	e.end()
	e.starting <- struct{}{} // a start under way has seen the end
	defer func() { <-e.starting }()
	e.mu.Lock()
	c := e.child
	if e.retry != nil {
		e.retry.Stop()
	}
	e.mu.Unlock()
	if c != nil {
		c.stop()
	}
	return e.log.Close()
}

// PID is the child's process id, 0 when there is none.
func (e *Engine) PID() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.child == nil {
		return 0
	}
	return e.child.cmd.Process.Pid
}

// MemoryBytes is the resident memory of the engine and everything it runs, in bytes.
func (e *Engine) MemoryBytes() int64 {
	var sum int64
	if pid := e.PID(); pid != 0 {
		for _, p := range processTree(pid) {
			sum += p.rssBytes
		}
	}
	return sum
}

// spawn starts a child and waits for its greeting and its first answer.
func (e *Engine) spawn(ctx context.Context, lock Lock) (*child, error) {
	dir, err := socketDir()
	if err != nil {
		return nil, backend.Fail(backend.CodeDenied, err, "The engine could not make its private folder.", "Make the temporary folder writable, or set TMPDIR to one that is.")
	}
	c := &child{dir: dir, lock: lock, done: make(chan struct{}), started: time.Now()}
	socket := filepath.Join(dir, "engine.sock")
	file, err := listen(socket)
	if err != nil {
		c.cleanUp()
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the child has its own copy

	c.cmd = exec.CommandContext(context.WithoutCancel(ctx), e.opts.Executable, "engine", "--lock", string(lock))
	c.noFlash = e.how().NoFlash
	c.cmd.Env = e.environment(c.noFlash)
	c.cmd.Dir = e.opts.Home
	c.cmd.ExtraFiles = []*os.File{file}
	c.cmd.Stderr = e.log
	c.cmd.WaitDelay = 2 * time.Second
	jail(c.cmd, lock)
	if lock != LockKernel {
		endsItself(c.cmd)
	}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		c.cleanUp()
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		c.cleanUp()
		return nil, err
	}
	if err := c.start(); err != nil {
		c.cleanUp()
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}
	c.http = &http.Client{Transport: transport}
	c.api = api.NewClient(&url.URL{Scheme: "http", Host: "localhost"}, c.http)

	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	greeted := make(chan error, 1)
	go func() { greeted <- readHello(stdout) }()
	select {
	case err = <-greeted:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		_, err = c.api.Version(ctx)
	}
	if err != nil {
		c.stop()
		if errors.Is(err, context.DeadlineExceeded) {
			err = backend.Fail(backend.CodeEngineHung, err, "The engine did not start in time.", "Try again; its log on the Machine page says more.")
		}
		return nil, err
	}
	return c, nil
}

func readHello(stdout io.Reader) error {
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the engine ended before it was ready: %w", err)
	}
	var h hello
	if err := json.Unmarshal(line, &h); err != nil {
		return fmt.Errorf("read the engine's greeting: %w", err)
	}
	if h.Error != "" {
		return errors.New(h.Error)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	return nil
}

// environment is all that the child gets to know: no proxy, no token, nothing of the person's but what libraries
// need to find drivers.
func (e *Engine) environment(noFlash bool) []string {
	t := Tuning{}
	if e.opts.Tuning != nil {
		t = e.opts.Tuning()
	}
	env := []string{
		"HOME=" + e.opts.Home,
		"OLLAMA_MODELS=" + e.models(),
		"OLLAMA_NOPRUNE=1",  // pruning at start would delete downloads in progress
		"OLLAMA_NO_CLOUD=1", // no cloud models, no calls for recommendations
		"OLLAMA_NUM_PARALLEL=1",
		"OLLAMA_MAX_LOADED_MODELS=" + strconv.Itoa(max(1, t.Models)),
		"OLLAMA_KEEP_ALIVE=" + keepAlive(t.KeepAlive).String(),
		"LLAMA_ARG_CACHE_RAM=512", // MiB for the prompts of other chats; llama-server would take 8 GiB
		"OLLAMA_LOAD_TIMEOUT=30m", // a slow disk is no reason to give up; a hang is noticed by its idle processor
	}
	if t.KVType != "" {
		env = append(env, "OLLAMA_KV_CACHE_TYPE="+t.KVType)
	}
	if noFlash && (t.KVType == "" || t.KVType == "f16") { // a quantized cache needs it
		env = append(env, "OLLAMA_FLASH_ATTENTION=0")
	}
	return append(env, inherited()...)
}

// inherited is the part of this process's environment that drivers and the C library need.
func inherited() []string {
	env := []string{"GGML_NO_BACKTRACE=1"} // else a debugger is started after a crash, and waited for
	for _, key := range []string{
		"PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "SystemRoot", "ProgramFiles",
		"LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
		"HSA_OVERRIDE_GFX_VERSION", "GGML_VK_VISIBLE_DEVICES", "VK_DRIVER_FILES", "VK_ICD_FILENAMES",
	} {
		if v, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+v)
		}
	}
	return env
}

// keepAlive maps "until Close" to the longest time Ollama takes.
func keepAlive(d time.Duration) time.Duration {
	if d < 0 {
		return 10000 * time.Hour
	}
	return d
}

// niceness is how far the engine stands behind the window. Its threads take every core while they write, so that a key
// took 70 to 100 ms to show, and 35 to 45 with it; a smaller one did not help. Desktops give each app a group of its own,
// within which it counts, so beside other apps the engine has no less of the processor for it.
const niceness = 5

// threadBound starts and waits for cmd on one thread that lives as long, because the parent-death signal follows
// the thread that started the process, not the process that owns it.
func threadBound(cmd *exec.Cmd, ended func(error)) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked, so the thread ends with the goroutine and nothing else inherits from it
		giveWayFirst()
		err := cmd.Start()
		started <- err
		if err == nil {
			giveWay(cmd.Process)
			ended(cmd.Wait())
		}
	}()
	return <-started
}
