package testdrive

import (
	"context"
	"os"

	"weightroom/backend/llama"
)

// Tool runs one of the engine's programs, such as llama.Bench, to its end. It is expected to shut the program off
// from the network and to let one run at a time. Cancelling ctx ends it.
type Tool func(ctx context.Context, name string, args ...string) (Output, error)

// Output is what a program left behind.
type Output struct {
	Stdout, Stderr []byte
	PeakBytes      int64   // largest resident memory; 0: not known
	CPUSeconds     float64 // processor time it used
}

// FitOptions say how a model will be loaded. The zero value of a field leaves the choice to the engine.
type FitOptions struct {
	Context   int    // tokens; 0: as many as the model was trained on
	KVType    string // f16, q8_0, q4_0 …
	GPULayers int    // -1: all, 0: the engine's choice; see CPUOnly
	CPUOnly   bool   // no layer on a graphics processor
}

// Fit asks the engine what the engine would allocate for the file at path, which may be weightless. Nothing is
// loaded. Compute buffers are reserved in full and touched in part, so the peak resident memory is lower than the sum.
func Fit(ctx context.Context, run Tool, path string, o FitOptions) (llama.Allocation, error) {
	var bytes int64
	if info, err := os.Stat(path); err == nil {
		bytes = info.Size()
	}
	args := llama.FitArgs(llama.Load{Path: path, KV: o.KVType, GPULayers: o.GPULayers, CPUOnly: o.CPUOnly}, o.Context)
	for try := 1; ; try++ { // its log may be cut off, between two rows of the plan too: then most of the weights are missing
		out, err := run(ctx, llama.FitParams, args...)
		if err != nil {
			return llama.Allocation{}, failed(ctx, out, err)
		}
		a, err := llama.ParseMemory(append(out.Stdout, out.Stderr...))
		if err == nil && 2*a.WeightsBytes >= bytes || try == 5 || ctx.Err() != nil {
			return a, err
		}
	}
}

// failed returns the sentence for a program's end.
func failed(ctx context.Context, out Output, err error) error {
	return llama.Failure{Err: err, Log: string(out.Stderr), Doing: "run this model"}.Explain(ctx)
}
