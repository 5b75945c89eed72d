package transfer

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weightroom/backend/download/downloadtest"
)

// TestPlanHandsEachPieceToOneStream takes, steals, completes and gives up spans at random and holds the plan against
// what it must be.
func TestPlanHandsEachPieceToOneStream(t *testing.T) {
	r := downloadtest.Random(t)
	for round := range 60 {
		size := r.Int64N(200 << 20)
		p := newPlan(size, pieceLeast)
		now := time.Now()
		done := make([]int, len(p.state))
		for step := 0; !p.complete(); step++ {
			if step > 100_000 {
				t.Fatal("it does not come to an end")
			}
			now = now.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
			switch n := r.IntN(10); {
			case n < 3 && len(p.spans) < streamsMost:
				p.take(r.Int64N(spanMost), now)
			case n == 3 && len(p.spans) > 0:
				p.release(p.spans[r.IntN(len(p.spans))], []byte("rest"))
			case len(p.spans) > 0:
				s := p.spans[r.IntN(len(p.spans))]
				done[s.at]++
				if !p.put(s, 1) {
					p.release(s, nil)
				}
			}
			holders := make([]int, len(p.state))
			for _, s := range p.spans {
				if s.at >= s.end {
					t.Fatalf("round %d: an empty span", round)
				}
				for i := s.at; i < s.end; i++ {
					holders[i]++
				}
			}
			var counts [good + 1]int
			for i, state := range p.state {
				counts[state]++
				if state == taken != (holders[i] == 1) || holders[i] > 1 {
					t.Fatalf("round %d: piece %d is %d and has %d streams", round, i, state, holders[i])
				}
				if i < p.front && state != good || i < p.low && state == missing {
					t.Fatalf("round %d: piece %d is %d, low %d, front %d", round, i, state, p.low, p.front)
				}
			}
			if counts != p.counts {
				t.Fatalf("round %d: counted %v, are %v", round, p.counts, counts)
			}
		}
		for i, n := range done {
			if n != 1 {
				t.Fatalf("round %d: piece %d was fetched %d times", round, i, n)
			}
		}
		if p.kept() != size {
			t.Fatalf("round %d: %d bytes kept of %d", round, p.kept(), size)
		}
	}
}

func TestPiecesStayFew(t *testing.T) {
	for _, size := range []int64{0, 1, 1 << 20, 16 << 30, 40 << 30, 1 << 40} {
		if piece := pieceFor(size); size/piece > piecesMost || piece < pieceLeast {
			t.Errorf("%d bytes in pieces of %d", size, piece)
		}
	}
}

// FuzzState holds: whatever bytes a journal has, reading it ends, and what it tells is within bounds.
func FuzzState(f *testing.F) {
	dir := f.TempDir()
	j, err := newJournal(filepath.Join(dir, "state"), saved{about: about{Version: stateVersion, Bytes: 10, Piece: 4}, pieces: map[int]uint32{1: 2}, hashed: 4, hash: []byte("state")})
	if err != nil {
		f.Fatal(err)
	}
	j.add(recordPiece, pieceBody(2, 3))
	j.add(recordDone, []byte("sha256:x"))
	j.close()
	seed, _ := os.ReadFile(filepath.Join(dir, "state"))
	f.Add(seed)
	f.Add(seed[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "state")
		os.WriteFile(path, data, 0o600)
		s, ok := readState(path)
		if !ok {
			return
		}
		if s.about.Piece < 1 || s.about.Version != stateVersion {
			t.Errorf("%+v", s.about)
		}
		again := append([]byte(nil), seed...)
		if bytes.Equal(data, again) && (len(s.pieces) != 2 || s.digest != "sha256:x") {
			t.Errorf("%+v", s)
		}
	})
}

func TestMeterIsHonest(t *testing.T) {
	var m meter
	at := time.Now()
	if m.left(at, 100) >= 0 {
		t.Error("a time is known before anything came")
	}
	for i := range 300 { // 30 s at 1 MB/s
		m.add(at.Add(time.Duration(i)*100*time.Millisecond), int64(i)*100_000)
	}
	at = at.Add(29900 * time.Millisecond)
	if rate := m.rate(at); math.Abs(rate-1e6) > 2e4 {
		t.Errorf("rate %.0f", rate)
	}
	if left := m.left(at, 10e6); left < 9*time.Second || left > 11*time.Second {
		t.Errorf("%v left", left)
	}
	if rate, left := m.rate(at.Add(6*time.Second)), m.left(at.Add(6*time.Second), 10e6); rate != 0 || left >= 0 {
		t.Errorf("after a silence: rate %.0f, %v left", rate, left)
	}
}

func TestPacerKeepsWhatHelps(t *testing.T) {
	for name, c := range map[string]struct {
		rate func(streams int) float64
		want [2]int
	}{
		"each connection is slow":   {func(n int) float64 { return float64(n) * 1e6 }, [2]int{16, 16}},
		"the line is full with one": {func(int) float64 { return 1e7 }, [2]int{1, 2}},
		"four fill the line":        {func(n int) float64 { return float64(min(n, 4)) * 1e6 }, [2]int{4, 8}},
		"more make it slower":       {func(n int) float64 { return 1e7 / float64(n) }, [2]int{1, 2}},
	} {
		p := pacer{target: 1, most: streamsMost}
		now, bytes := time.Now(), 0.0
		for range 150 { // 15 s
			bytes += c.rate(p.target) / 10
			now = now.Add(100 * time.Millisecond)
			p.step(now, int64(bytes))
		}
		if p.target < c.want[0] || p.target > c.want[1] {
			t.Errorf("%s: %d streams", name, p.target)
		}
	}
}

// TestMoreStreamsAreUsedWhereTheyHelp has a server that gives each connection little.
func TestMoreStreamsAreUsedWhereTheyHelp(t *testing.T) {
	if !downloadtest.Slow() {
		t.Skip("it takes as long as a download: WEIGHTROOM_SLOW=1")
	}
	data := downloadtest.Data{Seed: 80, Size: 96 << 20}
	s := downloadtest.Serve(t, data)
	s.Rate = 1 << 20
	most, begun := 0, time.Now()
	f := testFetcher(t, 0)
	f.Patience = nil
	_, err := f.Fetch(t.Context(), itemFor(s, data), downloadtest.Target(t), func(p Progress) { most = max(most, p.Streams) })
	if err != nil {
		t.Fatal(err)
	}
	alone := float64(data.Size) / float64(s.Rate)
	t.Logf("up to %d streams: %.1f s, one alone takes %.1f s", most, time.Since(begun).Seconds(), alone)
	if most < 8 || time.Since(begun).Seconds() > alone/3 {
		t.Error("it does not use what is there")
	}
}
