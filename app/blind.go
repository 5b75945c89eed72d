package app

import (
	"context"

	"weightroom/app/core"
	"weightroom/app/core/compare"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
)

// blind returns one blind test, as far as a person may see it.
func (s *Lab) blind(method string, f func(ctx context.Context, c *core.Core) (lab.Blind, error)) (BlindTest, error) {
	return withCore(s.host, method, func(ctx context.Context, c *core.Core) (BlindTest, error) {
		b, err := f(ctx, c)
		if err != nil {
			return BlindTest{}, err
		}
		page := blindPage(&b, true)
		if page.State == "open" {
			w := compare.WritingOf(&b, func(ref string) (advisor.Speed, bool) {
				m, err := c.Library.Model(ctx, ref)
				if err != nil {
					return advisor.Speed{}, false
				}
				return c.Advice.SpeedOf(ctx, m)
			})
			page.RoundSeconds, page.LoadSeconds, page.Ahead = w.Round, w.Load, w.Ahead
		}
		return page, nil
	})
}

// advised tells the page that advice rests on something else now.
func (s *Lab) advised() { s.host.emit(EventDrives, Changed{Seq: s.host.next()}) }

// Blinds returns all blind tests, newest first.
func (s *Lab) Blinds() ([]BlindTest, error) {
	return withCore(s.host, "Lab.Blinds", func(ctx context.Context, c *core.Core) ([]BlindTest, error) {
		blinds, err := c.Lab.Blinds(ctx)
		return convert(blinds, func(b lab.Blind) BlindTest { return blindPage(&b, false) }), err
	})
}

// Blind returns one.
func (s *Lab) Blind(id string) (BlindTest, error) {
	return s.blind("Lab.Blind", func(ctx context.Context, c *core.Core) (lab.Blind, error) { return c.Lab.Blind(ctx, id) })
}

// StartBlind begins a blind test; nothing is written yet.
func (s *Lab) StartBlind(ask BlindAsk) (BlindTest, error) {
	return s.blind("Lab.StartBlind", func(ctx context.Context, c *core.Core) (lab.Blind, error) {
		return c.Lab.NewBlind(ctx, ask.Refs, lab.BlindOptions{Use: ask.Use, MaxTokens: ask.Tokens})
	})
}

// AskBlind has every variant answer as a task, whose result is the test's id. The person's prompt is asked next; with
// none, some rounds with built-in prompts are written together, and the task ends at once while any of them is left.
func (s *Lab) AskBlind(id, prompt string) (Task, error) {
	return withCore(s.host, "Lab.AskBlind", func(ctx context.Context, c *core.Core) (Task, error) {
		write, err := c.Lab.AskBlind(ctx, id, prompt)
		if err != nil {
			return Task{}, err
		}
		return s.host.tasks.start("blind", "Writing the answers", func(ctx context.Context, _ func(done, total int64)) (string, error) {
			return id, write(ctx)
		}), nil
	})
}

// VoteBlind votes on the round in hand: the place of the better answer, or -1 for a tie.
func (s *Lab) VoteBlind(id string, choice int) (BlindTest, error) {
	return s.blind("Lab.VoteBlind", func(ctx context.Context, c *core.Core) (lab.Blind, error) {
		b, err := c.Lab.VoteBlind(ctx, id, choice)
		if err == nil && b.Ended {
			s.advised()
		}
		return b, err
	})
}

// EndBlind ends a test and tells which was which.
func (s *Lab) EndBlind(id string) (BlindTest, error) {
	return s.blind("Lab.EndBlind", func(ctx context.Context, c *core.Core) (lab.Blind, error) {
		b, err := c.Lab.EndBlind(ctx, id)
		if err == nil {
			s.advised()
		}
		return b, err
	})
}

// ForgetBlind deletes a test with its prompts, answers and votes.
func (s *Lab) ForgetBlind(id string) error {
	return doCore(s.host, "Lab.ForgetBlind", func(ctx context.Context, c *core.Core) error {
		err := c.Lab.RemoveBlind(ctx, id)
		if err == nil {
			s.advised()
		}
		return err
	})
}
