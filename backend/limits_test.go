package backend

import (
	"math"
	"strings"
	"testing"
)

func TestSamplingIsChecked(t *testing.T) {
	f := func(x float64) *float64 { return &x }
	k := func(x int) *int { return &x }
	n := func(x int64) *int64 { return &x }
	for _, s := range []Sampling{
		{}, {TopK: k(0), MinP: f(1), RepeatPenalty: f(0.5), Stop: []string{"END"}}, {Temperature: f(0)}, {Temperature: f(2), TopP: f(1), Seed: n(math.MaxInt32), MaxTokens: 1, ContextLength: 512},
	} {
		if err := s.Check(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
	for _, s := range []Sampling{
		{Temperature: f(2.01)}, {Temperature: f(-1)}, {Temperature: f(math.NaN())}, {TopP: f(1.5)}, {TopP: f(math.Inf(1))}, {Seed: n(-1)},
		{Seed: n(math.MaxInt32 + 1)}, {MaxTokens: -1}, {TopK: k(-1)}, {TopK: k(1001)},
		{MinP: f(1.1)}, {RepeatPenalty: f(0.4)}, {RepeatPenalty: f(math.NaN())}, {RepeatPenalty: f(2.1)}, {Stop: []string{""}},
		{Stop: make([]string, 17)}, {Stop: []string{strings.Repeat("x", 201)}}, {ContextLength: 511}, {ContextLength: 1<<20 + 1},
	} {
		if err := s.Check(); Readable(err).Code != CodeInvalid || Readable(err).Hint == "" {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestCountsHaveTheirCommas(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 1 << 20: "1,048,576"} {
		if got := Count(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestWhatSamplingLeavesOpenIsTakenFromAnother(t *testing.T) {
	warm, cold, top := 1.1, 0.0, 0.9
	seed := int64(7)
	base := Sampling{Temperature: &warm, TopP: &top, MaxTokens: 100, ContextLength: 4096, Stop: []string{"END"}}
	got := Sampling{Temperature: &cold, Seed: &seed, MaxTokens: 5}.Over(base)
	if *got.Temperature != 0 || *got.TopP != 0.9 || *got.Seed != 7 || got.MaxTokens != 5 || got.ContextLength != 4096 || len(got.Stop) != 1 || got.TopK != nil {
		t.Errorf("%+v", got)
	}
}
