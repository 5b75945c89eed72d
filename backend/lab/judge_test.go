package lab

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
)

// finished makes a comparison of quants of one model: memory in MB, speed, its range, and the share of the same choices.
func finished(rows ...Row) *Comparison {
	c := &Comparison{ID: "c", State: StateDone, Rows: rows, Begun: now(), Conditions: Conditions{Engine: "0.34.4", LlamaCpp: "b10488", Device: "CPU", Threads: 2}}
	c.Rows[0].Reference = true
	c.Reference = c.Rows[0].Rival.Model.Ref
	return c
}

func measured(quant string, memory int64, speed, spread, same, kld float64) Row {
	f := figure([]float64{speed - spread, speed, speed + spread})
	return Row{
		Rival: Rival{Model: backend.Model{Ref: "tiny:" + quant, Name: "Tiny", Quant: quant, Bytes: memory * 1e6}, KV: "f16", Context: 4096},
		State: RowDone, Memory: Memory{Plan: backend.MemoryPlan{TotalBytes: memory * 1e6}},
		Speeds:  []Speed{{Kind: SpeedPrompt, Tokens: 512, Figure: figure([]float64{400})}, {Kind: SpeedGeneration, Tokens: 32, Figure: f}},
		Quality: &Quality{Perplexity: Estimate{8, 0.1}, KLDivergence: Estimate{kld, 0.001}, SameTopToken: Estimate{same, 0.004}},
		Bench:   Bench{Name: "llama 135M Q8_0", Bytes: 100 << 20, Parameters: 134515008, Backend: "CPU", Threads: 2},
	}
}

func TestVerdictSaysWhatTheFiguresSupport(t *testing.T) {
	f16 := func() Row { return measured("F16", 900, 50, 1, 1, 0) }
	for _, c := range []struct {
		name string
		rows []Row
		want string
		use  string
	}{
		{"a smaller, faster one that keeps enough", []Row{f16(), measured("Q4_K_M", 300, 100, 2, 0.96, 0.03)},
			"Q4_K_M keeps 96% of the reference's choices at a third of the memory and twice the speed: use it.", "tiny:Q4_K_M"},
		{"the smallest that keeps enough, not the best", []Row{f16(), measured("Q8_0", 480, 80, 1, 0.98, 0.01), measured("Q4_K_M", 300, 100, 2, 0.93, 0.03), measured("Q2_K", 200, 120, 2, 0.7, 0.4)},
			"Q4_K_M keeps 93% of the reference's choices at a third of the memory and twice the speed: use it.", "tiny:Q4_K_M"},
		{"of two that take the same, the one that keeps more", []Row{f16(), measured("Q5_K_M", 301, 100, 2, 0.95, 0.02), measured("Q4_K_M", 300, 100, 2, 0.93, 0.03)},
			"Q5_K_M keeps 95% of the reference's choices at a third of the memory and twice the speed: use it.", "tiny:Q5_K_M"},
		{"speeds whose ranges overlap are about the same", []Row{measured("F16", 900, 50, 8, 1, 0), measured("Q8_0", 450, 58, 8, 0.97, 0.01)},
			"Q8_0 keeps 97% of the reference's choices at half of the memory and about the same speed: use it.", "tiny:Q8_0"},
		{"a slower one is only for want of memory", []Row{f16(), measured("Q8_0", 450, 40, 1, 0.97, 0.01)},
			"Q8_0 keeps 97% of the reference's choices at half of the memory and 80% of the speed. Use it where memory is short; otherwise stay with F16.", ""},
		{"none that keeps enough", []Row{f16(), measured("Q4_K_M", 300, 100, 2, 0.86, 0.06), measured("Q2_K", 200, 120, 2, 0.66, 0.4)},
			"Nothing compared is both smaller than F16 and good enough. Q4_K_M comes nearest: it keeps 86% of the reference's choices, and 90% is the least. Stay with F16 where it fits.", "tiny:F16"},
		{"one that keeps less and is larger", []Row{measured("Q4_1", 300, 100, 2, 1, 0), measured("Q4_K_M", 310, 90, 2, 0.86, 0.06)},
			"Nothing compared is smaller than Q4_1, so there is nothing to gain from another one: stay with Q4_1.", "tiny:Q4_1"},
		{"the nearest of the smaller ones, not of all", []Row{measured("Q4_1", 300, 100, 2, 1, 0), measured("Q4_K_M", 310, 90, 2, 0.88, 0.06), measured("Q2_K", 200, 120, 2, 0.66, 0.4)},
			"Nothing compared is both smaller than Q4_1 and good enough. Q2_K comes nearest: it keeps 66% of the reference's choices, and 90% is the least. Stay with Q4_1 where it fits.", "tiny:Q4_1"},
		{"the reference alone", []Row{f16()}, "Only the reference was measured, so there is nothing to choose between.", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Judge(finished(c.rows...))
			if v.Sentence != c.want || v.Use != c.use {
				t.Errorf("%q, use %q", v.Sentence, v.Use)
			}
		})
	}
	t.Run("disturbed speeds are not spoken of", func(t *testing.T) {
		c := finished(f16(), measured("Q4_K_M", 300, 100, 2, 0.96, 0.03))
		c.Rows[1].Disturbed = []string{"Other programs took 30% of the processor."}
		if v := Judge(c); !v.Disturbed || strings.Contains(v.Sentence, "speed") || !strings.Contains(strings.Join(v.Notes, " "), "rough") {
			t.Errorf("%+v", v)
		}
	})
	t.Run("a second-hand reference is named", func(t *testing.T) {
		c := finished(f16(), measured("Q4_K_M", 300, 100, 2, 0.96, 0.03))
		c.Rows[0].SecondHand, c.Rows[0].Rival.Model.Parent.Quant = true, "Q4_1"
		if v := Judge(c); !strings.Contains(strings.Join(v.Notes, " "), "made from a quant (Q4_1)") {
			t.Errorf("%+v", v)
		}
	})
	t.Run("a comparison that was not finished has no verdict", func(t *testing.T) {
		c := finished(f16(), measured("Q4_K_M", 300, 100, 2, 0.96, 0.03))
		c.State = StateCancelled
		if v := Judge(c); v.Use != "" || !strings.Contains(v.Sentence, "not finished") {
			t.Errorf("%+v", v)
		}
	})
	t.Run("without quality nothing is said about use", func(t *testing.T) {
		c := finished(f16(), measured("Q4_K_M", 300, 100, 2, 0.96, 0.03))
		c.Rows[0].Quality, c.Rows[1].Quality = nil, nil
		if v := Judge(c); v.Use != "" || !strings.Contains(v.Sentence, "Q4_K_M writes fastest, 100 tokens a second. Quality was not measured") {
			t.Errorf("%+v", v)
		}
	})
	t.Run("a failed row is named", func(t *testing.T) {
		c := finished(f16(), measured("Q4_K_M", 300, 100, 2, 0.96, 0.03))
		c.Rows[1].State, c.Rows[1].Problem = RowFailed, backend.Fail(backend.CodeEngineDied, nil, "The engine was ended.", "")
		v := Judge(c)
		if v.Use != "" || !strings.Contains(strings.Join(v.Notes, " "), "Q4_K_M could not be measured: The engine was ended.") {
			t.Errorf("%+v", v)
		}
	})
	t.Run("nothing at all", func(t *testing.T) {
		if v := Judge(&Comparison{}); v.Sentence == "" || v.Pareto == nil {
			t.Errorf("%+v", v)
		}
	})
}

