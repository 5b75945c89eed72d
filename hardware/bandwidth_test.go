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
		if r.BufferBytes < 16<<20 || r.Cores < 1 || r.MeasuredAt == 0 || r.Seconds <= 0 || r.Spread < 0 || r.Spread >= 1 || r.Got <= 0 || r.Got > 1 || r.Others < 0 {
			t.Errorf("%+v", r)
		}
		t.Logf("%.1f GB/s with %d cores, %.1f GB/s with one, spread %.0f%%, got %.0f%%, others %.2f cores, buffer %d MiB, %.2f s",
			float64(r.AllCoresBytesPerSec)/1e9, r.Cores, float64(r.SingleCoreBytesPerSec)/1e9, r.Spread*100, r.Got*100, r.Others, r.BufferBytes>>20, r.Seconds)
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

// reading makes what threads read: a chunk each 20 microseconds for 400 ms, but where one is off, in milliseconds.
func reading(threads int, off func(thread, ms int) bool) series {
	s := make(series, threads)
	for i := range s {
		for at := time.Duration(0); at < 400*time.Millisecond; {
			at += 20 * time.Microsecond
			if !off(i, int(at/time.Millisecond)) {
				s[i] = append(s[i], at)
			}
		}
	}
	return s
}

func TestSummary(t *testing.T) {
	const full = 2 * chunkBytes / 20e-6
	near := func(got, want float64) bool { return got > 0.98*want && got < 1.02*want }
	never := func(int, int) bool { return false }
	t.Run("a quiet machine", func(t *testing.T) {
		if f := reading(2, never).summary(false); !near(f.rate, full) || f.got != 1 || f.spread > 0.01 {
			t.Errorf("%+v, not %g", f, full)
		}
	})
	t.Run("a core that is taken away for half of the time changes nothing but what is told", func(t *testing.T) {
		f := reading(2, func(thread, ms int) bool { return thread == 0 && ms/4%2 == 1 }).summary(false)
		if !near(f.rate, full) || f.got > 0.55 || f.got < 0.35 {
			t.Errorf("%+v, not %g", f, full)
		}
	})
	t.Run("both cores taken away, at times of their own", func(t *testing.T) {
		f := reading(2, func(thread, ms int) bool { return ms/(3+thread)%2 == 1 }).summary(false)
		if !near(f.rate, full) || f.got > leastGot {
			t.Errorf("%+v, not %g", f, full)
		}
	})
	t.Run("a core that is gone for good leaves the best there is", func(t *testing.T) {
		f := reading(2, func(thread, ms int) bool { return thread == 0 && ms > 0 }).summary(false)
		if !near(f.rate, full/2) || f.got > 0.05 {
			t.Errorf("%+v, not %g", f, full/2)
		}
	})
	t.Run("is the mean under a quota", func(t *testing.T) {
		f := reading(2, func(_, ms int) bool { return ms%100 < 50 }).summary(true)
		if rate := full / 2.0; !near(f.rate, rate) || f.got != 1 {
			t.Errorf("%+v, not %g", f, rate)
		}
	})
	t.Run("takes what there is", func(t *testing.T) {
		if f := (series{{time.Microsecond}}).summary(false); f.rate != chunkBytes/1e-6 {
			t.Errorf("%+v", f)
		}
		if f := (series{}).summary(false); f != (figures{}) {
			t.Errorf("%+v from nothing", f)
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
	want := BandwidthResult{AllCoresBytesPerSec: 50e9, SingleCoreBytesPerSec: 20e9, Cores: 8, Got: 1, MeasuredAt: 1700000000000}

	t.Run("what was saved is loaded", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bandwidth.json")
		if err := SaveBandwidth(path, key, want); err != nil {
			t.Fatal(err)
		}
		if got, n := LoadBandwidth(path, key); n != 1 || got != want {
			t.Errorf("got %+v of %d", got, n)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("files left: %v", left)
		}
	})
	t.Run("the best of several counts, and a doubtful one is not kept", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bandwidth.json")
		for rate := range int64(2 * keptBandwidths) {
			r := want
			r.AllCoresBytesPerSec = 10e9 + rate%4
			r.MeasuredAt = rate
			if err := SaveBandwidth(path, key, r); err != nil {
				t.Fatal(err)
			}
		}
		for _, doubtful := range []BandwidthResult{{AllCoresBytesPerSec: 99e9, Got: 0.5}, {AllCoresBytesPerSec: 99e9, Got: 1, Others: 1}} {
			if err := SaveBandwidth(path, key, doubtful); err != nil {
				t.Fatal(err)
			}
		}
		if got, n := LoadBandwidth(path, key); n != keptBandwidths || got.AllCoresBytesPerSec != 10e9+3 || got.Doubtful() {
			t.Errorf("%d, the best %+v", n, got)
		}
	})
	t.Run("one that was kept before doubts were known is measured again", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bandwidth.json")
		old := `{"key":"` + key + `","result":{"allCoresBytesPerSec":10000000000,"spread":0.4}}`
		if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, n := LoadBandwidth(path, key); n != 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("another machine's is not taken", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bandwidth.json")
		if err := SaveBandwidth(path, key, want); err != nil {
			t.Fatal(err)
		}
		other := m
		other.CPU.UsableCores = 4
		if _, n := LoadBandwidth(path, BandwidthKey(other)); n != 0 {
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
		if _, n := LoadBandwidth(path, key); n != 0 {
			t.Error("missing file was taken")
		}
		if err := os.WriteFile(path, []byte(`{"key":"`+key+`","result":`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, n := LoadBandwidth(path, key); n != 0 {
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
