package backend

import (
	"fmt"
	"math"
)

// Range is what a whole number may be, both ends included.
type Range struct{ Least, Most int }

// Holds reports whether n is within r.
func (r Range) Holds(n int) bool { return n >= r.Least && n <= r.Most }

// String returns the range as it stands in a sentence: "between 512 and 1,048,576".
func (r Range) String() string {
	return fmt.Sprintf("between %s and %s", Count(int64(r.Least)), Count(int64(r.Most)))
}

// What a chat or a single question may ask for. What a model or this machine can hold is told when it is loaded.
var (
	ContextLengths = Range{512, 1 << 20} // tokens
	AnswerLengths  = Range{1, 1 << 20}   // tokens
	Seeds          = Range{0, math.MaxInt32}
)

// MaxTemperature and MaxTopP are the highest values; the lowest of both is 0.
const (
	MaxTemperature = 2.0
	MaxTopP        = 1.0
)

// Check returns what is wrong with s, in words for a person.
func (s Sampling) Check() error {
	bad := func(message, hint string) error { return Fail(CodeInvalid, nil, message, hint) }
	within := func(x *float64, most float64) bool { return x == nil || *x >= 0 && *x <= most } // false for NaN
	switch {
	case !within(s.Temperature, MaxTemperature):
		return bad(fmt.Sprintf("The temperature must be between 0 and %g.", MaxTemperature), "Leave it out for the model's own default.")
	case !within(s.TopP, MaxTopP):
		return bad(fmt.Sprintf("Top-p must be between 0 and %g.", MaxTopP), "Leave it out for the model's own default.")
	case s.Seed != nil && (*s.Seed < int64(Seeds.Least) || *s.Seed > int64(Seeds.Most)):
		return bad(fmt.Sprintf("The seed must be %s.", Seeds), "Leave it out for another answer each time.")
	case s.MaxTokens != 0 && !AnswerLengths.Holds(s.MaxTokens):
		return bad(fmt.Sprintf("The longest answer must be %s tokens.", AnswerLengths), "Leave it out for no limit but the context.")
	case s.ContextLength != 0 && !ContextLengths.Holds(s.ContextLength):
		return bad(fmt.Sprintf("The context length must be %s tokens.", ContextLengths), "8192 suits most machines.")
	}
	return nil
}