func TestParetoSetLeavesOutWhatIsBeaten(t *testing.T) {
	c := finished(
		measured("F16", 900, 50, 1, 1, 0),
		measured("Q8_0", 480, 80, 1, 0.98, 0.01),
		measured("Q5_K_M", 500, 70, 1, 0.95, 0.02), // Q8_0 is smaller, faster and better
		measured("Q4_K_M", 300, 100, 2, 0.93, 0.03),
		measured("Q4_0", 310, 101, 2, 0.9, 0.05), // as fast, within 3%, but larger and worse
	)
	if got := pareto(c); !slices.Equal(got, []int{0, 1, 3}) {
		t.Errorf("%v", got)
	}
}

func TestExports(t *testing.T) {
	c := finished(measured("F16", 900, 50, 1, 1, 0), measured("Q4_K_M", 300, 100, 2, 0.96, 0.03))
	c.Verdict = Judge(c)
	t.Run("json reads back", func(t *testing.T) {
		text, err := c.Export(FormatJSON)
		var again Comparison
		if err != nil || json.Unmarshal(text, &again) != nil || again.Rows[1].Quality.SameTopToken.Value != 0.96 {
			t.Errorf("%s, %v", text, err)
		}
	})
	t.Run("csv has a line for each row and as many fields as its header", func(t *testing.T) {
		text, err := c.Export(FormatCSV)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		if err != nil || len(lines) != 3 || lines[2][0] != "tiny:Q4_K_M" || !slices.Contains(lines[0], "tg32_tokens_per_s") || !slices.Contains(lines[2], "0.96") {
			t.Errorf("%v, %v", lines, err)
		}
	})
	t.Run("markdown has a table, with the measured peak and not the plan", func(t *testing.T) {
		c.Rows[1].Memory.PeakBytes = 280e6
		text, err := c.Export(FormatMarkdown)
		if err != nil || !strings.Contains(string(text), "| Q4_K_M | 300 MB | 280 MB | 400 ± 0.00/s | 100 ± 2.00/s |") || !strings.Contains(string(text), "| F16 (reference) |") {
			t.Errorf("%s, %v", text, err)
		}
	})
	t.Run("llama-bench's table", func(t *testing.T) {
		text, err := c.Export(FormatBench)
		want := "| llama 135M Q8_0                | 100.00 MiB |   134.52 M | CPU        |       2 |    f16 |    f16 |            tg32 |        100.00 ± 2.00 |\n"
		if err != nil || !strings.Contains(string(text), want) || !strings.HasSuffix(string(text), "\nbuild: unknown (10488)\n") {
			t.Errorf("%s, %v", text, err)
		}
	})
	if _, err := c.Export("xls"); err == nil {
		t.Error("xls was written")
	}
}

func TestADivergenceBelowTheFloorIsNone(t *testing.T) {
	for value, words := range map[float64]string{0: "none", 0.0000004: "none", KLFloor: "0.0001", 0.0041: "0.0041"} {
		if got := (&Quality{KLDivergence: Estimate{Value: value}}).Divergence(); got != words {
			t.Errorf("%g: %q, want %q", value, got, words)
		}
	}
}
