package hardware

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"time"
)

// Runner runs a tool and returns what it wrote to standard output. An error that is [fs.ErrNotExist] or
// [exec.ErrNotFound] says that the tool is not installed; with any other error the output may still be of use, because
// tools such as sysctl print what they know and then fail for what they don't.
type Runner func(ctx context.Context, name string, args ...string) ([]byte, error)

// The longest a tool may take. nvidia-smi needs seconds on a server whose driver must wake up first; PowerShell starts
// slowly on a cold machine.
const (
	nvidiaTimeout     = 6 * time.Second
	sysctlTimeout     = 2 * time.Second
	profilerTimeout   = 8 * time.Second
	powershellTimeout = 10 * time.Second
)

// maxToolOutput is far more than any tool here prints; what goes beyond is dropped.
const maxToolOutput = 4 << 20

// RunTool is the [Runner] that starts a real process: no input, no window, English output, killed with its context.
func RunTool(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	out := &capped{limit: maxToolOutput}
	cmd.Stdout = out
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	// A grandchild that keeps the pipe open must not keep us.
	cmd.WaitDelay = 500 * time.Millisecond
	hideWindow(cmd)
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return out.buf.Bytes(), err
}

type capped struct {
	buf   bytes.Buffer
	limit int
}

func (c *capped) Write(p []byte) (int, error) {
	c.buf.Write(p[:min(len(p), max(0, c.limit-c.buf.Len()))])
	return len(p), nil
}

func (h *host) runFor(ctx context.Context, limit time.Duration, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return h.run(ctx, name, args...)
}

func toolMissing(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)
}
