package advisor

import (
	"math"
	"strings"
	"testing"
)

func TestTimesAreWhatAPersonWaitsFor(t *testing.T) {
	plain := model()
	plain.Cache = nil
	thinker := plain
	thinker.ID, thinker.Thinking, thinker.Thoughts = "t", true, usualThoughts()
	deep := model() // 26 MB for 8,192 tokens of context beside each 4 GB of weights
	deep.Cache = []CacheGroup{{Layers: 32, Values: 16000}}
	s := Speed{Generation: 10, Prompt: 100, Error: 0.2}
	own := facts{thoughts: map[string]Figure{"t": {Value: 300, Error: 0.1}}}
	off := facts{thoughts: map[string]Figure{"t": {}}}
	tests := []struct {
		name                string
		c                   Candidate
		s                   Speed
		use                 Use
		known               Measurements
		short, long, answer float64
	}{
		{"one that answers at once", plain, s, UseChat, Nothing{}, 1.1, 40.1, 36},
		{"one that thinks", thinker, s, UseChat, Nothing{}, 101.1, 140.1, 136},
		{"one that thinks about a hard thing", thinker, s, UseReasoning, Nothing{}, 451.1, 490.1, 486},
		{"one that thinks less for this person", thinker, s, UseChat, own, 31.1, 70.1, 66},
		{"the same about a hard thing", thinker, s, UseReasoning, own, 136.1, 175.1, 171},
		{"one that this person lets not think", thinker, s, UseChat, off, 1.1, 40.1, 36},
		{"a long document", plain, s, UseDocuments, Nothing{}, 1.1, 40.1, 75},
		{"a full context", deep, s, UseChat, Nothing{}, 1.105, 40.5, 1 + 35*(1+8192*32*16000*2/4e9)},
		{"no speed", thinker, Speed{}, UseChat, Nothing{}, 0, 0, 0},
	}
	for _, tt := range tests {
		ask, err := Ask{Use: tt.use, Context: 8192}.Complete()
		if err != nil {
			t.Fatal(err)
		}
		got := TimesOf(&tt.c, tt.s, ask, tt.known)
		for _, f := range []struct {
			name      string
			got, want float64
		}{{"short", got.FirstShort.Value, tt.short}, {"long", got.FirstLong.Value, tt.long}, {"answer", got.Answer.Value, tt.answer}} {
			if math.Abs(f.got-f.want) > 0.02*f.want {
				t.Errorf("%s, %s: %g, want %g", tt.name, f.name, f.got, f.want)
			}
		}
		if tt.s.Generation > 0 && got.Answer.Error < tt.s.Error {
			t.Errorf("%s is surer than its speed: %+v", tt.name, got)
		}
	}
}

func TestTimesInWords(t *testing.T) {
	for seconds, want := range map[float64]string{0.01: "0.1 s", 0.42: "0.4 s", 2.9: "2.9 s", 2.96: "3 s", 54: "54 s", 55: "1 min", 95: "1.5 min", 240: "4 min", 700: "12 min"} {
		if got := Wait(seconds); got != want {
			t.Errorf("%g: %s, want %s", seconds, got, want)
		}
	}
	thinker := model()
	thinker.Thinking, thinker.Thoughts = true, usualThoughts()
	a := mustAdvise(t, []Candidate{thinker}, machine(16*gb), Nothing{}, Ask{})
	if why := strings.Join(a.Picks[0].Why, "\n"); !strings.Contains(why, "It thinks first, so the first word comes after about 2 min; a typical answer takes 4 min in all.") {
		t.Error(why)
	}
	if said := a.Picks[0].Reasons[0]; !strings.HasSuffix(said, " It thinks before it answers.") {
		t.Error(said)
	}
	if got := a.Picks[0].Times.String(); !strings.Contains(got, "with 1000 tokens of thoughts (as is usual).") || !strings.HasPrefix(got, "First word after 2 min (estimated ±") {
		t.Error(got)
	}
}

// A model that makes a person wait for minutes is not the first for a chat, however clever, where one nearly as good
// answers soon. Who asks for reasoning waits for it.
func TestWhatThinksForMinutesIsNotTheFirstForAChat(t *testing.T) {
	slow, quick := named("slow", 35, 4.5, 83), named("quick", 4, 4.5, 75)
	slow.Thinking, slow.Thoughts, slow.ActiveBytes = true, usualThoughts(), 3*gb
	slow.Scores[UseReasoning], quick.Scores[UseReasoning] = Score{Value: 90, Error: 2}, Score{Value: 60, Error: 2}
	known := facts{speeds: map[string]Speed{
		"slow:Q4_K_M":  {Generation: 10, Prompt: 20, Error: 0.1},
		"quick:Q4_K_M": {Generation: 12, Prompt: 40, Error: 0.1},
	}}
	m := machine(40 * gb)
	for use, want := range map[Use]string{UseChat: "quick", UseReasoning: "slow"} {
		if a := mustAdvise(t, []Candidate{slow, quick}, m, known, Ask{Use: use}); a.Picks[0].Model != want || len(a.Picks) != 2 {
			t.Errorf("%s: %s, %+v", use, picked(a), a.Picks[0].Times)
		}
	}
	if a := mustAdvise(t, []Candidate{slow, quick}, m, known, Ask{Prefer: PreferQuality}); a.Picks[0].Model != "slow" {
		t.Errorf("quality at any price: %s", picked(a))
	}
}

// What thinks for minutes does not beat what answers at once because it writes each token sooner.
func TestWhatAnswersSoonerIsNotBeaten(t *testing.T) {
	thinker, plain := named("thinker", 8, 4.5, 70), named("plain", 8, 4.5, 65)
	thinker.Thinking, thinker.Thoughts = true, usualThoughts()
	known := facts{speeds: map[string]Speed{
		"thinker:Q4_K_M": {Generation: 20, Prompt: 80, Error: 0.1},
		"plain:Q4_K_M":   {Generation: 15, Prompt: 60, Error: 0.1},
	}}
	m := machine(40 * gb)
	a := mustAdvise(t, []Candidate{thinker, plain}, m, known, Ask{})
	if len(a.Picks) != 2 {
		t.Errorf("%s, left out: %+v", picked(a), a.Rejected)
	}
	thinker.Thoughts = map[Use]Figure{UseChat: {Value: 50, Error: 0.5}}
	if a := mustAdvise(t, []Candidate{thinker, plain}, m, known, Ask{}); len(a.Picks) != 1 {
		t.Errorf("with few thoughts: %s", picked(a))
	}
}
