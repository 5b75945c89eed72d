package lab

import "math"

// The test behind a blind test. Each round in which a person prefers one of two variants is a coin that, if the two are
// the same to them, is fair; rounds without a preference say nothing about its sides and are left out, as in the sign
// test (Dixon and Mood 1946, Journal of the American Statistical Association 41). The person may look after every
// round and stop, so the error of 5% is spent over the rounds (Lan and DeMets 1983, Biometrika 70, with the power
// family of Kim and DeMets 1987, Biometrika 74): up to round r of at most m, no more than share·(r/m)^rho may have
// been spent on wrong verdicts. What is spent is computed exactly, by recursion over the number of wins (Armitage,
// McPherson and Rowe 1969, Journal of the Royal Statistical Society A 132), along the rounds in which there was a
// preference: given where those were, the coins are still fair, so the error holds for any number of ties.
//
// The interval turns the same test around: it holds every share that the votes so far have not rejected (repeated
// confidence intervals, Jennison and Turnbull 1989, Journal of the Royal Statistical Society B 51). It is valid at
// every moment, and excludes one half exactly when the verdict names a winner.
//
// Between two quants of one model, that a person prefers the more precise one is what there is to find. Most of the
// error is spent on that side, or 40 rounds would not do: with the error shared equally, no test at all finds a
// preference of 70 to 30 in 40 rounds in more than 73.2% of cases (a fair coin shows 27 or more heads of 40 in 1.9%, one
// of 70% in 70%; with the rest of the error drawn by lot, 73.2%). For other variants it is shared equally.

// spending is how the error is spent: up for the verdict that the first variant is preferred, down for the second.
type spending struct{ up, down, rho float64 }

// spendingFor returns the plan of a test of so many pairs, which share the error (Bonferroni).
func spendingFor(ordered bool, pairs int) spending {
	s := spending{0.025, 0.025, 3}
	if ordered {
		s = spending{0.045, 0.005, 5}
	}
	s.up /= float64(max(1, pairs))
	s.down /= float64(max(1, pairs))
	return s
}

// outcome is what one round says about a pair.
type outcome int8

// The outcomes.
const (
	noPreference outcome = 0
	firstBetter  outcome = 1
	secondBetter outcome = -1
)

// verdict runs the test along the rounds: firstBetter or secondBetter as soon as one is supported for a share of p under
// the hypothesis, else noPreference.
func (s spending) verdict(rounds []outcome, most int, p float64) outcome {
	alive := []float64{1} // chance of each number of wins, of the paths that have not been decided
	spentUp, spentDown := 0.0, 0.0
	wins := 0
	for r, o := range rounds {
		if o != noPreference {
			next := make([]float64, len(alive)+1)
			for k, chance := range alive {
				next[k] += chance * (1 - p)
				next[k+1] += chance * p
			}
			alive = next
			if o == firstBetter {
				wins++
			}
		}
		allowed := math.Pow(float64(min(r+1, most))/float64(most), s.rho)
		for k := len(alive) - 1; k >= 0 && spentUp+alive[k] <= s.up*allowed+1e-15; k-- {
			if k == wins && alive[k] > 0 {
				return firstBetter
			}
			spentUp += alive[k]
			alive[k] = 0
		}
		for k := 0; k < len(alive) && spentDown+alive[k] <= s.down*allowed+1e-15; k++ {
			if k == wins && alive[k] > 0 {
				return secondBetter
			}
			spentDown += alive[k]
			alive[k] = 0
		}
	}
	return noPreference
}

// intervalSteps is how finely the interval is looked for; its ends are rounded outward.
const intervalSteps = 200

// interval holds every share of preferences for the first variant that the rounds do not reject.
func (s spending) interval(rounds []outcome, most int) (low, high float64) {
	low, high = 1, 0
	for i := 1; i < intervalSteps; i++ {
		p := float64(i) / intervalSteps
		if s.verdict(rounds, most, p) == noPreference {
			low, high = min(low, p), max(high, p)
		}
	}
	if low > high { // between two steps
		share := shareOf(rounds)
		low, high = share, share
	}
	return max(0, low-1.0/intervalSteps), min(1, high+1.0/intervalSteps)
}

func shareOf(rounds []outcome) float64 {
	wins, losses, _ := count(rounds)
	if wins+losses == 0 {
		return 0.5
	}
	return float64(wins) / float64(wins+losses)
}

func count(rounds []outcome) (wins, losses, ties int) {
	for _, o := range rounds {
		switch o {
		case firstBetter:
			wins++
		case secondBetter:
			losses++
		default:
			ties++
		}
	}
	return wins, losses, ties
}

// open reports whether rounds that are still to come could lead to a verdict.
func (s spending) open(rounds []outcome, most int) bool {
	for _, all := range []outcome{firstBetter, secondBetter} {
		future := append([]outcome{}, rounds...)
		for len(future) < most {
			future = append(future, all)
		}
		if s.verdict(future, most, 0.5) != noPreference {
			return true
		}
	}
	return false
}
