package app

import (
	"context"
	"log/slog"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
)

// NewBlind begins a blind test between two to four models of the library.
func (c *Core) NewBlind(ctx context.Context, refs []string, o lab.BlindOptions) (lab.Blind, error) {
	l, err := c.Lab()
	if err != nil {
		return lab.Blind{}, err
	}
	o.Variants = nil
	for _, ref := range refs {
		m, err := c.Models.Model(ctx, ref)
		if err != nil {
			return lab.Blind{}, err
		}
		o.Variants = append(o.Variants, m)
	}
	return l.NewBlind(ctx, o)
}

// PrepareBlind has the variants write their answers, so that ahead rounds wait for a vote.
func (c *Core) PrepareBlind(ctx context.Context, id string, ahead int, progress func(lab.Progress)) error {
	l, err := c.Lab()
	if err != nil {
		return err
	}
	return l.PrepareRounds(ctx, id, ahead, progress)
}

// VoteBlind stores a vote and gives the round with nothing hidden.
func (c *Core) VoteBlind(ctx context.Context, id string, number int, best []int) (lab.Blind, lab.Round, error) {
	l, err := c.Lab()
	if err != nil {
		return lab.Blind{}, lab.Round{}, err
	}
	return l.Vote(ctx, id, number, best)
}

// EndBlind ends a blind test early.
func (c *Core) EndBlind(ctx context.Context, id string) (lab.Blind, error) {
	l, err := c.Lab()
	if err != nil {
		return lab.Blind{}, err
	}
	return l.EndBlind(ctx, id)
}

// Blind finds a blind test.
func (c *Core) Blind(ctx context.Context, id string) (lab.Blind, error) {
	l, err := c.Lab()
	if err != nil {
		return lab.Blind{}, err
	}
	return l.Blind(ctx, id)
}

// Blinds lists the blind tests, newest first.
func (c *Core) Blinds(ctx context.Context) ([]lab.Blind, error) {
	l, err := c.Lab()
	if err != nil {
		return nil, err
	}
	return l.Blinds(ctx)
}

// RemoveBlind forgets a blind test, and what it said to the advisor.
func (c *Core) RemoveBlind(ctx context.Context, id string) error {
	l, err := c.Lab()
	if err != nil {
		return err
	}
	return l.RemoveBlind(ctx, id)
}

// findings are what the person's blind tests say firmly, by catalog id and quant. Of several about one pair the newest
// counts.
func (c *Core) findings(ctx context.Context) map[[2]string][]advisor.Finding {
	if c.History == nil {
		return nil
	}
	blinds, err := c.Blinds(ctx)
	if err != nil {
		slog.Warn("blind tests not read", "error", err)
		return nil
	}
	out := map[[2]string][]advisor.Finding{}
	seen := map[[3]string]bool{}
	for _, b := range blinds {
		for _, f := range b.Standing().Findings {
			name, _ := backend.SplitRef(f.Model)
			id, _, ok := c.catalogued(backend.Model{Ref: name, Quant: f.Quant})
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
