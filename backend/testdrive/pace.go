package testdrive

import (
	"context"
	"fmt"

	"weightroom/backend/llama"
)

// Steps are what [Pace] times: Read tokens of a prompt and Write tokens of an answer, after Depth others.
type Steps struct{ Read, Write, Depth int }

// warmUp is a short prompt that is read before the time counts: the first one waits for memory and for the clock.
const warmUp = 32

// Pace runs a model file with llama-bench once, and returns how long a token takes to read and to write, in seconds, and
// the processor time that the program took. Each test has a repeat only: whoever compares ways runs them in turn.
func Pace(ctx context.Context, run Tool, path string, cpuOnly bool, s Steps) (read, write, cpu float64, err error) {
	o := llama.BenchOptions{Prompts: []int{warmUp, s.Read}, Generate: s.Write, Repeats: 1, NoWarmUp: true}
	if s.Depth > 0 {
		o.Depths = []int{s.Depth}
	}
	out, err := run(ctx, llama.Bench, llama.BenchArgs(llama.Load{Path: path, CPUOnly: cpuOnly}, o)...)
	if err != nil {
		return 0, 0, 0, failed(ctx, out, err)
	}
	result, err := llama.ParseBench(out.Stdout)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, test := range result.Tests {
		each := test.Seconds[0] / float64(test.Tokens())
		switch {
		case test.Generated > 0:
			write = each
		case test.Prompt == s.Read:
			read = each
		}
	}
	if read == 0 || s.Write > 0 && write == 0 {
		return 0, 0, 0, fmt.Errorf("%w: tests are missing", llama.ErrNoFigure)
	}
	return read, write, out.CPUSeconds, nil
}
