package download

import (
	"io/fs"
	"path/filepath"
	"testing"

	"weightroom/backend/download/downloadtest"
)

// TestQueueHealsItsFolder does the same with the folder of a queue.
func TestQueueHealsItsFolder(t *testing.T) {
	t.Parallel()
	states, r := downloadtest.Trials(t, "WEIGHTROOM_STATES", 10, 500), downloadtest.Random(t)
	data := downloadtest.Data{Seed: 41, Size: 200 << 10}
	s := downloadtest.Serve(t, data)
	for i := range states {
		b := openBench(t, func(o *QueueOptions) { o.Fetcher.Piece = 16 << 10 })
		s.Rate = 1 << 20
		d := b.add(s, data, "x")
		for b.until(d.ID, StateRunning, StateDone).Bytes < 1 {
		}
		b.Close()
		s.Rate = 0
		var all []string
		filepath.WalkDir(b.opts.Dir, func(path string, _ fs.DirEntry, _ error) error {
			all = append(all, path)
			return nil
		})
		what := downloadtest.Damage(r, all[r.IntN(len(all))], nil)
		b.open()
		if d = b.until(d.ID, StateDone, StateFailed); d.State != StateDone {
			t.Fatalf("state %d (%s): %v", i, what, d.Error)
		}
		b.Close()
	}
	t.Logf("%d states healed alone", states)
}
