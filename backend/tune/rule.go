package tune

import "math"

// Rule is when something that was tried takes the default's place.
type Rule struct {
	Least  float64 // the gain, as a share, that is worth a change
	Rounds int     // that are compared before it is decided
}

// leastRounds is how many rounds are compared before what promises nothing is left out of the others.
const leastRounds = 3

// student is how many standard errors of a mean hold the truth in 99 of 100 cases, by the number of values
// (two-sided quantiles of Student's t distribution with one degree of freedom less).
var student = []float64{2: 63.66, 3: 9.92, 4: 5.84, 5: 4.60, 6: 4.03, 7: 3.71, 8: 3.50}

// Gain is how much faster one of two ways is, as a share: 0.1 is 10% faster. The truth lies within Gain ± Error in 99 of
// 100 cases.
type Gain struct {
	Gain  float64 `json:"gain"`
	Error float64 `json:"error"`
}

// gainOf compares two ways by how long each took in the same rounds, of which there are two at least.
func gainOf(usual, tried []float64) Gain {
	n := float64(len(tried))
	var mean, squares float64
	for i := range tried {
		mean += math.Log(usual[i]/tried[i]) / n
	}
	for i := range tried {
		d := math.Log(usual[i]/tried[i]) - mean
		squares += d * d
	}
	faster := math.Exp(mean)
	times := student[min(len(tried), len(student)-1)]
	return Gain{Gain: faster - 1, Error: faster * math.Expm1(times*math.Sqrt(squares/(n-1)/n))}
}

// pays reports whether a gain is worth a change: it is more than its own error, and more than the least.
func (r Rule) pays(g Gain) bool { return g.Gain > g.Error && g.Gain >= r.Least }

// hopeless reports whether a gain is not going to pay, whatever the rounds that are left say.
func (r Rule) hopeless(g Gain) bool { return g.Gain < r.Least/2 }
