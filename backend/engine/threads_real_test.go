//go:build engine && linux

package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/library"
	"weightroom/backend/llama"
)

// TestEngineLoadsAnewForAnotherNumberOfThreads holds that a model stays in memory while the machine allows as many threads
// as it was loaded with, and is loaded anew with what is allowed now.
func TestEngineLoadsAnewForAnotherNumberOfThreads(t *testing.T) {
	e := newReal(t)
	allowed := 2
	e.opts.How = func() llama.How { return llama.How{Threads: allowed} }
	if err := e.Load(t.Context(), model, 2048, library.StarterBytes, nil); err != nil {
		t.Fatal(err)
	}
	answer := func() (pid int, threads string) {
		t.Helper()
		if _, err := e.Answer(t.Context(), prompt("Hello", 4), func(backend.Delta) {}); err != nil {
			t.Fatal(err)
		}
		p := llamaServer(t, e)
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "cmdline"))
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Split(string(line), "\x00")
		return p.pid, args[slices.Index(args, "-t")+1]
	}
	first, threads := answer()
	if again, _ := answer(); threads != "2" || again != first {
		t.Errorf("%s threads in process %d, then %d", threads, first, again)
	}
	allowed = 1
	second, threads := answer()
	if threads != "1" || second == first {
		t.Errorf("%s threads in process %d, after %d", threads, second, first)
	}
	if again, _ := answer(); again != second {
		t.Errorf("loaded a third time: %d after %d", again, second)
	}
}
