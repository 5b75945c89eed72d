package testdrive

import (
	"cmp"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"weightroom/backend"
)

// speedRow is a model that the real engine was timed with, as testdata/speeds.json has them.
type speedRow struct {
	Model                 string       `json:"model"`
	Quant                 string       `json:"quant"`
	Weights               bool         `json:"weights"` // real ones; false: a copy without
	Bytes                 int64        `json:"bytes"`
	ActiveBytes           int64        `json:"activeBytes"`
	Layers                int          `json:"layers"`
	Parts                 []Part       `json:"parts"`
	TokensPerSecond       float64      `json:"tokensPerSecond"`
	PromptTokensPerSecond float64      `json:"promptTokensPerSecond"`
	Spread                float64      `json:"spread"`
	Others                float64      `json:"others"` // processors that other programs had meanwhile
	Deep                  backend.Deep `json:"deep"`
}

func (r speedRow) input() SpeedInput {
	return SpeedInput{Quant: r.Quant, Bytes: r.Bytes, ActiveBytes: r.ActiveBytes, Layers: r.Layers, Parts: r.Parts}
}

func (r speedRow) drive() backend.Drive {
	return backend.Drive{
		Model: r.Model, Quant: r.Quant, Bytes: r.Bytes, ActiveBytes: r.ActiveBytes, Layers: r.Layers, Spread: r.Spread,
		TokensPerSecond: r.TokensPerSecond, PromptTokensPerSecond: r.PromptTokensPerSecond,
	}
}

// fittingModels are those whose drives fit the estimates of a machine.
var fittingModels = [][2]string{{"smollm2-360m", "Q8_0"}, {"qwen3-0.6b", "Q4_K_M"}, {"llama-3.2-1b", "Q4_K_M"}}

// intervals prints what the drives of the fitting models say of each other row before it was run, and what it was, and
// returns the shares of speeds that lie within what was said.
func intervals(t *testing.T, rows []speedRow, bandwidth float64) (written, read float64) {
	t.Helper()
	fits := func(r speedRow) bool { return slices.Contains(fittingModels, [2]string{r.Model, r.Quant}) }
	var drives []backend.Drive
	for _, r := range rows {
		if fits(r) {
			drives = append(drives, r.drive())
		}
	}
	s := NewSpeed(drives, Bandwidth{BytesPerSecond: bandwidth}, func(d backend.Drive) []Part {
		i := slices.IndexFunc(rows, func(r speedRow) bool { return r.Model == d.Model && r.Quant == d.Quant && r.Bytes == d.Bytes })
		return rows[i].Parts
	})
	var n float64
	in := func(off, err float64) string {
		if math.Abs(math.Log1p(off)) <= math.Log1p(err) {
			return "in"
		}
		return "OUT"
	}
	for _, r := range rows {
		if fits(r) {
			continue
		}
		e := s.Estimate(r.input())
		off, promptOff := e.TokensPerSecond/r.TokensPerSecond-1, e.PromptTokensPerSecond/r.PromptTokensPerSecond-1
		a, b := in(off, e.Error), in(promptOff, e.PromptError)
		n++
		if a == "in" {
			written++
		}
		if b == "in" {
			read++
		}
		t.Logf("%-18s %-7s writes %6.1f, estimated %6.1f ±%3.0f%%: %+4.0f%% %-3s  reads %6.1f, estimated %6.1f ±%3.0f%%: %+4.0f%% %s", cmp.Or(r.Model, "?"), r.Quant,
			r.TokensPerSecond, e.TokensPerSecond, 100*e.Error, 100*off, a, r.PromptTokensPerSecond, e.PromptTokensPerSecond, 100*e.PromptError, 100*promptOff, b)
	}
	t.Logf("within what was said: %.0f of %.0f written, %.0f of %.0f read", written, n, read, n)
	return written / n, read / n
}

// TestIntervalsHold holds that nine of ten models that a quiet machine measured are as fast as was said before.
func TestIntervalsHold(t *testing.T) {
	data, err := os.ReadFile("testdata/speeds.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Bandwidth float64    `json:"bandwidth"`
		Rows      []speedRow `json:"rows"`
	}
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	written, read := intervals(t, recorded.Rows, recorded.Bandwidth)
	if written < 0.9 || read < 0.9 {
		t.Errorf("%.0f%% of what was written and %.0f%% of what was read", 100*written, 100*read)
	}
}
