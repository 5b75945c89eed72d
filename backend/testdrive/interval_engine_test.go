//go:build engine

package testdrive

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
)

// intervalModels are timed by TestEngineIntervals, beside the starter and quants derived from it: copies without weights of
// small models of many architectures, some of which are most of all vocabulary.
const intervalModels = `gemma-3-270m:Q8_0 gemma-3-270m:Q4_K_M gemma-3-270m:Q4_0 gemma-3-270m:F16 llama-3.2-1b:Q8_0 qwen3-1.7b:Q4_K_M
	gemma-3-1b:Q4_K_M gemma-3-1b:Q8_0 granite-3.3-2b:Q4_K_M small-moe:Q4_K_M small-moe:Q8_0 lfm2-1.2b:Q4_K_M granite-4.0-350m:Q8_0
	qwen2.5-0.5b:Q4_K_M tinyllama-1.1b:Q4_K_M phi-4-mini:Q4_K_M`

// Where others had more of a processor than quietShare while a model was timed, or its own runs were further apart than
// steady, it says nothing: it is timed again, up to quietTries times.
const (
	quietShare = 0.1
	steady     = 0.1
	quietTries = 3
)

// TestEngineIntervals has the engine time the fitting models and many others, and prints for each what was said of it before
// and what it was. Nine of ten must be within what was said; that is asserted only where every model was timed on a quiet
// machine, by the processor time of other programs and by how far its own runs are apart, and else skipped. WEIGHTROOM_INTERVALS
// names other models of the catalog, as id:quant; WEIGHTROOM_RECORD a file to write the rows to, in the form of
// testdata/speeds.json. TestIntervalsHold asserts the same of the rows that are kept there, on any machine.
func TestEngineIntervals(t *testing.T) {
	rows := blueprints(t)
	rows["small-moe"] = smallMoE(rows["qwen3-30b-a3b"])
	var all []speedRow
	noisy := 0
	add := func(h *Header, path, model string, weights bool) {
		row, quiet := timeRow(t, h, path)
		row.Model, row.Weights = model, weights
		if all = append(all, row); !quiet {
			noisy++
		}
	}
	begin := time.Now()
	for _, ref := range append(fittingRefs(), strings.Fields(cmp.Or(os.Getenv("WEIGHTROOM_INTERVALS"), intervalModels))...) {
		id, quant, _ := strings.Cut(ref, ":")
		h, err := Plan(rows[id], quant)
		if err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		path := filepath.Join(t.TempDir(), filePrefix+"x"+fileSuffix)
		if _, err := Write(path, h, 0); err != nil {
			t.Fatal(err)
		}
		add(h, path, id, false)
		_ = os.Remove(path)
	}
	for _, path := range derivedFiles(t, "Q8_0", "Q4_K_M", "Q4_0", "Q6_K", "F16") {
		h, err := FromFile(read(t, path))
		if err != nil {
			t.Fatal(err)
		}
		add(h, path, "smollm2-135m", true)
	}
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("%d models in %.0f s on %d processors, load %s; %d of them on a machine that was not quiet", len(all), time.Since(begin).Seconds(), runtime.NumCPU(), strings.TrimSpace(string(load)), noisy)
	bandwidth, _ := strconv.ParseFloat(cmp.Or(os.Getenv("WEIGHTROOM_BANDWIDTH"), "30e9"), 64)
	written, read := intervals(t, all, bandwidth)
	record(t, all, bandwidth)
	switch {
	case noisy > 0:
		t.Skipf("%d models were timed beside other programs, so their speeds say nothing", noisy)
	case written < 0.9 || read < 0.9:
		t.Errorf("%.0f%% of what was written and %.0f%% of what was read", 100*written, 100*read)
	}
}

func fittingRefs() (refs []string) {
	for _, m := range fittingModels {
		refs = append(refs, m[0]+":"+m[1])
	}
	return refs
}

// smallMoE is a mixture of experts small enough to be timed in seconds.
func smallMoE(like backend.Blueprint) backend.Blueprint {
	bp := backend.Blueprint{Architecture: like.Architecture, Hyper: maps.Clone(like.Hyper)}
	maps.Copy(bp.Hyper, map[string]any{"L": 16, "D": 1024, "H": 16, "NE": 32, "NU": 4, "EF": 768, "F": 3072})
	return bp
}

// timeRow times a file until others leave it alone, and says whether they did.
func timeRow(t *testing.T, h *Header, path string) (best speedRow, quiet bool) {
	t.Helper()
	best.Others = 9
	for range quietTries {
		var own time.Duration
		run := meteredTool(t, func(d time.Duration) { own = d })
		before, at := busy(), time.Now()
		timing, err := Bench(t.Context(), run, path, BenchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if others := (busy() - before - own).Seconds() / time.Since(at).Seconds(); others < best.Others {
			best = speedRow{
				Quant: h.Quant, Bytes: h.Bytes, ActiveBytes: h.ActiveBytes, Layers: h.Layers(), Parts: h.Parts,
				TokensPerSecond: timing.TokensPerSecond, PromptTokensPerSecond: timing.PromptTokensPerSecond, Spread: timing.Spread, Others: max(0, others),
			}
		}
		if best.Others < quietShare && best.Spread < steady {
			return best, true
		}
	}
	return best, false
}

func record(t *testing.T, rows []speedRow, bandwidth float64) {
	path := os.Getenv("WEIGHTROOM_RECORD")
	if path == "" {
		return
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = string(data)
	}
	text := fmt.Sprintf("{\"bandwidth\": %.0f, \"rows\": [\n%s\n]}\n", bandwidth, strings.Join(lines, ",\n"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
