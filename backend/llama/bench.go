package llama

import (
	"encoding/json"
	"fmt"
	"slices"
)

// BenchResult is what llama-bench measured. There is a test at least.
type BenchResult struct {
	Model      string // "llama 256M Q4_K - Medium"
	Bytes      int64  // of all tensors
	Parameters int64  // weights
	Backend    string // CPU, CUDA …
	Device     string // the graphics processor, else the processor
	Threads    int
	Build      int // llama.cpp's number: 10488
	Tests      []BenchTest
}

// BenchTest is one test: Prompt tokens read, or Generated tokens written after Depth others.
type BenchTest struct {
	Prompt, Generated, Depth int
	Seconds                  []float64 // of each repeat; above 0, and one at least
}

// Tokens returns how many tokens a repeat reads or writes.
func (t BenchTest) Tokens() int { return t.Prompt + t.Generated }

// Speeds returns the tokens per second of each repeat.
func (t BenchTest) Speeds() []float64 {
	out := make([]float64, len(t.Seconds))
	for i, s := range t.Seconds {
		out[i] = float64(t.Tokens()) / s
	}
	return out
}

// ParseBench reads llama-bench's JSON. A test without a figure fails the whole.
func ParseBench(data []byte) (BenchResult, error) {
	var tests []struct {
		Build      int       `json:"build_number"`
		CPU        string    `json:"cpu_info"`
		GPU        string    `json:"gpu_info"`
		Backends   string    `json:"backends"`
		Type       string    `json:"model_type"`
		Size       int64     `json:"model_size"`
		Parameters int64     `json:"model_n_params"`
		Threads    int       `json:"n_threads"`
		Prompt     int       `json:"n_prompt"`
		Generated  int       `json:"n_gen"`
		Depth      int       `json:"n_depth"`
		SamplesNS  []float64 `json:"samples_ns"`
	}
	if err := json.Unmarshal(data, &tests); err != nil {
		return BenchResult{}, err
	}
	var r BenchResult
	for _, t := range tests {
		one := BenchTest{Prompt: t.Prompt, Generated: t.Generated, Depth: t.Depth}
		for _, ns := range t.SamplesNS {
			if !(ns > 0) {
				return BenchResult{}, fmt.Errorf("%w: a test of %g ns", ErrNoFigure, ns)
			}
			one.Seconds = append(one.Seconds, ns/1e9)
		}
		if one.Tokens() < 1 || len(one.Seconds) == 0 {
			return BenchResult{}, ErrNoFigure
		}
		r.Model, r.Bytes, r.Parameters, r.Backend, r.Device, r.Threads, r.Build = t.Type, t.Size, t.Parameters, t.Backends, t.CPU, t.Threads, t.Build
		if t.GPU != "" {
			r.Device = t.GPU
		}
		r.Tests = append(r.Tests, one)
	}
	if len(r.Tests) == 0 {
		return BenchResult{}, ErrNoFigure
	}
	return r, nil
}

// Median returns the middle of repeated measurements, of which there is one at least.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
