package catalog

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// scale holds what build/catalog/catalog.py fitted over every comparable score of the catalog.
type scale struct {
	Benchmarks []yardstick `json:"benchmarks"`
	Spread     float64     `json:"spread"` // standard deviation of one benchmark's ability around a model's mean
	Size       struct {
		Intercept float64 `json:"intercept"`
		PerLog    float64 `json:"perLogParams"` // per natural logarithm of a billion parameters
		PerYear   float64 `json:"perYear"`      // since 2024-01-01
		Thinking  float64 `json:"thinking"`     // added for a model that thinks first
		Spread    float64 `json:"spread"`
		Models    int     `json:"models"`
	} `json:"size"`
}

// yardstick is one benchmark on the common scale.
type yardstick struct {
	Name       string   `json:"name"`
	Also       []string `json:"also,omitempty"` // other spellings of the same test
	Chance     float64  `json:"chance"`         // score of guessing, 0..1
	Difficulty float64  `json:"difficulty"`
	Models     int      `json:"models"` // scores it was fitted to
	Uses       []Use    `json:"uses"`
}

// Score is how able a model is at a use, 0 to 100, with a 90% range. It orders models of one catalog; it is no
// percentage of anything.
type Score struct {
	Value      float64  `json:"value"`
	Low        float64  `json:"low"`
	High       float64  `json:"high"`
	Benchmarks []string `json:"benchmarks"`         // what it comes from; empty: from size
	Known      int      `json:"known"`              // benchmarks for this use that the scale has
	FromSize   bool     `json:"fromSize,omitempty"` // no comparable score is known: guessed from size and date
	Borrowed   bool     `json:"borrowed,omitempty"` // the use has no benchmark here: taken from general ability
	Recalled   int      `json:"recalled,omitempty"` // how many of the scores were written down from memory
	Why        string   `json:"why"`
}

// Score returns a model's ability at a use; ok is false where the model is not for that use, or nothing is known.
//
// Each score s of a benchmark with guessing rate g and difficulty d becomes an ability, logit((s-g)/(1-g)) + d, as
// in a one-parameter response model; a model's ability is their mean, and its Score 100 times the logistic of that.
// So a higher score on any benchmark never lowers it, and models with different benchmarks can be compared. Only
// scores of the model itself count: scores of its base model never do. Difficulties are fitted over the catalog.
// Where no score speaks for the use, the model's other scores stand in, with twice the spread.
//
// What size alone says is the starting point: ability as a straight line in the logarithm of the parameters (of a
// mixture of experts: the geometric mean of all and active ones), the release date and whether it thinks. It counts
// as one more observation, with that line's own spread, so that a single lucky score does not carry a model to the
// top, and several scores outweigh it. Without any score it is all there is: FromSize, with a wide range.
func (c *Catalog) Score(m *Model, use Use) (Score, bool) {
	if use == UseEmbedding || use == UseCompletion || m.Has(UseEmbedding) || m.Has(UseCompletion) ||
		use == UseVision && !m.Vision || use == UseLongDocuments && m.Context < LongContext || use == UseTools && m.Tools == No {
		return Score{}, false
	}
	measured := func(y yardstick) bool { return slices.Contains(y.Uses, use) }
	if s, ok := c.fromBenchmarks(m, measured, c.scale.Spread); ok {
		return s, true
	}
	if s, ok := c.fromBenchmarks(m, func(yardstick) bool { return true }, 2*c.scale.Spread); ok {
		s.Borrowed = true
		s.Why = "No comparable score for this use is known; its other scores stand in. " + s.Why
		return s, true
	}
	return c.fromSize(m)
}

func (c *Catalog) fromBenchmarks(m *Model, counts func(yardstick) bool, spread float64) (Score, bool) {
	s := Score{}
	var sum float64
	for _, y := range c.scale.Benchmarks {
		if !counts(y) {
			continue
		}
		s.Known++
		best, found := Benchmark{}, false
		for _, b := range m.Benchmarks {
			if b.Variant == "" && y.is(b.Name) && (!found || b.Value > best.Value) {
				best, found = b, true
			}
		}
		if !found {
			continue
		}
		sum += y.ability(best.Value)
		s.Benchmarks = append(s.Benchmarks, y.Name)
		if best.Recalled {
			s.Recalled++
		}
	}
	n := len(s.Benchmarks)
	if n == 0 {
		return Score{}, false
	}
	weight := float64(n) / (spread * spread)
	mean := sum / float64(n)
	if guess, ok := c.ability(m); ok {
		prior := 1 / (c.scale.Size.Spread * c.scale.Size.Spread)
		mean, weight = (mean*weight+guess*prior)/(weight+prior), weight+prior
	}
	s.set(mean, 1/math.Sqrt(weight))
	s.Why = fmt.Sprintf("From %d of %d benchmarks: %s.", n, s.Known, strings.Join(s.Benchmarks, ", "))
	return s, true
}

func (c *Catalog) fromSize(m *Model) (Score, bool) {
	guess, ok := c.ability(m)
	if !ok {
		return Score{}, false
	}
	s := Score{FromSize: true, Why: "No comparable score is known. This is a guess from its size and age, and a wide one."}
	s.set(guess, c.scale.Size.Spread)
	return s, true
}

// ability is what size, age and thinking say alone.
func (c *Catalog) ability(m *Model) (float64, bool) {
	if m.Params <= 0 {
		return 0, false
	}
	size := c.scale.Size
	a := size.Intercept + size.PerLog*math.Log(effectiveBillions(m)) + size.PerYear*yearsSince2024(m.Released)
	if m.Thinking {
		a += size.Thinking
	}
	return a, true
}

// set returns the middle 90% of a normal distribution.
func (s *Score) set(ability, deviation float64) {
	const ninety = 1.645
	s.Value, s.Low, s.High = 100*logistic(ability), 100*logistic(ability-ninety*deviation), 100*logistic(ability+ninety*deviation)
}

func (y yardstick) is(name string) bool { return y.Name == name || slices.Contains(y.Also, name) }

// ability keeps scores off 0 and 1, where one more point would mean infinitely much.
func (y yardstick) ability(percent float64) float64 {
	p := min(max((percent/100-y.Chance)/(1-y.Chance), 0.02), 0.98)
	return math.Log(p/(1-p)) + y.Difficulty
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func effectiveBillions(m *Model) float64 {
	return math.Sqrt(float64(m.Params)*float64(m.Active())) / 1e9
}

func yearsSince2024(released string) float64 {
	day, err := time.Parse(time.DateOnly, released)
	if err != nil {
		return 2 // not known: what nobody has dated yet is new
	}
	return day.Sub(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).Hours() / 24 / 365.25
}
