package lab

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"weightroom/backend"
)

const (
	blindIndexKey = "lab/blinds"
	blindRounds   = 40  // most of a test, unless said otherwise
	blindTokens   = 300 // of an answer, unless said otherwise
	blindContext  = 4096
	// commonPace is how fast all answers are shown, in characters a second: a little faster than people read, so that
	// neither the slower variant nor the longer answer is told by its coming.
	commonPace = 60
)

// NewBlind begins a blind test. Nothing runs yet: PrepareRounds writes answers.
func (l *Lab) NewBlind(ctx context.Context, o BlindOptions) (Blind, error) {
	if len(o.Variants) < 2 || len(o.Variants) > 4 {
		return Blind{}, backend.Fail(backend.CodeInvalid, nil, "A blind test compares two to four variants.", "Choose that many models.")
	}
	b := Blind{
		ID: l.o.NewID(), Begun: now(), Changed: now(), Use: o.Use, MaxRounds: cmp.Or(o.MaxRounds, blindRounds), MaxTokens: cmp.Or(o.MaxTokens, blindTokens),
		Seed: o.Seed, Rounds: []Round{}, Own: []string{}, Engine: l.o.Meter.Conditions(ctx).Engine,
	}
	if b.Seed == 0 {
		b.Seed = now().UnixNano() & 0x7fffffffffff
	}
	if b.MaxRounds < 10 || b.MaxRounds > 200 {
		return Blind{}, backend.Fail(backend.CodeInvalid, nil, "A blind test has 10 to 200 rounds.", "40 are enough to find a preference of 70 to 30 in four of five cases.")
	}
	if b.MaxTokens < 16 || b.MaxTokens > 4096 {
		return Blind{}, backend.Fail(backend.CodeInvalid, nil, "An answer has 16 to 4096 tokens.", "Choose another length.")
	}
	if b.Use != "" && !slices.Contains(Uses(), b.Use) {
		return Blind{}, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("There are no built-in prompts for %q.", b.Use), "Choose "+strings.Join(Uses(), ", ")+", or all of them.")
	}
	for _, p := range o.Prompts {
		if p = strings.TrimSpace(p); p != "" {
			b.Own = append(b.Own, p)
		}
	}
	if err := b.takeVariants(o.Variants); err != nil {
		return Blind{}, err
	}
	l.blindly.Lock()
	defer l.blindly.Unlock()
	if err := l.saveBlind(ctx, &b); err != nil {
		return Blind{}, err
	}
	return b, l.remember(ctx, blindIndexKey, b.ID)
}

// takeVariants sorts quants of one model by precision and names all of them.
func (b *Blind) takeVariants(models []backend.Model) error {
	models = slices.Clone(models)
	name := func(m backend.Model) string { n, _ := backend.SplitRef(m.Ref); return n }
	b.Ordered = true
	for i, m := range models {
		if !slices.Contains(m.Capable, "chat") && m.Capable != nil {
			return backend.Fail(backend.CodeInvalid, nil, m.Ref+" does not chat, so it can't answer in a blind test.", "Choose models that chat.")
		}
		b.Ordered = b.Ordered && name(m) == name(models[0]) && bitsOf(m.Quant) > 0
		for _, o := range models[:i] {
			if o.Ref == m.Ref {
				return backend.Fail(backend.CodeInvalid, nil, m.Ref+" is there twice.", "Choose different variants.")
			}
			b.Ordered = b.Ordered && bitsOf(o.Quant) != bitsOf(m.Quant)
		}
	}
	if b.Ordered {
		slices.SortStableFunc(models, morePrecise)
	}
	for _, m := range models {
		v := Variant{Ref: m.Ref, Name: m.Quant, Quant: m.Quant, Bits: bitsOf(m.Quant)}
		if !b.Ordered {
			v.Name = m.Ref
		}
		b.Variants = append(b.Variants, v)
	}
	return nil
}

