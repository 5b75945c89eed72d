package hardware

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestBandwidth(t *testing.T) {
	t.Run("gives both figures", func(t *testing.T) {
		r, err := Bandwidth(t.Context())
		if errors.Is(err, ErrTooLittleMemory) {
			t.Skip("too little memory is free here")
		}
		if err != nil {
			t.Fatal(err)
		}
		// Between a slow single-board computer and the fastest server; outside it the arithmetic is wrong.
		for name, rate := range map[string]int64{"all cores": r.AllCoresBytesPerSec, "one core": r.SingleCoreBytesPerSec} {
			if rate < 200e6 || rate > 5e12 {
				t.Errorf("%s: %d bytes per second", name, rate)
			}
		}
		if r.BufferBytes < 16<<20 || r.Cores < 1 || r.MeasuredAt == 0 || r.Seconds <= 0 || r.Spread < 0 || r.Spread >= 1 {
			t.Errorf("%+v", r)
		}
		t.Logf("%.1f GB/s with %d cores, %.1f GB/s with one, spread %.0f%%, buffer %d MiB, %.2f s",
			float64(r.AllCoresBytesPerSec)/1e9, r.Cores, float64(r.SingleCoreBytesPerSec)/1e9, r.Spread*100, r.BufferBytes>>20, r.Seconds)
	})

	t.Run("ends soon after it is cancelled", func(t *testing.T) {
		var took []time.Duration
		for len(took) == 0 || len(took) < 5 && took[len(took)-1] > 500*time.Millisecond { // a busy machine may be late, but not each time
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			start := time.Now()
			_, err := Bandwidth(ctx)
			took = append(took, time.Since(start))
			if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrTooLittleMemory) {
				t.Errorf("error %v, want the context's", err)
			}
		}
		if slices.Min(took) > 500*time.Millisecond {
			t.Errorf("took %v after a cancel at 50 ms", took)
		}
	})

	t.Run("a machine with no free memory is told so", func(t *testing.T) {
		_, err := measureBandwidth(t.Context(), CPU{UsableCores: 1}, Memory{AvailableBytes: 20 << 20})
		if !errors.Is(err, ErrTooLittleMemory) {
			t.Errorf("error %v", err)
		}
	})
}

