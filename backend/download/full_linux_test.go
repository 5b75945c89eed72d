package download

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
)

// smallDisk mounts a file system of so many bytes.
func smallDisk(t *testing.T, bytes int64) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+strconv.FormatInt(bytes, 10)); err != nil {
		t.Skip("a file system can only be mounted as root: ", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestFullDiskIsForeseen(t *testing.T) {
	data := downloadtest.Data{Seed: 70, Size: 16 << 20}
	for name, disk := range map[string]int64{"1 MiB too small": data.Size - 1<<20, "exactly the file, no margin": data.Size} {
		s := downloadtest.Serve(t, data)
		item, dir := itemFor(s, data), smallDisk(t, disk)
		_, err := testFetcher(t, 4).Fetch(t.Context(), item, filepath.Join(dir, "file"), nil)
		if code := downloadtest.Plainly(t, err); code != backend.CodeDiskFull {
			t.Errorf("%s: code %s", name, code)
		}
		if s.Requests() != 0 {
			t.Errorf("%s: %d requests before it was refused", name, s.Requests())
		}
		item.Bytes = -1 // then it is foreseen when the first answer tells the size
		_, err = testFetcher(t, 4).Fetch(t.Context(), item, filepath.Join(dir, "file"), nil)
		if code := downloadtest.Plainly(t, err); code != backend.CodeDiskFull {
			t.Errorf("%s, size not known: code %s", name, code)
		}
		t.Log(err)
	}
	s := downloadtest.Serve(t, data)
	dir := smallDisk(t, data.Size+8<<20)
	if _, err := testFetcher(t, 4).Fetch(t.Context(), itemFor(s, data), filepath.Join(dir, "file"), nil); err != nil {
		t.Error(err)
	}
}

// fill takes all the space that is left on a disk.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "someone else's")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, chunk := range []int{1 << 20, 4 << 10} {
		for buf := make([]byte, chunk); ; {
			if _, err := f.Write(buf); err != nil {
				break
			}
		}
	}
	return path
}

func TestDiskThatFillsMidwayIsSurvived(t *testing.T) {
	data := downloadtest.Data{Seed: 71, Size: 16 << 20}
	for _, reserved := range []bool{false, true} {
		s := downloadtest.Serve(t, data)
		s.Rate = 8 << 20
		dir := smallDisk(t, 2*data.Size)
		b := openBench(t, func(o *QueueOptions) {
			o.Dir = filepath.Join(dir, "downloads")
			o.Fetcher.NoReserve = !reserved
		})
		d := b.add(s, data, "x")
		for b.until(d.ID, StateRunning).Bytes < 2<<20 {
			time.Sleep(5 * time.Millisecond)
		}
		path := fill(t, dir)
		if reserved { // the space is ours already
			b.until(d.ID, StateDone)
			continue
		}
		d = b.until(d.ID, StateWaiting)
		if code := downloadtest.Plainly(t, d.Error); code != backend.CodeDiskFull || !strings.Contains(d.Error.Message, "full") {
			t.Errorf("code %s: %v", code, d.Error)
		}
		asked := s.Requests()
		time.Sleep(300 * time.Millisecond)
		if s.Requests() != asked {
			t.Error("it goes on asking while the disk is full")
		}
		os.Remove(path)
		begun := time.Now()
		b.until(d.ID, StateDone)
		t.Logf("went on %v after space was there; sent %.3f of the size", time.Since(begun).Round(time.Millisecond), float64(s.Sent())/float64(data.Size))
		if s.Sent() > data.Size+4<<20 {
			t.Errorf("%d bytes sent", s.Sent())
		}
	}
}
