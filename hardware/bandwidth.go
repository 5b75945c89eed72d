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
	Spread                float64 `json:"spread"`      // half of the range that the middle half of the windows lie in, as a share
	Got                   float64 `json:"got"`         // share of the time in which every thread had its core
	Others                float64 `json:"others"`      // cores that other programs kept busy meanwhile, on average
	Cached                bool    `json:"cached"`      // caches may have helped: too little memory was free for a larger buffer
	MeasuredAt            int64   `json:"measuredAt"`  // milliseconds since 1970
	Seconds               float64 `json:"seconds"`     // how long the measurement took
}

const (
	leastGot   = 0.9 // of the time that every thread must have had its core
	mostOthers = 0.3 // cores that others may keep busy: what they do with memory is not seen
)

// Doubtful reports whether other programs may have slowed the measurement down. What they took from the processors is
// left out of the figure; what they read from memory meanwhile can't be.
func (r BandwidthResult) Doubtful() bool { return r.Got < leastGot || r.Others > mostOthers }

// ErrTooLittleMemory says that a buffer that outgrows the caches would take memory that other programs need.
var ErrTooLittleMemory = errors.New("hardware: too little free memory to measure its speed")

// BandwidthTakes is how long [Bandwidth] takes at the most.
const BandwidthTakes = bandwidthBudget

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

	// windowLength is long beside a chunk (some 20 microseconds) and short beside what a scheduler gives to a program
	// at a time (some milliseconds), so that also beside busy programs many windows have every thread at work.
	windowLength = time.Millisecond
	readLength   = 450 * time.Millisecond
	// lostCore is how much longer than usual a chunk takes whose thread was without its core: more than an interrupt,
	// less than what a scheduler gives to a program.
	lostCore = 300 * time.Microsecond
	// leastWindows is how many windows make a figure; with fewer it is the best fifth of all.
	leastWindows = 40
)

// Bandwidth measures how fast main memory is read, by one core and by as many as work for a model, in under two seconds.
// Generating a token reads every active weight once, so on a CPU this figure divided by the model's bytes bounds the
// tokens per second.
//
// Each core sums 64-bit words of a buffer far larger than the caches, whose pages were written before: an untouched
// page would be read from the one page of zeros that all share. The cores take chunks from a common counter, so slow
// and fast ones both stay busy, and no word is read again before all others were. The figure is the median of those
// windows of a millisecond in which every thread had its core, seen by its chunks coming one after the other: another
// program that takes a core away does not change it. Doubtful tells when others were so busy that they may have read
// memory too: a reason to measure again later.
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
	before := ReadLoad(ctx)
	began := time.Now()
	single := s.read(ctx, 1, min(readLength, time.Until(end)/2)).summary(throttled(cpu.LimitCores, 1))
	total := single
	if cores > 1 {
		total = s.read(ctx, cores, min(readLength, time.Until(end))).summary(throttled(cpu.LimitCores, cores))
	}
	took := time.Since(began).Seconds()
	after := ReadLoad(ctx)
	if ctx.Err() != nil {
		return BandwidthResult{}, ctx.Err()
	}
	bytes := int64(len(s.words)) * 8
	r := BandwidthResult{
		// Where the windows are few, all cores together may be seen to be slower than one.
		AllCoresBytesPerSec:   int64(max(total.rate, single.rate)),
		SingleCoreBytesPerSec: int64(single.rate),
		Cores:                 cores, BufferBytes: bytes, Spread: total.spread, Got: total.got,
		Cached:     bytes < 2*cpu.CacheBytes || bytes < 64<<20,
		MeasuredAt: start.UnixMilli(), Seconds: time.Since(start).Seconds(),
	}
	if before.Known && after.Known {
		busy := after.BusySeconds + after.StolenSeconds - before.BusySeconds - before.StolenSeconds
		r.Others = max(0, busy-s.worked.Seconds()) / took
	}
	return r, nil
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

// A series is what threads read: for each, when its chunks were done, since the begin of the reading.
type series [][]time.Duration

