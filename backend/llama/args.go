package llama

import (
	"slices"
	"strconv"
	"strings"
)

// The programs.
const (
	Bench      = "llama-bench"
	FitParams  = "llama-fit-params"
	Imatrix    = "llama-imatrix"
	Perplexity = "llama-perplexity"
	Quantize   = "llama-quantize"
	Server     = "llama-server"
)

// Load says how a program loads a model. The zero value of a field leaves the choice to the program.
type Load struct {
	Path      string
	KV        string // type of the KV cache: f16, q8_0, q4_0 …
	GPULayers int    // -1: all; 0: the program's choice, see CPUOnly
	CPUOnly   bool   // no layer on a graphics processor
}

// args returns the model, what the program adds, and how it is loaded.
func (l Load) args(more ...string) []string {
	args := append([]string{"-m", l.Path}, more...)
	if l.KV != "" && l.KV != "f16" { // f16 is every program's default
		args = append(args, "-ctk", l.KV, "-ctv", l.KV)
		if l.KV != "f32" && l.KV != "bf16" {
			args = append(args, "-fa", "on") // a quantized cache of values needs flash attention
		}
	}
	switch {
	case l.CPUOnly:
		args = append(args, "-ngl", "0", "-dev", "none")
	case l.GPULayers != 0:
		args = append(args, "-ngl", strconv.Itoa(l.GPULayers))
	}
	return args
}

// BenchOptions are the tests of one run of llama-bench: after each of Depths, or once with an empty context, each of Prompts
// is read and Generate tokens are written.
type BenchOptions struct {
	Prompts  []int
	Generate int
	Depths   []int
	Repeats  int
	NoWarmUp bool // llama-bench otherwise runs each test once more, before it counts
}

// BenchArgs returns the arguments of a run of llama-bench whose output ParseBench reads.
func BenchArgs(l Load, o BenchOptions) []string {
	prompts := "0"
	if len(o.Prompts) > 0 {
		prompts = list(o.Prompts)
	}
	more := []string{"-p", prompts, "-n", strconv.Itoa(o.Generate), "-r", strconv.Itoa(o.Repeats), "-o", "json",
		"-lm", "none"} // as the engine loads models: with a mapped file, repacked weights would be in memory twice
	if len(o.Depths) > 0 {
		more = append(more, "-d", list(o.Depths))
	}
	if o.NoWarmUp {
		more = append(more, "--no-warmup")
	}
	return l.args(more...)
}

// FitArgs returns the arguments of llama-fit-params, which plans memory and loads nothing; ParseMemory reads its output.
// context is in tokens; 0: as many as the model was trained on.
func FitArgs(l Load, context int) []string {
	return l.args("-c", strconv.Itoa(context), "-fitp", "on", "-lv", "4", "--log-jsonl")
}

// ReferenceArgs returns the arguments of llama-perplexity that write the probabilities a model gives to the tokens of
// text into the file base.
func ReferenceArgs(l Load, text, base string, context, chunks int) []string {
	return append(perplexityArgs(l, context, chunks), "-f", text, "--kl-divergence-base", base)
}

// DivergenceArgs returns the arguments of llama-perplexity that compare a model with those probabilities. ParseKLD
// reads the output.
func DivergenceArgs(l Load, base string, context, chunks int) []string {
	return append(perplexityArgs(l, context, chunks), "--kl-divergence-base", base, "--kl-divergence")
}

func perplexityArgs(l Load, context, chunks int) []string {
	return l.args("-c", strconv.Itoa(context), "--chunks", strconv.Itoa(chunks))
}

// ImatrixArgs returns the arguments of llama-imatrix that write an importance matrix of text to path.
func ImatrixArgs(l Load, text, path string, context, chunks int) []string {
	return l.args("-f", text, "-o", path, "-c", strconv.Itoa(context), "--chunks", strconv.Itoa(chunks), "--no-ppl")
}

// QuantizeOptions say what llama-quantize makes.
type QuantizeOptions struct {
	Source, Target string // Target is left out of a dry run
	Quant          string // one of Quants
	Matrix         string // file of an importance matrix; empty: none
	Requantize     bool   // Source may be a quant itself
	DryRun         bool   // only say what would be made
}

// QuantizeArgs returns the arguments of llama-quantize. ParseQuantize reads its log.
func QuantizeArgs(o QuantizeOptions) []string {
	var args []string
	if o.Matrix != "" {
		args = append(args, "--imatrix", o.Matrix)
	}
	if o.Requantize {
		args = append(args, "--allow-requantize")
	}
	if o.DryRun {
		return append(args, dryRun, o.Source, o.Quant)
	}
	return append(args, o.Source, o.Target, o.Quant)
}

const dryRun = "--dry-run"

// How is what decides a program's speed and not its work. Zero values leave the choice to the program.
type How struct {
	Threads int  `json:"threads"`
	Batch   int  `json:"batch"`   // tokens of a prompt that are worked on at once: both of llama.cpp's batch sizes
	NoFlash bool `json:"noFlash"` // attention is worked out without flash attention, where the cache allows it
}

// Apart names what is not the program's own choice beside the threads; empty: nothing. Speeds of two names are not
// compared.
func (h How) Apart() string {
	var words []string
	if h.Batch > 0 {
		words = append(words, "batch "+strconv.Itoa(h.Batch))
	}
	if h.NoFlash {
		words = append(words, "no flash attention")
	}
	return strings.Join(words, ", ")
}

// WithHow adds to a program's arguments how it works. Batch and flash attention are for the programs that stand for the
// server, which times and plans are made with; what the others work out is compared between machines.
func WithHow(program string, args []string, h How) []string {
	if slices.Contains(args, dryRun) {
		return args
	}
	args = slices.Clip(args)
	n := strconv.Itoa(h.Threads)
	switch {
	case h.Threads <= 0:
	case program == Quantize: // it takes the number by its place
		args = append(args, n)
	default:
		args = append(args, "-t", n)
	}
	if program != Bench && program != FitParams {
		return args
	}
	if h.Batch > 0 {
		args = append(args, "-b", strconv.Itoa(h.Batch), "-ub", strconv.Itoa(h.Batch))
	}
	if h.NoFlash && !slices.Contains(args, "-fa") {
		args = append(args, "-fa", "off")
	}
	return args
}

func list(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ",")
}
