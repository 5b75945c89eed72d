package testdrive

import (
	"context"
	"math"
	"slices"
	"time"

	"weightroom/backend"
	"weightroom/backend/llama"
)

// Timing is what llama-bench measured.
type Timing struct {
	PromptTokensPerSecond float64 // median of the repeats
	TokensPerSecond       float64 // median of the repeats
	Spread                float64 // half of the range over the median, the larger of the two
	LoadSeconds           float64 // from start to the first token, without reading from a disk where the file is a hole
	Seconds               float64 // the whole run
	PeakBytes             int64   // largest resident memory; 0: not known
	CPUSeconds            float64 // processor time of the program
	Threads               int
	Build                 int          // llama.cpp's number: 10488
	Device                string       // the graphics processor, else the processor
	Deep                  backend.Deep // after BenchOptions.Depth; zero: not asked for
}

// BenchOptions say how a file is timed. Zero values: 64 prompt tokens, 16 generated ones, three repeats, and the
// engine's choice for the rest.
type BenchOptions struct {
	Prompt, Generate, Repeats int
	Depth                     int // tokens in the context of a second run of both tests; 0: none
	KVType                    string
	CPUOnly                   bool
	GPULayers                 int // 0: the engine's choice
}

// Bench times a model file with llama-bench.
func Bench(ctx context.Context, run Tool, path string, o BenchOptions) (Timing, error) {
	if o.Prompt == 0 {
		o.Prompt = 64
	}
	if o.Generate == 0 {
		o.Generate = 16
	}
	if o.Repeats == 0 {
		o.Repeats = 3
	}
	tests := llama.BenchOptions{Prompts: []int{o.Prompt}, Generate: o.Generate, Repeats: o.Repeats}
	if o.Depth > 0 {
		tests.Depths = []int{0, o.Depth}
	}
	begin := time.Now()
	out, err := run(ctx, llama.Bench, llama.BenchArgs(llama.Load{Path: path, KV: o.KVType, GPULayers: o.GPULayers, CPUOnly: o.CPUOnly}, tests)...)
	if err != nil {
		return Timing{}, failed(ctx, out, err)
	}
	t, err := timingOf(out.Stdout, time.Since(begin).Seconds())
	t.PeakBytes, t.CPUSeconds = out.PeakBytes, out.CPUSeconds
	return t, err
}

// timingOf reads llama-bench's output. seconds is how long the program ran; what the tests and their warm-ups (the whole
// prompt once, and one token) do not explain is loading, and reading to a depth.
func timingOf(output []byte, seconds float64) (Timing, error) {
	result, err := llama.ParseBench(output)
	t := Timing{Seconds: seconds, LoadSeconds: seconds, Threads: result.Threads, Build: result.Build, Device: result.Device}
	for _, test := range result.Tests {
		speeds := test.Speeds()
		middle := llama.Median(speeds)
		if math.IsInf(middle, 0) {
			err = llama.ErrNoFigure
		}
		for _, s := range test.Seconds {
			t.LoadSeconds -= s
		}
		prompt, written, spread := &t.PromptTokensPerSecond, &t.TokensPerSecond, &t.Spread
		if test.Depth > 0 {
			t.Deep.Depth = test.Depth
			prompt, written, spread = &t.Deep.PromptTokensPerSecond, &t.Deep.TokensPerSecond, &t.Deep.Spread
		}
		*spread = max(*spread, (slices.Max(speeds)-slices.Min(speeds))/2/middle)
		if test.Prompt > 0 {
			*prompt = middle
			t.LoadSeconds -= float64(test.Tokens()) / middle
		} else {
			*written = middle
			t.LoadSeconds -= 1 / middle
		}
	}
	t.LoadSeconds = max(t.LoadSeconds, 0)
	if err != nil || t.TokensPerSecond == 0 || t.PromptTokensPerSecond == 0 || t.Deep.Depth > 0 && t.Deep.TokensPerSecond == 0 {
		return Timing{}, backend.Fail(backend.CodeModelFailed, err, "The engine's timing can't be read.", "Build the engine that belongs to this version.")
	}
	return t, nil
}
