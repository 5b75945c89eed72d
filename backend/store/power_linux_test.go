package store

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ext4Shutdown is EXT4_IOC_SHUTDOWN, and noLogFlush its harshest flag: what is not on the disk yet is gone.
const (
	ext4Shutdown = 0x8004587D
	noLogFlush   = uint32(2)
)

// TestAnAcknowledgedMessageSurvivesAPowerCut runs the writer on an ext4 file system of its own and shuts that down
// under it at random moments, half of them while the history is created.
func TestAnAcknowledgedMessageSurvivesAPowerCut(t *testing.T) {
	t.Parallel()
	if !slow() {
		t.Skip("needs root and loop devices: set WEIGHTROOM_SLOW=1")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	image, mnt := filepath.Join(t.TempDir(), "ext4"), t.TempDir()
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", name, err, out)
		}
	}
	f, err := os.Create(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(64 << 20); err != nil {
		t.Fatal(err)
	}
	f.Close()
	run("mkfs.ext4", "-q", "-F", image)
	run("mount", "-o", "loop", image, mnt)
	mounted := true
	defer func() {
		if mounted {
			exec.Command("umount", "-l", mnt).Run()
		}
	}()
	n := seed(t)
	r := random(n)
	cuts := trials(t, 20, 1000)
	dir := filepath.Join(mnt, "h")
	known := newAcknowledged()
	heard, opened := 0, 0
	for i := range cuts {
		creation := i%2 == 0
		if creation {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			unix.Sync()
			known = newAcknowledged()
		}
		c := startChild(t, "write", dir, fmt.Sprint(n+uint64(i)))
		c.Stderr = nil
		wait := 40 * time.Millisecond
		if creation {
			wait = 12 * time.Millisecond
		}
		time.Sleep(time.Duration(r.Int64N(int64(wait))))
		d, err := os.Open(mnt)
		if err != nil {
			t.Fatal(err)
		}
		flag := noLogFlush
		if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, d.Fd(), ext4Shutdown, uintptr(unsafe.Pointer(&flag))); no != 0 {
			d.Close()
			c.end()
			t.Skip("this kernel cannot shut ext4 down:", no)
		}
		d.Close()
		for _, line := range c.end() {
			if strings.HasPrefix(line, "child failed") { // its disk is gone
				break
			}
			if err := known.hear(line); err != nil {
				t.Fatal(err)
			}
			heard++
		}
		if out, err := exec.Command("umount", mnt).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		mounted = false
		if out, err := exec.Command("mount", "-o", "loop", image, mnt).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		mounted = true
		if _, err := os.Stat(filepath.Join(dir, fileName)); err == nil {
			opened++
		}
		s, recovery, err := Open(t.Context(), dir, Options{})
		if err != nil || recovery != nil {
			t.Fatalf("cut %d of seed %d: %v %+v", i, n, err, recovery)
		}
		wrong, err := known.check(t.Context(), s)
		if err != nil || wrong != nil {
			t.Fatalf("cut %d of seed %d: %v %v", i, n, err, wrong)
		}
		if i%10 == 0 {
			checkBoth(t, s)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d cuts, half of them at creation, %d left a history, %d acknowledgements heard: 0 lost, 0 unopenable", cuts, opened, heard)
}
