package download

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
)

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
	t.Parallel()
	data := downloadtest.Data{Seed: 71, Size: 16 << 20}
	for _, reserved := range []bool{false, true} {
		s := downloadtest.Serve(t, data)
		s.Rate = 8 << 20
		dir := downloadtest.SmallDisk(t, 2*data.Size)
		b := openBench(t, func(o *QueueOptions) {
			o.Dir = filepath.Join(dir, "downloads")
			o.Fetcher.NoReserve, o.spaceLook = !reserved, 100*time.Millisecond
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
