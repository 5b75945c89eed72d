package app

import (
	"slices"
	"strings"

	"weightroom/app/core/compare"
	"weightroom/backend/lab"
)

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
		if r, ok := compare.WaitingRound(b); ok {
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
	return "So far this could be chance."
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
			out = append(out, "The advisor now counts "+f.Quant+" as good as "+f.AsGoodAs+", so that the smaller and faster of the two comes first.")
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
