package backend

import (
	"fmt"
	"math"
	"slices"
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
	TopKs          = Range{0, 1000} // 0: all tokens
)

// MaxTemperature, MaxTopP and MaxMinP are the highest values; the lowest of each is 0.
const (
	MaxTemperature = 2.0
	MaxTopP        = 1.0
	MaxMinP        = 1.0
)

// A repeat penalty of 1 is none; far from it no sentence comes out whole.
const (
	LeastRepeatPenalty = 0.5
	MaxRepeatPenalty   = 2.0
)

// The engine compares each token with all stop words.
const (
	mostStopWords   = 16
	longestStopWord = 200 // bytes
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
	case s.TopK != nil && !TopKs.Holds(*s.TopK):
		return bad(fmt.Sprintf("Top-k must be %s.", TopKs), "Leave it out for the model's own default.")
	case !within(s.MinP, MaxMinP):
		return bad(fmt.Sprintf("Min-p must be between 0 and %g.", MaxMinP), "Leave it out for the model's own default.")
	case !within(s.RepeatPenalty, MaxRepeatPenalty) || s.RepeatPenalty != nil && *s.RepeatPenalty < LeastRepeatPenalty:
		return bad(fmt.Sprintf("The repeat penalty must be between %g and %g.", LeastRepeatPenalty, MaxRepeatPenalty), "Leave it out for the model's own default.")
	case len(s.Stop) > mostStopWords || slices.ContainsFunc(s.Stop, func(w string) bool { return w == "" || len(w) > longestStopWord }):
		return bad(fmt.Sprintf("At most %d stop words can be given, each of 1 to %d bytes.", mostStopWords, longestStopWord), "Leave out those that are not needed.")
	case s.Seed != nil && (*s.Seed < int64(Seeds.Least) || *s.Seed > int64(Seeds.Most)):
		return bad(fmt.Sprintf("The seed must be %s.", Seeds), "Leave it out for another answer each time.")
	case s.MaxTokens != 0 && !AnswerLengths.Holds(s.MaxTokens):
		return bad(fmt.Sprintf("The longest answer must be %s tokens.", AnswerLengths), "Leave it out for no limit but the context.")
	case s.ContextLength != 0:
		return CheckContextLength(s.ContextLength)
	}
	return nil
}

// CheckContextLength returns what is wrong with a context of so many tokens, in words for a person.
func CheckContextLength(tokens int) error {
	if !ContextLengths.Holds(tokens) {
		return Fail(CodeInvalid, nil, fmt.Sprintf("The context length must be %s tokens.", ContextLengths), "8192 suits most machines.")
	}
	return nil
}
