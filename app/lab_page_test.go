package app

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/lab"
)

func blindOf(variants int, seed int64) lab.Blind {
	names := []string{"F16", "Q8_0", "Q4_K_M", "Q2_K"}
	b := lab.Blind{ID: "b", Begun: time.Unix(1, 0), Ordered: true, Use: "chat", MaxRounds: 40, MaxTokens: 300, Seed: seed, Rounds: []lab.Round{}, Own: []string{}}
	for _, q := range names[:variants] {
		b.Variants = append(b.Variants, lab.Variant{Ref: "m:" + q, Name: q, Quant: q, Bits: 4})
	}
	return b
}

// roundOf is a round whose places show texts in the order given, with figures that differ for each variant.
func roundOf(number int, order []int, texts []string) lab.Round {
	r := lab.Round{Number: number, Prompt: "Why?", Use: "chat", Seed: 7, Order: order}
	for place, v := range order {
		r.Answers = append(r.Answers, lab.Answer{
			Text: texts[place], Thinking: strings.Repeat("hm ", v),
			Metrics: backend.Metrics{Tokens: 10 * (v + 1), TokensPerSecond: float64(v + 1), TimeToFirstTokenSeconds: float64(v)},
		})
	}
	return r
}

// TestBlindTestTellsNothingBeforeItsEnd turns the hidden order of the round in hand round and looks for any difference
// in what crosses to the page.
func TestBlindTestTellsNothingBeforeItsEnd(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for trial := range 300 {
		n := 2 + random.IntN(3)
		b := blindOf(n, random.Int64N(1000))
		texts := []string{"An answer.", "Another one.", "A third.", "And a fourth."}[:n]
		for number := 1; number <= random.IntN(6); number++ {
			past := roundOf(number, random.Perm(n), texts)
			past.Vote = &lab.Vote{Best: []int{random.IntN(n)}}
			b.Rounds = append(b.Rounds, past)
		}
		one, other := b, b
		one.Rounds = append(slices.Clone(b.Rounds), roundOf(len(b.Rounds)+1, random.Perm(n), texts))
		other.Rounds = append(slices.Clone(b.Rounds), roundOf(len(b.Rounds)+1, random.Perm(n), texts))
		a, z := blindPage(&one, true), blindPage(&other, true)
		if a.State != "open" {
			continue
		}
		if !reflect.DeepEqual(a, z) {
			t.Fatalf("trial %d: the order can be told:\n%+v\n%+v", trial, a, z)
		}
		if len(a.Answers) != n || a.Round != len(b.Rounds)+1 || a.Pace <= 0 {
			t.Fatalf("trial %d: no round in hand: %+v", trial, a)
		}
		a.Variants = nil
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range b.Variants {
			if strings.Contains(string(text), v.Quant) {
				t.Fatalf("trial %d: %s is named in %s", trial, v.Quant, text)
			}
		}
	}
}

func TestBlindTestTellsEverythingAfterItsEnd(t *testing.T) {
	b := blindOf(2, 3)
	for number, best := range [][]int{{0}, {1}, {0, 1}, {0}} {
		r := roundOf(number+1, []int{number % 2, 1 - number%2}, []string{"a", "b"})
		r.Vote = &lab.Vote{Best: best}
		b.Rounds = append(b.Rounds, r)
	}
	b.Ended = true
	page := blindPage(&b, true)
	// Places 0, 1, tie, 0 in the orders 0-1, 1-0, 0-1, 1-0: the first variant won rounds 1 and 2, the second round 4.
	if page.State != "ended" || page.Ties != 1 || page.Tallies[0].Wins != 2 || page.Tallies[1].Wins != 1 {
		t.Errorf("%+v", page)
	}
	if len(page.Votes) != 4 || page.Votes[1].Choice != 1 || page.Votes[2].Choice != -1 || !slices.Equal(page.Votes[1].Order, []string{"m:Q8_0", "m:F16"}) {
		t.Errorf("%+v", page.Votes)
	}
	if page.Verdict == "" || page.Winner != "" || len(page.Answers) != 0 || len(page.Evidence) != 4 {
		t.Errorf("%+v", page)
	}
	if last := page.Evidence[3]; last.Low > last.Share || last.Share > last.High || last.Share < 0.66 || last.Share > 0.67 {
		t.Errorf("%+v", last)
	}
}

func TestOwnPromptIsAskedBeforeBuiltInOnes(t *testing.T) {
	b := blindOf(2, 4)
	mine := roundOf(2, []int{0, 1}, []string{"c", "d"})
	mine.Use, mine.Prompt = "own", "Mine?"
	b.Rounds = []lab.Round{roundOf(1, []int{1, 0}, []string{"a", "b"}), mine}
	if page := blindPage(&b, true); page.Prompt != "Mine?" || page.Round != 2 {
		t.Errorf("%+v", page)
	}
}

