package download

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
)

// roleEnv makes a run of the test binary one of the children below instead.
const roleEnv = "WEIGHTROOM_DOWNLOAD_CHILD"

var roles = map[string]func(args []string) error{
	"fetch":   fetchChild,
	"files":   filesChild,
	"keyring": keyringChild,
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		if err := roles[role](os.Args[1:]); err != nil {
			fmt.Println("child failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	before := runtime.NumGoroutine()
	code := m.Run()
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(code) // fuzzing waits for signals to the end
	}
	for wait := 0; runtime.NumGoroutine() > before; wait++ {
		if wait == 100 {
			buf := make([]byte, 1<<20)
			fmt.Printf("goroutines leaked:\n%s\n", buf[:runtime.Stack(buf, true)])
			code = 1
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	os.Exit(code)
}

func slow() bool { return os.Getenv("WEIGHTROOM_SLOW") == "1" }

// trials is how often a trial runs: the slice by default, the full count in the slow suite or what the variable says.
func trials(t *testing.T, variable string, slice, full int) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil && n > 0 {
		return n
	}
	if slow() {
		return full
	}
	return slice
}

// random draws from a seed that is fixed in the slice and new in the slow suite, printed, and repeated by
// WEIGHTROOM_SEED.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	n := uint64(1)
	if slow() {
		n = uint64(time.Now().UnixNano())
	}
	if given, err := strconv.ParseUint(os.Getenv("WEIGHTROOM_SEED"), 10, 64); err == nil {
		n = given
	}
	t.Logf("seed %d", n)
	return rand.New(rand.NewPCG(n, 0))
}

// quick is a patience for tests.
func quick() *patience {
	return &patience{answer: 400 * time.Millisecond, body: 200 * time.Millisecond, floor: 512, retry: 20 * time.Microsecond}
}

// testClient is a client with its own connections, behind a gate.
func testClient(t testing.TB, gate *Gate) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(tr.CloseIdleConnections)
	if gate == nil {
		return &http.Client{Transport: tr}
	}
	return &http.Client{Transport: gate.Transport(tr)}
}

func testFetcher(t testing.TB, streams int) *Fetcher {
	gate := &Gate{}
	return &Fetcher{Client: testClient(t, gate), Gate: gate, Streams: streams, patience: quick()}
}

// fixed is a link that stays as it is.
type fixed string

func (f fixed) Link(context.Context, bool) (Link, error) { return Link{URL: string(f)}, nil }

// serve starts a server for data that ends with the test.
func serve(t testing.TB, data downloadtest.Data) *downloadtest.Server {
	t.Helper()
	s := downloadtest.New(data, data.Size)
	t.Cleanup(s.Close)
	return s
}

func itemFor(s *downloadtest.Server, data downloadtest.Data) Item {
	return Item{Name: "weights.gguf", Kind: backend.KindModel, Digest: data.Digest(), Bytes: data.Size, Link: fixed(s.URL + "/weights")}
}

// wantFile fails unless path holds exactly data.
func wantFile(t *testing.T, path string, data downloadtest.Data) {
	t.Helper()
	if err := sameFile(path, data); err != nil {
		t.Fatal(err)
	}
}

func sameFile(path string, data downloadtest.Data) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
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

// plainly fails unless err is a written sentence with a next step, and gives its code.
func plainly(t *testing.T, err error) backend.Code {
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

func target(t testing.TB) string { return filepath.Join(t.TempDir(), "file") }

func testLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func bytesOf(b []byte) io.Reader { return bytes.NewReader(b) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
