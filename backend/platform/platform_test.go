package platform

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/promisetest"
)

// TestMain lets the test binary be a second start: "start DIR" takes the folder or hands over.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "start" {
		i, reply, err := Acquire(context.Background(), os.Args[2], Request{Args: []string{"hello"}})
		switch {
		case err != nil:
			os.Exit(3)
		case reply != nil:
			os.Exit(reply.Exit)
		}
		go i.Serve(func(Request) Reply { return Reply{Exit: 7} })
		time.Sleep(300 * time.Millisecond)
		_ = i.Close()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestResolve(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv(EnvData, "")
	t.Run("the flag wins over the environment", func(t *testing.T) {
		t.Setenv(EnvData, "/from/env")
		f, err := Resolve("/from/flag")
		if err != nil || f.Data != "/from/flag" || f.Models != "/from/flag/models" || f.Cache != "/from/flag/cache" {
			t.Errorf("%+v, %v", f, err)
		}
	})
	t.Run("the environment wins over the system's place", func(t *testing.T) {
		t.Setenv(EnvData, "/from/env")
		if f, err := Resolve(""); err != nil || f.Data != "/from/env" {
			t.Errorf("%+v, %v", f, err)
		}
	})
	t.Run("a relative folder becomes absolute", func(t *testing.T) {
		if f, err := Resolve("here"); err != nil || !filepath.IsAbs(f.Data) {
			t.Errorf("%+v, %v", f, err)
		}
	})
	if runtime.GOOS != "linux" {
		return
	}
	t.Run("Linux keeps data and cache apart", func(t *testing.T) {
		f, err := Resolve("")
		if err != nil || f.Data != "/home/me/.local/share/weightroom" || f.Cache != "/home/me/.cache/weightroom" {
			t.Errorf("%+v, %v", f, err)
		}
	})
	t.Run("XDG_DATA_HOME counts only when absolute", func(t *testing.T) {
		t.Setenv("XDG_DATA_HOME", "relative")
		if f, _ := Resolve(""); f.Data != "/home/me/.local/share/weightroom" {
			t.Errorf("%+v", f)
		}
	})
	t.Run("no home folder is said", func(t *testing.T) {
		t.Setenv("HOME", "")
		if _, err := Resolve(""); backend.Readable(err).Code != backend.CodeInvalid {
			t.Errorf("%v", err)
		}
	})
}

func TestMakeSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"a file in its place": file, "a file above it": filepath.Join(file, "below")} {
		t.Run(name, func(t *testing.T) {
			f, _ := Resolve(data)
			if err := f.Make(); backend.Readable(err).Code != backend.CodeInvalid {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("folders with names that people have", func(t *testing.T) {
		for _, name := range []string{"two words", "張 庭", "💪", "50%", "new\nline", strings.Repeat("long", 40)} {
			f, _ := Resolve(filepath.Join(dir, name))
			if err := f.Make(); err != nil {
				t.Errorf("%q: %v", name, err)
			}
			if info, err := os.Stat(f.Data); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%q: %v, %v", name, info.Mode(), err)
			}
		}
	})
	t.Run("a folder without write permission", func(t *testing.T) {
		if os.Getuid() == 0 {
			t.Skip("root may write everywhere")
		}
		locked := filepath.Join(dir, "locked")
		if err := os.Mkdir(locked, 0o500); err != nil {
			t.Fatal(err)
		}
		f, _ := Resolve(locked)
		if err := f.Make(); backend.Readable(err).Code != backend.CodeReadOnly {
			t.Errorf("%v", err)
		}
	})
}

func TestSecondStartHandsOver(t *testing.T) {
	dir := t.TempDir()
	first, reply, err := Acquire(t.Context(), dir, Request{})
	if err != nil || reply != nil {
		t.Fatal(reply, err)
	}
	got := make(chan Request, 1)
	go first.Serve(func(r Request) Reply {
		got <- r
		return Reply{Stdout: "out", Stderr: "err", Exit: 5}
	})
	second, reply, err := Acquire(t.Context(), dir, Request{Args: []string{"chats", "list"}, Dir: "/here"})
	if err != nil || second != nil || reply == nil || *reply != (Reply{"out", "err", 5}) {
		t.Fatalf("%v, %+v, %v", second, reply, err)
	}
	if r := <-got; len(r.Args) != 2 || r.Dir != "/here" {
		t.Errorf("%+v", r)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third, reply, err := Acquire(t.Context(), dir, Request{})
	if err != nil || reply != nil || third == nil {
		t.Fatalf("after the first closed: %+v, %v", reply, err)
	}
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestClosingWaitsForAnAnswerThatIsUnderWay(t *testing.T) {
	dir := t.TempDir()
	first, _, err := Acquire(t.Context(), dir, Request{})
	if err != nil {
		t.Fatal(err)
	}
	asked, answer := make(chan struct{}), make(chan struct{})
	go first.Serve(func(Request) Reply {
		close(asked)
		<-answer
		return Reply{Stdout: "stopped", Exit: 1}
	})
	got := make(chan *Reply, 1)
	go func() {
		_, reply, _ := Acquire(t.Context(), dir, Request{Args: []string{"long"}})
		got <- reply
	}()
	<-asked
	closed := make(chan struct{})
	go func() { _ = first.Close(); close(closed) }()
	select {
	case <-closed:
		t.Error("closed with an answer under way")
	case <-time.After(50 * time.Millisecond):
	}
	close(answer)
	if reply := <-got; reply == nil || reply.Stdout != "stopped" {
		t.Errorf("%+v", reply)
	}
	<-closed
}

func TestAnOwnerThatEndsWhileItRunsACommandIsSaid(t *testing.T) {
	dir := t.TempDir()
	first, _, err := Acquire(t.Context(), dir, Request{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	go func() { // as one that is killed: it takes the request and is gone
		for {
			conn, err := first.listener.Accept()
			if err != nil {
				return
			}
			time.Sleep(handOver / 2)
			_ = conn.Close()
		}
	}()
	_, _, err = Acquire(t.Context(), dir, Request{Args: []string{"long"}})
	if e := backend.Readable(err); e.Code != backend.CodeCancelled || !strings.Contains(e.Message, "ended before it was done") {
		t.Errorf("%v", err)
	}
}

func TestAnOwnerThatDoesNotAnswerIsSaid(t *testing.T) {
	dir := t.TempDir()
	first, _, err := Acquire(t.Context(), dir, Request{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if err := os.WriteFile(filepath.Join(dir, addressName), []byte("/nowhere/at.all"), 0o600); err != nil {
		t.Fatal(err)
	}
	promisetest.Within(t, "giving up", 2*handOver, func() time.Duration {
		begun := time.Now()
		if _, _, err := Acquire(t.Context(), dir, Request{}); backend.Readable(err).Code != backend.CodeLocked {
			t.Error(err)
		}
		return time.Since(begun)
	})
}

func TestAKilledOwnerLeavesNoLock(t *testing.T) {
	dir := t.TempDir()
	// A process that dies leaves its address file; the lock goes with it.
	if err := os.WriteFile(filepath.Join(dir, addressName), []byte("/tmp/stale"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, lockName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	i, reply, err := Acquire(t.Context(), dir, Request{})
	if err != nil || reply != nil {
		t.Fatal(reply, err)
	}
	_ = i.Close()
}

// TestPairsOfStartsMakeOneOwner starts pairs of processes at the same time: 10, or WEIGHTROOM_SLOW's 1000.
func TestPairsOfStartsMakeOneOwner(t *testing.T) {
	pairs := 10
	if os.Getenv("WEIGHTROOM_SLOW") != "" {
		pairs = 1000
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var late atomic.Int32
	for n := range pairs {
		dir := filepath.Join(t.TempDir(), strconv.Itoa(n))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		var owners, handed atomic.Int32
		for range 2 {
			wait.Go(func() {
				begin := time.Now()
				cmd := exec.Command(self, "start", dir)
				_ = cmd.Run()
				switch cmd.ProcessState.ExitCode() {
				case 0:
					owners.Add(1)
				case 7:
					handed.Add(1)
					if time.Since(begin) > handOver {
						late.Add(1)
					}
				default:
					t.Errorf("pair %d: exit %d", n, cmd.ProcessState.ExitCode())
				}
			})
		}
		wait.Wait()
		if owners.Load() != 1 || handed.Load() != 1 {
			t.Errorf("pair %d: %d owners, %d handed over", n, owners.Load(), handed.Load())
		}
	}
	t.Logf("%d pairs, %d later than %v", pairs, late.Load(), handOver)
	if int(late.Load()) == pairs { // a busy machine may be late, but not each time
		t.Errorf("all %d handed over later than %v", pairs, handOver)
	}
}
