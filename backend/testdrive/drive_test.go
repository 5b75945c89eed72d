package testdrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/disturb"
	"weightroom/backend/gguf"
)

const mib = 1 << 20

func recorded(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../llama/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFitTriesAgain(t *testing.T) {
	tries := 0
	run := func(context.Context, string, ...string) (Output, error) {
		if tries++; tries < 4 {
			return Output{Stdout: []byte("Host 92 90 98 \n")}, nil
		}
		return Output{Stdout: recorded(t, "fit-q8kv.jsonl")}, nil
	}
	if a, err := Fit(t.Context(), run, "x.gguf", FitOptions{}); err != nil || a.WeightsBytes != 92*mib || tries != 4 {
		t.Errorf("%d tries: %+v, %v", tries, a, err)
	}
}

func TestFitAsksAgainWhenMostOfTheWeightsAreMissing(t *testing.T) {
	const head = "common_memory_breakdown_print: | memory breakdown [MiB] | total   free    self   model   context   compute    unaccounted |\n"
	const host = "common_memory_breakdown_print: |   - Host               |                  1853 =  1481 +     256 +     116                |\n"
	const repack = "common_memory_breakdown_print: |   - CPU_REPACK         |                  3204 =  3204 +       0 +       0                |\n"
	path := filepath.Join(t.TempDir(), "model.gguf")
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(f.Truncate(4685*mib), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	tries := 0
	cutOff := func(until int) Tool {
		tries = 0
		return func(context.Context, string, ...string) (Output, error) {
			if tries++; tries < until {
				return Output{Stderr: []byte(head + host)}, nil
			}
			return Output{Stderr: []byte(head + host + repack)}, nil
		}
	}
	if a, err := Fit(t.Context(), cutOff(3), path, FitOptions{}); err != nil || a.WeightsBytes != 4685*mib || tries != 3 {
		t.Errorf("%d tries: %+v, %v", tries, a, err)
	}
	if a, err := Fit(t.Context(), cutOff(9), path, FitOptions{}); err != nil || a.WeightsBytes != 1481*mib || tries != 5 {
		t.Errorf("what stays so is believed: %d tries: %+v, %v", tries, a, err)
	}
}

func TestParseBench(t *testing.T) {
	timing, err := timingOf(recorded(t, "bench.json"), 1.5)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(timing.PromptTokensPerSecond-335.799) > 0.01 || math.Abs(timing.TokensPerSecond-140.745) > 0.01 || timing.Threads != 2 || timing.Build != 10488 {
		t.Errorf("%+v", timing)
	}
	if math.Abs(timing.Spread-(355.492-305.008)/2/335.799) > 1e-4 || timing.LoadSeconds < 0.4 || timing.LoadSeconds > 0.7 {
		t.Errorf("spread %g, load %g", timing.Spread, timing.LoadSeconds)
	}
	for _, bad := range []string{"", "[]", "{}", `[{"n_prompt":64,"samples_ns":[0]}]`, `[{"n_prompt":64,"samples_ns":[-1]},{"n_gen":8,"samples_ns":[1]}]`} {
		if _, err := timingOf([]byte(bad), 1); err == nil {
			t.Errorf("%q gave a timing", bad)
		}
	}
}

// fakeEngine plans and times like an engine whose time is a constant and a straight line in what it reads.
type fakeEngine struct {
	t        *testing.T
	largest  int64 // of the files that were run
	last     *gguf.File
	runs     int
	deepest  int      // depth that was run
	args     []string // of the last run
	fail     string   // the program that fails
	onRun    func()
	existing []string
}

// cacheRate is how many numbers of the cache it reads in a nanosecond.
const cacheRate = 10

func (e *fakeEngine) run(ctx context.Context, name string, args ...string) (Output, error) {
	if e.fail == name {
		return Output{Stderr: []byte("llama_model_load: error loading model: check_tensor_dims: wrong shape\n")}, errors.New("exit status 1")
	}
	path := args[1]
	f := read(e.t, path)
	e.existing = append(e.existing, path)
	h := newHeader(f)
	if name == "llama-fit-params" {
		return Output{Stdout: fmt.Appendf(nil, `{"type":"fit_memory_breakdown","data":{"rows":[{"kind":"host","name":"Host","model":%d,"context":64,"compute":100}]}}`, f.Size/mib)}, nil
	}
	if e.onRun != nil {
		e.onRun()
	}
	if ctx.Err() != nil {
		return Output{}, ctx.Err()
	}
	e.runs++
	e.last = f
	e.largest = max(e.largest, f.Size)
	e.args = args
	type test map[string]any
	var tests []test
	depths := []string{"0"}
	if i := slices.Index(args, "-d"); i > 0 {
		depths = strings.Split(args[i+1], ",")
	}
	for _, d := range depths {
		depth, _ := strconv.Atoi(d)
		e.deepest = max(e.deepest, depth)
		added := float64(h.cacheValues(depth)) / cacheRate
		tg, pp := 1e6+float64(h.ActiveBytes)/20+added, 2e5+float64(h.ActiveWeights)/100+added/2
		tests = append(tests,
			test{"n_prompt": 64, "n_gen": 0, "n_depth": depth, "samples_ns": []float64{64 * pp, 64 * pp}, "n_threads": 4, "cpu_info": "fake"},
			test{"n_prompt": 0, "n_gen": 16, "n_depth": depth, "samples_ns": []float64{16 * tg, 16 * tg}, "n_threads": 4, "cpu_info": "fake"})
	}
	data, _ := json.Marshal(tests)
	return Output{Stdout: data, PeakBytes: f.Size}, nil
}

func TestDrive(t *testing.T) {
	options := func(t *testing.T, id string, free int64) (*fakeEngine, Options) {
		e := &fakeEngine{t: t}
		return e, Options{Run: e.run, Dir: t.TempDir(), Header: planned(t, id, "Q4_K_M"), Model: id, FreeBytes: free}
	}
	nothingLeft := func(t *testing.T, o Options) {
		t.Helper()
		if left, _ := filepath.Glob(filepath.Join(o.Dir, "*")); len(left) != 0 {
			t.Errorf("left on the disk: %v", left)
		}
	}
	t.Run("a model that fits is run whole and leaves nothing", func(t *testing.T) {
		e, o := options(t, "llama-3.1-8b", 20e9)
		var last Progress
		o.Progress = func(p Progress) {
			if p.Done < last.Done {
				t.Errorf("progress went from %v to %v", last, p)
			}
			last = p
		}
		d, err := Drive(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if d.Partial || d.Layers != 32 || d.DiskBytes > 1e6 || d.Quant != "Q4_K_M" || d.Source != backend.SourceTestDrive || d.Threads != 4 || e.runs != 1 || last.Done != 1 || last.Stage != StageDone {
			t.Errorf("%+v after %+v", d, last)
		}
		if want := 1e9 / (1e6 + float64(d.ActiveBytes)/20); math.Abs(d.TokensPerSecond/want-1) > 1e-6 {
			t.Errorf("%g tokens per second, not %g", d.TokensPerSecond, want)
		}
		nothingLeft(t, o)
	})
	for _, id := range []string{"llama-3.1-70b", "qwen3-30b-a3b", "qwen3.5-27b", "gemma-4-31b", "glm-4.5-air", "llama-4-scout"} {
		t.Run("a model that does not fit is drawn from two depths: "+id, func(t *testing.T) {
			e, o := options(t, id, 16e9)
			d, err := Drive(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if !d.Partial || e.runs != 2 || e.largest > 0.6*16e9 {
				t.Errorf("partial %v, %d runs, largest %d", d.Partial, e.runs, e.largest)
			}
			if want := 1e9 / (1e6 + float64(d.ActiveBytes)/20); math.Abs(d.TokensPerSecond/want-1) > 0.001 {
				t.Errorf("%g tokens per second, not %g", d.TokensPerSecond, want)
			}
			if want := 1e9 / (2e5 + float64(o.Header.ActiveWeights)/100); math.Abs(d.PromptTokensPerSecond/want-1) > 0.001 {
				t.Errorf("%g prompt tokens per second, not %g", d.PromptTokensPerSecond, want)
			}
			if math.Abs(float64(d.PeakMemoryBytes)/float64(d.Bytes)-1) > 0.01 {
				t.Errorf("peak %d of %d", d.PeakMemoryBytes, d.Bytes)
			}
			nothingLeft(t, o)
		})
	}
	for id, least := range map[string]int{
		"smollm2-135m": 8192,
		"llama-3.1-8b": 1024, // even two of its blocks read too slowly to go deeper
		"gemma-3-4b":   1024, // five of six blocks look back a window only
		"lfm2-8b-a1b":  2048, // some of its blocks keep nothing of a context
	} {
		t.Run("the speed deep in a context is that of all blocks: "+id, func(t *testing.T) {
			e, o := options(t, id, 16e9)
			o.Depth, o.Bench.KVType = 8192, "q8_0"
			d, err := Drive(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if d.Deep.Depth != e.deepest || d.Deep.Depth < least || d.KV != "q8_0" || !slices.Contains(e.args, "q8_0") {
				t.Errorf("asked for 8192 with q8_0: %+v, deepest %d, %v", d.Deep, e.deepest, e.args)
			}
			if e.last.Size == o.Header.File.Size {
				t.Error("all blocks were run")
			}
			added := float64(o.Header.cacheValues(d.Deep.Depth)) / cacheRate
			if want := 1e9 / (1e6 + float64(d.ActiveBytes)/20 + added); math.Abs(d.Deep.TokensPerSecond/want-1) > 0.001 {
				t.Errorf("%g tokens per second, not %g", d.Deep.TokensPerSecond, want)
			}
			if want := 1e9 / (2e5 + float64(o.Header.ActiveWeights)/100 + added/2); math.Abs(d.Deep.PromptTokensPerSecond/want-1) > 0.001 {
				t.Errorf("%g prompt tokens per second, not %g", d.Deep.PromptTokensPerSecond, want)
			}
			nothingLeft(t, o)
		})
	}
	t.Run("what reads fast enough is run whole", func(t *testing.T) {
		e, o := options(t, "smollm2-135m", 16e9)
		o.Depth, o.Reading = 1024, time.Minute
		if d, err := Drive(t.Context(), o); err != nil || d.Deep.Depth != 1024 || e.last.Size != o.Header.File.Size {
			t.Errorf("%+v, %d bytes, %v", d.Deep, e.last.Size, err)
		}
	})
	t.Run("a depth that can't be read in time is left out", func(t *testing.T) {
		e, o := options(t, "llama-3.1-70b", 16e9)
		o.Depth, o.Reading = 8192, time.Millisecond
		if d, err := Drive(t.Context(), o); err != nil || d.Deep != (backend.Deep{}) || e.deepest != 0 {
			t.Errorf("%+v, %v", d.Deep, err)
		}
	})
	t.Run("too little memory for anything is a sentence", func(t *testing.T) {
		for _, free := range []int64{0, -1, 1e9} {
			e, o := options(t, "llama-3.1-70b", free)
			_, err := Drive(t.Context(), o)
			if e := backend.Readable(err); e == nil || e.Code != backend.CodeTooBig {
				t.Errorf("%d free: %v", free, err)
			}
			if e.runs != 0 {
				t.Error("it was run")
			}
			nothingLeft(t, o)
		}
	})
	t.Run("cancelling leaves nothing", func(t *testing.T) {
		e, o := options(t, "smollm2-135m", 8e9)
		ctx, cancel := context.WithCancel(t.Context())
		e.onRun = cancel
		_, err := Drive(ctx, o)
		if e := backend.Readable(err); e == nil || e.Code != backend.CodeCancelled {
			t.Errorf("%v", err)
		}
		nothingLeft(t, o)
	})
	for _, program := range []string{"llama-fit-params", "llama-bench"} {
		t.Run("an engine that fails leaves nothing and says why: "+program, func(t *testing.T) {
			e, o := options(t, "smollm2-135m", 8e9)
			e.fail = program
			_, err := Drive(t.Context(), o)
			if e := backend.Readable(err); e == nil || e.Code != backend.CodeModelFailed || !strings.Contains(err.Error(), "wrong shape") {
				t.Errorf("%v", err)
			}
			nothingLeft(t, o)
		})
	}
	t.Run("a panic of the engine's runner leaves nothing", func(t *testing.T) {
		e, o := options(t, "smollm2-135m", 8e9)
		e.onRun = func() { panic("gone") }
		func() {
			defer func() { _ = recover() }()
			_, _ = Drive(t.Context(), o)
		}()
		nothingLeft(t, o)
	})
	for _, c := range []struct {
		requirement string
		others      []float64 // of the four processors, in each run
		runs        int
		disturbed   bool
	}{
		{"a quiet run is not repeated", []float64{0.1}, 1, false},
		{"a disturbed run is repeated until it is quiet", []float64{2, 0.1}, 2, false},
		{"a run that stays disturbed says so", []float64{2, 1, 3}, 3, true},
	} {
		t.Run(c.requirement, func(t *testing.T) {
			t.Parallel()
			e, o := options(t, "smollm2-135m", 8e9)
			run := e.run
			var busy float64
			o.Load = func(context.Context) disturb.Reading {
				return disturb.Reading{Known: true, Cores: 4, BusySeconds: busy}
			}
			o.Run = func(ctx context.Context, name string, args ...string) (Output, error) {
				if name != "llama-bench" {
					return run(ctx, name, args...)
				}
				begin := time.Now()
				time.Sleep(310 * time.Millisecond) // shorter runs say nothing of the others
				out, err := run(ctx, name, args...)
				out.CPUSeconds = 3
				busy += out.CPUSeconds + c.others[e.runs-1]*time.Since(begin).Seconds()
				return out, err
			}
			d, err := Drive(t.Context(), o)
			if err != nil || d.Disturbed != c.disturbed || e.runs != c.runs {
				t.Errorf("%d runs, disturbed %v, %v", e.runs, d.Disturbed, err)
			}
		})
	}
	t.Run("files have the name that Sweep looks for", func(t *testing.T) {
		e, o := options(t, "smollm2-135m", 8e9)
		if _, err := Drive(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		for _, path := range e.existing {
			if ok, _ := filepath.Match(filePrefix+"*"+fileSuffix, filepath.Base(path)); !ok {
				t.Error(path)
			}
		}
	})
}
