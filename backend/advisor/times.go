package advisor

import (
	"fmt"
	"math"
)

// Figure is a number with how far off it may be.
type Figure struct {
	Value float64 `json:"value"`
	Error float64 `json:"error"` // as a share: 0.3 is ±30%
}

// Times are what a person waits for, in seconds, with the model loaded. A model that thinks writes its thoughts first, so
// the first word of its answer waits for them. 0: no speed is known.
type Times struct {
	FirstShort  Figure `json:"firstShort"`  // to the first word of an answer to a prompt of 100 tokens
	FirstLong   Figure `json:"firstLong"`   // to a prompt of 4,000 tokens
	Answer      Figure `json:"answer"`      // the whole of a typical answer of the use, with the asked context full
	ThinkTokens Figure `json:"thinkTokens"` // thoughts before that answer; 0: it does not think
	ThinkOwn    bool   `json:"thinkOwn"`    // from this person's own answers; false: as models like it do
}

const (
	shortPrompt = 100  // tokens: a question
	longPrompt  = 4000 // tokens: eight pages
	// AnswerTokens is how long an answer is without its thoughts, assumed: a few paragraphs.
	AnswerTokens = 350
)

// thoughts are how many tokens a candidate thinks. Own answers, most of which are to everyday questions, tell how far this
// model and this person are from what is usual, whatever the use.
func thoughts(c *Candidate, use Use, measured Measurements) (f Figure, own bool) {
	if !c.Thinking {
		return Figure{}, false
	}
	if f, ok := measured.Thoughts(c.ID); ok {
		if chat := c.Thoughts[UseChat].Value; chat > 0 {
			f.Value *= c.Thoughts[use].Value / chat
		}
		return f, true
	}
	return c.Thoughts[use], false
}

// TimesOf works out from its speeds how long a candidate makes a person wait.
func TimesOf(c *Candidate, s Speed, ask Ask, measured Measurements) Times {
	var t Times
	t.ThinkTokens, t.ThinkOwn = thoughts(c, ask.Use, measured)
	if s.Generation <= 0 || s.Prompt <= 0 {
		return t
	}
	think := t.ThinkTokens.Value
	// until has a prompt read, and so many tokens written with so many in the context.
	until := func(prompt, written float64, depth int) Figure {
		token := c.secondsPerToken(s, depth, ask.KV)
		seconds := prompt/s.Prompt + written*token
		return Figure{Value: seconds, Error: math.Hypot(s.Error, t.ThinkTokens.Error*think*token/seconds)}
	}
	t.FirstShort = until(shortPrompt, think+1, shortPrompt+int(think/2))
	t.FirstLong = until(longPrompt, think+1, longPrompt+int(think/2))
	prompt := float64(shortPrompt)
	if ask.Use == UseDocuments {
		prompt = longPrompt
	}
	t.Answer = until(prompt, think+AnswerTokens, ask.Context)
	return t
}

// secondsPerToken is what one token takes with so many in the context. Each reads the keys and values of all before it
// beside the weights, at the rate at which these are read.
func (c *Candidate) secondsPerToken(s Speed, depth int, kv KVType) float64 {
	return (1 + float64(c.cacheBytes(depth, kv))/float64(max(1, c.active()))) / s.Generation
}

// whyTimes says what a person waits for.
func (r *row) whyTimes() string {
	if r.times.Answer.Value == 0 {
		return ""
	}
	first, answer := Wait(r.times.FirstShort.Value), Wait(r.times.Answer.Value)
	if r.times.ThinkTokens.Value > 0 {
		return fmt.Sprintf("It thinks first, so the first word comes after about %s; a typical answer takes %s in all.", first, answer)
	}
	return fmt.Sprintf("The first word comes after about %s, and a typical answer takes %s.", first, answer)
}

// Wait is a length of time as a person says it: "0.4 s", "12 s", "1.5 min".
func Wait(seconds float64) string {
	switch {
	case seconds < 2.95:
		return fmt.Sprintf("%.1f s", max(0.1, seconds))
	case seconds < 54.5:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 570:
		return fmt.Sprintf("%g min", math.Round(seconds/30)/2)
	}
	return fmt.Sprintf("%.0f min", seconds/60)
}

// String names the three times with how far off they may be.
func (t Times) String() string {
	if t.Answer.Value == 0 {
		return "No speed is known."
	}
	said := func(f Figure) string {
		if f.Error >= RoughError {
			return Wait(f.Value) + " (a rough guess)"
		}
		return fmt.Sprintf("%s ±%s", Wait(f.Value), percent(f.Error))
	}
	text := fmt.Sprintf("First word after %s, or %s for a prompt of 4,000 tokens; a typical answer takes %s", said(t.FirstShort), said(t.FirstLong), said(t.Answer))
	if n := t.ThinkTokens.Value; n > 0 {
		from := "as is usual"
		if t.ThinkOwn {
			from = "as in your answers"
		}
		text += fmt.Sprintf(", with %.0f tokens of thoughts (%s)", n, from)
	}
	return text + "."
}
