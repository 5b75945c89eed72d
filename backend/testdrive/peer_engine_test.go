//go:build engine

package testdrive

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/llama"
)

// TestEngineBesideAPeer measures real files with the engine, and prints how far off three forecasts of their generation
// speed are: a drive of a weightless copy, the estimate fitted to three other drives, and a peer that estimates from
// tables. WEIGHTROOM_PEER names its program (llmfit, of the Python package of that name), WEIGHTROOM_PEER_MODELS the
// files and the peer's names for them: FILE=NAME, with spaces between. Without them there is nothing to compare with.
func TestEngineBesideAPeer(t *testing.T) {
	peer, models := os.Getenv("WEIGHTROOM_PEER"), strings.Fields(os.Getenv("WEIGHTROOM_PEER_MODELS"))
	if peer == "" || len(models) == 0 {
		t.Skip("WEIGHTROOM_PEER and WEIGHTROOM_PEER_MODELS are not set")
	}
	run := engineTool(t)
	drive := func(h *Header, id string) backend.Drive {
		d, err := Drive(t.Context(), Options{Run: run, Dir: t.TempDir(), Header: h, Model: id, FreeBytes: freeMemory(t)})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	var fitting []backend.Drive
	for _, m := range [][2]string{{"smollm2-360m", "Q8_0"}, {"qwen3-0.6b", "Q4_K_M"}, {"llama-3.2-1b", "Q4_K_M"}} {
		fitting = append(fitting, drive(planned(t, m[0], m[1]), m[0]))
	}
	speed := NewSpeed(fitting, Bandwidth{}, nil)
	var driven, estimated, peers []float64
	for _, m := range models {
		path, name, _ := strings.Cut(m, "=")
		h, err := FromFile(read(t, path))
		if err != nil {
			t.Fatal(err)
		}
		var real []float64
		var d backend.Drive
		for range 2 {
			real = append(real, quietBench(t, path, BenchOptions{}, 5*time.Second).TokensPerSecond)
			d = drive(h, name)
		}
		truth := llama.Median(real)
		e := speed.Estimate(h.Input())
		var plan struct {
			Paths []struct {
				Path  string  `json:"path"`
				Speed float64 `json:"estimated_tps"`
			} `json:"run_paths"`
		}
		out, err := exec.CommandContext(t.Context(), peer, "--json", "plan", name, "--quant", h.Quant, "--context", "2048").Output()
		theirs := math.NaN()
		if err == nil && json.Unmarshal(out, &plan) == nil {
			for _, p := range plan.Paths {
				if p.Path == "cpu_only" {
					theirs = p.Speed
					peers = append(peers, math.Abs(theirs/truth-1))
				}
			}
		}
		driven, estimated = append(driven, math.Abs(d.TokensPerSecond/truth-1)), append(estimated, math.Abs(e.TokensPerSecond/truth-1))
		t.Logf("%-24s %-7s measured %6.1f  test drive %6.1f (%+.0f%%)  estimated %6.1f ±%.0f%% (%+.0f%%)  peer %6.1f (%+.0f%%)", filepath.Base(path), h.Quant,
			truth, d.TokensPerSecond, 100*(d.TokensPerSecond/truth-1), e.TokensPerSecond, 100*e.Error, 100*(e.TokensPerSecond/truth-1), theirs, 100*(theirs/truth-1))
	}
	report := func(who string, errors []float64) {
		if len(errors) > 0 {
			t.Logf("%-10s median %.0f%%, worst %.0f%% of %d", who, 100*llama.Median(errors), 100*slices.Max(errors), len(errors))
		}
	}
	report("test drive", driven)
	report("estimated", estimated)
	report("peer", peers)
}
