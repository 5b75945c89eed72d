package testdrive

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"weightroom/backend"
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
	Build                 int    // llama.cpp's number: 10488
	Device                string // the graphics processor, else the processor
}

// BenchOptions say how a file is timed. Zero values: 64 prompt tokens, 16 generated ones, three repeats, and the
// engine's choice for the rest.
type BenchOptions struct {
	Prompt, Generate, Repeats int
	Threads                   int
	KVType                    string
	CPUOnly                   bool
	GPULayers                 int // 0: the engine's choice
}

func (o BenchOptions) args(path string) []string {
	args := []string{"-m", path, "-p", strconv.Itoa(o.Prompt), "-n", strconv.Itoa(o.Generate), "-r", strconv.Itoa(o.Repeats), "-o", "json",
		"-lm", "none"} // as Ollama loads models: with a mapped file, repacked weights would be in memory twice
	if o.Threads > 0 {
		args = append(args, "-t", strconv.Itoa(o.Threads))
	}
	if o.KVType != "" {
		args = append(args, "-ctk", o.KVType, "-ctv", o.KVType)
	}
	switch {
	case o.CPUOnly:
		args = append(args, "-ngl", "0", "-dev", "none")
	case o.GPULayers != 0:
		args = append(args, "-ngl", strconv.Itoa(o.GPULayers))
	}
	return args
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
	begin := time.Now()
	out, err := run(ctx, "llama-bench", o.args(path)...)
	if err != nil {
		return Timing{}, failed(ctx, out, err)
	}
	t, err := parseBench(out.Stdout, time.Since(begin).Seconds())
	t.PeakBytes, t.CPUSeconds = out.PeakBytes, out.CPUSeconds
	return t, err
}

// parseBench reads llama-bench's JSON. seconds is how long the program ran; what the tests and their warm-ups (the
// whole prompt once, and one token) do not explain is loading.
func parseBench(data []byte, seconds float64) (Timing, error) {
	var tests []struct {
		Build     int       `json:"build_number"`
		CPU       string    `json:"cpu_info"`
		GPU       string    `json:"gpu_info"`
		Threads   int       `json:"n_threads"`
		Prompt    int       `json:"n_prompt"`
		Generated int       `json:"n_gen"`
		SamplesNS []float64 `json:"samples_ns"`
	}
	unreadable := func(err error) error {
		return backend.Fail(backend.CodeModelFailed, err, "The engine's timing can't be read.", "Build the engine that belongs to this version.")
	}
	if err := json.Unmarshal(data, &tests); err != nil {
		return Timing{}, unreadable(err)
	}
	t := Timing{Seconds: seconds, LoadSeconds: seconds}
	for _, test := range tests {
		n := test.Prompt + test.Generated
		if n < 1 || len(test.SamplesNS) == 0 {
			continue
		}
		speeds := make([]float64, len(test.SamplesNS))
		for i, ns := range test.SamplesNS {
			speeds[i] = float64(n) / (ns / 1e9)
			t.LoadSeconds -= ns / 1e9
		}
		middle := median(speeds)
		if !(middle > 0) || math.IsInf(middle, 0) {
			return Timing{}, unreadable(nil)
		}
		t.Spread = max(t.Spread, (slices.Max(speeds)-slices.Min(speeds))/2/middle)
		if test.Prompt > 0 {
			t.PromptTokensPerSecond = middle
			t.LoadSeconds -= float64(n) / middle
		} else {
			t.TokensPerSecond = middle
			t.LoadSeconds -= 1 / middle
		}
		t.Threads, t.Build, t.Device = test.Threads, test.Build, test.CPU
		if test.GPU != "" {
			t.Device = test.GPU
		}
	}
	t.LoadSeconds = max(t.LoadSeconds, 0)
	if t.TokensPerSecond == 0 || t.PromptTokensPerSecond == 0 {
		return Timing{}, unreadable(nil)
	}
	return t, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
