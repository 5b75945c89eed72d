package downloadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ErrNoRegistry says that Debian's docker-registry is not on this machine.
var ErrNoRegistry = errors.New("docker-registry is not installed; make deps-test installs it")

// Registry is a real registry: Debian's docker-registry on a loopback port, with its files in a folder.
type Registry struct {
	Host string // "127.0.0.1:PORT"

	cmd *exec.Cmd
	out bytes.Buffer
}

// StartRegistry starts one with its files in dir. auth is the part of its configuration below "auth:", each line
// indented by two; empty: open to all. Close ends it.
func StartRegistry(ctx context.Context, dir, auth string) (*Registry, error) {
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		return nil, ErrNoRegistry
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Registry{Host: l.Addr().String()}
	_ = l.Close()
	config := "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: " + filepath.Join(dir, "files") + "\nhttp:\n  addr: " + r.Host + "\n"
	if auth != "" {
		config += "auth:\n" + auth + "\n"
	}
	path := filepath.Join(dir, "registry.yml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	r.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, "serve", path) // Close ends it
	r.cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.out
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Host+"/v2/", nil)
		if err != nil {
			return nil, err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			return r, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.Close()
	return nil, fmt.Errorf("docker-registry did not start: %w\n%s", ctx.Err(), r.out.String())
}

// Close ends the registry.
func (r *Registry) Close() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}
