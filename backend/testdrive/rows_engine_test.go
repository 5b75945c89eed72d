//go:build engine

package testdrive

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"weightroom/backend/llama"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// TestEngineAcceptsEveryRow writes each model of the catalog as a weightless file and asks the engine for its memory
// plan. Every twelfth model by default, all with WEIGHTROOM_SLOW=1.
func TestEngineAcceptsEveryRow(t *testing.T) {
	run := engineTool(t)
	rows := blueprints(t)
	every := 12
	if os.Getenv("WEIGHTROOM_SLOW") != "" {
		every = 1
	}
	accepted, refused, most := 0, 0, int64(0)
	for i, id := range sortedKeys(rows) {
		if i%every != 0 {
			continue
		}
		h, err := Plan(rows[id], "Q4_K_M")
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		path := filepath.Join(t.TempDir(), filePrefix+"row"+fileSuffix)
		disk, err := Write(path, h, 0)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		most = max(most, disk)
		a, err := Fit(t.Context(), run, path, FitOptions{Context: 4096})
		_ = os.Remove(path)
		if err != nil {
			refused++
			t.Errorf("%s (%s) refused: %v", id, h.Architecture(), err)
			continue
		}
		accepted++
		if ratio := float64(a.WeightsBytes) / float64(h.Bytes); ratio < 0.97 || ratio > 1.35 {
			t.Logf("%s: the engine holds %.2f of the file's bytes (%d MiB of %d)", id, ratio, a.WeightsBytes>>20, h.Bytes>>20)
		}
	}
	t.Logf("%d rows: %d accepted, %d refused; most disk space %d bytes", accepted+refused, accepted, refused, most)
}

// TestEngineQuantizesAsPlanned compares the type of every tensor with what llama-quantize would choose for it
// (--dry-run on a weightless F16 file): every twelfth model, at every quant; all with WEIGHTROOM_SLOW=1. Phi, GPT-NeoX
// and Gemma 3n are left out: see mixer.fused and mixer.wideTable.
func TestEngineQuantizesAsPlanned(t *testing.T) {
	run := engineTool(t)
	line := regexp.MustCompile(`(?m)^\[ *\d+/ *\d+\] +(\S+) +- \[.*?\], type = +(\S+), (?:size = .*?MiB(?: -> .*?\((\S+)\))?)?`)
	tensors, models := 0, 0
	rows := blueprints(t)
	for i, id := range sortedKeys(rows) {
		bp := rows[id]
		if i%12 != 0 && os.Getenv("WEIGHTROOM_SLOW") == "" || slices.Contains([]string{"phi3", "gptneox", "gemma3n"}, bp.Architecture) {
			continue
		}
		o, err := NewOutline(bp)
		if err != nil {
			t.Fatal(err)
		}
		source, err := o.Plan("F16", false)
		if err != nil {
			t.Fatal(err)
		}
		experts, _ := source.File.Experts()
		path := filepath.Join(t.TempDir(), "source.gguf")
		header, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(source.File.WriteHeader(header), header.Truncate(source.File.Size), header.Close()); err != nil {
			t.Fatal(err)
		}
		models++
		for _, q := range quants {
			if q.name == "MXFP4_MOE" && experts == 0 || q.name == "F32" || q.name == "BF16" { // those two are converted, not quantized
				continue
			}
			plan, err := o.plan(q, false)
			if err != nil {
				t.Fatal(err)
			}
			out, err := run(t.Context(), "llama-quantize", "--dry-run", path, q.name)
			if err != nil {
				t.Errorf("%s %s: %v: %s", id, q.name, err, llama.LastWords(string(out.Stderr)))
				continue
			}
			chosen := map[string]string{}
			for _, m := range line.FindAllStringSubmatch(string(out.Stdout)+string(out.Stderr), -1) {
				chosen[m[1]] = m[2]
				if m[3] != "" {
					chosen[m[1]] = m[3]
				}
			}
			if len(chosen) != len(plan.File.Tensors) {
				t.Errorf("%s %s: %d tensors planned, %d quantized", id, q.name, len(plan.File.Tensors), len(chosen))
				continue
			}
			wrong := 0
			for _, tensor := range plan.File.Tensors {
				tensors++
				if got := strings.ToUpper(chosen[tensor.Name]); got != tensor.Type.String() {
					if wrong++; wrong == 1 {
						t.Errorf("%s %s: %s %v is planned as %s and quantized as %s", id, q.name, tensor.Name, tensor.Shape, tensor.Type, got)
					}
				}
			}
		}
		_ = os.Remove(path)
	}
	t.Logf("%d models, %d tensors", models, tensors)
}
