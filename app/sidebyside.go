package app

import (
	"context"

	"weightroom/app/core"
	"weightroom/app/core/compare"
	"weightroom/backend"
)

// SideBySide sends one prompt to several models and returns at once; events and Side tell what they answer.
func (s *Lab) SideBySide(ask SideAsk) (SideRun, error) {
	return withCore(s.host, "Lab.SideBySide", func(ctx context.Context, c *core.Core) (SideRun, error) {
		sides, answer, err := c.SideBySide.Begin(ctx, compare.SideRequest(ask))
		if err != nil {
			return SideRun{}, err
		}
		offsets := make([]int, len(sides.Answers)) // each is one answer's alone
		s.host.work.Go(func() {
			answer(func(d compare.SideDelta) {
				out := SideDelta{ID: sides.ID, Column: d.Column, State: string(d.State), Text: d.Text}
				if d.Column >= 0 {
					out.Offset = offsets[d.Column]
					offsets[d.Column] += backend.UTF16Length(d.Text)
				}
				out.Seq = s.host.next()
				s.host.emit(EventSideDelta, out)
			})
		})
		return sideRun(sides), nil
	})
}

// Side returns a prompt's answers as they are now.
func (s *Lab) Side(id string) (SideRun, error) {
	return withCore(s.host, "Lab.Side", func(_ context.Context, c *core.Core) (SideRun, error) {
		sides, err := c.SideBySide.Get(id)
		if err != nil {
			return SideRun{}, err
		}
		return sideRun(sides), nil
	})
}

// StopSide ends all answers of a prompt; what they have written stays.
func (s *Lab) StopSide(id string) error {
	return doCore(s.host, "Lab.StopSide", func(_ context.Context, c *core.Core) error { return c.SideBySide.Stop(id) })
}
