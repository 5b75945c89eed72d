package transfer

import (
	"path/filepath"
	"testing"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
)

func TestFullDiskIsForeseen(t *testing.T) {
	data := downloadtest.Data{Seed: 70, Size: 16 << 20}
	for name, disk := range map[string]int64{"1 MiB too small": data.Size - 1<<20, "exactly the file, no margin": data.Size} {
		s := downloadtest.Serve(t, data)
		item, dir := itemFor(s, data), downloadtest.SmallDisk(t, disk)
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
	dir := downloadtest.SmallDisk(t, data.Size+8<<20)
	if _, err := testFetcher(t, 4).Fetch(t.Context(), itemFor(s, data), filepath.Join(dir, "file"), nil); err != nil {
		t.Error(err)
	}
}
