package lab

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// decided simulates one person who looks after every round and stops at the first verdict. p is how often they prefer
// the first variant, ties how often neither.
func (s spending) decided(random *rand.Rand, most int, p, ties float64) outcome {
	var rounds []outcome
	// One pass along the rounds gives the same verdict as a look after each of them: the test only ever looks back.
	for range most {
		switch {
		case random.Float64() < ties:
			rounds = append(rounds, noPreference)
		case random.Float64() < p:
			rounds = append(rounds, firstBetter)
		default:
			rounds = append(rounds, secondBetter)
		}
	}
	return s.verdict(rounds, most, 0.5)
}

func people() int {
	if os.Getenv("WEIGHTROOM_SLOW") != "" {
		return 100_000
	}
	return 10_000
}

func TestIdenticalVariantsAreSeldomToldApart(t *testing.T) {
	n := people()
	for _, c := range []struct {
		ordered bool
		most    int
		ties    float64
	}{{true, 40, 0}, {true, 40, 0.3}, {true, 40, 0.7}, {true, 20, 0}, {true, 10, 0}, {true, 100, 0.2}, {false, 40, 0}, {false, 40, 0.3}, {false, 60, 0}} {
		random := rand.New(rand.NewPCG(1, uint64(c.most)))
		s := spendingFor(c.ordered, 1)
		first, second := 0, 0
		for range n {
			switch s.decided(random, c.most, 0.5, c.ties) {
			case firstBetter:
				first++
			case secondBetter:
				second++
			}
		}
		rate := float64(first+second) / float64(n)
		t.Logf("%d people, identical variants, quants of one model %v, up to %d rounds, %.0f%% ties: %.2f%% are told that they prefer one (%.2f%% the first, %.2f%% the second)",
			n, c.ordered, c.most, 100*c.ties, 100*rate, 100*float64(first)/float64(n), 100*float64(second)/float64(n))
		if rate > 0.05 {
			t.Errorf("%+v: %.4f", c, rate)
		}
	}
}

func TestPreferenceIsFound(t *testing.T) {
	n := people()
	for _, c := range []struct {
		ordered bool
		most    int
		p, ties float64
		least   float64
	}{
		{true, 40, 0.7, 0, 0.80}, {true, 40, 0.7, 0.2, 0.67}, {true, 40, 0.9, 0, 0.99}, {true, 40, 0.3, 0, 0.43}, {true, 40, 0.1, 0, 0.99},
		{true, 60, 0.7, 0, 0.90}, {false, 40, 0.7, 0, 0.70}, {false, 60, 0.7, 0, 0.85},
	} {
		random := rand.New(rand.NewPCG(2, uint64(c.most)))
		s := spendingFor(c.ordered, 1)
		right, wrong := 0, 0
		want := firstBetter
		if c.p < 0.5 {
			want = secondBetter
		}
		for range n {
			switch s.decided(random, c.most, c.p, c.ties) {
			case want:
				right++
			case -want:
				wrong++
			}
		}
		rate := float64(right) / float64(n)
		t.Logf("%d people who prefer the first in %.0f%% of the rounds with a preference, %.0f%% ties, quants of one model %v: found within %d rounds in %.1f%%, the wrong one in %.2f%%",
			n, 100*c.p, 100*c.ties, c.ordered, c.most, 100*rate, 100*float64(wrong)/float64(n))
		if rate < c.least {
			t.Errorf("%+v: %.3f", c, rate)
		}
	}
}

func TestErrorIsExactlyBounded(t *testing.T) {
	const most = 14
	for _, ordered := range []bool{true, false} {
		for _, tied := range []int{0, 0b10010, 0b10101010101010, 1<<most - 1} { // rounds without a preference
			t.Run(fmt.Sprintf("quants of one model %v, ties at %b", ordered, tied), func(t *testing.T) {
				s := spendingFor(ordered, 1)
				rounds := make([]outcome, most)
				first, second := 0, 0
				for path := range 1 << most { // every way a fair coin can fall
					for r := range rounds {
						rounds[r] = secondBetter
						if path>>r&1 == 1 {
							rounds[r] = firstBetter
						}
						if tied>>r&1 == 1 {
							rounds[r] = noPreference
						}
					}
					switch s.verdict(rounds, most, 0.5) {
					case firstBetter:
						first++
					case secondBetter:
						second++
					}
				}
				up, down := float64(first)/(1<<most), float64(second)/(1<<most)
				if up > s.up || down > s.down {
					t.Errorf("%.5f and %.5f are spent of %.3f and %.3f", up, down, s.up, s.down)
				}
			})
		}
	}
}

func TestIntervalHoldsTheTruthAtEveryMoment(t *testing.T) {
	const most, n = 40, 150
	random := rand.New(rand.NewPCG(3, 3))
	for _, p := range []float64{0.3, 0.5, 0.7, 0.9} {
		for _, ordered := range []bool{true, false} {
			s := spendingFor(ordered, 1)
			missed := 0
			for range n {
				var rounds []outcome
				for len(rounds) < most {
					o := secondBetter
					if random.Float64() < p {
						o = firstBetter
					}
					rounds = append(rounds, o)
				}
				// The interval at the end is inside all earlier ones, so it misses whenever one of them did.
				if low, high := s.interval(rounds, most); p < low || p > high {
					missed++
				}
			}
			if rate := float64(missed) / n; rate > 0.05+0.054 { // three standard errors of 150 people
				t.Errorf("a share of %.1f is missed by %.1f%% of the intervals", p, 100*rate)
			}
		}
	}
}

func TestIntervalAndVerdictAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for range 300 {
		s := spendingFor(random.IntN(2) == 0, 1+random.IntN(6))
		most := 10 + random.IntN(60)
		var rounds []outcome
		p := random.Float64()
		for range random.IntN(most + 1) {
			rounds = append(rounds, []outcome{noPreference, firstBetter, secondBetter}[func() int {
				switch {
				case random.Float64() < 0.2:
					return 0
				case random.Float64() < p:
					return 1
				}
				return 2
			}()])
		}
		low, high := s.interval(rounds, most)
		switch s.verdict(rounds, most, 0.5) {
		case firstBetter:
			if low < 0.5-1.0/intervalSteps {
				t.Fatalf("the first is preferred, but the interval begins at %.3f: %v of %d", low, rounds, most)
			}
		case secondBetter:
			if high > 0.5+1.0/intervalSteps {
				t.Fatalf("the second is preferred, but the interval ends at %.3f: %v of %d", high, rounds, most)
			}
		default:
			if low > 0.5 || high < 0.5 {
				t.Fatalf("no verdict, but the interval is %.3f to %.3f: %v of %d", low, high, rounds, most)
			}
		}
	}
}

func TestStopIsFinal(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		s := spendingFor(true, 1)
		var rounds []outcome
		for range random.IntN(41) {
			rounds = append(rounds, outcome(random.IntN(3)-1))
		}
		if s.verdict(rounds, 40, 0.5) != noPreference || s.open(rounds, 40) {
			continue
		}
		// Closed without a verdict: no future leads to one.
		for range 50 {
			future := append([]outcome{}, rounds...)
			for len(future) < 40 {
				future = append(future, outcome(random.IntN(3)-1))
			}
			if o := s.verdict(future, 40, 0.5); o != noPreference {
				t.Fatalf("%v was called closed, but %v decides", rounds, future)
			}
		}
	}
}
