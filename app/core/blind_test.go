package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/app/core/advice"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
)

// blindTest stores a blind test between two quants of a catalog model, with so many votes for each.
func blindTest(t *testing.T, c *Core, id, model, precise, other string, wins, losses, ties int) {
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
	if _, err := c.History.Get(ctx, "lab/blinds", &ids); err != nil {
		t.Fatal(err)
	}
	if err := c.History.Put(ctx, "lab/blind/"+id, b); err != nil {
		t.Fatal(err)
	}
	if err := c.History.Put(ctx, "lab/blinds", append(ids, id)); err != nil {
		t.Fatal(err)
	}
}

// TestBlindTestChangesTheRecommendation goes from stored votes to what the advisor says.
func TestBlindTestChangesTheRecommendation(t *testing.T) {
	const model = "llama-3.2-3b"
	c := open(t)
	all, err := c.Advice.Candidates(model)
	if err != nil {
		t.Fatal(err)
	}
	profile, ok := advice.FindProfile("macbook-16gb")
	if !ok {
		t.Fatal("no such machine")
	}
	advise := func() (quants []string, best advisor.Recommendation) {
		t.Helper()
		var candidates []advisor.Candidate
		for _, one := range all {
			if one.Quant == "Q8_0" || one.Quant == "Q4_K_M" || one.Quant == "Q2_K" {
				candidates = append(candidates, one)
			}
		}
		machine := profile.Machine
		answer, err := advisor.Advise(candidates, &machine, c.Advice.LocalRuns(t.Context(), advisor.Memory{}, ""), advisor.Ask{})
		if err != nil || len(answer.Picks) == 0 {
			t.Fatalf("%+v, %v", answer, err)
		}
		for _, p := range answer.Picks {
			quants = append(quants, p.Quant)
		}
		return quants, answer.Picks[0]
	}
	before, best := advise()
	if best.Quant != "Q4_K_M" || slices.Contains(before, "Q8_0") {
		t.Fatalf("without a blind test the picks are %v", before)
	}
	t.Run("a quant that was noticed no longer beats the one before it", func(t *testing.T) {
		blindTest(t, c, "one", model, "Q8_0", "Q4_K_M", 24, 4, 2)
		picks, _ := advise()
		if !slices.Contains(picks, "Q8_0") {
			t.Errorf("the picks are %v", picks)
		}
	})
	t.Run("a quant that could not be told from a better one comes first, and says why", func(t *testing.T) {
		blindTest(t, c, "two", model, "Q8_0", "Q2_K", 10, 10, 4)
		picks, best := advise()
		if best.Quant != "Q2_K" || !strings.Contains(strings.Join(best.Why, " "), "In your own blind test of 24 rounds you could not tell it from Q8_0.") {
			t.Errorf("the picks are %v; the best says %v", picks, best.Why)
		}
	})
	t.Run("and when the test is removed, all is as before", func(t *testing.T) {
		for _, id := range []string{"one", "two"} {
			if err := c.Lab.RemoveBlind(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if again, _ := advise(); fmt.Sprint(again) != fmt.Sprint(before) {
			t.Errorf("the picks are %v, and were %v", again, before)
		}
	})
}
