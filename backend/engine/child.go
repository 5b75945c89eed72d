package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/ollama/ollama/discover"
	"github.com/ollama/ollama/server"

	"weightroom/backend"
)

// settled is when discovery is over, on most machines.
const settled = 2 * time.Second

// childSocket is the number under which the child inherits its listening socket.
const childSocket = 3

// hello is the one line that the child writes to standard output before it serves.
type hello struct {
	Lock  Lock   `json:"lock"`
	Error string `json:"error,omitempty"`
}

// RunChild is "weightroom engine": it takes the inherited socket, locks itself off the network and serves until
// standard input closes, which is how it learns that the window is gone. It does not return before that.
func RunChild(lock Lock) error {
	file := os.NewFile(childSocket, "engine socket")
	listener, err := net.FileListener(file)
	if err != nil {
		return backend.Fail(backend.CodeInvalid, err, "The engine is started by Weightroom itself.", "Run weightroom without a command, or weightroom run.")
	}
	_ = file.Close()
	// Who reads the log may be gone. To die of that, with nobody to end the children, would leave them running.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		endGroup() // as process 1 of its namespace it takes every child with it; elsewhere its group must go
		os.Exit(0)
	}()
	greet := func(h hello) { _ = json.NewEncoder(os.Stdout).Encode(h) }

	if lock == LockKernel {
		if err := loopbackUp(); err != nil {
			greet(hello{Lock: lock, Error: err.Error()})
			return err
		}
	}
	lockDialer()

	greet(hello{Lock: lock})
	time.AfterFunc(settled, debug.FreeOSMemory) // what starting took and idling does not need
	return server.Serve(listener)
}

// lockDialer makes the default transport, which Ollama's client code uses, refuse everything but loopback. Behind
// the kernel's lock it is a second one; elsewhere it is the only one.
func lockDialer() {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	http.DefaultTransport = &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
				return nil, fmt.Errorf("offline: the engine may not connect to %s", address)
			}
			return dialer.DialContext(ctx, network, address)
		},
	}
}

// Discover is "weightroom gpu-discover": Ollama's server starts its own binary, which is ours, under that name to
// ask for graphics processors, and reads JSON from its standard output.
func Discover(ctx context.Context, libDirs []string, out io.Writer) error {
	return discover.RunNativeProbeCommand(ctx, libDirs, out)
}
