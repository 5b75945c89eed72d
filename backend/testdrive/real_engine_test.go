//go:build engine

package testdrive

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/backend/llama"
)

// starter is the real model that the checkout has.
func starter(t testing.TB) string {
	path := filepath.Join("..", "..", "build", "share", "weightroom", "SmolLM2-135M-Instruct.Q4_1.gguf")
	if p := os.Getenv("WEIGHTROOM_STARTER"); p != "" {
		path = p
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("no starter model: run make starter (%v)", err)
	}
	return path
}

// TestEngineDriveAgainstRealWeights runs real files and weightless copies of their headers in turns, and prints the
// difference of the medians of their speeds: the starter and quants derived from it. WEIGHTROOM_MODELS names further files, with ":"
// between them.
func TestEngineDriveAgainstRealWeights(t *testing.T) {
	files := derivedFiles(t, "Q8_0", "Q4_K_M", "Q4_0", "Q6_K", "F16")
	rounds, patience := 3, 20*time.Second
	if os.Getenv("WEIGHTROOM_SLOW") != "" {
		rounds, patience = 7, 2*time.Minute
	}
	var prompts, generations []float64
	for _, real := range files {
		h, err := FromFile(read(t, real))
		if err != nil {
			t.Fatal(err)
		}
		weightless := filepath.Join(t.TempDir(), filePrefix+"x"+fileSuffix)
		disk, err := Write(weightless, h, 0)
		if err != nil {
			t.Fatal(err)
		}
		var speeds [4][]float64
		for range rounds {
			for i, path := range []string{real, weightless} {
				timing := quietBench(t, path, BenchOptions{Prompt: 128, Generate: 32, Repeats: 3}, patience)
				speeds[2*i] = append(speeds[2*i], timing.PromptTokensPerSecond)
				speeds[2*i+1] = append(speeds[2*i+1], timing.TokensPerSecond)
			}
		}
		_ = os.Remove(weightless)
		pp, tg := llama.Median(speeds[2])/llama.Median(speeds[0])-1, llama.Median(speeds[3])/llama.Median(speeds[1])-1
		prompts, generations = append(prompts, math.Abs(pp)), append(generations, math.Abs(tg))
		t.Logf("%-8s real %6.1f / %6.1f  weightless %6.1f / %6.1f  prompt %+5.1f%%  generation %+5.1f%%  disk %d", h.Quant,
			llama.Median(speeds[0]), llama.Median(speeds[1]), llama.Median(speeds[2]), llama.Median(speeds[3]), 100*pp, 100*tg, disk)
	}
	t.Logf("prompt: median %.1f%%, worst %.1f%%; generation: median %.1f%%, worst %.1f%%",
		100*llama.Median(prompts), 100*slices.Max(prompts), 100*llama.Median(generations), 100*slices.Max(generations))
	if m := llama.Median(append(prompts, generations...)); m > 0.10 {
		t.Errorf("median error %.1f%%", 100*m)
	}
}

// TestEngineDriveOfLargeModel drives an 8B at 4 bits: 30 seconds, 1 MB of disk.
func TestEngineDriveOfLargeModel(t *testing.T) {
	d, err := Drive(t.Context(), Options{Run: engineTool(t), Dir: t.TempDir(), Header: planned(t, "llama-3.1-8b", "Q4_K_M"), Model: "llama-3.1-8b", FreeBytes: freeMemory(t),
		Progress: func(p Progress) { t.Logf("%3.0f%% %s %d", 100*p.Done, p.Stage, p.Layers) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", d)
	if d.DiskBytes > 1e6 || d.Seconds > 60 {
		t.Errorf("%.1f seconds, %d bytes of disk", d.Seconds, d.DiskBytes)
	}
}

// TestEngineDriveOfParts compares a model that is run whole with the line drawn from two depths of it.
func TestEngineDriveOfParts(t *testing.T) {
	for _, id := range []string{"llama-3.2-1b", "qwen3.5-2b", "lfm2-8b-a1b"} {
		o := Options{Run: engineTool(t), Dir: t.TempDir(), Header: planned(t, id, "Q4_K_M"), Model: id, FreeBytes: freeMemory(t)}
		whole, err := Drive(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		o.FreeBytes = int64(float64(o.Header.Bytes) * 0.75 / memoryShare)
		part, err := Drive(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-14s whole %6.1f / %5.1f (±%.0f%%) in %.0f s, parts %6.1f / %5.1f: %+.1f%% / %+.1f%%; partial %v, disk %d", id,
			whole.PromptTokensPerSecond, whole.TokensPerSecond, 100*whole.Spread, whole.Seconds, part.PromptTokensPerSecond, part.TokensPerSecond,
			100*(part.PromptTokensPerSecond/whole.PromptTokensPerSecond-1), 100*(part.TokensPerSecond/whole.TokensPerSecond-1), part.Partial, whole.DiskBytes)
	}
}

// freeMemory reads MemAvailable.
func freeMemory(t testing.TB) int64 {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Skip("no /proc/meminfo")
	}
	var kb int64
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			for _, c := range rest {
				if c >= '0' && c <= '9' {
					kb = kb*10 + int64(c-'0')
				}
			}
		}
	}
	return kb << 10
}

// TestEngineTypeCosts times one 1B model at a quant of each class and prints what unpacking it costs beside Q8_0: the
// figures of classes.
func TestEngineTypeCosts(t *testing.T) {
	if os.Getenv("WEIGHTROOM_SLOW") == "" {
		t.Skip("WEIGHTROOM_SLOW is not set")
	}
	o, err := NewOutline(blueprints(t)["llama-3.2-1b"])
	if err != nil {
		t.Fatal(err)
	}
	var base, work float64
	for _, quant := range []string{"Q8_0", "F16", "BF16", "Q6_K", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "Q3_K_M", "IQ3_S", "Q2_K", "IQ2_XS", "TQ2_0", "IQ1_S"} {
		h, err := o.Plan(quant, false)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), filePrefix+"x"+fileSuffix)
		if _, err := Write(path, h, 0); err != nil {
			t.Fatal(err)
		}
		timing := quietBench(t, path, BenchOptions{}, 2*time.Minute)
		_ = os.Remove(path)
		cost := 1 / timing.TokensPerSecond / float64(h.ActiveBytes)
		arithmetic := 1 / timing.PromptTokensPerSecond / float64(h.ActiveWeights)
		if quant == "Q8_0" {
			base, work = cost, arithmetic
		}
		t.Logf("%-8s %6.1f / %5.1f tokens per second, cost %.2f, work %.2f (±%.0f%%), bits %.2f", quant, timing.PromptTokensPerSecond, timing.TokensPerSecond, cost/base, arithmetic/work, 100*timing.Spread, 8*float64(h.ActiveBytes)/float64(h.ActiveWeights))
	}
}
