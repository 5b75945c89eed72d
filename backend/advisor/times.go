package advisor

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"weightroom/backend"
)

// Figure is a number with how far off it may be.
type Figure struct {
	Value float64 `json:"value"`
	Error float64 `json:"error"` // as a share: 0.3 is ±30%
	// Source is the weakest of what it rests on: a time is measured where the speeds were, as deep in the context as it is
	// asked about, and estimated where the depth or the length of the thoughts is guessed.
	Source backend.Source `json:"source"`
}

// Times are what a person waits for, in seconds, with the model loaded. A model that thinks writes its thoughts first, so
// the first word of its answer waits for them. 0: no speed is known.
type Times struct {
	FirstShort  Figure `json:"firstShort"`  // to the first word of an answer to a prompt of 100 tokens
	FirstLong   Figure `json:"firstLong"`   // to a prompt of 4,000 tokens
	Answer      Figure `json:"answer"`      // the whole of a typical answer of the use, with the asked context full
	ThinkTokens Figure `json:"thinkTokens"` // thoughts before that answer; 0: it does not think
	ThinkOwn    bool   `json:"thinkOwn"`    // from this person's own answers; false: as models like it do
	Full        Figure `json:"full"`        // tokens a second that it writes with the asked context full
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
		f.Source = backend.SourceMeasured
		if chat := c.Thoughts[UseChat].Value; chat > 0 {
			f.Value *= c.Thoughts[use].Value / chat
		}
		return f, true
	}
	f = c.Thoughts[use]
	f.Source = backend.SourceEstimated
	return f, false
}

// TimesOf works out from its speeds how long a candidate makes a person wait.
func TimesOf(c *Candidate, s Speed, ask Ask, measured Measurements) Times {
	var t Times
	t.ThinkTokens, t.ThinkOwn = thoughts(c, ask.Use, measured)
	if s.Generation <= 0 || s.Prompt <= 0 {
		return t
	}
	d := depths{c, s, ask.KV}
	think := t.ThinkTokens.Value
	// until has a prompt read, and so many tokens written with so many in the context.
	until := func(prompt int, written float64, depth int) Figure {
		reading, token := d.reading(prompt), d.token(depth)
		f := Figure{Value: reading.Value + written*token.Value, Source: weaker(reading.Source, token.Source)}
		speeds := reading.Value*reading.Error + written*token.Value*token.Error // one machine's, so they are off together
		f.Error = math.Hypot(speeds, t.ThinkTokens.Error*think*token.Value) / f.Value
		if think > 0 && !t.ThinkOwn {
			f.Source = backend.SourceEstimated
		}
		return f
	}
	full := d.token(ask.Context)
	t.Full = Figure{Value: 1 / full.Value, Error: full.Error, Source: full.Source}
	t.FirstShort = until(shortPrompt, think+1, shortPrompt+int(think/2))
	t.FirstLong = until(longPrompt, think+1, longPrompt+int(think/2))
	prompt := shortPrompt
	if ask.Use == UseDocuments {
		prompt = longPrompt
	}
	t.Answer = until(prompt, think+AnswerTokens, ask.Context)
	return t
}

// depths is how fast a candidate is where its context is not empty. Each token works through the keys and values of all before
// it beside the weights, so what they add to its time grows with them.
type depths struct {
	c  *Candidate
	s  Speed
	kv KVType
}

// usualQueries is how many heads look at each key where that is not known.
const usualQueries = 4

// kept is what a token reads of so many before it: bytes, and numbers times the queries that they are multiplied by.
func (d depths) kept(depth int) (bytes, numbers float64) {
	bits := cmp.Or(d.kv.bits(), KVF16.bits())
	bytes = float64(d.c.cacheBytes(depth, d.kv) - d.c.cacheBytes(0, d.kv))
	return bytes, bytes * 8 / bits * cmp.Or(d.c.Queries, usualQueries)
}

// CacheSeconds is what a cost makes of what a token reads of so many before it.
func (c *Candidate) CacheSeconds(depth int, kv KVType, cost Cost) float64 {
	bytes, numbers := depths{c: c, kv: kv}.kept(depth)
	return bytes*cost.Byte + numbers*cost.Number
}

// share is how much of what Deep added is added after so many tokens. Of a candidate whose cache is not known, the tokens count.
func (d depths) share(depth int) float64 {
	here, _ := d.kept(depth)
	if at, _ := d.kept(d.s.Deep.Depth); at > 0 {
		return here / at
	}
	return float64(depth) / float64(d.s.Deep.Depth)
}

const (
	// beyond is how far off a line through two depths is further out, for each time as much.
	beyond = 0.15
	// costError is how far off the cost of the cache may be where no run of this machine tells.
	costError = 0.7
	// deepEnough is how much less a measured depth may be than one that is asked about, and shallowShare how little a depth
	// may add to a token, to be taken for measured.
	deepEnough, shallowShare = 0.8, 0.05
)

// token is what one token takes after so many.
func (d depths) token(depth int) Figure {
	cost := d.s.Cost
	if cost == (Cost{}) {
		cost = Cost{Byte: 1 / d.s.Generation / float64(max(1, d.c.active()))}
	}
	return d.at(depth, 1/d.s.Generation, d.s.Error, d.s.Deep.Generation, d.c.CacheSeconds(depth, d.kv, cost))
}

// reading is what a prompt takes that begins a chat: the middle of it is the depth of its tokens on average.
func (d depths) reading(prompt int) Figure {
	_, numbers := d.kept(prompt / 2)
	f := d.at(prompt/2, 1/d.s.Prompt, d.s.promptError(), d.s.Deep.Prompt, numbers*d.s.Cost.Read)
	f.Value *= float64(prompt)
	return f
}

// at is what a token takes after so many, by what it takes in an empty context, and by a measured speed deeper in one or else
// by what the cache is expected to add.
func (d depths) at(depth int, empty, err, deep, added float64) Figure {
	f := Figure{Source: d.s.Source}
	off := math.Hypot(added*err, added*cmp.Or(d.s.Cost.Error, costError))
	if deep > 0 && d.s.Deep.Depth > 0 {
		share, step := d.share(depth), max(0, 1/deep-empty)
		added = share * step
		off = math.Hypot(share*d.s.Deep.Error/deep, beyond*max(0, share-1)*step)
		f.Source = weaker(f.Source, d.s.Deep.Source)
	}
	if known := deep > 0 && float64(d.s.Deep.Depth) >= deepEnough*float64(depth); !known && added > shallowShare*empty {
		f.Source = backend.SourceEstimated
	}
	f.Value = empty + added
	f.Error = max(err, math.Hypot(empty*err, off)/f.Value)
	return f
}

// weaker is the source that says less.
func weaker(a, b backend.Source) backend.Source {
	order := []backend.Source{backend.SourceMeasured, backend.SourceTestDrive, backend.SourceEstimated}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
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
	said := func(f Figure) string { return fmt.Sprintf("%s (%s)", Wait(f.Value), Doubt(f.Source, f.Error)) }
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
