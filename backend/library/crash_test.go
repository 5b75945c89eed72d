//go:build linux

package library

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/leaktest"
)

// TestMain runs a trial instead of the tests in a process that a test starts to be killed or limited.
func TestMain(m *testing.M) {
	if trial := os.Getenv("WEIGHTROOM_TRIAL"); trial != "" {
		if err := child(trial, os.Args[1:]); err != nil {
			e := backend.Readable(err)
			fmt.Printf("%s\t%s\t%s\n", e.Code, e.Message, e.Hint)
			os.Exit(1)
		}
		os.Exit(0)
	}
	leaktest.AtOnce(8)
	os.Exit(m.Run())
}

func child(trial string, args []string) error {
	ctx := context.Background()
	switch trial {
	case "limited": // no file may grow past half a megabyte
		signal.Ignore(syscall.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 19, Max: 1 << 19}); err != nil {
			return err
		}
	case "nobody": // root may write everywhere
		if err := syscall.Setuid(65534); err != nil {
			return err
		}
	}
	l, err := New(args[0])
	if err != nil {
		return err
	}
	switch trial {
	case "die": // by the step's number
		at, n := must(strconv.Atoi(args[2])), 0
		l.step = func(string) error {
			if n++; n == at {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				time.Sleep(time.Hour)
			}
			return nil
		}
		if len(args) > 3 {
			return childDies(ctx, l, args[1], args[3:])
		}
		_, err = l.Import(ctx, args[1], Options{Name: "new"})
		return err
	case "churn": // until it is killed
		for {
			for _, file := range args[1:] {
				if _, err := l.Import(ctx, file, Options{}); err != nil {
					return err
				}
			}
			for _, m := range must(l.Models(ctx)) {
				if m.Ref != "kept:Q8_0" {
					if _, err := l.Remove(ctx, m.Ref); err != nil {
						return err
					}
				}
			}
		}
	}
	if _, err := l.Models(ctx); err != nil {
		return err
	}
	_, err = l.Import(ctx, args[1], Options{})
	return err
}

// childDies does what a trial was told to, until it is killed.
func childDies(ctx context.Context, l *Library, path string, args []string) error {
	var err error
	switch args[0] {
	case "remove":
		_, err = l.Remove(ctx, args[1])
	case "accept":
		var in Incoming
		if err = json.Unmarshal([]byte(args[1]), &in); err == nil {
			_, err = l.Accept(ctx, in)
		}
	case "set":
		_, err = l.Import(ctx, path, Options{Name: "new", Projector: args[1]})
	case "move":
		l.apart = args[2] == "apart"
		err = l.Move(ctx, args[1], nil)
	default:
		err = fmt.Errorf("no trial %q", args)
	}
	return err
}

func start(t *testing.T, trial string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(must(os.Executable()), args...)
	cmd.Env = append(os.Environ(), "WEIGHTROOM_TRIAL="+trial)
	return cmd
}

func killed(err error) bool {
	var e *exec.ExitError
	if !errors.As(err, &e) {
		return false
	}
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signal() == syscall.SIGKILL
}

func TestImportKilledAtAnyStepIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	path := weights(t, 1)
	whole, nothing := 0, 0
	for at := 1; ; at++ {
		l := open(t, t.TempDir())
		put(t, l, weights(t, 2), Options{Ref: "kept"})
		err := start(t, "die", l.Dir(), path, strconv.Itoa(at)).Run()
		if err == nil {
			t.Logf("killed at %d steps: %d times nothing, %d times the whole model", at-1, nothing, whole)
			if at < 10 || whole == 0 || nothing == 0 {
				t.Error("the trial did not reach both ends")
			}
			return
		}
		if !killed(err) {
			t.Fatal(err)
		}
		l = open(t, l.Dir())
		switch got := refs(t, l); {
		case slices.Equal(got, []string{"kept:Q8_0"}):
			nothing++
		case slices.Equal(got, []string{"kept:Q8_0", "new:Q8_0"}):
			whole++
		default:
			t.Errorf("step %d: %v", at, got)
		}
		checkSound(t, l)
	}
}

func TestAcceptKilledAtAnyStepIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	nothing, whole := 0, 0
	for at := 1; ; at++ {
		l := open(t, t.TempDir())
		put(t, l, weights(t, 9), Options{Ref: "kept"})
		before := accept(t, l, pulled(t, l, "new:v1", 1))
		clearDownloads(t, l)
		in := pulled(t, l, "new:v1", 2)
		for _, p := range gguftest.Split(gguftest.Small(3), 2) {
			in.Files = append(in.Files, fetched(t, l, backend.KindModel, p.Bytes()))
		}
		in.Files = in.Files[1:] // the parts are the model
		err := start(t, "die", l.Dir(), "", strconv.Itoa(at), "accept", string(must(json.Marshal(in)))).Run()
		l = open(t, l.Dir())
		if _, err := l.Tidy(t.Context()); err != nil {
			t.Error(err)
		}
		if got := refs(t, l); !slices.Equal(got, []string{"kept:Q8_0", "new:v1"}) {
			t.Fatalf("step %d: %v", at, got)
		}
		m := must(l.Model(t.Context(), "new:v1"))
		if m.Digest == before.Digest {
			nothing++
		} else {
			whole++
		}
		// Whatever happened, the download goes on as if nothing had: by its files, or because the library has them.
		if again := accept(t, l, in); again.Ref != "new:v1" || again.Digest == before.Digest {
			t.Errorf("step %d: %+v", at, again)
		}
		clearDownloads(t, l)
		checkSound(t, l)
		if err == nil {
			t.Logf("killed at %d steps: %d times the model before, %d times the new one", at-1, nothing, whole)
			if at < 20 || nothing == 0 || whole < 3 {
				t.Error("the trial did not reach both ends")
			}
			return
		}
		if !killed(err) {
			t.Fatal(err)
		}
	}
}

func TestImportOfPartsKilledAtAnyStepIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	dir, names := split(t, 1, 2)
	projector := filepath.Join(saved(t, map[string]*gguftest.Builder{"p.gguf": gguftest.Projector(1)}), "p.gguf")
	nothing, whole := 0, 0
	for at := 1; ; at++ {
		l := open(t, t.TempDir())
		put(t, l, weights(t, 2), Options{Ref: "kept"})
		err := start(t, "die", l.Dir(), filepath.Join(dir, names[0]), strconv.Itoa(at), "set", projector).Run()
		l = open(t, l.Dir())
		if _, err := l.Tidy(t.Context()); err != nil {
			t.Error(err)
		}
		switch got := refs(t, l); {
		case slices.Equal(got, []string{"kept:Q8_0"}):
			nothing++
		case slices.Equal(got, []string{"kept:Q8_0", "new:Q8_0"}):
			whole++
		default:
			t.Errorf("step %d: %v", at, got)
		}
		checkSound(t, l)
		if err == nil {
			t.Logf("killed at %d steps: %d times nothing, %d times the whole model", at-1, nothing, whole)
			if at < 20 || nothing == 0 || whole < 3 {
				t.Error("the trial did not reach both ends")
			}
			return
		}
		if !killed(err) {
			t.Fatal(err)
		}
	}
}

