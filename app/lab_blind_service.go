package app

import (
	"context"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/lab"
)

// roundsAhead is how many rounds are written at a time: every model is loaded once for all of them.
const roundsAhead = 3

// blindRule is the stop rule in a sentence.
const blindRule = "The test ends by itself as soon as no further vote could change the verdict, and at the latest when all rounds are done. You may look after every round and stop whenever you like: the interval counts with that."

// blindPage is a blind test as far as a person may see it. Before its end it depends on nothing that tells which answer
// is whose: the order of a round, its figures and its thinking stay here, and so do the names in the verdict.
func blindPage(b *lab.Blind, evidence bool) BlindTest {
	standing := b.Standing()
	ended := b.Ended || standing.Stop
	out := BlindTest{
		ID: b.ID, Variants: convert(b.Variants, func(v lab.Variant) BlindVariant {
			return BlindVariant{Ref: v.Ref, Name: v.Name, Quant: v.Quant}
		}),
		Use: b.Use, State: "open", At: millis(b.Begun), Rounds: standing.Voted, Most: b.MaxRounds, Ties: blindTies(b),
		Rule: blindRule, Sentence: blindSoFar(standing), Evidence: []BlindPoint{}, Answers: []string{}, Tallies: []BlindTally{}, Votes: []BlindVote{},
	}
	slices.SortFunc(out.Variants, func(a, b BlindVariant) int { return strings.Compare(a.Ref, b.Ref) })
	if evidence && len(b.Variants) == 2 {
		// Which of the two the share is of could be told by its going up after a vote. So before the end a coin decides.
		out.Evidence = blindEvidence(b, !ended && b.Seed&1 == 1)
	}
	if !ended {
		if r, ok := waitingRound(b); ok {
			out.Round, out.Prompt = r.Number, r.Prompt
			out.Answers = convert(r.Answers, func(a lab.Answer) string { return a.Text })
			if hidden, ok := b.NextRound(); ok {
				out.Pace = hidden.CharactersPerSecond
			}
		}
		return out
	}
	out.State, out.Enough = "ended", standing.Stop
	out.Sentence, out.Verdict = standing.Reason, standing.Sentence
	out.Tallies, out.Votes = blindTallies(b, standing), blindVotes(b)
	if len(standing.Pairs) == 1 && standing.Pairs[0].Preferred >= 0 {
		out.Winner = b.Variants[standing.Pairs[0].Preferred].Ref
	}
	out.Advice = blindAdvice(b, standing)
	return out
}

