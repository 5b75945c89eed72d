package llama

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
)

func TestArguments(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"the program chooses what nobody says": {FitArgs(Load{Path: "m"}, 0), "-m m -c 0 -fitp on -lv 4 --log-jsonl"},
		"f16 is the default":                   {FitArgs(Load{Path: "m", KV: "f16"}, 512), "-m m -c 512 -fitp on -lv 4 --log-jsonl"},
		"a quantized cache needs flash attention, in every program": {BenchArgs(Load{Path: "m", KV: "q8_0"}, BenchOptions{Generate: 8, Repeats: 1}),
			"-m m -p 0 -n 8 -r 1 -o json -lm none -ctk q8_0 -ctv q8_0 -fa on"},
		"a cache of floats does not": {FitArgs(Load{Path: "m", KV: "bf16"}, 1), "-m m -c 1 -fitp on -lv 4 --log-jsonl -ctk bf16 -ctv bf16"},
		"the processor alone":        {FitArgs(Load{Path: "m", CPUOnly: true, GPULayers: 3}, 1), "-m m -c 1 -fitp on -lv 4 --log-jsonl -ngl 0 -dev none"},
		"some layers":                {FitArgs(Load{Path: "m", GPULayers: 3}, 1), "-m m -c 1 -fitp on -lv 4 --log-jsonl -ngl 3"},
		"tests in lists": {BenchArgs(Load{Path: "m"}, BenchOptions{Prompts: []int{64, 512}, Generate: 32, Depths: []int{512, 2048}, Repeats: 3, NoWarmUp: true}),
			"-m m -p 64,512 -n 32 -r 3 -o json -lm none -d 512,2048 --no-warmup"},
		"a reference writes its probabilities":    {ReferenceArgs(Load{Path: "m"}, "text", "base", 512, 16), "-m m -c 512 --chunks 16 -f text --kl-divergence-base base"},
		"a comparison reads them":                 {DivergenceArgs(Load{Path: "m", KV: "q4_0"}, "base", 512, 16), "-m m -c 512 --chunks 16 -ctk q4_0 -ctv q4_0 -fa on --kl-divergence-base base --kl-divergence"},
		"a matrix":                                {ImatrixArgs(Load{Path: "m"}, "text", "out", 512, 100), "-m m -f text -o out -c 512 --chunks 100 --no-ppl"},
		"a quant":                                 {QuantizeArgs(QuantizeOptions{Source: "m", Target: "out", Quant: "Q4_0", Matrix: "x", Requantize: true}), "--imatrix x --allow-requantize m out Q4_0"},
		"threads, by a flag":                      {WithHow(Bench, []string{"-m", "m"}, How{Threads: 4}), "-m m -t 4"},
		"threads of a quant, by their place":      {WithHow(Quantize, []string{"m", "out", "Q4_0"}, How{Threads: 2}), "m out Q4_0 2"},
		"threads of a dry run, which has none":    {WithHow(Quantize, []string{"--dry-run", "m", "Q4_0"}, How{Threads: 2}), "--dry-run m Q4_0"},
		"threads that the program chooses":        {WithHow(Bench, []string{"-m", "m"}, How{Threads: 0}), "-m m"},
		"a batch, for what stands for the server": {WithHow(Bench, []string{"-m", "m"}, How{Threads: 2, Batch: 256, NoFlash: true}), "-m m -t 2 -b 256 -ub 256 -fa off"},
		"a quantized cache keeps flash attention": {WithHow(Bench, []string{"-m", "m", "-fa", "on"}, How{NoFlash: true}), "-m m -fa on"},
		"a program whose figures are compared":    {WithHow(Perplexity, []string{"-m", "m"}, How{Threads: 2, Batch: 256, NoFlash: true}), "-m m -t 2"},
		"a dry run":                               {QuantizeArgs(QuantizeOptions{Source: "m", Target: "out", Quant: "Q4_0", DryRun: true, Requantize: true}), "--allow-requantize --dry-run m Q4_0"},
	} {
		if got := strings.Join(c.args, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestParseBench(t *testing.T) {
	r, err := ParseBench(recorded(t, "bench.json"))
	if err != nil || len(r.Tests) != 2 || r.Threads != 2 || r.Build != 10488 || r.Device == "" || r.Model == "" || r.Bytes == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := Median(r.Tests[0].Speeds()); math.Abs(got-335.799) > 0.01 {
		t.Errorf("%g tokens per second", got)
	}
	for _, bad := range []string{"", "[]", "{}", "[{}]", `[{"n_prompt":64,"samples_ns":[]}]`, `[{"n_prompt":64,"samples_ns":[0]}]`,
		`[{"n_prompt":64,"samples_ns":[-1]},{"n_gen":8,"samples_ns":[1]}]`, `[{"n_prompt":-64,"samples_ns":[1]}]`} {
		if r, err := ParseBench([]byte(bad)); err == nil {
			t.Errorf("%q gave %+v", bad, r)
		}
	}
}

func TestMedian(t *testing.T) {
	values := []float64{3, 1, 2}
	if Median(values) != 2 || Median([]float64{4, 1, 2, 3}) != 2.5 || !slices.Equal(values, []float64{3, 1, 2}) {
		t.Error(values)
	}
}

func TestParsePerplexity(t *testing.T) {
	p, chunks, ok := ParseReference("perplexity: calculating perplexity over 12 chunks, n_ctx=512\nFinal estimate: PPL = 1.0148 +/- 0.00124\n")
	if !ok || chunks != 12 || p != (Estimate{1.0148, 0.00124}) {
		t.Error(p, chunks, ok)
	}
	d, ok := ParseKLD("Mean PPL(Q)                   :   1.028936 ±   0.002772\nMean    KLD:   0.006838 ±   0.000645\n99.0%   KLD:   0.069381\nSame top p: 98.500 ± 0.100 %\n")
	if want := (Divergence{Estimate{1.028936, 0.002772}, Estimate{0.006838, 0.000645}, 0.069381, Estimate{0.985, 0.001}}); !ok || d != want || !d.Finite() {
		t.Errorf("%+v, want %+v", d, want)
	}
	t.Run("broken weights give no numbers", func(t *testing.T) {
		d, ok := ParseKLD("Mean PPL(Q) : nan ± nan\nMean KLD: nan ± nan\n99.0% KLD: nan\nSame top p: 0.000 ± nan %\n")
		if !ok || d.Finite() {
			t.Error(d, ok)
		}
	})
	t.Run("a log without figures has none", func(t *testing.T) {
		_, _, first := ParseReference("out of memory")
		_, second := ParseKLD("Mean KLD: 1 ± 1\n")
		if first || second {
			t.Error(first, second)
		}
	})
	t.Run("a text that is too short is told", func(t *testing.T) {
		if n, found := TooShort("the data file you provided tokenizes to only 311 tokens"); !found || n != 311 {
			t.Error(n, found)
		}
	})
}

func TestProgressIsReadInPiecesOfAnyLength(t *testing.T) {
	for name, c := range map[string]struct {
		watch func(func(float64)) func(string)
		text  string
		last  float64
	}{
		"chunks":  {func(r func(float64)) func(string) { return WatchChunks(16, r) }, "over 4 chunks\n[1]3.1,[2]3.2,[3]", 0.75},
		"lines":   {func(r func(float64)) func(string) { return WatchDivergence(4, r) }, "  1  1.0 ± 0.1  0.1 ± 0.2\n  2  1.0 ± 0.1  0.1 ± 0.2\n", 0.5},
		"tensors": {WatchTensors, "[   1/   4] token_embd\n[   3/   4] blk.0\n", 0.75},
	} {
		for size := 1; size <= len(c.text); size++ {
			got := -1.0
			watch := c.watch(func(f float64) { got = f })
			for piece := range slices.Chunk([]byte(c.text), size) {
				watch(string(piece))
			}
			if got != c.last {
				t.Errorf("%s in pieces of %d: %g, want %g", name, size, got, c.last)
			}
		}
	}
}

func TestQuantsAreFoundByName(t *testing.T) {
	for name, want := range map[string]string{"q4_k_m": "Q4_K_M", "q4_k": "Q4_K_M", "q8_0": "Q8_0", "Q9_K": ""} {
		if q, ok := FindQuant(name); ok != (want != "") || ok && q.Name != want {
			t.Errorf("%s: %+v", name, q)
		}
	}
	if q, ok := FindQuant(" Q4_K "); !ok || q.Name != "Q4_K_M" {
		t.Errorf("with spaces around: %+v", q)
	}
}

func TestFailuresHaveASentence(t *testing.T) {
	exit := errors.New("exit status 1")
	known := backend.Fail(backend.CodeEngineMissing, nil, "The engine is not there.", "Install it.")
	for name, c := range map[string]struct {
		failure Failure
		code    backend.Code
		says    string
	}{
		"what has a sentence keeps it":         {Failure{Err: known, Log: "no space left on device"}, backend.CodeEngineMissing, "is not there"},
		"a full disk":                          {Failure{Err: exit, Log: "write: No space left on device"}, backend.CodeDiskFull, "disk is full"},
		"a failed write where nothing is left": {Failure{Err: exit, Log: "basic_ios::clear: iostream error", LowDisk: true}, backend.CodeDiskFull, "disk is full"},
		"a failed write where there is space":  {Failure{Err: exit, Log: "basic_ios::clear: iostream error"}, backend.CodeModelFailed, "could not make this quant"},
		"an unknown kind of model":             {Failure{Err: exit, Log: "error: unknown model architecture: 'x'"}, backend.CodeUnsupported, "kind of model"},
		"too little memory":                    {Failure{Err: exit, Log: "ggml: failed to allocate 9 GB"}, backend.CodeTooBig, "not enough memory"},
		"a killed program":                     {Failure{Err: errors.New("signal: killed")}, backend.CodeEngineDied, "was stopped"},
		"anything else":                        {Failure{Err: exit}, backend.CodeModelFailed, "could not make this quant"},
	} {
		c.failure.Doing = "make this quant"
		err := c.failure.Explain(t.Context())
		if e := backend.Readable(err); e.Code != c.code || !strings.Contains(e.Message, c.says) || e.Hint == "" || !errors.Is(err, c.failure.Err) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	t.Run("a cancelled one is no failure", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if e := backend.Readable(Failure{Err: known, Log: "no space left on device"}.Explain(ctx)); e.Code != backend.CodeCancelled {
			t.Error(e)
		}
	})
}

func TestLastWords(t *testing.T) {
	for log, want := range map[string]string{
		"": "", "all is well\n": "all is well\n",
		"load\nerror: a\nmore\nfailed to b\nassert c\nabort d\n": "error: a / failed to b / assert c",
		strings.Repeat("x", 400):                                 strings.Repeat("x", 300),
	} {
		if got := LastWords(log); got != want {
			t.Errorf("%q: %q", log, got)
		}
	}
}

// TestProgramsAreNamedHereAlone holds that no other package spells a program's name, so that arguments and output have
// one home.
func TestProgramsAreNamedHereAlone(t *testing.T) {
	quoted := regexp.MustCompile(`"llama-(bench|fit-params|imatrix|perplexity|quantize|server)"`)
	seen := 0
	for _, area := range []string{"app", "backend", "hardware"} {
		err := filepath.WalkDir(filepath.Join("..", "..", area), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Base(filepath.Dir(path)) == "llama" {
				return err
			}
			seen++
			text, err := os.ReadFile(path)
			for line := range strings.Lines(string(text)) {
				if code, _, _ := strings.Cut(line, "//"); quoted.MatchString(code) {
					t.Errorf("%s: %s", path, strings.TrimSpace(line))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 100 {
		t.Errorf("only %d files were looked at", seen)
	}
}
