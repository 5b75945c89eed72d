package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
)

// begun makes a blind test of quants with answers ready.
func begun(t *testing.T, o BlindOptions, quants ...string) (*bed, Blind) {
	t.Helper()
	b := newBed(t)
	for i, q := range quants {
		o.Variants = append(o.Variants, b.model("tiny:"+q, q, int64(i+1)))
	}
	o.Seed = 7
	blind, err := b.lab.NewBlind(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return b, blind
}

// voteFor votes in the next round for the variant that is named, "" for a tie, preparing rounds where needed.
func (b *bed) voteFor(id, name string) (Blind, Round) {
	b.t.Helper()
	blind, err := b.lab.Blind(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	hidden, ok := blind.NextRound()
	if !ok {
		if err := b.lab.PrepareRounds(b.t.Context(), id, 5, nil); err != nil {
			b.t.Fatal(err)
		}
		if blind, err = b.lab.Blind(b.t.Context(), id); err != nil {
			b.t.Fatal(err)
		}
		if hidden, ok = blind.NextRound(); !ok {
			b.t.Fatal("no round waits")
		}
	}
	best := []int{}
	for place := range hidden.Answers {
		if v := blind.Variants[blind.Rounds[hidden.Number-1].Order[place]]; name == "" || v.Name == name {
			best = append(best, place)
		}
	}
	blind, round, err := b.lab.Vote(b.t.Context(), id, hidden.Number, best)
	if err != nil {
		b.t.Fatal(err)
	}
	return blind, round
}

func TestBlindRoundHidesWhatTellsVariantsApart(t *testing.T) {
	b, blind := begun(t, BlindOptions{Prompts: []string{" Mine? ", ""}}, "Q4_K_M", "F16", "Q8_0")
	if names := []string{blind.Variants[0].Name, blind.Variants[1].Name, blind.Variants[2].Name}; !slices.Equal(names, []string{"F16", "Q8_0", "Q4_K_M"}) || !blind.Ordered {
		t.Errorf("variants %v", names)
	}
	b.say = func(ref string, p backend.Prompt) string { return fmt.Sprint("answer ", len(ref), *p.Sampling.Seed) }
	if err := b.lab.PrepareRounds(t.Context(), blind.ID, 2, nil); err != nil {
		t.Fatal(err)
	}
	blind, _ = b.lab.Blind(t.Context(), blind.ID)
	h, ok := blind.NextRound()
	if !ok || h.Prompt != "Mine?" || len(h.Answers) != 3 || h.CharactersPerSecond <= 0 || h.RevealSeconds() <= 0 {
		t.Fatalf("%+v", h)
	}
	data, _ := json.Marshal(h)
	for _, word := range []string{"Q8_0", "F16", "tiny", "order", "metrics", "model"} {
		if strings.Contains(string(data), word) {
			t.Errorf("the hidden round shows %q: %s", word, data)
		}
	}
	first := blind.Rounds[0]
	for place, v := range first.Order {
		if want := fmt.Sprint("answer ", len(blind.Variants[v].Ref), first.Seed); first.Answers[place].Text != want {
			t.Errorf("place %d holds %q, want %q: the same seed for all", place, first.Answers[place].Text, want)
		}
	}
	if b.served != 1 {
		t.Errorf("the engine was started %d times for two rounds", b.served)
	}
}

func TestRoundsAreReproducible(t *testing.T) {
	b := Blind{Variants: make([]Variant, 3), Seed: 9}
	orders := map[string]bool{}
	for n := 1; n <= 30; n++ {
		x, y := b.round(n), b.round(n)
		if fmt.Sprint(x) != fmt.Sprint(y) || x.Prompt == "" {
			t.Fatalf("%+v %+v", x, y)
		}
		orders[fmt.Sprint(x.Order)] = true
	}
	if len(orders) < 5 {
		t.Errorf("only %d of 6 orders in 30 rounds", len(orders))
	}
}

func TestVotesAreFinalAndChecked(t *testing.T) {
	b, blind := begun(t, BlindOptions{}, "Q8_0", "Q4_K_M")
	_, _, err := b.lab.Vote(t.Context(), blind.ID, 1, []int{0})
	wantProblem(t, err, backend.CodeInvalid, "no answers yet")
	if err := b.lab.PrepareRounds(t.Context(), blind.ID, 1, nil); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]int{nil, {-1}, {2}, {0, 5}} {
		_, _, err := b.lab.Vote(t.Context(), blind.ID, 1, bad)
		wantProblem(t, err, backend.CodeInvalid, "one or more")
	}
	_, round, err := b.lab.Vote(t.Context(), blind.ID, 1, []int{1, 1})
	if err != nil || !slices.Equal(round.Vote.Best, []int{1}) {
		t.Errorf("%+v, %v", round, err)
	}
	_, _, err = b.lab.Vote(t.Context(), blind.ID, 1, []int{0})
	wantProblem(t, err, backend.CodeInvalid, "its vote already")
	if _, err := b.lab.EndBlind(t.Context(), blind.ID); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.lab.Vote(t.Context(), blind.ID, 2, []int{0})
	wantProblem(t, err, backend.CodeInvalid, "ended")
	if err := b.lab.RemoveBlind(t.Context(), blind.ID); err != nil {
		t.Error(err)
	}
	_, err = b.lab.Blind(t.Context(), blind.ID)
	wantProblem(t, err, backend.CodeNotFound, "no such blind test")
}

func TestBlindTestIsGoneOnWithLater(t *testing.T) {
	b, blind := begun(t, BlindOptions{}, "Q8_0", "Q4_K_M")
	for range 3 {
		b.voteFor(blind.ID, "Q8_0")
	}
	// Another process: nothing but the store is kept.
	later := &bed{t: t, dir: b.dir, models: b.models, kept: b.kept, free: b.free, load: b.load, joules: b.joules, say: b.say}
	later.lab = New(b.lab.o)
	all, err := later.lab.Blinds(t.Context())
	if err != nil || len(all) != 1 || all[0].Standing().Voted != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	got, _ := later.voteFor(blind.ID, "Q8_0")
	if s := got.Standing(); s.Voted != 4 || s.Pairs[0].Wins != 4 || !strings.Contains(s.Sentence, "can't tell Q4_K_M from Q8_0 yet") {
		t.Errorf("%+v", s)
	}
}

func TestStandingNamesAPreferenceWhenTheVotesDo(t *testing.T) {
	b, blind := begun(t, BlindOptions{}, "Q8_0", "Q4_K_M")
	var got Blind
	for !got.Ended {
		got, _ = b.voteFor(blind.ID, "Q8_0")
	}
	s := got.Standing()
	if s.Pairs[0].Preferred != 0 || s.Voted > 15 || s.Voted < 8 || !strings.HasPrefix(s.Sentence, fmt.Sprintf("You preferred Q8_0 to Q4_K_M in %d rounds (%d to 0).", s.Voted, s.Voted)) || s.Pairs[0].Low < 0.5 {
		t.Errorf("%+v", s)
	}
	if len(s.Findings) != 1 || s.Findings[0].WorseThan != "Q8_0" || s.Findings[0].Quant != "Q4_K_M" {
		t.Errorf("findings %+v", s.Findings)
	}
	if _, ok := got.NextRound(); ok {
		t.Error("an ended test has a next round")
	}
}

func TestStandingSaysWhenTheyCannotBeToldApart(t *testing.T) {
	b, blind := begun(t, BlindOptions{MaxRounds: 20}, "Q8_0", "Q4_K_M")
	var got Blind
	for i := 0; !got.Ended; i++ {
		got, _ = b.voteFor(blind.ID, []string{"Q8_0", "Q4_K_M", ""}[i%3])
	}
	s := got.Standing()
	if !strings.HasPrefix(s.Sentence, fmt.Sprintf("You could not tell Q4_K_M from Q8_0 in %d rounds", s.Voted)) || s.Pairs[0].Preferred != -1 {
		t.Errorf("%+v", s)
	}
	t.Logf("stopped after %d of 20: %s %s", s.Voted, s.Reason, s.Sentence)
	if firm := s.Voted >= firmRounds; firm != (len(s.Findings) == 1) {
		t.Errorf("after %d rounds the findings are %+v", s.Voted, s.Findings)
	}
}

func TestNoDifferenceIsFirmOnlyAfterEnoughRounds(t *testing.T) {
	standing := func(wins, losses, ties int) Standing {
		b := Blind{Variants: []Variant{{Name: "Q8_0", Quant: "Q8_0", Ref: "t:Q8_0"}, {Name: "Q4_K_M", Quant: "Q4_K_M", Ref: "t:Q4_K_M"}}, Ordered: true, MaxRounds: 40, Ended: true}
		add := func(n int, best ...int) {
			for range n {
				b.Rounds = append(b.Rounds, Round{Number: len(b.Rounds) + 1, Order: []int{0, 1}, Answers: make([]Answer, 2), Vote: &Vote{Best: best}})
			}
		}
		add(wins, 0)
		add(losses, 1)
		add(ties, 0, 1)
		return b.Standing()
	}
	for _, c := range []struct {
		wins, losses, ties int
		firm               bool
	}{{10, 10, 0, true}, {5, 5, 5, false}, {0, 0, 20, true}, {14, 6, 0, false}, {8, 12, 4, true}, {0, 0, 0, false}} {
		s := standing(c.wins, c.losses, c.ties)
		if firm := len(s.Findings) == 1 && s.Findings[0].AsGoodAs == "Q8_0"; firm != c.firm {
			t.Errorf("%d to %d, %d ties: %+v", c.wins, c.losses, c.ties, s.Findings)
		}
	}
}

func TestIdenticalAnswersAreATieThatNobodyIsAskedAbout(t *testing.T) {
	b, blind := begun(t, BlindOptions{MaxRounds: 10}, "Q8_0", "Q4_K_M")
	b.say = func(_ string, p backend.Prompt) string { return p.Messages[0].Text }
	if err := b.lab.PrepareRounds(t.Context(), blind.ID, 3, nil); err != nil {
		t.Fatal(err)
	}
	blind, _ = b.lab.Blind(t.Context(), blind.ID)
	if _, ok := blind.NextRound(); ok {
		t.Error("somebody is asked to choose between two answers that are the same")
	}
	s := blind.Standing()
	if len(blind.Rounds) < 3 || s.Pairs[0].Ties != len(blind.Rounds) || !strings.Contains(s.Sentence, "tell Q4_K_M from Q8_0") {
		t.Errorf("%d rounds, %+v", len(blind.Rounds), s)
	}
}

func TestThreeVariantsAreComparedInPairs(t *testing.T) {
	b, blind := begun(t, BlindOptions{MaxRounds: 60}, "F16", "Q8_0", "Q2_K")
	var got Blind
	for i := 0; !got.Ended && i < 60; i++ { // F16 and Q8_0 take turns as the best, Q2_K never is
		got, _ = b.voteFor(blind.ID, []string{"F16", "Q8_0"}[i%2])
	}
	s := got.Standing()
	of := func(first, second int) Pair {
		for _, p := range s.Pairs {
			if p.First == first && p.Second == second {
				return p
			}
		}
		return Pair{}
	}
	if of(0, 2).Preferred != 0 || of(1, 2).Preferred != 1 || of(0, 1).Preferred != -1 {
		t.Errorf("%+v", s)
	}
	if want := "You preferred F16 to Q2_K and Q8_0 to Q2_K"; !strings.HasPrefix(s.Sentence, want) || !strings.Contains(s.Sentence, "could not tell Q8_0 from F16") {
		t.Errorf("%s", s.Sentence)
	}
	if c := s.Pairs[0].Confidence; c < 0.98 {
		t.Errorf("confidence %.3f: three pairs share the error", c)
	}
}

func TestBadBlindTestIsRefused(t *testing.T) {
	b := newBed(t)
	q8, q4 := b.model("t:Q8_0", "Q8_0", 2), b.model("t:Q4_0", "Q4_0", 1)
	deaf := b.model("t:Q2_K", "Q2_K", 1)
	deaf.Capable = []string{"embedding"}
	for _, c := range []struct {
		o    BlindOptions
		says string
	}{
		{BlindOptions{Variants: []backend.Model{q8}}, "two to four"},
		{BlindOptions{Variants: []backend.Model{q8, q8}}, "twice"},
		{BlindOptions{Variants: []backend.Model{q8, q4}, MaxRounds: 5}, "10 to 200"},
		{BlindOptions{Variants: []backend.Model{q8, q4}, Use: "cooking"}, "cooking"},
		{BlindOptions{Variants: []backend.Model{q8, q4}, MaxTokens: 1}, "16 to 4096"},
		{BlindOptions{Variants: []backend.Model{q8, deaf}}, "does not chat"},
	} {
		_, err := b.lab.NewBlind(t.Context(), c.o)
		wantProblem(t, err, backend.CodeInvalid, c.says)
	}
	t.Run("a variant that has left the library", func(t *testing.T) {
		blind, err := b.lab.NewBlind(t.Context(), BlindOptions{Variants: []backend.Model{q8, q4}})
		if err != nil {
			t.Fatal(err)
		}
		b.models = b.models[:1]
		wantProblem(t, b.lab.PrepareRounds(t.Context(), blind.ID, 1, nil), backend.CodeNotFound, "no longer in the library")
	})
}
