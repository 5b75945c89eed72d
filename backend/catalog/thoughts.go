package catalog

import (
	"math"
	"strings"
)

// thoughts says how many tokens models think, by what others measured.
type thoughts struct {
	Source string `json:"source"`
	Tasks  struct {
		Fact   float64 `json:"fact"`   // "What is the capital of Australia?"
		Puzzle float64 `json:"puzzle"` // a logic puzzle that has to be thought through
		Math   float64 `json:"math"`   // a problem of a mathematics contest
	} `json:"tasks"`
	Between  float64 `json:"between"` // how far models lie from their median, as a share: one standard deviation
	Families []struct {
		Prefix   string  `json:"prefix"`   // of the ids
		Share    float64 `json:"share"`    // of what is usual
		Measured string  `json:"measured"` // the models that were
	} `json:"families"`
}

// askedAlike is how far the questions of one use lie apart in what they make a model think, as a share, assumed.
const askedAlike = 0.5

// Thoughts is how many tokens a model that thinks writes before an answer of a use, and how far off that may be, as a
// share. An everyday question is taken to lie between a fact that is looked up and a puzzle, code between that and a
// puzzle, and reasoning between a puzzle and a contest, each in the middle of the logarithms. A model that is not of a
// measured family, or not of the catalog, thinks as long as is usual.
func (c *Catalog) Thoughts(id string, use Use) (tokens, off float64) {
	t := c.thoughts.Tasks
	middle := func(a, b float64) float64 { return math.Sqrt(a * b) }
	tokens = middle(t.Fact, t.Puzzle)
	switch use {
	case UseCode:
		tokens = middle(tokens, t.Puzzle)
	case UseReasoning:
		tokens = middle(t.Puzzle, t.Math)
	}
	for _, f := range c.thoughts.Families {
		if strings.HasPrefix(id, f.Prefix) {
			return tokens * f.Share, askedAlike
		}
	}
	return tokens, math.Hypot(askedAlike, c.thoughts.Between)
}
