package downloadtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/leaktest"
)

// Trials is how often a trial runs: the slice by default, the full count in the slow suite or what the variable says.
func Trials(t *testing.T, variable string, slice, full int) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil && n > 0 {
		return n
	}
	if Slow() {
		return full
	}
	return slice
}

// Random draws from a seed that is fixed in the slice and new in the slow suite, printed, and repeated by
// WEIGHTROOM_SEED.
func Random(t *testing.T) *rand.Rand {
	t.Helper()
	n := uint64(1)
	if Slow() {
		n = uint64(time.Now().UnixNano())
	}
	if given, err := strconv.ParseUint(os.Getenv("WEIGHTROOM_SEED"), 10, 64); err == nil {
		n = given
	}
	t.Logf("seed %d", n)
	return rand.New(rand.NewPCG(n, 0))
}

// Serve starts a server for data that ends with the test.
func Serve(t testing.TB, data Data) *Server {
	t.Helper()
	s := New(data, data.Size)
	t.Cleanup(s.Close)
	return s
}

// WantFile fails unless path holds exactly data.
func WantFile(t *testing.T, path string, data Data) {
	t.Helper()
	if err := SameFile(path, data); err != nil {
		t.Fatal(err)
	}
}

// SameFile returns an error unless path holds exactly data.
func SameFile(path string, data Data) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	a, b := make([]byte, 1<<20), make([]byte, 1<<20)
	for off := int64(0); ; off += int64(len(a)) {
		n, err := f.ReadAt(a, off)
		m, _ := data.ReadAt(b, off)
		if n != m || !bytes.Equal(a[:n], b[:m]) {
			return fmt.Errorf("the file differs after byte %d", off)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// DigestOf returns the digest of the file at path: "sha256:" and its digits.
func DigestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), err
}

// Plainly fails unless err is a written sentence with a next step, and returns its code.
func Plainly(t *testing.T, err error) backend.Code {
	t.Helper()
	var e *backend.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an error a person can read: %v", err)
	}
	if e.Code == backend.CodeInternal || !strings.HasSuffix(e.Message, ".") || !strings.HasSuffix(e.Hint, ".") || strings.Contains(e.Message, "\n") {
		t.Fatalf("not a plain sentence with a next step: %s: %q, %q (%v)", e.Code, e.Message, e.Hint, e.Cause)
	}
	return e.Code
}

// Slow reports whether the slow suite runs.
func Slow() bool { return os.Getenv("WEIGHTROOM_SLOW") == "1" }

// Target is a path for a file, in a folder that ends with the test.
func Target(t testing.TB) string { return filepath.Join(t.TempDir(), "file") }

// Child is the test binary in one of its roles.
func Child(role string, args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...) //nolint:gosec,noctx // a test starts itself, and ends it
	c.Env = append(os.Environ(), leaktest.RoleEnv+"="+role)
	c.Stderr = os.Stderr
	return c
}

// Memory is a KV that keeps what was put as the real one does: as JSON.
type Memory struct {
	Docs map[string][]byte // what was put; nil: nothing yet

	mu   sync.Mutex
	fail error
}

// Refuse lets each later Put fail with err.
func (m *Memory) Refuse(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Get implements backend.KV.
func (m *Memory) Get(_ context.Context, key string, v any) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.Docs[key]
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(data, v)
}

// Put implements backend.KV.
func (m *Memory) Put(_ context.Context, key string, v any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	data, err := json.Marshal(v)
	if m.Docs == nil {
		m.Docs = map[string][]byte{}
	}
	m.Docs[key] = data
	return err
}
