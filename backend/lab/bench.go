package lab

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
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
	var prompts, depths []string
	for _, n := range s.PromptTokens {
		if n <= r.Context {
			prompts = append(prompts, strconv.Itoa(n))
		}
	}
	for _, d := range s.Depths {
		if d > 0 && d+s.Generate <= r.Context {
			depths = append(depths, strconv.Itoa(d))
		}
	}
	flat := []string{"-p", strings.Join(append([]string{strconv.Itoa(warmPrompt)}, prompts...), ","), "-n", strconv.Itoa(s.Generate)}
	all, facts, out, err := l.benchOnce(ctx, r, s, flat)
	if err != nil || len(depths) == 0 {
		return all, facts, out, err
	}
	deep, _, more, err := l.benchOnce(ctx, r, s, []string{"-p", "0", "-n", strconv.Itoa(s.Generate), "-d", strings.Join(depths, ",")})
	out.CPUSeconds += more.CPUSeconds
	out.PeakBytes = max(out.PeakBytes, more.PeakBytes)
	out.AnonymousBytes = max(out.AnonymousBytes, more.AnonymousBytes)
	out.FileBytes = max(out.FileBytes, more.FileBytes)
	return append(all, deep...), facts, out, err
}

func (l *Lab) benchOnce(ctx context.Context, r Rival, s Settings, tests []string) ([]tested, Bench, Output, error) {
	args := append([]string{"-m", r.Model.Path, "-r", "1", "-o", "json",
		"-lm", "none"}, tests...) // as the engine loads models: with a mapped file, repacked weights would be in memory twice
	if s.Threads > 0 {
		args = append(args, "-t", strconv.Itoa(s.Threads))
	}
	if r.Model.Bytes > ownWarmUp {
		args = append(args, "--no-warmup")
	}
	args = append(args, kvArgs(r.KV)...)
	out, err := l.o.Tools.Run(ctx, Job{Name: "llama-bench", Args: args})
	if err != nil {
		return nil, Bench{}, out, l.explain(ctx, out, err, "measure the speed")
	}
	all, facts, err := parseBench(out.Stdout)
	if err != nil {
		return nil, Bench{}, out, l.explain(ctx, out, err, "measure the speed")
	}
	return all, facts, out, nil
}

func parseBench(data []byte) ([]tested, Bench, error) {
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
		Samples    []float64 `json:"samples_ns"`
	}
	if err := json.Unmarshal(data, &tests); err != nil {
		return nil, Bench{}, err
	}
	var out []tested
	var facts Bench
	for _, t := range tests {
		facts = Bench{Name: t.Type, Bytes: t.Size, Parameters: t.Parameters, Backend: t.Backends, Device: t.CPU, Threads: t.Threads, Build: t.Build}
		if t.GPU != "" {
			facts.Device = t.GPU
		}
		n := t.Prompt + t.Generated
		if len(t.Samples) == 0 || t.Samples[0] <= 0 || n == 0 {
			return nil, facts, errNoFigure
		}
		one := tested{kind: SpeedPrompt, tokens: n, depth: t.Depth, speed: float64(n) / (t.Samples[0] / 1e9)}
		if t.Generated > 0 {
			one.kind = SpeedGeneration
		}
		if one.kind == SpeedPrompt && n == warmPrompt && len(out) == 0 {
			continue // the warm-up
		}
		out = append(out, one)
	}
	if len(tests) == 0 {
		return nil, facts, errNoFigure
	}
	return out, facts, nil
}

// figure makes a median and a range of samples.
func figure(samples []float64) Figure {
	if len(samples) == 0 {
		return Figure{Samples: []float64{}}
	}
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	middle := sorted[n/2]
	if n%2 == 0 {
		middle = (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return Figure{Median: middle, Low: sorted[0], High: sorted[n-1], Samples: slices.Clone(samples)}
}
