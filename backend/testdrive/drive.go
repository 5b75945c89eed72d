package testdrive

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/disturb"
	"weightroom/backend/gguf"
)

// memoryShare is the part of free memory that a drive may take.
const memoryShare = 0.6

// partBytes is how large the longer of two shortened models gets at most: more costs time and tells nothing new.
const partBytes = 6 << 30

// Stage is what a drive is doing.
type Stage string

// The stages, in order. Write and run come once for each number of blocks, and once more for a depth.
const (
	StagePlan  Stage = "plan"
	StageWrite Stage = "write"
	StageRun   Stage = "run"
	StageDone  Stage = "done"
)

// Progress is a step of a drive. Done counts from 0 to 1.
type Progress struct {
	Stage  Stage
	Layers int // of the model that is written or run
	Done   float64
}

// Options say what to drive and how.
type Options struct {
	Run       Tool
	Dir       string       // where the file is written; its disk must hold files with holes
	Header    *Header      // the model
	Model     string       // id, for the result
	FreeBytes int64        // memory that is free now, without what this program would give up
	Load      disturb.Read // of the whole machine; nil: not watched
	Tries     int          // how often a run is taken until others leave it alone; 0: 3
	Bench     BenchOptions
	Depth     int            // tokens in the context of a second run; 0: an empty context only
	Reading   time.Duration  // what reading to Depth may take; 0: 12 s
	Progress  func(Progress) // may be nil
}

// Drive times a model that is not here: it writes it without weights, runs it with llama-bench and removes it again,
// however it ends. It takes at most 60% of FreeBytes; a model that needs more is run with two smaller numbers of blocks,
// and a straight line in the weights that the further blocks would read is drawn through the two. With Depth it is run
// again in a context that long, or as long as can be read in the time for it, see [backend.Drive.Deep]. A run into which
// other programs came is repeated; where they stay, the least disturbed one counts, and the result says that it is disturbed.
// Engine, Driver and Power of the result are left to the caller, and Threads and Device are what the engine reports.
// LoadSeconds is without reading from the disk. Errors are *backend.Error: cancelled, too_big, and what Write and the engine say.
func Drive(ctx context.Context, o Options) (backend.Drive, error) {
	begin := time.Now()
	d := driver{Options: o, ctx: ctx}
	d.report(StagePlan, o.Header.Layers(), 0)
	result := backend.Drive{
		Model: o.Model, Quant: o.Header.Quant, Source: backend.SourceTestDrive, Architecture: o.Header.Architecture(),
		Bytes: o.Header.Bytes, ActiveBytes: o.Header.ActiveBytes, Layers: o.Header.Layers(), KV: cmp.Or(o.Bench.KVType, "f16"), At: begin,
	}
	cuts, err := d.cuts()
	if err != nil {
		return backend.Drive{}, err
	}
	empty := 0.9 // of the progress
	if o.Depth > 0 {
		empty = 0.5
	}
	runs := make([]timed, len(cuts))
	for i, n := range cuts {
		d.share = [2]float64{0.05 + empty*float64(i)/float64(len(cuts)), empty / float64(len(cuts))}
		if runs[i], err = d.run(n, d.Bench); err != nil {
			return backend.Drive{}, err
		}
		result.DiskBytes = max(result.DiskBytes, runs[i].disk)
		result.Spread = max(result.Spread, runs[i].Spread)
		result.Disturbed = result.Disturbed || runs[i].during.Disturbed()
	}
	last := runs[len(runs)-1]
	result.Threads, result.Device = last.Threads, last.Device
	result.PromptTokensPerSecond, result.TokensPerSecond = last.PromptTokensPerSecond, last.TokensPerSecond
	result.PeakMemoryBytes, result.LoadSeconds = last.PeakBytes, last.LoadSeconds
	if len(runs) == 2 {
		result.Partial = true
		whole := o.Header
		extend := func(size func(*Header) int64, value func(timed) float64) float64 {
			first := runs[0]
			return line(point{float64(size(first.header)), value(first)}, point{float64(size(last.header)), value(last)}, size(whole))
		}
		bytes := func(h *Header) int64 { return h.Bytes }
		result.TokensPerSecond = 1 / extend(func(h *Header) int64 { return h.ActiveBytes }, func(t timed) float64 { return 1 / t.TokensPerSecond })
		result.PromptTokensPerSecond = 1 / extend(func(h *Header) int64 { return h.ActiveWeights }, func(t timed) float64 { return 1 / t.PromptTokensPerSecond })
		result.LoadSeconds = extend(bytes, func(t timed) float64 { return t.LoadSeconds })
		result.PeakMemoryBytes = int64(extend(bytes, func(t timed) float64 { return float64(t.PeakBytes) }))
	}
	if o.Depth > 0 {
		d.share = [2]float64{0.05 + empty, 0.9 - empty}
		if err := d.deep(&result, last.header.Layers()); err != nil {
			return backend.Drive{}, err
		}
	}
	result.Seconds = time.Since(begin).Seconds()
	d.report(StageDone, o.Header.Layers(), 1)
	return result, nil
}

