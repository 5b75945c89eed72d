package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"weightroom/backend"
	"weightroom/backend/leaktest"
)

// limitedChild runs one of the disks below, in namespaces of its own where the parent has put it there.
func limitedChild(args []string) error {
	switch args[0] {
	case "full":
		return fullDisk(args[1])
	case "readonly":
		return readOnlyDisk(args[1])
	case "denied":
		if err := syscall.Setgid(65534); err != nil {
			return err
		}
		if err := syscall.Setuid(65534); err != nil {
			return err
		}
		return openChild(args[1:])
	case "limit":
		return fileLimit(args[1])
	case "script":
		return script(args[1])
	}
	return fmt.Errorf("no disk %q", args[0])
}

// runLimited runs a disk of limitedChild with its own mounts, and gives what it said.
func runLimited(t *testing.T, mounts bool, args ...string) string {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), leaktest.RoleEnv+"=limited")
	if mounts {
		c.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Skip("no namespaces of one's own here:", err)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return out.String()
}

// fullDisk fills a small file system under the store, and then frees it.
func fullDisk(dir string) error {
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		fmt.Println("skip", err)
		return nil
	}
	ctx := context.Background()
	s, _, err := Open(ctx, dir, Options{})
	if err != nil {
		return err
	}
	c, err := s.CreateChat(ctx, backend.Chat{Title: "kept"})
	if err != nil {
		return err
	}
	var gone []string
	for range 3 {
		c, err := s.CreateChat(ctx, backend.Chat{Title: "gone"})
		if err != nil {
			return err
		}
		gone = append(gone, c.ID)
	}
	_, a, err := s.AddTurn(ctx, backend.Message{ChatID: c.ID, Text: "question"}, backend.Message{})
	if err != nil {
		return err
	}
	saved := map[string]bool{a.ID: true}
	filler := filepath.Join(dir, "filler")
	if err := fill(filler, 64<<10); err != nil { // leaves a little
		return err
	}
	for i := 0; ; i++ {
		id := s.NewID()
		_, err := s.AddMessage(ctx, backend.Message{ID: id, ChatID: c.ID, Role: backend.RoleUser, Text: streamText(id, 3000)})
		if isCode(err, backend.CodeDiskFull) {
			fmt.Println("full after", i)
			break
		}
		if err != nil || i > 10_000 {
			return fmt.Errorf("message %d: %w", i, err)
		}
		saved[id] = true
	}
	if _, err := s.Backup(ctx); !isCode(err, backend.CodeDiskFull) {
		return fmt.Errorf("backup: %w", err)
	}
	// A full disk still reads, ends an answer, and deletes.
	if _, _, err := everything(ctx, s); err != nil {
		return err
	}
	a.Text, a.State = "answer", backend.StateDone
	if err := s.FinishAnswer(ctx, a); err != nil {
		return fmt.Errorf("end of an answer: %w", err)
	}
	for _, id := range gone {
		if err := s.DeleteChat(ctx, id); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
	}
	if err := s.PurgeChats(ctx, gone[0]); err != nil && !isCode(err, backend.CodeDiskFull) {
		return fmt.Errorf("purge: %w", err)
	}
	if _, err := s.Chat(ctx, gone[0]); !isCode(err, backend.CodeNotFound) {
		return fmt.Errorf("purged chat: %w", err)
	}
	if err := s.Close(); err != nil {
		return err
	}
	if err := fill(filler+"2", 0); err != nil { // to the last byte
		return err
	}
	if s, _, err = Open(ctx, dir, Options{}); err != nil {
		return fmt.Errorf("open on a full disk: %w", err)
	}
	for _, f := range []string{filler, filler + "2"} {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	if err := s.Maintain(ctx); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if _, err := s.AddMessage(ctx, backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "room"}); err != nil {
		return err
	}
	_, messages, err := everything(ctx, s)
	if err != nil {
		return err
	}
	for id := range saved {
		if _, ok := messages[id]; !ok {
			return fmt.Errorf("lost %s", id)
		}
	}
	if _, err := s.Verify(ctx); err != nil {
		return err
	}
	fmt.Println("fine,", len(saved), "messages kept")
	return s.Close()
}

