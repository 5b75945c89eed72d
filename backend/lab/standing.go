package lab

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"weightroom/backend"
)

const (
	// firmRounds is how many rounds a test must have had for its verdict of no difference to change a recommendation.
	firmRounds = 20
	// firmLead is how far the more precise variant may lead in such a test, as a share of all rounds.
	firmLead = 0.15
)

// voted are the rounds that count: those with a vote, and those whose answers were all the same.
func (b *Blind) voted() []Round {
	var out []Round
	for _, r := range b.Rounds {
		if r.Vote != nil || r.Same {
			out = append(out, r)
		}
	}
	return out
}

// outcomes says for each round which of two variants was preferred. Among more than two, two that both were not the best
// say nothing about each other.
func (b *Blind) outcomes(first, second int) []outcome {
	var out []outcome
	for _, r := range b.voted() {
		if r.Same {
			out = append(out, noPreference)
			continue
		}
		best := func(v int) bool { return slices.Contains(r.Vote.Best, slices.Index(r.Order, v)) }
		switch f, s := best(first), best(second); {
		case f && !s:
			out = append(out, firstBetter)
		case s && !f:
			out = append(out, secondBetter)
		default:
			out = append(out, noPreference)
		}
	}
	return out
}

// Standing says what the votes support at this moment. It may be asked after every round: the error of naming a winner
// that there is none is at most 5% over the whole test, and so is that of the intervals.
func (b *Blind) Standing() Standing {
	s := Standing{Voted: len(b.voted()), MaxRounds: b.MaxRounds, Findings: []Finding{}}
	n := len(b.Variants)
	plan := spendingFor(b.Ordered, n*(n-1)/2)
	open := false
	for i := range n {
		for j := i + 1; j < n; j++ {
			rounds := b.outcomes(i, j)
			p := Pair{First: i, Second: j, Preferred: -1, Share: shareOf(rounds), Confidence: 1 - plan.up - plan.down}
			p.Wins, p.Losses, p.Ties = count(rounds)
			p.Low, p.High = plan.interval(rounds, b.MaxRounds)
			switch plan.verdict(rounds, b.MaxRounds, 0.5) {
			case firstBetter:
				p.Preferred = i
			case secondBetter:
				p.Preferred = j
			default:
				open = open || plan.open(rounds, b.MaxRounds)
			}
			p.Sentence = b.pairSentence(p, len(rounds))
			s.Pairs = append(s.Pairs, p)
		}
	}
	s.Stop, s.Reason = b.stop(s, open)
	s.Sentence = b.sentence(s)
	s.Findings = b.findings(s)
	return s
}

func (b *Blind) stop(s Standing, open bool) (bool, string) {
	decided := !slices.ContainsFunc(s.Pairs, func(p Pair) bool { return p.Preferred < 0 })
	switch left := b.MaxRounds - s.Voted; {
	case decided:
		return true, "The votes are clear: more of them would not change the verdict."
	case left <= 0:
		return true, fmt.Sprintf("All %d rounds are done.", b.MaxRounds)
	case !open:
		return true, fmt.Sprintf("Even if what is left, %s, all went one way, no preference would show.", backend.Plural(left, "round"))
	case b.Ended:
		return true, "You ended the test."
	case left == 1:
		return false, "One round is left."
	default:
		return false, fmt.Sprintf("%d rounds are left, and they may still show a preference.", left)
	}
}

func (b *Blind) name(v int) string { return b.Variants[v].Name }

func (b *Blind) pairSentence(p Pair, rounds int) string {
	votes := fmt.Sprintf("%d to %d", p.Wins, p.Losses)
	if p.Ties > 0 {
		votes += fmt.Sprintf(", %s", plural(p.Ties, "tie"))
	}
	switch p.Preferred {
	case p.First:
		return fmt.Sprintf("You preferred %s to %s in %s (%s).", b.name(p.First), b.name(p.Second), plural(rounds, "round"), votes)
	case p.Second:
		return fmt.Sprintf("You preferred %s to %s in %s (%d to %d%s).", b.name(p.Second), b.name(p.First), plural(rounds, "round"), p.Losses, p.Wins, tiesAfter(p.Ties))
	}
	if rounds == 0 {
		return fmt.Sprintf("No round of %s against %s has a vote yet.", b.name(p.Second), b.name(p.First))
	}
	return fmt.Sprintf("You could not tell %s from %s in %s (%s).", b.name(p.Second), b.name(p.First), plural(rounds, "round"), votes)
}

func tiesAfter(n int) string {
	if n == 0 {
		return ""
	}
	return ", " + plural(n, "tie")
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// sentence is the verdict of the whole test.
func (b *Blind) sentence(s Standing) string {
	if s.Voted == 0 {
		return "No vote yet."
	}
	if len(s.Pairs) == 1 {
		p := s.Pairs[0]
		text := p.Sentence
		if !s.Stop && p.Preferred < 0 {
			text = fmt.Sprintf("After %s you can't tell %s from %s yet (%d to %d%s).", plural(s.Voted, "round"), b.name(p.Second), b.name(p.First), p.Wins, p.Losses, tiesAfter(p.Ties))
		}
		if p.Wins+p.Losses == 0 {
			return text
		}
		better, low, high := p.First, p.Low, p.High
		if p.Preferred == p.Second {
			better, low, high = p.Second, 1-p.High, 1-p.Low
		}
		return text + fmt.Sprintf(" Where you had a preference, it would be for %s in %.0f%% to %.0f%% of rounds (%.0f%% interval).",
			b.name(better), math.Floor(100*low), math.Ceil(100*high), math.Floor(100*p.Confidence))
	}
	var clear, unclear []string
	for _, p := range s.Pairs {
		pair := b.name(p.Second) + " from " + b.name(p.First)
		switch p.Preferred {
		case p.First:
			clear = append(clear, b.name(p.First)+" to "+b.name(p.Second))
		case p.Second:
			clear = append(clear, b.name(p.Second)+" to "+b.name(p.First))
		default:
			unclear = append(unclear, pair)
		}
	}
	in := " in " + plural(s.Voted, "round")
	switch {
	case len(clear) == 0 && s.Stop:
		return "You could not tell any of them apart" + in + "."
	case len(clear) == 0:
		return "After " + plural(s.Voted, "round") + " you can't tell any of them apart yet."
	case len(unclear) == 0:
		return "You preferred " + join(clear) + in + "."
	}
	return "You preferred " + join(clear) + in + ". You could not tell " + join(unclear) + "."
}

func join(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// findings are verdicts firm enough to change a recommendation: a preference that is supported, or no preference after
// enough rounds in which the more precise one hardly led. Only quants of one model have any.
func (b *Blind) findings(s Standing) []Finding {
	out := []Finding{}
	if !b.Ordered {
		return out
	}
	for _, p := range s.Pairs {
		precise, other := b.Variants[p.First], b.Variants[p.Second]
		f := Finding{Quant: other.Quant, Model: other.Ref, OtherModel: precise.Ref, Rounds: s.Voted}
		lead := float64(p.Wins-p.Losses) / float64(max(1, s.Voted))
		switch {
		case p.Preferred == p.First:
			f.WorseThan = precise.Quant
		case s.Voted >= firmRounds && lead <= firmLead && (s.Stop || p.Preferred == p.Second):
			f.AsGoodAs = precise.Quant
		default:
			continue
		}
		out = append(out, f)
	}
	return out
}
