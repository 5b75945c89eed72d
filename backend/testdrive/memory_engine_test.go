//go:build engine

package testdrive

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weightroom/backend/llama"
)

// derivedFiles makes quants of the starter, and adds the files that WEIGHTROOM_MODELS names, with ":" between them.
func derivedFiles(t testing.TB, quants ...string) []string {
	t.Helper()
	run := engineTool(t)
	files := []string{starter(t)}
	for _, q := range quants {
		path := filepath.Join(t.TempDir(), q+".gguf")
		if out, err := run(t.Context(), "llama-quantize", "--allow-requantize", starter(t), path, q); err != nil {
			t.Fatalf("%v: %s", err, llama.LastWords(string(out.Stderr)))
		}
		files = append(files, path)
	}
	if more := os.Getenv("WEIGHTROOM_MODELS"); more != "" {
		files = append(files, strings.Split(more, ":")...)
	}
	return files
}

var bufferLine = regexp.MustCompile(`(?m)^\S+: +\S+ (?:\S+ )?buffer size = +([\d.]+) MiB`)

// TestEnginePlanAgainstAllocation compares the plan for a weightless copy with what the engine allocates for the real
// file (the buffers that its log names) and with the resident memory that it reaches when the context is filled.
// WEIGHTROOM_SLOW=1 tries twelve cases and more.
func TestEnginePlanAgainstAllocation(t *testing.T) {
	type use struct {
		context int
		kv      string
	}
	files, uses := derivedFiles(t), []use{{2048, "f16"}}
	if os.Getenv("WEIGHTROOM_SLOW") != "" {
		files, uses = derivedFiles(t, "Q8_0", "Q4_K_M", "F16"), []use{{2048, "f16"}, {8192, "f16"}, {4096, "q8_0"}}
	}
	var allocations, peaks []float64
	for _, real := range files {
		for _, u := range uses {
			t.Run(fmt.Sprintf("%s %d %s", filepath.Base(real), u.context, u.kv), func(t *testing.T) {
				allocation, peak := planAgainst(t, real, u.context, u.kv)
				allocations, peaks = append(allocations, math.Abs(allocation)), append(peaks, math.Abs(peak))
			})
		}
	}
	if len(peaks) == 0 {
		return // none of the cases was asked for
	}
	t.Logf("%d cases; against the allocation: worst %.1f%%; against resident memory: worst %.1f%%", len(peaks), 100*slices.Max(allocations), 100*slices.Max(peaks))
	if slices.Max(allocations) > 0.03 || slices.Max(peaks) > 0.10 {
		t.Error("the plan is further off than 3% of the allocation or 10% of the resident memory")
	}
}

// planAgainst returns by which share the plan differs from what is allocated, and what should be resident
// from the peak that is.
func planAgainst(t *testing.T, real string, context int, kv string) (allocation, peak float64) {
	run := engineTool(t)
	h, err := FromFile(read(t, real))
	if err != nil {
		t.Fatal(err)
	}
	weightless := filepath.Join(t.TempDir(), filePrefix+"m"+fileSuffix)
	if _, err := Write(weightless, h, 0); err != nil {
		t.Fatal(err)
	}
	plan, err := Fit(t.Context(), run, weightless, FitOptions{Context: context, KVType: kv})
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-m", real, "-p", strconv.Itoa(context), "-n", "0", "-r", "1", "--no-warmup", "-lm", "none", "-v", "-o", "json"}
	if kv != "f16" {
		args = append(args, "-ctk", kv, "-ctv", kv, "-fa", "on")
	}
	out, err := run(t.Context(), "llama-bench", args...)
	if err != nil {
		t.Fatalf("%v: %s", err, llama.LastWords(string(out.Stderr)))
	}
	var allocated float64
	for _, m := range bufferLine.FindAllStringSubmatch(string(out.Stderr), -1) {
		n, _ := strconv.ParseFloat(m[1], 64)
		allocated += n * mib
	}
	allocation = float64(plan.TotalBytes)/allocated - 1
	expected := resident(plan, int64(h.archInt("vocab_size")))
	peak = float64(expected)/float64(out.PeakBytes) - 1
	t.Logf("plan %d MiB, allocated %.0f MiB: %+.1f%%; resident %d MiB, expected %d MiB: %+.1f%% (the plan itself %+.1f%%)", plan.TotalBytes/mib, allocated/mib, 100*allocation,
		out.PeakBytes/mib, expected/mib, 100*peak, 100*(float64(plan.TotalBytes)/float64(out.PeakBytes)-1))
	return allocation, peak
}

// resident is what a plan becomes in memory. The engine reserves room for the logits of a whole microbatch of 512 tokens
// (a 32-bit number for each word of the vocabulary) and writes those of one; beside its buffers it holds itself (33 MiB)
// and the vocabulary (about 170 bytes a word), both measured on two vocabularies.
func resident(plan llama.Allocation, vocabulary int64) int64 {
	return plan.TotalBytes - min(plan.ComputeBytes, 511*vocabulary*4) + 33<<20 + 170*vocabulary
}
