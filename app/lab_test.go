package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
)

// blindTest stores a blind test between two quants of a catalog model, with so many votes for each.
func blindTest(t *testing.T, core *Core, id, model, precise, other string, wins, losses, ties int) {
	t.Helper()
	b := lab.Blind{
		ID: id, Ordered: true, MaxRounds: 40, Ended: true, Begun: time.Now(), Changed: time.Now(),
		Variants: []lab.Variant{{Ref: model + ":" + precise, Name: precise, Quant: precise}, {Ref: model + ":" + other, Name: other, Quant: other}},
	}
	for range wins {
		b.Rounds = append(b.Rounds, lab.Round{Order: []int{0, 1}, Answers: make([]lab.Answer, 2), Vote: &lab.Vote{Best: []int{0}}})
	}
	for range losses {
		b.Rounds = append(b.Rounds, lab.Round{Order: []int{0, 1}, Answers: make([]lab.Answer, 2), Vote: &lab.Vote{Best: []int{1}}})
	}
	for range ties {
		b.Rounds = append(b.Rounds, lab.Round{Order: []int{0, 1}, Answers: make([]lab.Answer, 2), Vote: &lab.Vote{Best: []int{0, 1}}})
	}
	ctx := t.Context()
	var ids []string
	if _, err := core.History.Get(ctx, "lab/blinds", &ids); err != nil {
		t.Fatal(err)
	}
	if err := core.History.Put(ctx, "lab/blind/"+id, b); err != nil {
		t.Fatal(err)
	}
	if err := core.History.Put(ctx, "lab/blinds", append(ids, id)); err != nil {
		t.Fatal(err)
	}
}

// TestBlindTestChangesTheRecommendation goes from stored votes to what the advisor says.
func TestBlindTestChangesTheRecommendation(t *testing.T) {
	const model = "llama-3.2-3b"
	w, _ := open(t)
	core, err := w.Core()
	if err != nil {
		t.Fatal(err)
	}
	if err := core.shelf.load(); err != nil {
		t.Fatal(err)
	}
	profile, ok := FindProfile("macbook-16gb")
	if !ok {
		t.Fatal("no such machine")
	}
	advise := func() (quants []string, best advisor.Recommendation) {
		t.Helper()
		var candidates []advisor.Candidate
		for _, c := range core.shelf.siblings(model) {
			if c.Quant == "Q8_0" || c.Quant == "Q4_K_M" || c.Quant == "Q2_K" {
				candidates = append(candidates, c)
			}
		}
		machine := profile.Machine
		advice, err := advisor.Advise(candidates, &machine, known{findings: core.findings(t.Context())}, advisor.Ask{})
		if err != nil || len(advice.Picks) == 0 {
			t.Fatalf("%+v, %v", advice, err)
		}
		for _, p := range advice.Picks {
			quants = append(quants, p.Quant)
		}
		return quants, advice.Picks[0]
	}
	before, best := advise()
	if best.Quant != "Q4_K_M" || slices.Contains(before, "Q8_0") {
		t.Fatalf("without a blind test the picks are %v", before)
	}
	t.Run("a quant that was noticed no longer beats the one before it", func(t *testing.T) {
		blindTest(t, core, "one", model, "Q8_0", "Q4_K_M", 24, 4, 2)
		picks, _ := advise()
		if !slices.Contains(picks, "Q8_0") {
			t.Errorf("the picks are %v", picks)
		}
	})
	t.Run("a quant that could not be told from a better one comes first, and says why", func(t *testing.T) {
		blindTest(t, core, "two", model, "Q8_0", "Q2_K", 10, 10, 4)
		picks, best := advise()
		if best.Quant != "Q2_K" || !strings.Contains(strings.Join(best.Why, " "), "In your own blind test of 24 rounds you could not tell it from Q8_0.") {
			t.Errorf("the picks are %v; the best says %v", picks, best.Why)
		}
	})
	t.Run("and when the test is removed, all is as before", func(t *testing.T) {
		for _, id := range []string{"one", "two"} {
			if err := core.RemoveBlind(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if again, _ := advise(); fmt.Sprint(again) != fmt.Sprint(before) {
			t.Errorf("the picks are %v, and were %v", again, before)
		}
	})
}

func TestMeasuredSpeedReachesTheAdvisor(t *testing.T) {
	w, _ := open(t)
	core, err := w.Core()
	if err != nil {
		t.Fatal(err)
	}
	row := func(quant string, speed float64, disturbed ...string) lab.Row {
		f := lab.Figure{Median: speed, Low: speed * 0.98, High: speed * 1.02}
		return lab.Row{
			Rival: lab.Rival{Model: backend.Model{Ref: "smollm2-135m:" + quant, Quant: quant, Bytes: 1e8}, KV: "f16", Context: 4096}, State: lab.RowDone,
			Speeds:    []lab.Speed{{Kind: lab.SpeedGeneration, Tokens: 32, Figure: f}, {Kind: lab.SpeedPrompt, Tokens: 512, Figure: f}},
			Disturbed: disturbed,
		}
	}
	failed := row("Q6_K", 90)
	failed.State = lab.RowFailed
	c := &lab.Comparison{Conditions: lab.Conditions{Engine: core.build().Ollama}, Rows: []lab.Row{row("Q8_0", 77), row("Q4_K_M", 99, "Other programs took 30% of the processor."), failed}}
	if err := core.keepMeasured(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	own := known{drives: core.Drives(t.Context()), engine: core.build().Ollama}
	if s, ok := own.Speed("smollm2-135m", "Q8_0"); !ok || s.Generation != 77 || s.Source != backend.SourceMeasured || s.Error < 0.019 {
		t.Errorf("%+v, %v", s, ok)
	}
	for _, quant := range []string{"Q4_K_M", "Q6_K"} {
		if s, ok := own.Speed("smollm2-135m", quant); ok {
			t.Errorf("%s: a disturbed or failed row counts: %+v", quant, s)
		}
	}
}
