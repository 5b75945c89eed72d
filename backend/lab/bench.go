package lab

import (
	"context"
	"slices"

	"weightroom/backend/llama"
)

// warmPrompt is the length of a first test that only warms the processor and the memory up and does not count.
const warmPrompt = 64

// ownWarmUp is the size up to which llama-bench warms each test up itself. That reads every prompt twice, but in the
// same context, so that touching new buffers for the first time is not in the figure: 5 to 9% of a prompt's speed for a
// file of 100 MB. For a large file it is lost in the noise and would cost minutes.
const ownWarmUp = 2 << 30

// tested is one test of one run of llama-bench.
type tested struct {
	kind          SpeedKind
	tokens, depth int
	speed         float64
}

// bench runs llama-bench twice: reading prompts and writing with an empty context, then writing after each depth. A short
// first test is thrown away.
func (l *Lab) bench(ctx context.Context, r Rival, s Settings) ([]tested, Bench, Output, error) {
	prompts, depths := []int{warmPrompt}, []int(nil)
	for _, n := range s.PromptTokens {
		if n <= r.Context {
			prompts = append(prompts, n)
		}
	}
	for _, d := range s.Depths {
		if d > 0 && d+s.Generate <= r.Context {
			depths = append(depths, d)
		}
	}
	all, facts, out, err := l.benchOnce(ctx, r, s, llama.BenchOptions{Prompts: prompts, Generate: s.Generate})
	if err != nil || len(depths) == 0 {
		return all, facts, out, err
	}
	deep, _, more, err := l.benchOnce(ctx, r, s, llama.BenchOptions{Generate: s.Generate, Depths: depths})
	out.CPUSeconds += more.CPUSeconds
	out.PeakBytes = max(out.PeakBytes, more.PeakBytes)
	out.AnonymousBytes = max(out.AnonymousBytes, more.AnonymousBytes)
	out.FileBytes = max(out.FileBytes, more.FileBytes)
	return append(all, deep...), facts, out, err
}

func (l *Lab) benchOnce(ctx context.Context, r Rival, s Settings, o llama.BenchOptions) ([]tested, Bench, Output, error) {
	o.Repeats, o.NoWarmUp = 1, r.Model.Bytes > ownWarmUp
	args := llama.BenchArgs(llama.Load{Path: r.Model.Path, KV: r.KV}, o)
	out, err := l.o.Tools.Run(ctx, Job{Name: llama.Bench, Args: args, Threads: s.Threads})
	if err != nil {
		return nil, Bench{}, out, l.explain(ctx, out, err, "measure the speed")
	}
	result, err := llama.ParseBench(out.Stdout)
	if err != nil {
		return nil, Bench{}, out, l.explain(ctx, out, err, "measure the speed")
	}
	all := make([]tested, 0, len(result.Tests))
	for i, t := range result.Tests {
		one := tested{kind: SpeedPrompt, tokens: t.Tokens(), depth: t.Depth, speed: t.Speeds()[0]}
		if t.Generated > 0 {
			one.kind = SpeedGeneration
		}
		if i == 0 && one.kind == SpeedPrompt && one.tokens == warmPrompt {
			continue // the warm-up
		}
		all = append(all, one)
	}
	return all, Bench{
		Name: result.Model, Bytes: result.Bytes, Parameters: result.Parameters, Backend: result.Backend, Device: result.Device,
		Threads: result.Threads, Build: result.Build,
	}, out, nil
}

// figure makes a median and a range of samples.
func figure(samples []float64) Figure {
	if len(samples) == 0 {
		return Figure{Samples: []float64{}}
	}
	return Figure{Median: llama.Median(samples), Low: slices.Min(samples), High: slices.Max(samples), Samples: slices.Clone(samples)}
}
