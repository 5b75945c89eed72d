package compare

import (
	"math"
	"testing"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
)

// TestHowLongAnswersTake holds that it follows the speeds of the models before there are answers, and the answers from
// then on, and that it does not tell which answer is whose.
func TestHowLongAnswersTake(t *testing.T) {
	speeds := map[string]advisor.Speed{"m:Q8_0": {Generation: 10, Prompt: 80}, "m:Q2_K": {Generation: 30}}
	speed := func(ref string) (advisor.Speed, bool) { s, ok := speeds[ref]; return s, ok }
	b := lab.Blind{MaxRounds: 40, MaxTokens: 300, Variants: []lab.Variant{{Ref: "m:Q8_0"}, {Ref: "m:Q2_K"}}}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %g, not %g", what, got, want)
		}
	}
	w := WritingOf(&b, speed)
	near("by the speeds", w.Round, 300.0/10+usualPrompt/80.0+300.0/30)
	if w.Ahead != roundsAhead || w.Load != 0 {
		t.Errorf("%+v", w)
	}
	long := lab.Answer{Metrics: backend.Metrics{Tokens: 200, TokensPerSecond: 10, TimeToFirstTokenSeconds: 1, LoadSeconds: 2}}
	short := lab.Answer{Metrics: backend.Metrics{Tokens: 30, TokensPerSecond: 30, TimeToFirstTokenSeconds: 0.5}}
	b.Rounds = []lab.Round{{Order: []int{0, 1}, Answers: []lab.Answer{long, short}}}
	one := WritingOf(&b, speed)
	near("by the answers", one.Round, 21+1.5)
	near("and the load", one.Load, 2)
	b.Rounds[0].Order = []int{1, 0}
	other := WritingOf(&b, speed)
	near("whoever wrote them", other.Round, one.Round)
	b.Rounds = make([]lab.Round, 39)
	if w := WritingOf(&b, speed); w.Ahead != 1 {
		t.Errorf("%d rounds ahead of the last", w.Ahead)
	}
	delete(speeds, "m:Q2_K")
	if w := WritingOf(&b, speed); w.Round != 0 {
		t.Errorf("%g with one speed that is not known", w.Round)
	}
}