// point is a measured value at a size.
type point struct{ x, y float64 }

// line goes through two points and gives its value at x, which lies beyond them. It never falls: noise must not make
// a larger model cheaper.
func line(a, b point, x int64) float64 {
	slope := 0.0
	if b.x > a.x {
		slope = max(0, (b.y-a.y)/(b.x-a.x))
	}
	return b.y + slope*(float64(x)-b.x)
}

type timed struct {
	Timing
	header *Header
	disk   int64
	during disturb.Span
}

// driver is one drive under way.
type driver struct {
	Options
	ctx   context.Context
	share [2]float64 // where the run begins in the progress, and how much it is of it
}

func (d *driver) report(stage Stage, layers int, done float64) {
	if d.Progress != nil {
		d.Progress(Progress{Stage: stage, Layers: layers, Done: done})
	}
}

// cuts chooses how many blocks to run: all, or two numbers.
func (d *driver) cuts() ([]int, error) {
	h := d.Header
	limit := int64(memoryShare * float64(d.FreeBytes))
	need, err := d.need(h)
	if err != nil {
		return nil, err
	}
	if need <= limit {
		return []int{h.Layers()}, nil
	}
	limit -= max(0, need-h.Bytes) // buffers, which fewer blocks make smaller, if anything
	start, period, least := fewest(h)
	deep := 0
	for n := least; n < h.Layers(); n += period {
		short, err := h.Shorten(n)
		if err != nil {
			return nil, err
		}
		if short.Bytes > limit || n > least && short.Bytes > partBytes {
			break
		}
		deep = n
	}
	if deep == 0 {
		return nil, backend.Fail(backend.CodeTooBig, nil, fmt.Sprintf("Even a small part of this model needs more than the memory that is free now (%s).", backend.Bytes(d.FreeBytes)),
			"Close other programs, or pick a smaller model.")
	}
	return []int{deep - max(1, (deep-start)/period/2)*period, deep}, nil
}

// need is what the engine says it would allocate in main memory for the whole model, with a short context.
func (d *driver) need(h *Header) (int64, error) {
	path, _, err := writeTemp(d.Dir, h, false)
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(path) }()
	a, err := Fit(d.ctx, d.Run, path, FitOptions{Context: 512, KVType: d.Bench.KVType, CPUOnly: d.Bench.CPUOnly, GPULayers: d.Bench.GPULayers})
	if err != nil {
		return 0, err
	}
	return a.TotalBytes - a.GPUBytes, nil
}

func (d *driver) run(layers int, o BenchOptions) (timed, error) {
	h, err := d.Header.Shorten(layers)
	if err != nil {
		return timed{}, err
	}
	d.report(StageWrite, layers, d.share[0])
	path, disk, err := writeTemp(d.Dir, h, true)
	if err != nil {
		return timed{}, err
	}
	defer func() { _ = os.Remove(path) }()
	d.report(StageRun, layers, d.share[0]+0.1*d.share[1])
	if large := h.ActiveBytes > 2<<30; large && o == (BenchOptions{KVType: o.KVType, CPUOnly: o.CPUOnly, GPULayers: o.GPULayers}) {
		o.Generate, o.Repeats = 8, 2
	}
	t, during, err := d.bench(path, o)
	return timed{Timing: t, header: h, disk: disk, during: during}, err
}

// tries is how often a run is taken where nobody says.
const tries = 3

// bench times a file until others leave it alone, as often as Tries says, and gives the least disturbed run.
func (d *driver) bench(path string, o BenchOptions) (best Timing, during disturb.Span, err error) {
	for try := range cmp.Or(d.Tries, tries) {
		watch := disturb.Begin(d.ctx, d.Load)
		t, err := Bench(d.ctx, d.Run, path, o)
		if err != nil {
			return Timing{}, disturb.Span{}, err
		}
		span := watch.End(d.ctx, t.CPUSeconds)
		if try == 0 || span.Share() < during.Share() {
			best, during = t, span
		}
		if !during.Disturbed() {
			break
		}
	}
	return best, during, nil
}

// fewest is how the blocks of a model repeat, and the fewest that show it.
func fewest(h *Header) (start, period, least int) {
	start, period = pattern(h.File)
	least = start + period
	if start == 0 {
		least = 2 * period
	}
	return start, period, least
}

// pattern finds how the blocks of a model repeat: from block start on, block i has the same tensors as block
// i+period. Where nothing repeats within 16 blocks the period is 1.
func pattern(f *gguf.File) (start, period int) {
	n := f.Layers()
	blocks := make([]string, n)
	for _, t := range f.Tensors {
		if i := blockOf(t.Name); i >= 0 && i < n {
			blocks[i] += fmt.Sprint(strings.TrimPrefix(t.Name, fmt.Sprintf("blk.%d", i)), t.Shape)
		}
	}
	leading, _ := f.Int(f.ArchKey("leading_dense_block_count"))
	start = min(int(leading), n-1)
	for p := 1; p <= 16 && start+2*p <= n; p++ {
		if slices.Equal(blocks[start:n-p], blocks[start+p:]) {
			return start, p
		}
	}
	return start, 1
}