func TestMoveKilledAtAnyStepLeavesOneWholeLibrary(t *testing.T) {
	t.Parallel()
	for _, apart := range []string{"apart", "together"} {
		t.Run(apart, func(t *testing.T) {
			t.Parallel()
			stayed, went := 0, 0
			for at := 1; ; at += stride() {
				home, to := t.TempDir(), filepath.Join(t.TempDir(), "new")
				furnished(t, home)
				err := start(t, "die", home, "", strconv.Itoa(at), "move", to, apart).Run()
				l := open(t, home)
				if _, err := l.Tidy(t.Context()); err != nil {
					t.Error(err)
				}
				wantWhole(t, l)
				if l.Dir() == home {
					stayed++
				} else {
					went++
				}
				for _, dir := range []string{home, to} {
					if left := leftovers(t, dir); dir != l.Dir() && len(left) > 0 {
						t.Errorf("step %d: left in %s: %v", at, dir, left)
					}
				}
				if t.Failed() {
					t.Fatalf("step %d", at)
				}
				if err == nil {
					t.Logf("killed at %d steps: it stayed %d times and went %d times", at-1, stayed, went)
					if stayed == 0 || went < 2 {
						t.Error("the trial did not reach both ends")
					}
					return
				}
				if !killed(err) {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestRemovalKilledAtAnyStepIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	path := weights(t, 1)
	for at := 1; ; at++ {
		l := open(t, t.TempDir())
		put(t, l, weights(t, 2), Options{Ref: "kept"})
		put(t, l, path, Options{Name: "gone"})
		err := start(t, "die", l.Dir(), path, strconv.Itoa(at), "remove", "gone").Run()
		l = open(t, l.Dir())
		got := refs(t, l)
		if !slices.Equal(got, []string{"kept:Q8_0"}) && (at > 1 || len(got) != 2) { // the first step is the decision
			t.Errorf("step %d: %v", at, got)
		}
		checkSound(t, l)
		if err == nil {
			t.Logf("killed at %d steps", at-1)
			return
		}
		if !killed(err) {
			t.Fatal(err)
		}
	}
}

func TestStoreSurvivesKillsAtRandomMoments(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	put(t, l, weights(t, 9), Options{Ref: "kept"})
	a, b := weights(t, 1), weights(t, 2, func(b *gguftest.Builder) {
		b.Add(gguftest.Tensor{Name: "big", Shape: []uint64{32, 1 << 15}, Type: 8, Size: 34 << 15})
	})
	kills := often("WEIGHTROOM_KILLS", 15)
	for range kills {
		cmd := start(t, "churn", l.Dir(), a, b)
		var out strings.Builder
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); !killed(err) {
			t.Fatal(err, out.String())
		}
		l = open(t, l.Dir())
		if !slices.Contains(refs(t, l), "kept:Q8_0") {
			t.Fatal("the finished model is gone")
		}
		checkSound(t, l)
	}
	t.Logf("%d kills", kills)
}

func problem(t *testing.T, cmd *exec.Cmd) (code, message string) {
	t.Helper()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	part := strings.Split(strings.TrimSpace(string(out)), "\t")
	if len(part) != 3 || part[2] == "" {
		t.Fatalf("no sentence and hint: %q %v", out, err)
	}
	return part[0], part[1]
}

func TestFileThatMayNotGrowIsAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := weights(t, 1, func(b *gguftest.Builder) {
		b.Add(gguftest.Tensor{Name: "big", Shape: []uint64{32, 1 << 16}, Type: 8, Size: 34 << 16})
	})
	if code, message := problem(t, start(t, "limited", dir, path)); code != string(backend.CodeDiskFull) {
		t.Error(code, message)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	put(t, open(t, dir), path, Options{})
}

func TestFolderThatMayNotBeWrittenIsSaid(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "models")
	path := weights(t, 1)
	put(t, open(t, dir), path, Options{})
	trial := "nobody"
	if os.Getuid() != 0 {
		trial = "plain"
	}
	// The trial's user has to reach the file and the store, and write neither.
	for _, p := range []string{filepath.Dir(filepath.Dir(root)), filepath.Dir(root), root, filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if err := os.Chmod(p, must(os.Stat(p)).Mode().Perm()|0o055); err != nil && trial == "nobody" {
			t.Skip(err)
		}
	}
	other := weights(t, 2)
	for p := filepath.Dir(other); p != filepath.Dir(root); p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Skip(err)
		}
	}
	if err := os.Chmod(other, 0o644); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			t.Cleanup(func() { _ = os.Chmod(p, 0o755) })
			return os.Chmod(p, 0o555)
		}
		return errors.Join(err, os.Chmod(p, 0o444))
	})
	if err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	if code, message := problem(t, start(t, trial, dir, other)); code != string(backend.CodeReadOnly) {
		t.Error(code, message)
	}
	if after := files(t, dir); !slices.Equal(after, before) {
		t.Errorf("%v, want %v", after, before)
	}
	missing := filepath.Join(dir, "new", "store")
	if code, message := problem(t, start(t, trial, missing, other)); code != string(backend.CodeReadOnly) {
		t.Error(code, message)
	}
}