func TestBufferSize(t *testing.T) {
	for _, c := range []struct {
		name             string
		cache, available int64
		want             int
	}{
		{"half a gigabyte where the caches are small or unknown", 0, 64 << 30, 512 << 20},
		{"eight times the caches where they are large", 96 << 20, 64 << 30, 768 << 20},
		{"never more than two gigabytes", 1 << 30, 512 << 30, 2 << 30},
		{"never more than a quarter of what is free", 32 << 20, 400 << 20, 100 << 20},
		{"none where a quarter would fit the caches", 32 << 20, 40 << 20, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := bufferSize(c.cache, c.available); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	nine := series{rates: []float64{10, 90, 80, 20, 70, 60, 50, 40, 30}, mean: 45}
	t.Run("is the median of the best five of nine", func(t *testing.T) {
		best, spread := nine.summary(false)
		if best != 70 || spread < 0.28 || spread > 0.29 {
			t.Errorf("got %v, spread %v", best, spread)
		}
	})
	t.Run("is the mean under a quota", func(t *testing.T) {
		if best, spread := nine.summary(true); best != 45 || spread != 0 {
			t.Errorf("got %v, spread %v", best, spread)
		}
	})
	t.Run("takes what there is when samples were few", func(t *testing.T) {
		if best, spread := (series{rates: []float64{42}, mean: 42}).summary(false); best != 42 || spread != 0 {
			t.Errorf("got %v, %v", best, spread)
		}
		if best, _ := (series{}).summary(false); best != 0 {
			t.Errorf("got %v from nothing", best)
		}
	})
}

func TestThrottled(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit float64
		cores int
		want  bool
	}{
		{"no quota never throttles", 0, 8, false},
		{"half a core throttles one", 0.5, 1, true},
		{"one and a half cores throttle two", 1.5, 2, true},
		{"a quota of as many cores does not", 2, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := throttled(c.limit, c.cores); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSum(t *testing.T) {
	t.Run("reads every word once", func(t *testing.T) {
		words := make([]uint64, 4*32)
		want := uint64(0)
		for i := range words {
			words[i] = 1 << (i % 60)
			want += words[i]
		}
		if got := sum(words); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	})
}

func TestTouch(t *testing.T) {
	t.Run("a deadline that has passed leaves an empty buffer, not a wait", func(t *testing.T) {
		s := stream{words: make([]uint64, 4*chunkWords)}
		if got := s.touch(t.Context(), 2, time.Now().Add(-time.Second)); got != 0 {
			t.Errorf("touched %d chunks", got)
		}
	})
	t.Run("every page is written", func(t *testing.T) {
		s := stream{words: slices.Repeat([]uint64{^uint64(0)}, 3*chunkWords)}
		if got := s.touch(t.Context(), 3, time.Now().Add(time.Minute)); got != 3 {
			t.Fatalf("touched %d chunks, want 3", got)
		}
		for at := 0; at < len(s.words); at += 512 {
			if s.words[at] == ^uint64(0) {
				t.Fatalf("page %d is untouched", at/512)
			}
		}
	})
}

func TestBandwidthFile(t *testing.T) {
	m := Machine{CPU: CPU{Model: "Some CPU", UsableCores: 8}, Memory: Memory{PhysicalBytes: 31 << 30}}
	key := BandwidthKey(m)
	want := BandwidthResult{AllCoresBytesPerSec: 50e9, SingleCoreBytesPerSec: 20e9, Cores: 8, MeasuredAt: 1700000000000}

	t.Run("what was saved is loaded", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bandwidth.json")
		if err := SaveBandwidth(path, key, want); err != nil {
			t.Fatal(err)
		}
		if got, ok := LoadBandwidth(path, key); !ok || got != want {
			t.Errorf("got %+v, %v", got, ok)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("files left: %v", left)
		}
	})
	t.Run("another machine's is not taken", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bandwidth.json")
		if err := SaveBandwidth(path, key, want); err != nil {
			t.Fatal(err)
		}
		other := m
		other.CPU.UsableCores = 4
		if _, ok := LoadBandwidth(path, BandwidthKey(other)); ok {
			t.Error("was taken")
		}
	})
	t.Run("a few megabytes more after a restart are the same machine", func(t *testing.T) {
		again := m
		again.Memory.PhysicalBytes += 5 << 20
		if BandwidthKey(again) != key {
			t.Errorf("%q and %q", BandwidthKey(again), key)
		}
	})
	t.Run("a damaged or missing file is measured again", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bandwidth.json")
		if _, ok := LoadBandwidth(path, key); ok {
			t.Error("missing file was taken")
		}
		if err := os.WriteFile(path, []byte(`{"key":"`+key+`","result":`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := LoadBandwidth(path, key); ok {
			t.Error("damaged file was taken")
		}
	})
	t.Run("a folder that is missing is an error", func(t *testing.T) {
		if SaveBandwidth(filepath.Join(t.TempDir(), "no", "bandwidth.json"), key, want) == nil {
			t.Error("no error")
		}
	})
	t.Run("a machine shows what was measured", func(t *testing.T) {
		m.SetBandwidth(want)
		if m.Memory.BandwidthBytesPerSec != 50e9 || m.Memory.SingleCoreBytesPerSec != 20e9 || m.Memory.BandwidthMeasuredAt != want.MeasuredAt {
			t.Errorf("%+v", m.Memory)
		}
	})
}

// BenchmarkBandwidth prints what the probe measures, as bytes per second.
func BenchmarkBandwidth(b *testing.B) {
	var r BandwidthResult
	var err error
	for b.Loop() {
		if r, err = Bandwidth(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(r.AllCoresBytesPerSec), "all-cores-B/s")
	b.ReportMetric(float64(r.SingleCoreBytesPerSec), "one-core-B/s")
}

// BenchmarkSum shows the loop's own ceiling: the rate from the first-level cache must lie well above main memory's.
func BenchmarkSum(b *testing.B) {
	words := make([]uint64, 2048)
	b.SetBytes(int64(len(words)) * 8)
	var total uint64
	for b.Loop() {
		total += sum(words)
	}
	_ = total
}
