package hardware

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// BandwidthResult is the measured read speed of main memory.
type BandwidthResult struct {
	AllCoresBytesPerSec   int64   `json:"allCoresBytesPerSec"`
	SingleCoreBytesPerSec int64   `json:"singleCoreBytesPerSec"`
	Cores                 int     `json:"cores"`       // threads that read at once for the first figure
	BufferBytes           int64   `json:"bufferBytes"` // memory that was read through
	Spread                float64 `json:"spread"`      // how far a middling sample fell below the first figure, as a share; above 0.15 other programs were busy
	Cached                bool    `json:"cached"`      // caches may have helped: too little memory was free for a larger buffer
	MeasuredAt            int64   `json:"measuredAt"`  // milliseconds since 1970
	Seconds               float64 `json:"seconds"`     // how long the measurement took
}

// ErrTooLittleMemory says that a buffer that outgrows the caches would take memory that other programs need.
var ErrTooLittleMemory = errors.New("hardware: too little free memory to measure its speed")

const (
	// bandwidthBudget bounds the whole measurement, preparation included.
	bandwidthBudget = 1800 * time.Millisecond
	touchBudget     = 600 * time.Millisecond

	// A buffer eight times the caches leaves them at most an eighth of the reads, even with a replacement policy that
	// keeps part of a stream.
	cacheMultiple = 8
	// Half a gigabyte outgrows the caches that no system reports, such as the system-level cache of Apple's chips.
	minBuffer = 512 << 20
	maxBuffer = 2 << 30
	// availableShare is 1/4 of the memory that is free.
	availableShare = 4

	// A chunk is long enough that fetching the next one costs nothing, and short enough to end a sample in time.
	chunkBytes = 256 << 10
	chunkWords = chunkBytes / 8

	samples      = 9
	sampleLength = 50 * time.Millisecond
)

// Bandwidth measures how fast main memory is read, by one core and by as many as work for a model, in under two seconds. Generating a token reads every active weight once, so on a CPU this figure divided by the model's bytes
// bounds the tokens per second.
//
// Each core sums 64-bit words of a buffer far larger than the caches, whose pages were written before: an untouched
// page would be read from the one page of zeros that all share. The cores take chunks from a common counter, so slow
// and fast ones both stay busy, and no word is read again before all others were. A sample is 50 ms of that. Other
// programs can only slow a sample down, and a timer's slip could speed one up, so the figure is the median of the best
// five of nine. Spread tells how restless the machine was: a large one is a reason to measure again later.
//
// The loop is plain Go: on a Zen 4 core it sums a buffer in the first-level cache at over twice the speed of main
// memory, and is as fast from main memory as C with AVX2 loads.
//
// The memory is taken from the system and given back, at most a quarter of what is available and 2 GiB. A measurement
// beside a running model sees what is left; wait for an idle machine. The errors are ctx's, [ErrTooLittleMemory], and
// the system's refusal of memory.
func Bandwidth(ctx context.Context) (BandwidthResult, error) {
	d := newDetector(newHost(Options{}))
	cpu, _ := d.processor(ctx)
	memory, err := d.memory(ctx)
	if err != nil {
		return BandwidthResult{}, err
	}
	return measureBandwidth(ctx, cpu, memory)
}

func measureBandwidth(ctx context.Context, cpu CPU, memory Memory) (BandwidthResult, error) {
	start := time.Now()
	end := start.Add(bandwidthBudget)
	size := bufferSize(cpu.CacheBytes, memory.AvailableBytes)
	if size == 0 {
		return BandwidthResult{}, ErrTooLittleMemory
	}
	words, release, err := allocate(size)
	if err != nil {
		return BandwidthResult{}, err
	}
	defer release()

	cores := max(1, min(cpu.Threads.Count, runtime.GOMAXPROCS(0)))
	s := stream{words: words}
	// A machine that is slow to hand out pages gets a smaller buffer rather than a longer wait.
	s.words = words[:s.touch(ctx, cores, start.Add(touchBudget))*chunkWords]
	if ctx.Err() != nil {
		return BandwidthResult{}, ctx.Err()
	}
	if len(s.words) == 0 {
		return BandwidthResult{}, ErrTooLittleMemory
	}
	rest := time.Until(end)
	single, spread := s.sample(ctx, 1, time.Now().Add(rest/2)).summary(throttled(cpu.LimitCores, 1))
	total := single
	if cores > 1 {
		total, spread = s.sample(ctx, cores, end).summary(throttled(cpu.LimitCores, cores))
	}
	if ctx.Err() != nil {
		return BandwidthResult{}, ctx.Err()
	}
	bytes := int64(len(s.words)) * 8
	return BandwidthResult{
		// On a busy machine, all cores together may be seen to be slower than one was a moment before.
		AllCoresBytesPerSec:   int64(max(total, single)),
		SingleCoreBytesPerSec: int64(single),
		Cores:                 cores, BufferBytes: bytes, Spread: spread,
		Cached:     bytes < 2*cpu.CacheBytes || bytes < 64<<20,
		MeasuredAt: start.UnixMilli(), Seconds: time.Since(start).Seconds(),
	}, nil
}

