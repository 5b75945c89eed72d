package store

import (
	"bufio"
	"bytes"
	"context"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/leaktest"
)

var roles = map[string]func(args []string) error{
	"write":   writeChild,
	"mutants": mutantsChild,
	"migrate": migrateChild,
	"limited": limitedChild,
	"open":    openChild,
}

func TestMain(m *testing.M) {
	if os.Getenv(leaktest.RoleEnv) == "" {
		leaktest.AtOnce(8)
	}
	leaktest.Main(m, roles)
}

// child is the test binary in one of its roles, with its standard output as lines.
type child struct {
	*exec.Cmd
	lines *bufio.Scanner
	in    io.WriteCloser
}

func startChild(t *testing.T, role string, args ...string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0], args...)}
	c.Env = append(os.Environ(), leaktest.RoleEnv+"="+role)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(out)
	c.lines.Buffer(nil, 1<<20)
	return c
}

// end kills the child and drains what it said.
func (c *child) end() (rest []string) {
	c.Process.Kill() // it may have ended
	for c.lines.Scan() {
		rest = append(rest, c.lines.Text())
	}
	c.Wait() // it was killed
	return rest
}

// trials is how often a trial runs: the slice by default, the full count in the slow suite, or WEIGHTROOM_TRIALS.
func trials(t *testing.T, slice, full int) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("WEIGHTROOM_TRIALS")); err == nil && n > 0 {
		return n
	}
	if slow() {
		return full
	}
	return slice
}

func slow() bool { return os.Getenv("WEIGHTROOM_SLOW") == "1" }

// seed is fixed in the slice and new in the slow suite; either way it is printed, and WEIGHTROOM_SEED repeats it.
func seed(t *testing.T) uint64 {
	t.Helper()
	n := uint64(1)
	if slow() {
		n = uint64(time.Now().UnixNano())
	}
	if given, err := strconv.ParseUint(os.Getenv("WEIGHTROOM_SEED"), 10, 64); err == nil {
		n = given
	}
	t.Logf("seed %d", n)
	return n
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// clock is a time that moves a second each time it is read.
type clock struct{ t time.Time }

func newClock() *clock { return &clock{time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { c.t = c.t.Add(time.Second); return c.t }

func mustOpen(t *testing.T, dir string, opts Options) *Store {
	t.Helper()
	s, recovery, err := Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if recovery != nil {
		t.Fatalf("recovered: %+v", recovery)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustChat(t *testing.T, s *Store, title string) backend.Chat {
	t.Helper()
	c, err := s.CreateChat(t.Context(), backend.Chat{Title: title})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustTurn(t *testing.T, s *Store, chatID, parent, prompt, answer string) (u, a backend.Message) {
	t.Helper()
	u, a, err := s.AddTurn(t.Context(), backend.Message{ChatID: chatID, Parent: parent, Text: prompt}, backend.Message{Model: "m:Q4_0"})
	if err != nil {
		t.Fatal(err)
	}
	a.Text, a.State = answer, backend.StateDone
	if err := s.FinishAnswer(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return u, a
}

// everything is all chats and messages of a store, trash too.
func everything(ctx context.Context, s *Store) (map[string]backend.Chat, map[string]backend.Message, error) {
	chats, messages := map[string]backend.Chat{}, map[string]backend.Message{}
	for _, list := range []func(context.Context) ([]backend.Chat, error){s.Chats, s.Trash} {
		cs, err := list(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range cs {
			chats[c.ID] = c
			ms, err := s.Messages(ctx, c.ID)
			if err != nil {
				return nil, nil, err
			}
			for _, m := range ms {
				messages[m.ID] = m
			}
		}
	}
	return chats, messages, nil
}

// wantCode fails unless err carries code, one sentence and a hint.
func wantCode(t *testing.T, err error, code backend.Code) {
	t.Helper()
	if !isCode(err, code) {
		t.Fatalf("error %v, want code %s", err, code)
	}
	told := backend.Readable(err)
	if !strings.HasSuffix(told.Message, ".") || !strings.HasSuffix(told.Hint, ".") || strings.Contains(told.Message, "\n") {
		t.Errorf("not a plain sentence with a next step: %q, %q", told.Message, told.Hint)
	}
}

// streamText is a text that anyone can check: the first n bytes of a stream that the id decides.
func streamText(id string, n int) string {
	h := fnv.New64a()
	h.Write([]byte(id))
	r := random(h.Sum64())
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(strconv.FormatUint(r.Uint64(), 36))
		b.WriteByte(' ')
	}
	return b.String()[:n]
}

func testLog() (*bytes.Buffer, *slog.Logger) {
	var b bytes.Buffer
	return &b, slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
