package advisor

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// TestPriorAgainstPublishedRuns holds the formula for machines that nobody has run anything on to what others measured.
func TestPriorAgainstPublishedRuns(t *testing.T) {
	text, err := os.ReadFile("testdata/published.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Runs []struct {
			Device, Backend, Model, Source string
			BandwidthGBs                   float64 `json:"bandwidthGBs"`
			Cores, GPUs, Layers            int
			ActiveBytes, Params            int64
			TokensPerSecond                float64
			PromptTokensPerSecond          float64
		} `json:"runs"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var writing, reading []float64
	within := 0
	for _, run := range file.Runs {
		c := Candidate{FileBytes: run.ActiveBytes, Params: run.Params, Layers: run.Layers}
		// A reading test gets about 80% of what a memory can do by its data sheet.
		m := Machine{Cores: run.Cores, RAM: Memory{BandwidthBytesPerSec: int64(run.BandwidthGBs * 0.8 * gb)}}
		v := Verdict{Place: PlaceRAM, GPU: -1}
		for range run.GPUs {
			if run.Backend == "" {
				break
			}
			g := GPU{Backend: run.Backend, TotalBytes: 1 << 40, BandwidthBytesPerSec: int64(run.BandwidthGBs * gb)}
			m.GPUs = append(m.GPUs, g)
			v = Verdict{Place: PlaceGPU, LayersOnGPU: run.Layers, GPUs: run.GPUs}
		}
		s := Prior(&c, &m, v)
		off := s.Generation/run.TokensPerSecond - 1
		writing = append(writing, math.Abs(off))
		if math.Abs(off) <= s.Error {
			within++
		}
		prompt := math.NaN()
		if run.PromptTokensPerSecond > 0 {
			prompt = s.Prompt/run.PromptTokensPerSecond - 1
			reading = append(reading, math.Abs(prompt))
		}
		t.Logf("%-28s %-20s %6.1f t/s, prior %6.1f (%+4.0f%%, ±%2.0f%%); prompt %6.0f, prior %6.0f (%+4.0f%%)",
			run.Device, run.Model, run.TokensPerSecond, s.Generation, off*100, s.Error*100, run.PromptTokensPerSecond, s.Prompt, prompt*100)
	}
	slices.Sort(writing)
	slices.Sort(reading)
	n := len(writing)
	t.Logf("writing: median error %.0f%%, worst %.0f%%, %d of %d runs within the error that is shown; prompt: median %.0f%%, worst %.0f%%",
		writing[n/2]*100, writing[n-1]*100, within, n, reading[len(reading)/2]*100, reading[len(reading)-1]*100)
	if writing[n/2] > 0.15 || within*10 < n*9 || reading[len(reading)/2] > 0.35 {
		t.Error("the prior is further off than it says")
	}
}