// waitingRound is the round to vote on: the person's own prompt first.
func waitingRound(b *lab.Blind) (lab.Round, bool) {
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

// counted are the rounds that have a vote, and those whose answers were all the same.
func counted(b *lab.Blind) []lab.Round {
	return slices.DeleteFunc(slices.Clone(b.Rounds), func(r lab.Round) bool { return r.Vote == nil && !r.Same })
}

func blindTies(b *lab.Blind) int {
	n := 0
	for _, r := range counted(b) {
		if r.Same || len(r.Vote.Best) == len(b.Variants) {
			n++
		}
	}
	return n
}

// blindSoFar says how a test stands without a name.
func blindSoFar(s lab.Standing) string {
	clear := slices.ContainsFunc(s.Pairs, func(p lab.Pair) bool { return p.Preferred >= 0 })
	switch {
	case s.Voted == 0:
		return "No vote yet."
	case clear && len(s.Pairs) > 1:
		return "You prefer one of them to another; the rest is not clear yet."
	case clear:
		return "You prefer one of them."
	}
	return "Chance could give the same so far."
}

// blindEvidence is what could be said after each round.
func blindEvidence(b *lab.Blind, turned bool) []BlindPoint {
	out := []BlindPoint{}
	rounds := counted(b)
	for i := range rounds {
		before := *b
		before.Rounds, before.Ended = rounds[:i+1], false
		p := before.Standing().Pairs[0]
		point := BlindPoint{Round: i + 1, Share: p.Share, Low: p.Low, High: p.High}
		if turned {
			point.Share, point.Low, point.High = 1-p.Share, 1-p.High, 1-p.Low
		}
		out = append(out, point)
	}
	return out
}

// blindTallies counts who was preferred how often. Shares and intervals are known for two variants only.
func blindTallies(b *lab.Blind, s lab.Standing) []BlindTally {
	out := convert(b.Variants, func(v lab.Variant) BlindTally {
		return BlindTally{Ref: v.Ref, Label: v.Name, Share: unknown, Low: unknown, High: unknown}
	})
	if len(b.Variants) == 2 {
		p := s.Pairs[0]
		out[0].Wins, out[0].Share, out[0].Low, out[0].High = p.Wins, p.Share, p.Low, p.High
		out[1].Wins, out[1].Share, out[1].Low, out[1].High = p.Losses, 1-p.Share, 1-p.High, 1-p.Low
		return out
	}
	for _, r := range counted(b) {
		if r.Same || len(r.Vote.Best) == len(b.Variants) {
			continue
		}
		for _, place := range r.Vote.Best {
			out[r.Order[place]].Wins++
		}
	}
	return out
}

func blindVotes(b *lab.Blind) []BlindVote {
	return convert(counted(b), func(r lab.Round) BlindVote {
		v := BlindVote{Prompt: r.Prompt, Choice: -1, Answers: convert(r.Answers, func(a lab.Answer) string { return a.Text })}
		v.Order = convert(r.Order, func(i int) string { return b.Variants[i].Ref })
		if r.Vote != nil && len(r.Vote.Best) == 1 {
			v.Choice = r.Vote.Best[0]
		}
		return v
	})
}

// blindAdvice says what the advisor makes of a verdict.
func blindAdvice(b *lab.Blind, s lab.Standing) string {
	var out []string
	for _, f := range s.Findings {
		if f.AsGoodAs != "" {
			out = append(out, "The advisor now takes "+f.Quant+" for as good as "+f.AsGoodAs+", so that the smaller and faster of the two comes first.")
		} else {
			out = append(out, "The advisor now counts "+f.Quant+" below "+f.WorseThan+".")
		}
	}
	switch {
	case len(out) > 0:
		return strings.Join(out, " ")
	case !b.Ordered:
		return "Only quants of one model change what the advisor says."
	}
	return "This is not firm enough to change what the advisor says."
}

// Blinds gives all blind tests, newest first.
func (s *Lab) Blinds() ([]BlindTest, error) {
	return withLab(s, "Lab.Blinds", func(ctx context.Context, core *Core, _ *lab.Lab) ([]BlindTest, error) {
		blinds, err := core.Blinds(ctx)
		return convert(blinds, func(b lab.Blind) BlindTest { return blindPage(&b, false) }), err
	})
}

// Blind gives one.
func (s *Lab) Blind(id string) (BlindTest, error) {
	return withLab(s, "Lab.Blind", func(ctx context.Context, core *Core, _ *lab.Lab) (BlindTest, error) {
		b, err := core.Blind(ctx, id)
		if err != nil {
			return BlindTest{}, err
		}
		return blindPage(&b, true), nil
	})
}

// StartBlind begins a blind test; nothing is written yet.
func (s *Lab) StartBlind(ask BlindAsk) (BlindTest, error) {
	return withLab(s, "Lab.StartBlind", func(ctx context.Context, core *Core, _ *lab.Lab) (BlindTest, error) {
		b, err := core.NewBlind(ctx, ask.Refs, lab.BlindOptions{Use: ask.Use, MaxTokens: ask.Tokens})
		if err != nil {
			return BlindTest{}, err
		}
		return blindPage(&b, true), nil
	})
}

// AskBlind has every variant answer as a task, whose result is the test's id. The person's prompt is asked next; with
// none, some rounds with built-in prompts are written together, and the task ends at once while any of them is left.
func (s *Lab) AskBlind(id, prompt string) (Task, error) {
	return withLab(s, "Lab.AskBlind", func(ctx context.Context, core *Core, l *lab.Lab) (Task, error) {
		b, err := core.Blind(ctx, id)
		if err != nil {
			return Task{}, err
		}
		if b.Ended {
			return Task{}, backend.Fail(backend.CodeInvalid, nil, "This blind test has ended.", "Begin another one.")
		}
		ahead := 1
		_, waiting := waitingRound(&b)
		switch prompt = strings.TrimSpace(prompt); {
		case prompt != "":
			if err := l.AskNext(ctx, id, prompt); err != nil {
				return Task{}, err
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
		return s.window.tasks.start("blind", "Writing the answers", func(ctx context.Context, _ func(done, total int64)) (string, error) {
			return id, core.PrepareBlind(ctx, id, ahead, nil)
		}), nil
	})
}

// VoteBlind votes on the round in hand: the place of the better answer, or -1 for a tie.
func (s *Lab) VoteBlind(id string, choice int) (BlindTest, error) {
	return withLab(s, "Lab.VoteBlind", func(ctx context.Context, core *Core, _ *lab.Lab) (BlindTest, error) {
		b, err := core.Blind(ctx, id)
		if err != nil {
			return BlindTest{}, err
		}
		r, ok := waitingRound(&b)
		if !ok || b.Ended {
			return BlindTest{}, backend.Fail(backend.CodeInvalid, nil, "There is nothing to vote on.", "Ask for answers first.")
		}
		best := []int{choice}
		if choice < 0 {
			best = best[:0]
			for place := range b.Variants {
				best = append(best, place)
			}
		}
		if b, _, err = core.VoteBlind(ctx, id, r.Number, best); err != nil {
			return BlindTest{}, err
		}
		if b.Ended {
			s.window.emit(EventDrives, Changed{Seq: s.window.next()}) // advice rests on it
		}
		return blindPage(&b, true), nil
	})
}

// EndBlind ends a test and tells which was which.
func (s *Lab) EndBlind(id string) (BlindTest, error) {
	return withLab(s, "Lab.EndBlind", func(ctx context.Context, core *Core, _ *lab.Lab) (BlindTest, error) {
		b, err := core.EndBlind(ctx, id)
		if err != nil {
			return BlindTest{}, err
		}
		s.window.emit(EventDrives, Changed{Seq: s.window.next()})
		return blindPage(&b, true), nil
	})
}

// ForgetBlind deletes a test with its prompts, answers and votes.
func (s *Lab) ForgetBlind(id string) error {
	_, err := withLab(s, "Lab.ForgetBlind", func(ctx context.Context, core *Core, _ *lab.Lab) (struct{}, error) {
		err := core.RemoveBlind(ctx, id)
		s.window.emit(EventDrives, Changed{Seq: s.window.next()})
		return struct{}{}, err
	})
	return err
}