// figures sum a series up.
type figures struct {
	rate   float64 // bytes per second
	spread float64 // half of the range of the middle half of the windows, as a share
	got    float64 // share of the windows in which every thread had its core
}

// summary is the median rate of the windows in which every thread had its core. Under a quota, throttled, they fall
// between two pauses; then it is the mean of all, which is what a quota leaves in the long run.
func (s series) summary(throttled bool) figures {
	var end time.Duration
	chunks := 0
	for _, ends := range s {
		if len(ends) > 0 {
			end = max(end, ends[len(ends)-1])
		}
		chunks += len(ends)
	}
	if end == 0 {
		return figures{}
	}
	n := int(end / windowLength)
	if n == 0 || throttled {
		return figures{rate: float64(chunks) * chunkBytes / end.Seconds(), got: 1}
	}
	rates, lost := make([]float64, n), make([]bool, n)
	for _, ends := range s {
		usual := usualLength(ends)
		begin := time.Duration(0)
		for i := 0; i <= len(ends); i++ {
			until, bytes := time.Duration(n)*windowLength, 0.0 // after its last chunk a thread reads no more
			if i < len(ends) {
				until, bytes = ends[i], chunkBytes
			}
			off := until-begin > usual+lostCore
			share(begin, until, n, func(window int, part float64) {
				rates[window] += part * bytes / windowLength.Seconds()
				lost[window] = lost[window] || off
			})
			begin = until
		}
	}
	var whole []float64
	for i, r := range rates {
		if !lost[i] {
			whole = append(whole, r)
		}
	}
	f := figures{got: float64(len(whole)) / float64(n)}
	if len(whole) < min(leastWindows, n) { // hardly ever were all at work: the best fifth is nearest to it
		slices.Sort(rates)
		whole = rates[n-max(1, n/5):]
	}
	slices.Sort(whole)
	f.rate = whole[len(whole)/2]
	f.spread = (whole[len(whole)*3/4] - whole[len(whole)/4]) / 2 / f.rate
	return f
}

// usualLength is the median time between chunks.
func usualLength(ends []time.Duration) time.Duration {
	if len(ends) == 0 {
		return 0
	}
	lengths := make([]time.Duration, len(ends))
	begin := time.Duration(0)
	for i, end := range ends {
		lengths[i], begin = end-begin, end
	}
	slices.Sort(lengths)
	return lengths[len(lengths)/2]
}

// share tells the windows, of n, that a span touches, and which part of it lies in each.
func share(begin, end time.Duration, n int, add func(window int, part float64)) {
	if end <= begin {
		return
	}
	for w := int(begin / windowLength); w < n && time.Duration(w)*windowLength < end; w++ {
		from, to := max(begin, time.Duration(w)*windowLength), min(end, time.Duration(w+1)*windowLength)
		add(w, float64(to-from)/float64(end-begin))
	}
}

// A stream is a buffer that is read round and round.
type stream struct {
	words []uint64
	next  atomic.Int64
	// worked is the time that threads were seen to have their cores while they read.
	worked time.Duration
	sink   atomic.Uint64 // keeps the compiler from dropping the sums
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

// read reads on and on for a time, with one thread for each core.
func (s *stream) read(ctx context.Context, cores int, length time.Duration) series {
	chunks := int64(len(s.words) / chunkWords)
	out := make(series, cores)
	begin := time.Now()
	var wait sync.WaitGroup
	for i := range out {
		wait.Go(func() {
			ends := make([]time.Duration, 0, 1<<15)
			var total uint64
			for now := time.Duration(0); now < length && ctx.Err() == nil; {
				at := int((s.next.Add(1)-1)%chunks) * chunkWords
				total += sum(s.words[at:][:chunkWords])
				now = time.Since(begin)
				ends = append(ends, now)
			}
			s.sink.Add(total)
			out[i] = ends
		})
	}
	wait.Wait()
	for _, ends := range out {
		usual, from := usualLength(ends), time.Duration(0)
		for _, end := range ends {
			s.worked += min(end-from, usual+lostCore)
			from = end
		}
	}
	return out
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