// throttled reports whether so many busy cores run into a container's quota.
func throttled(limit float64, cores int) bool {
	return limit > 0 && limit < float64(cores)
}

// bufferSize chooses how much memory to read through, in whole chunks; 0: too little is free.
func bufferSize(cache, available int64) int {
	size := min(max(minBuffer, cacheMultiple*cache), maxBuffer, available/availableShare)
	size -= size % chunkBytes
	if size < 16<<20 {
		return 0
	}
	return int(size)
}

// A series is samples in bytes per second, and their mean over the whole time.
type series struct {
	rates []float64
	mean  float64
}

// summary returns the median of the best five samples, and how far the median of all lies below it. Under a quota the
// best samples fall between two throttlings; then it is the mean, which is what a quota leaves in the long run.
func (s series) summary(throttled bool) (best, spread float64) {
	if len(s.rates) == 0 {
		return 0, 0
	}
	if throttled {
		return s.mean, 0
	}
	rates := slices.Sorted(slices.Values(s.rates))
	top := rates[len(rates)-(len(rates)+1)/2:]
	best = top[len(top)/2]
	return best, max(0, 1-rates[len(rates)/2]/best)
}

// A stream is a buffer that is read round and round.
type stream struct {
	words []uint64
	next  atomic.Int64
	sink  atomic.Uint64 // keeps the compiler from dropping the sums
}

// touch writes to every page, with all cores, and returns how many chunks from the start are ready by the deadline.
func (s *stream) touch(ctx context.Context, cores int, deadline time.Time) int {
	page := 4 << 10 / 8
	total := len(s.words) / chunkWords
	var done atomic.Int64
	s.each(cores, func(i int64) bool {
		if int(i) >= total || ctx.Err() != nil || time.Now().After(deadline) {
			return false
		}
		chunk := s.words[int(i)*chunkWords:][:chunkWords]
		for at := 0; at < len(chunk); at += page {
			chunk[at] = uint64(at)
		}
		done.Add(1)
		return true
	})
	ready := int(done.Load())
	if ready < total {
		// Chunks are handed out in order, but each core may have left its last one.
		ready = max(0, ready-cores)
	}
	return ready
}

// sample reads on and on for up to nine spans, ending by the deadline. There is at least one.
func (s *stream) sample(ctx context.Context, cores int, deadline time.Time) series {
	var rates []float64
	var bytes int64
	begin := time.Now()
	chunks := int64(len(s.words) / chunkWords)
	for len(rates) < samples && ctx.Err() == nil {
		start := time.Now()
		stop := start.Add(sampleLength)
		if len(rates) > 0 && stop.After(deadline) {
			break
		}
		var read atomic.Int64
		s.each(cores, func(i int64) bool {
			if ctx.Err() != nil || !time.Now().Before(stop) {
				return false
			}
			at := int(i%chunks) * chunkWords
			s.sink.Add(sum(s.words[at:][:chunkWords]))
			read.Add(chunkBytes)
			return true
		})
		bytes += read.Load()
		rates = append(rates, float64(read.Load())/time.Since(start).Seconds())
	}
	return series{rates: rates, mean: float64(bytes) / time.Since(begin).Seconds()}
}

// each lets the cores take numbers from the stream's counter until do says no, and waits for them all.
func (s *stream) each(cores int, do func(i int64) bool) {
	var wait sync.WaitGroup
	for range cores {
		wait.Go(func() {
			for do(s.next.Add(1) - 1) {
			}
		})
	}
	wait.Wait()
}

// sum adds up words, whose number is a multiple of 32. Eight independent sums keep the loads from waiting for each
// other, and the array's fixed length spares the checks of bounds.
func sum(words []uint64) uint64 {
	var a, b, c, d, e, f, g, h uint64
	for len(words) >= 32 {
		v := (*[32]uint64)(words)
		a, b, c, d = a+v[0], b+v[1], c+v[2], d+v[3]
		e, f, g, h = e+v[4], f+v[5], g+v[6], h+v[7]
		a, b, c, d = a+v[8], b+v[9], c+v[10], d+v[11]
		e, f, g, h = e+v[12], f+v[13], g+v[14], h+v[15]
		a, b, c, d = a+v[16], b+v[17], c+v[18], d+v[19]
		e, f, g, h = e+v[20], f+v[21], g+v[22], h+v[23]
		a, b, c, d = a+v[24], b+v[25], c+v[26], d+v[27]
		e, f, g, h = e+v[28], f+v[29], g+v[30], h+v[31]
		words = words[32:]
	}
	return a + b + c + d + e + f + g + h
}