// fill writes a file until no more than spare bytes are free.
func fill(path string, spare int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, block := range []int{64 << 10, 4 << 10, 1} {
		for {
			var fs unix.Statfs_t
			if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
				return err
			}
			if int64(fs.Bavail)*int64(fs.Bsize) <= spare {
				return nil
			}
			if _, err := f.Write(make([]byte, block)); err != nil {
				break
			}
		}
	}
	return nil
}

func readOnlyDisk(dir string) error {
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		fmt.Println("skip", err)
		return nil
	}
	ctx := context.Background()
	s, _, err := Open(ctx, dir, Options{})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		fmt.Println("skip", err)
		return nil
	}
	return openChild([]string{dir})
}

// fileLimit lets the process write no file much larger than its history is now.
func fileLimit(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	ctx := context.Background()
	s, _, err := Open(ctx, dir, Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	info, err := os.Stat(s.Path())
	if err != nil {
		return err
	}
	size := uint64(info.Size()) + 2<<20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: size}); err != nil {
		return err
	}
	c, err := s.CreateChat(ctx, backend.Chat{Title: "kept"})
	if err != nil {
		return err
	}
	saved := map[string]bool{}
	full := 0
	for i := range 2000 {
		id := s.NewID()
		_, err := s.AddMessage(ctx, backend.Message{ID: id, ChatID: c.ID, Role: backend.RoleUser, Text: streamText(id, 5000)})
		switch {
		case err == nil:
			saved[id] = true
		case isCode(err, backend.CodeDiskFull):
			full++
		default:
			return fmt.Errorf("message %d: %w", i, err)
		}
		if full == 5 {
			break
		}
	}
	if full == 0 {
		return errors.New("no limit was met")
	}
	_, messages, err := everything(ctx, s)
	if err != nil {
		return err
	}
	for id := range saved {
		if _, ok := messages[id]; !ok {
			return fmt.Errorf("lost %s", id)
		}
	}
	if _, err := s.Verify(ctx); err != nil {
		return err
	}
	fmt.Println("fine,", len(saved), "messages kept")
	return nil
}

func TestDisks(t *testing.T) {
	t.Parallel()
	for name, mounts := range map[string]bool{"full": true, "limit": false} {
		t.Run(name+": what fits is kept, what does not is said", func(t *testing.T) {
			out := runLimited(t, mounts, name, t.TempDir())
			if strings.HasPrefix(out, "skip") {
				t.Skip(out)
			}
			if !strings.Contains(out, "fine") {
				t.Fatal(out)
			}
			t.Log(strings.TrimSpace(out))
		})
	}
	t.Run("read-only is said", func(t *testing.T) {
		out := runLimited(t, true, "readonly", t.TempDir())
		if strings.HasPrefix(out, "skip") {
			t.Skip(out)
		}
		if !strings.HasPrefix(out, string(backend.CodeReadOnly)+" ") {
			t.Fatal(out)
		}
	})
	t.Run("a folder of someone else is said, and a file without rights is not damage", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("needs root to be someone else")
		}
		for _, what := range []string{"folder", "file"} {
			dir := t.TempDir()
			for d := dir; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
				os.Chmod(d, 0o755)
			}
			if what == "file" {
				mustOpen(t, dir, Options{}).Close()
				os.Chmod(dir, 0o777)
				os.Chmod(filepath.Join(dir, lockName), 0o666)
			}
			out := runLimited(t, false, "denied", dir)
			if !strings.HasPrefix(out, string(backend.CodeDenied)+" ") {
				t.Fatal(what, out)
			}
			if aside, _ := filepath.Glob(filepath.Join(dir, "history.damaged*")); aside != nil {
				t.Fatal("set aside", aside)
			}
		}
	})
}

