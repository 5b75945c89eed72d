package compare

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
)

// NewBlind begins a blind test between two to four models of the library.
func (l *Lab) NewBlind(ctx context.Context, refs []string, o lab.BlindOptions) (lab.Blind, error) {
	in, err := l.open()
	if err != nil {
		return lab.Blind{}, err
	}
	o.Variants = nil
	for _, ref := range refs {
		m, err := l.opts.Library.Model(ctx, ref)
		if err != nil {
			return lab.Blind{}, err
		}
		o.Variants = append(o.Variants, m)
	}
	return in.NewBlind(ctx, o)
}

// EndBlind ends a blind test early.
func (l *Lab) EndBlind(ctx context.Context, id string) (lab.Blind, error) {
	in, err := l.open()
	if err != nil {
		return lab.Blind{}, err
	}
	return in.EndBlind(ctx, id)
}

// Blind finds a blind test.
func (l *Lab) Blind(ctx context.Context, id string) (lab.Blind, error) {
	in, err := l.open()
	if err != nil {
		return lab.Blind{}, err
	}
	return in.Blind(ctx, id)
}

// Blinds lists the blind tests, newest first.
func (l *Lab) Blinds(ctx context.Context) ([]lab.Blind, error) {
	in, err := l.open()
	if err != nil {
		return nil, err
	}
	return in.Blinds(ctx)
}

// RemoveBlind forgets a blind test, and what it said to the advisor.
func (l *Lab) RemoveBlind(ctx context.Context, id string) error {
	in, err := l.open()
	if err != nil {
		return err
	}
	return in.RemoveBlind(ctx, id)
}

// Findings are what the person's blind tests say firmly, by catalog id and quant. Of several about one pair the newest
// counts.
func (l *Lab) Findings(ctx context.Context) map[[2]string][]advisor.Finding {
	if l.opts.History == nil {
		return nil
	}
	blinds, err := l.Blinds(ctx)
	if err != nil {
		slog.Warn("blind tests not read", "error", err)
		return nil
	}
	out := map[[2]string][]advisor.Finding{}
	seen := map[[3]string]bool{}
	for _, b := range blinds {
		for _, f := range b.Standing().Findings {
			name, _ := backend.SplitRef(f.Model)
			id, _, ok := l.opts.Catalog.Entry(backend.Model{Ref: name, Quant: f.Quant})
			pair := [3]string{id, f.Quant, f.AsGoodAs + f.WorseThan}
			if !ok || seen[pair] {
				continue
			}
			seen[pair] = true
			at := [2]string{id, f.Quant}
			out[at] = append(out[at], advisor.Finding{Quant: f.Quant, AsGoodAs: f.AsGoodAs, WorseThan: f.WorseThan, Rounds: f.Rounds})
		}
	}
	return out
}

// roundsAhead is how many rounds are written at a time: every model is loaded once for all of them.
const roundsAhead = 3

// usualPrompt is about how many tokens a built-in prompt has with what a template puts around it.
const usualPrompt = 80

// Writing is about how long the answers of a blind test take to be written, in seconds. It is of all variants together, so
// that it tells nothing of any of them.
type Writing struct {
	Round float64 // for one prompt; 0: nothing tells
	Load  float64 // to load every model once; 0: not known
	Ahead int     // rounds that are written together where no prompt of the person's own is asked
}

// WritingOf foretells it from the answers that were written, and before there are any from the speeds of the models and
// the most that an answer may have.
func WritingOf(b *lab.Blind, speed func(ref string) (advisor.Speed, bool)) Writing {
	out := Writing{Ahead: max(1, min(roundsAhead, b.MaxRounds-len(b.Rounds)))}
	round := 0.0
	for v, variant := range b.Variants {
		seconds, load, n := 0.0, 0.0, 0.0
		for _, r := range b.Rounds {
			at := slices.Index(r.Order, v)
			if len(r.Answers) != len(b.Variants) || at < 0 {
				continue
			}
			if m := r.Answers[at].Metrics; m.TokensPerSecond > 0 {
				seconds, n = seconds+m.TimeToFirstTokenSeconds+float64(m.Tokens)/m.TokensPerSecond, n+1
				load = max(load, m.LoadSeconds)
			}
		}
		out.Load += load
		if n > 0 {
			round += seconds / n
			continue
		}
		s, ok := speed(variant.Ref)
		if !ok || !(s.Generation > 0) {
			return Writing{Ahead: out.Ahead}
		}
		round += float64(b.MaxTokens) / s.Generation
		if s.Prompt > 0 {
			round += usualPrompt / s.Prompt
		}
	}
	out.Round = round
	return out
}

// WaitingRound returns the round of a blind test to vote on: the person's own prompt first.
func WaitingRound(b *lab.Blind) (lab.Round, bool) {
	var found *lab.Round
	for i := range b.Rounds {
		r := &b.Rounds[i]
		if r.Vote != nil || r.Same || len(r.Answers) != len(b.Variants) {
			continue
		}
		if found == nil || r.Use == "own" && found.Use != "own" {
			found = r
		}
	}
	if found == nil {
		return lab.Round{}, false
	}
	return *found, true
}

// AskBlind prepares to have every variant answer, and returns what does it. The person's prompt is asked next; with none,
// some rounds with built-in prompts are written together, and nothing while any of them waits for a vote.
func (l *Lab) AskBlind(ctx context.Context, id, prompt string) (write func(context.Context) error, err error) {
	in, err := l.open()
	if err != nil {
		return nil, err
	}
	b, err := in.Blind(ctx, id)
	if err != nil {
		return nil, err
	}
	if b.Ended {
		return nil, backend.Fail(backend.CodeInvalid, nil, "This blind test has ended.", "Begin another one.")
	}
	ahead := 1
	_, waiting := WaitingRound(&b)
	switch prompt = strings.TrimSpace(prompt); {
	case prompt != "":
		if err := in.AskNext(ctx, id, prompt); err != nil {
			return nil, err
		}
		for _, r := range b.Rounds {
			if r.Vote == nil && !r.Same {
				ahead++
			}
		}
	case !waiting:
		ahead = roundsAhead
	}
	// Nothing is reported on the way: an answer that takes long to write is a long one, and would be known by it.
	return func(ctx context.Context) error { return in.PrepareRounds(ctx, id, ahead, nil) }, nil
}

// VoteBlind votes on the round in hand: the place of the better answer, or less than 0 for a tie.
func (l *Lab) VoteBlind(ctx context.Context, id string, choice int) (lab.Blind, error) {
	in, err := l.open()
	if err != nil {
		return lab.Blind{}, err
	}
	b, err := in.Blind(ctx, id)
	if err != nil {
		return b, err
	}
	r, ok := WaitingRound(&b)
	if !ok || b.Ended {
		return b, backend.Fail(backend.CodeInvalid, nil, "There is nothing to vote on.", "Ask for answers first.")
	}
	best := []int{choice}
	if choice < 0 {
		best = best[:0]
		for place := range b.Variants {
			best = append(best, place)
		}
	}
	b, _, err = in.Vote(ctx, id, r.Number, best)
	return b, err
}