// small mounts a disk of its own, where the system lets it.
func small(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skip("no right to mount a disk:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestFullDiskIsForeseen(t *testing.T) {
	t.Parallel()
	path := weights(t, 1, func(b *gguftest.Builder) {
		b.Add(gguftest.Tensor{Name: "big", Shape: []uint64{32, 1 << 18}, Type: 8, Size: 34 << 18})
	})
	need := must(os.Stat(path)).Size()
	dir := small(t, margin+int(need)-1<<20)
	l := open(t, filepath.Join(dir, "models"))
	copied := false
	_, err := l.Import(t.Context(), path, Options{Progress: func(_, _ int64) { copied = true }})
	wantProblem(t, err, backend.CodeDiskFull, "short by 1.0 MB")
	if copied {
		t.Error("bytes were copied")
	}
	checkSound(t, l)
}

func TestDiskThatFillsUpMeanwhileIsSurvived(t *testing.T) {
	t.Parallel()
	path := weights(t, 1)
	kept := weights(t, 2)
	for _, moment := range []string{"create copy", "before rename", "create blob", "create manifest"} {
		t.Run(moment, func(t *testing.T) {
			dir := small(t, margin+1<<20)
			l := open(t, filepath.Join(dir, "models"))
			put(t, l, kept, Options{Name: "kept"})
			filler := filepath.Join(dir, "filler")
			l.step = func(s string) error {
				if s == moment {
					fill(filler)
				}
				return nil
			}
			_, err := l.Import(t.Context(), path, Options{})
			wantProblem(t, err, backend.CodeDiskFull, "")
			l.step = nil
			if got := refs(t, l); !slices.Equal(got, []string{"kept:Q8_0"}) { // a full disk still reads
				t.Errorf("%v", got)
			}
			checkSound(t, l)
			if _, err := l.Remove(t.Context(), "kept"); err != nil { // and deletes
				t.Error(err)
			}
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			put(t, l, path, Options{})
			checkSound(t, l)
		})
	}
}

// fill takes all that is left of a disk.
func fill(path string) {
	f, err := os.Create(path)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	for block := make([]byte, 1<<20); len(block) > 0; block = block[:len(block)/2] {
		for err = nil; err == nil; {
			_, err = f.Write(block)
		}
	}
}

func TestReadOnlyDiskStillLists(t *testing.T) {
	t.Parallel()
	dir := small(t, 256<<20)
	l := open(t, filepath.Join(dir, "models"))
	m := put(t, l, weights(t, 1), Options{})
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	l = open(t, l.Dir())
	if got := refs(t, l); !slices.Equal(got, []string{m.Ref}) {
		t.Errorf("%v", got)
	}
	if bad, err := l.Verify(t.Context(), "", nil); err != nil || len(bad) != 0 {
		t.Error(bad, err)
	}
	_, err := l.Import(t.Context(), weights(t, 2), Options{})
	wantProblem(t, err, backend.CodeReadOnly, "read-only")
	_, err = l.Remove(t.Context(), m.Ref)
	wantProblem(t, err, backend.CodeReadOnly, "read-only")
}