// compared is a comparison of three rows, the second of which was measured.
func compared() lab.Comparison {
	row := func(quant, kv string, state lab.RowState) lab.Row {
		return lab.Row{Rival: lab.Rival{Model: backend.Model{Ref: "m:" + quant, Name: "M", Quant: quant, Bytes: 100}, KV: kv, Context: 4096}, State: state}
	}
	c := lab.Comparison{
		ID: "c", Begun: time.Unix(9, 0), State: lab.StateRunning, Reference: "m:F16", Settings: lab.Settings{Rounds: 3},
		Conditions: lab.Conditions{Engine: "0.34.4", LlamaCpp: "b1", Device: "A chip", Threads: 2},
		Rows:       []lab.Row{row("F16", "f16", lab.RowDone), row("Q4_K_M", "f16", lab.RowDone), row("Q2_K", "f16", lab.RowWaiting)},
	}
	c.Rows[0].Reference = true
	for i := range 2 {
		c.Rows[i].Quality = &lab.Quality{Perplexity: lab.Estimate{Value: 9, Error: 0.1}, KLDivergence: lab.Estimate{Value: 0.05, Error: 0.001}, SameTopToken: lab.Estimate{Value: 0.9, Error: 0.01}}
		c.Rows[i].Speeds = []lab.Speed{
			{Kind: lab.SpeedGeneration, Tokens: 32, Depth: 512, Figure: lab.Figure{Median: 9, Low: 8, High: 10, Samples: []float64{9}}},
			{Kind: lab.SpeedGeneration, Tokens: 32, Depth: 0, Figure: lab.Figure{Median: 10, Low: 9.5, High: 10.5, Samples: []float64{10}}},
			{Kind: lab.SpeedPrompt, Tokens: 128, Figure: lab.Figure{Median: 100, Low: 95, High: 105, Samples: []float64{100}}},
		}
	}
	return c
}

func TestComparisonCrossesWithWhatIsKnownAndNothingMadeUp(t *testing.T) {
	c := compared()
	page := labComparison(&c)
	if page.Reference != "F16" || page.Title != "M, three quants" || page.Engine != "Ollama 0.34.4, llama.cpp b1" || page.Verdict.Text != "" {
		t.Errorf("%+v", page)
	}
	first, second, third := page.Rows[0], page.Rows[1], page.Rows[2]
	if first.SameTop != 1 || first.KLD != 0 || !first.Reference {
		t.Errorf("the reference: %+v", first)
	}
	if second.SameTop != 0.9 || second.Writes[0].Tokens != 0 || second.Writes[1].Tokens != 512 || second.Reads[0].Median != 100 {
		t.Errorf("%+v", second)
	}
	if third.State != "waiting" || third.SameTop != unknown || third.PeakBytes != unknown || third.LoadSeconds != unknown || third.JoulesPerToken != unknown || third.Writes == nil {
		t.Errorf("%+v", third)
	}
	c.State, c.Verdict = lab.StateCancelled, lab.Verdict{Sentence: "Not finished.", Pareto: []int{1}, Use: "m:Q4_K_M", KV: "f16", Context: 4096}
	page = labComparison(&c)
	if page.Rows[2].State != "cancelled" || !page.Rows[1].Frontier || !page.Rows[1].Pick || page.Verdict.Tag != "measured, ±5%" || page.Verdict.Text != "Not finished." {
		t.Errorf("%+v", page)
	}
	c.Verdict.Disturbed, c.Rows[1].Disturbed, c.Rows[0].Disturbed = true, []string{"Busy."}, []string{"Busy."}
	if page = labComparison(&c); len(page.Disturbance) != 1 || !strings.Contains(page.Verdict.Tag, "disturbed") {
		t.Errorf("%+v", page)
	}
	// What can't be told from no divergence is none, with nothing to be off by.
	for kld, want := range map[float64]float64{lab.KLFloor / 2: 0, lab.KLFloor: lab.KLFloor} {
		c.Rows[1].Quality.KLDivergence.Value = kld
		if row := labComparison(&c).Rows[1]; row.KLD != want || (row.KLDError == 0) != (want == 0) {
			t.Errorf("%g: %g ±%g", kld, row.KLD, row.KLDError)
		}
	}
	text, err := json.Marshal(labComparison(&lab.Comparison{}))
	if err != nil || strings.Contains(string(text), "null") {
		t.Errorf("%s %v", text, err)
	}
}