// round makes the round of a number, always the same for one seed: its prompt, the seed of its answers and the order in
// which they are shown.
func (b *Blind) round(number int) Round {
	shuffled := builtIn(b.Use)
	rand.New(rand.NewPCG(uint64(b.Seed), 0)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	random := rand.New(rand.NewPCG(uint64(b.Seed), uint64(number)))
	r := Round{Number: number, Seed: int64(random.Uint32() >> 1), Order: random.Perm(len(b.Variants)), Answers: []Answer{}}
	if b.Next != "" && number == len(b.Rounds)+1 {
		r.Prompt, r.Use = b.Next, "own"
	} else if i := number - 1; i < len(b.Own) {
		r.Prompt, r.Use = b.Own[i], "own"
	} else {
		p := shuffled[(i-len(b.Own))%len(shuffled)]
		r.Prompt, r.Use = p.text, p.use
	}
	return r
}

// AskNext makes prompt the one of the next round that PrepareRounds writes.
func (l *Lab) AskNext(ctx context.Context, id, prompt string) error {
	l.blindly.Lock()
	defer l.blindly.Unlock()
	b, err := l.Blind(ctx, id)
	if err != nil {
		return err
	}
	b.Next = strings.TrimSpace(strings.ToValidUTF8(prompt, ""))
	return l.saveBlind(ctx, &b)
}

// PrepareRounds has every variant answer the prompts of the next rounds, so that ahead of them are ready, and stores
// each answer as it comes. Each variant is loaded once. A round whose answers are all the same text is a tie that
// nobody need be asked about, and another takes its place.
func (l *Lab) PrepareRounds(ctx context.Context, id string, ahead int, report func(Progress)) error {
	done, err := l.busy()
	if err != nil {
		return err
	}
	defer done()
	s := steps{report: report}
	for try := 0; try < 4; try++ {
		b, err := l.Blind(ctx, id)
		if err != nil {
			return err
		}
		missing := b.missing(ahead)
		if b.Ended || len(missing) == 0 {
			return nil
		}
		if err := l.answerRounds(ctx, b, missing, &s); err != nil {
			return err
		}
	}
	return nil
}

// missing are the rounds to be written so that ahead of them wait for a vote.
func (b *Blind) missing(ahead int) []Round {
	waiting := 0
	for _, r := range b.Rounds {
		if r.Vote == nil && !r.Same && len(r.Answers) == len(b.Variants) {
			waiting++
		}
	}
	var out []Round
	for n := len(b.Rounds) + 1; waiting < max(1, ahead) && n <= b.MaxRounds; n++ {
		out = append(out, b.round(n))
		waiting++
	}
	return out
}

func (l *Lab) answerRounds(ctx context.Context, b Blind, rounds []Round, s *steps) error {
	server, err := l.o.Serve(ctx, Serving{KV: "f16"})
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	models, err := l.o.Library.Models(ctx)
	if err != nil {
		return err
	}
	for i := range rounds {
		rounds[i].Answers = make([]Answer, len(b.Variants))
	}
	total, did := float64(len(rounds)*len(b.Variants)), 0.0
	for v, variant := range b.Variants {
		at := slices.IndexFunc(models, func(m backend.Model) bool { return m.Ref == variant.Ref })
		if at < 0 {
			return backend.Fail(backend.CodeNotFound, nil, variant.Ref+" is no longer in the library.", "Add it again to go on, or end this test.")
		}
		m := models[at]
		for i := range rounds {
			r := &rounds[i]
			s.at(Progress{Stage: StageText, Label: "Writing answers", Row: -1, Round: r.Number, Done: did / total})
			answer, err := l.answer(ctx, server, m, b, *r)
			if err != nil {
				return err
			}
			r.Answers[slices.Index(r.Order, v)] = answer
			did++
		}
	}
	l.blindly.Lock()
	defer l.blindly.Unlock()
	current, err := l.Blind(ctx, b.ID) // a vote may have come meanwhile
	if err != nil || current.Ended {
		return err
	}
	for _, r := range rounds {
		if r.Number != len(current.Rounds)+1 {
			continue
		}
		r.Same = !slices.ContainsFunc(r.Answers, func(a Answer) bool { return a.Text != r.Answers[0].Text })
		current.Rounds = append(current.Rounds, r)
		if r.Prompt == current.Next {
			current.Next = ""
		}
	}
	return l.saveBlind(ctx, &current)
}

func (l *Lab) answer(ctx context.Context, server Server, m backend.Model, b Blind, r Round) (Answer, error) {
	contextLength := blindContext
	if m.ContextLength > 0 {
		contextLength = min(contextLength, m.ContextLength)
	}
	var text, thinking strings.Builder
	metrics, err := server.Answer(ctx, backend.Prompt{
		Model: m.Ref, Bytes: m.Bytes, Longest: m.ContextLength, Messages: []backend.Message{{Role: backend.RoleUser, Text: r.Prompt}},
		Sampling: backend.Sampling{Seed: &r.Seed, MaxTokens: b.MaxTokens, ContextLength: contextLength},
	}, func(d backend.Delta) {
		text.WriteString(d.Text)
		thinking.WriteString(d.Thinking)
	})
	if err != nil {
		return Answer{}, l.explain(ctx, Output{}, err, "answer a prompt")
	}
	return Answer{Text: strings.TrimSpace(strings.ToValidUTF8(text.String(), "")), Thinking: thinking.String(), Metrics: metrics}, nil
}

// NextRound returns the round that waits for a vote, as the person may see it. False: its answers are not written yet,
// or the test is over.
func (b *Blind) NextRound() (Hidden, bool) {
	if b.Ended || b.Standing().Stop {
		return Hidden{}, false
	}
	for _, r := range b.Rounds {
		if r.Vote != nil || r.Same || len(r.Answers) != len(b.Variants) {
			continue
		}
		h := Hidden{ID: b.ID, Number: r.Number, Prompt: r.Prompt, Use: r.Use, CharactersPerSecond: commonPace}
		for _, a := range r.Answers {
			h.Answers = append(h.Answers, a.Text)
		}
		return h, true
	}
	return Hidden{}, false
}

// RevealSeconds is how long it takes to show a round at the common pace: as long for each answer as for the longest.
func (h Hidden) RevealSeconds() float64 {
	longest := 0
	for _, a := range h.Answers {
		longest = max(longest, utf8.RuneCountInString(a))
	}
	return float64(longest) / h.CharactersPerSecond
}

// Vote stores which places of a round are best, all of them for a tie, and gives the round with nothing hidden. A vote
// is final: it could be changed in the knowledge of the names otherwise.
func (l *Lab) Vote(ctx context.Context, id string, number int, best []int) (Blind, Round, error) {
	l.blindly.Lock()
	defer l.blindly.Unlock()
	b, err := l.Blind(ctx, id)
	if err != nil {
		return b, Round{}, err
	}
	at := slices.IndexFunc(b.Rounds, func(r Round) bool { return r.Number == number })
	best = slices.Compact(slices.Sorted(slices.Values(best)))
	switch {
	case b.Ended:
		return b, Round{}, backend.Fail(backend.CodeInvalid, nil, "This blind test has ended.", "Begin another one.")
	case at < 0 || len(b.Rounds[at].Answers) != len(b.Variants):
		return b, Round{}, backend.Fail(backend.CodeInvalid, nil, "This round has no answers yet.", "Wait until they are written.")
	case b.Rounds[at].Vote != nil || b.Rounds[at].Same:
		return b, Round{}, backend.Fail(backend.CodeInvalid, nil, "This round has its vote already.", "Go on with the next one.")
	case len(best) == 0 || best[0] < 0 || best[len(best)-1] >= len(b.Variants):
		return b, Round{}, backend.Fail(backend.CodeInvalid, nil, "A vote names one or more of the answers.", "Choose the best one, or a tie.")
	}
	b.Rounds[at].Vote = &Vote{Best: best, At: now()}
	b.Changed = now()
	b.Ended = b.Standing().Stop
	return b, b.Rounds[at], l.saveBlind(ctx, &b)
}

// EndBlind ends a test early: what the votes say until then stands.
func (l *Lab) EndBlind(ctx context.Context, id string) (Blind, error) {
	l.blindly.Lock()
	defer l.blindly.Unlock()
	b, err := l.Blind(ctx, id)
	if err != nil {
		return b, err
	}
	b.Ended, b.Changed = true, now()
	return b, l.saveBlind(ctx, &b)
}

func blindKey(id string) string { return "lab/blind/" + id }

func (l *Lab) saveBlind(ctx context.Context, b *Blind) error {
	return l.o.Store.Put(context.WithoutCancel(ctx), blindKey(b.ID), b)
}

// Blind finds a blind test, to go on with it or to look at it.
func (l *Lab) Blind(ctx context.Context, id string) (Blind, error) {
	var b Blind
	found, err := l.o.Store.Get(ctx, blindKey(id), &b)
	if err != nil {
		return b, err
	}
	if !found || b.ID == "" {
		return b, backend.Fail(backend.CodeNotFound, nil, "There is no such blind test.", "It may have been removed. Choose another one.")
	}
	return b, nil
}

// Blinds lists the blind tests, newest first.
func (l *Lab) Blinds(ctx context.Context) ([]Blind, error) {
	var ids []string
	if _, err := l.o.Store.Get(ctx, blindIndexKey, &ids); err != nil {
		return nil, err
	}
	out := []Blind{}
	for _, id := range slices.Backward(ids) {
		b, err := l.Blind(ctx, id)
		if e := backend.Readable(err); e != nil && e.Code == backend.CodeNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// RemoveBlind forgets one.
func (l *Lab) RemoveBlind(ctx context.Context, id string) error {
	l.blindly.Lock()
	defer l.blindly.Unlock()
	if err := l.forget(ctx, blindIndexKey, id); err != nil {
		return err
	}
	return l.o.Store.Put(ctx, blindKey(id), Blind{})
}
