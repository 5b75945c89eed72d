package engine

import (
	"context"
	"os"

	"weightroom/backend/disturb"
)

// ownWatch is a look at what other programs do while this one works, with its window and its engine.
type ownWatch struct {
	watch disturb.Watch
	begin float64
}

func (e *Engine) watchOwn(ctx context.Context) ownWatch {
	w := ownWatch{watch: disturb.Begin(ctx, e.opts.Load)}
	if e.opts.Load != nil {
		w.begin = ownCPUSeconds()
	}
	return w
}

func (w ownWatch) end(ctx context.Context) disturb.Span {
	if w.begin == 0 {
		return disturb.Span{}
	}
	return w.watch.End(ctx, max(0, ownCPUSeconds()-w.begin))
}

// ownCPUSeconds is the processor time that this program has taken since it started, with its window, its engine and
// whatever else it runs or ran.
func ownCPUSeconds() float64 { return treeCPUSeconds(os.Getpid()) }

func treeCPUSeconds(root int) float64 {
	var ticks uint64
	for _, p := range processTree(root) {
		ticks += p.cpuTicks + p.reapedTicks
	}
	return float64(ticks) / ticksPerSecond
}