// script does one of everything in dir, says what was acknowledged, and goes on after failures.
func script(dir string) error {
	ctx := context.Background()
	var s *Store
	failed := func(what string, err error) bool {
		if err != nil {
			told := backend.Readable(err)
			fmt.Println("fail", what, told.Code)
		}
		return err != nil
	}
	for range 2 {
		var err error
		if s, _, err = Open(ctx, dir, Options{}); failed("open", err) {
			continue
		}
		for range 2 {
			c, err := s.CreateChat(ctx, backend.Chat{Title: "title"})
			if failed("create", err) {
				continue
			}
			fmt.Println("chat", c.ID)
			id := s.NewID()
			u, a, err := s.AddTurn(ctx, backend.Message{ID: id, ChatID: c.ID, Text: streamText(id, 6000)}, backend.Message{})
			if failed("turn", err) {
				continue
			}
			fmt.Println("save", c.ID, u.ID, len(u.Text), "done")
			fmt.Println("save", c.ID, a.ID, 0, "")
			a.Text = streamText(a.ID, 9000)
			if !failed("save", s.SaveAnswer(ctx, a)) {
				fmt.Println("save", c.ID, a.ID, 9000, "")
			}
			a.State = backend.StateDone
			if !failed("finish", s.FinishAnswer(ctx, a)) {
				fmt.Println("save", c.ID, a.ID, 9000, "done")
			}
		}
		_, err = s.Backup(ctx)
		failed("backup", err)
		if c, err := s.CreateChat(ctx, backend.Chat{Title: "gone"}); !failed("create", err) && !failed("delete", s.DeleteChat(ctx, c.ID)) {
			fmt.Println("purging", c.ID)
			failed("purge", s.PurgeChats(ctx, c.ID))
		}
		failed("maintain", s.Maintain(ctx))
		failed("close", s.Close())
	}
	fmt.Println("end")
	return nil
}

// TestAFailedWriteIsNeverReportedAsSaved makes the Nth call of each kind fail, as a disk would.
func TestAFailedWriteIsNeverReportedAsSaved(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	if out, err := exec.Command(strace, "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %s", out)
	}
	calls := []string{"pwrite64", "fdatasync", "fsync", "ftruncate", "renameat", "unlinkat", "linkat", "mkdirat", "mmap"}
	errs := []string{"ENOSPC", "EIO", "EROFS"}
	type point struct {
		call, err string
		n         int
		from      bool // every later call fails too
	}
	var points []point
	for _, call := range calls {
		most := map[string]int{"pwrite64": 60, "fdatasync": 60, "fsync": 12, "mmap": 0}[call]
		if most == 0 && call != "mmap" {
			most = 5
		}
		for n := 1; n <= most; n++ {
			for _, e := range errs {
				points = append(points, point{call, e, n, false}, point{call, e, n, true})
			}
		}
	}
	r := random(seed(t))
	r.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	points = points[:min(len(points), trials(t, 12, len(points)))]
	met := map[string]int{}
	for _, p := range points {
		dir := t.TempDir()
		when := strconv.Itoa(p.n)
		if p.from {
			when += "+"
		}
		c := exec.Command(strace, "-f", "-o", os.DevNull, "-e", "trace="+p.call,
			"-e", fmt.Sprintf("inject=%s:error=%s:when=%s", p.call, p.err, when), os.Args[0], "script", dir)
		c.Env = append(os.Environ(), leaktest.RoleEnv+"=limited")
		var said, complained bytes.Buffer
		c.Stdout, c.Stderr = &said, &complained
		if err := c.Run(); err != nil || complained.Len() > 0 {
			t.Fatalf("%+v: %v\n%s%s", p, err, &said, &complained)
		}
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		if lines[len(lines)-1] != "end" {
			t.Fatalf("%+v: %s", p, &said)
		}
		known := newAcknowledged()
		for _, line := range lines[:len(lines)-1] {
			if code, ok := strings.CutPrefix(line, "fail "); ok {
				f := strings.Fields(code)
				met[f[1]]++
				if !slices.Contains([]string{"disk_full", "disk", "read_only"}, f[1]) {
					t.Errorf("%+v: %s", p, line)
				}
				continue
			}
			if err := known.hear(line); err != nil {
				t.Fatal(err)
			}
		}
		s, recovery, err := Open(t.Context(), dir, Options{})
		if err != nil || recovery != nil {
			t.Fatalf("%+v: %v %+v", p, err, recovery)
		}
		wrong, err := known.check(t.Context(), s)
		if err != nil || wrong != nil {
			t.Fatalf("%+v: %v %v\n%s", p, wrong, err, &said)
		}
		checkBoth(t, s)
		s.Close()
		os.RemoveAll(dir)
	}
	t.Logf("%d points, failures told: %v", len(points), met)
}
