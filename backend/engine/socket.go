package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ollama/ollama/api"
)

const (
	socketDirPattern = "weightroom-engine-"
	// maxSocketPath is what sockaddr_un holds on the strictest system (macOS), less the closing zero.
	maxSocketPath = 103
	healthTimeout = 5 * time.Second
	// hungAfter is how long the engine may neither answer nor use its processor while somebody waits.
	hungAfter = 20 * time.Second
	// groupTimeout is how long the end of what the child started is waited for: it takes as long as the system needs
	// to give a model's memory back, and one that waits for a driver can't be ended at all.
	groupTimeout = 10 * time.Second
)

// child is one run of the engine.
type child struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	dir     string
	lock    Lock
	http    *http.Client
	api     *api.Client
	started time.Time
	stopped atomic.Bool   // ended on purpose
	dying   atomic.Bool   // told to end, or killed
	hung    atomic.Bool   // killed for its silence
	done    chan struct{} // closed once it and all it started have ended
	err     error         // valid after done
	clean   sync.Once
	loaded  sync.Map // model's reference to the llama.How that it was loaded with
	noFlash bool     // started without flash attention
}

func (c *child) start() error {
	return threadBound(c.cmd, func(err error) {
		c.err = err
		c.dying.Store(true)
		if c.lock != LockKernel { // with process 1 of its PID namespace all the others have ended
			endRest(c.cmd)
		}
		close(c.done)
	})
}

// endRest ends what is left of cmd's group after cmd, and returns once nothing of it runs.
func endRest(cmd *exec.Cmd) {
	group, deadline := cmd.Process.Pid, time.Now().Add(groupTimeout)
	for pause := time.Millisecond; groupRuns(group); pause = min(2*pause, 50*time.Millisecond) {
		_ = killGroup(cmd)
		if time.Now().After(deadline) {
			slog.Error("a process of the engine does not end")
			return
		}
		time.Sleep(pause)
	}
}

// alive reports whether the child can take requests.
func (c *child) alive() bool {
	select {
	case <-c.done:
		return false
	default:
		return !c.dying.Load()
	}
}

// stop ends the child on purpose, with everything it started: it is told by its standard input, and killed when it
// does not listen.
func (c *child) stop() {
	c.stopped.Store(true)
	c.dying.Store(true)
	_ = c.stdin.Close()
	select {
	case <-c.done:
	case <-time.After(500 * time.Millisecond):
		c.kill()
		<-c.done
	}
	c.cleanUp()
}

// kill ends the child and its children at once, as a crash would.
func (c *child) kill() {
	c.dying.Store(true)
	_ = killGroup(c.cmd)
}

// silence kills a child that does not answer any more.
func (c *child) silence() {
	c.hung.Store(true)
	c.kill()
}

func (c *child) cleanUp() {
	c.clean.Do(func() {
		if c.http != nil {
			c.http.CloseIdleConnections()
		}
		_ = os.RemoveAll(c.dir)
	})
}

// healthy asks the child for a sign of life. Silence counts only while its processors are idle too: a machine under
// full load is slow, not dead.
func (c *child) healthy() bool {
	before := c.cpuTicks()
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	if c.api.Heartbeat(ctx) == nil {
		return true
	}
	return !c.alive() || c.cpuTicks() != before
}

// cpuTicks is the processor time that the child and its children have used.
func (c *child) cpuTicks() uint64 {
	var sum uint64
	for _, p := range processTree(c.cmd.Process.Pid) {
		sum += p.cpuTicks
	}
	return sum
}

// socketDir makes a private folder with a short path, and clears away those that a killed run left behind.
func socketDir() (string, error) {
	base := os.Getenv("XDG_RUNTIME_DIR")
	if info, err := os.Stat(base); base == "" || err != nil || !info.IsDir() || len(base) > maxSocketPath-40 {
		base = os.TempDir()
	}
	if len(base) > maxSocketPath-40 {
		base = "/tmp"
	}
	dir, err := makeSocketDir(base)
	if err != nil && base != os.TempDir() {
		base = os.TempDir()
		dir, err = makeSocketDir(base)
	}
	if err == nil {
		removeStale(base, dir)
	}
	return dir, err
}

func makeSocketDir(base string) (string, error) {
	return os.MkdirTemp(base, socketDirPattern) // 0700
}

// removeStale removes folders whose socket nobody listens on.
func removeStale(base, own string) {
	dirs, _ := filepath.Glob(filepath.Join(base, socketDirPattern+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if dir == own || err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "unix", filepath.Join(dir, "engine.sock"))
		if err == nil {
			_ = conn.Close()
		} else if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist) {
			_ = os.RemoveAll(dir)
		}
	}
}

// listen binds the socket, for its owner alone, and gives the descriptor that the child inherits.
func listen(path string) (*os.File, error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	defer listener.Close() //nolint:errcheck // the returned file holds the socket
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	return listener.File()
}
