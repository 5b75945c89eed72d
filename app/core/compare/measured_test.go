package compare_test

import (
	"math"
	"testing"

	"weightroom/app/core"
	"weightroom/app/core/compare"
	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
	"weightroom/backend/platform"
)

func TestMeasuredSpeedReachesTheAdvisor(t *testing.T) {
	folders, err := platform.Resolve(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in, err := core.Open(t.Context(), core.OpenOptions{Folders: folders, History: true})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	row := func(quant string, speed float64, disturbed ...string) lab.Row {
		f := lab.Figure{Median: speed, Low: speed * 0.98, High: speed * 1.02}
		deep := func(share float64) lab.Figure { return lab.Figure{Median: share * speed} }
		return lab.Row{
			Rival: lab.Rival{Model: backend.Model{Ref: "smollm2-135m:" + quant, Quant: quant, Bytes: 1e8}, KV: "f16", Context: 4096}, State: lab.RowDone,
			Speeds: []lab.Speed{
				{Kind: lab.SpeedGeneration, Tokens: 32, Figure: f}, {Kind: lab.SpeedPrompt, Tokens: 512, Figure: f},
				{Kind: lab.SpeedGeneration, Tokens: 32, Depth: 512, Figure: deep(0.9)}, {Kind: lab.SpeedGeneration, Tokens: 32, Depth: 2048, Figure: deep(0.8)},
			},
			Disturbed: disturbed,
		}
	}
	failed := row("Q6_K", 90)
	failed.State = lab.RowFailed
	c := &lab.Comparison{Conditions: lab.Conditions{Engine: in.Machine.Build().Ollama, Device: "cpu"}, Rows: []lab.Row{row("Q8_0", 77), row("Q4_K_M", 99, "Other programs took 30% of the processor."), failed}}
	if err := compare.KeepMeasured(t.Context(), in.Lab, c); err != nil {
		t.Fatal(err)
	}
	own := in.Advice.LocalRuns(t.Context(), advisor.Memory{}, "")
	if s, ok := own.Speed("smollm2-135m", "Q8_0"); !ok || s.Generation != 77 || s.Source != backend.SourceMeasured || s.Error < 0.019 {
		t.Errorf("%+v, %v", s, ok)
	} else if s.Deep.Depth != 2048 || math.Abs(s.Deep.Generation/(0.8*77)-1) > 1e-9 {
		t.Errorf("deep in a context: %+v", s.Deep)
	}
	for _, quant := range []string{"Q4_K_M", "Q6_K"} {
		if s, ok := own.Speed("smollm2-135m", quant); ok {
			t.Errorf("%s: a disturbed or failed row counts: %+v", quant, s)
		}
	}
}
