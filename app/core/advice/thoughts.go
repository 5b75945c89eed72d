package advice

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"unicode/utf8"

	"weightroom/backend"
	"weightroom/backend/advisor"
)

// thoughtsKey holds how long the recent answers of each model thought. keptThoughts of them are kept, and leastThoughts
// say what is usual.
const (
	thoughtsKey   = "thoughts"
	keptThoughts  = 25
	leastThoughts = 5
)

// thoughtsOf is how many of an answer's tokens are thoughts, by their share of its letters.
func thoughtsOf(answer backend.Message) int {
	thinking, text := utf8.RuneCountInString(answer.Thinking), utf8.RuneCountInString(answer.Text)
	if thinking == 0 {
		return 0
	}
	return int(math.Round(float64(answer.Metrics.Tokens) * float64(thinking) / float64(thinking+text)))
}

// thoughts are the tokens of the recent answers' thoughts, by catalog id.
func (o Options) thoughts(ctx context.Context) map[string][]int {
	all := map[string][]int{}
	if o.History != nil {
		if _, err := o.History.Get(ctx, thoughtsKey, &all); err != nil {
			slog.Warn("the lengths of thoughts not read", "error", err)
		}
	}
	return all
}

// noteThoughts keeps how long an answer of a model thought: also that it did not, where the person turned that off. Until
// ReadThoughts has read all chats nothing is kept, because it finds this answer there.
func (o Options) noteThoughts(ctx context.Context, id string, answer backend.Message) {
	if o.History == nil {
		return
	}
	var all map[string][]int
	err := o.History.Update(ctx, thoughtsKey, &all, func() error {
		if all == nil {
			return errUnread
		}
		all[id] = append(all[id], thoughtsOf(answer))
		all[id] = all[id][max(0, len(all[id])-keptThoughts):]
		return nil
	})
	if err != nil && !errors.Is(err, errUnread) {
		slog.Warn("the length of an answer's thoughts not kept", "error", err)
	}
}

var errUnread = errors.New("the answers of earlier chats were not read yet")

// ReadThoughts reads, once for a history, how long the answers in all chats thought. Nobody waits for it, so it gives way
// to answers that are written; one that ends meanwhile may not be counted.
func (a kept) ReadThoughts(ctx context.Context) error {
	found, err := a.opts.History.Get(ctx, thoughtsKey, &map[string][]int{})
	if err != nil || found {
		return err
	}
	all, err := a.earlierThoughts(ctx)
	if err != nil {
		return err
	}
	return a.opts.History.Put(ctx, thoughtsKey, all)
}

// earlierThoughts reads all chats.
func (a kept) earlierThoughts(ctx context.Context) (map[string][]int, error) {
	o, found := a.opts, map[string][]int{}
	chats, err := o.History.Chats(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(chats, func(a, b backend.Chat) int { return a.Updated.Compare(b.Updated) })
	ids := map[string]string{} // catalog ids by reference; empty: not in the catalog
	idOf := func(ref string) string {
		id, known := ids[ref]
		if !known {
			if m, err := o.Library.Model(ctx, ref); err == nil {
				id, _, _ = o.Catalog.Entry(m)
			}
			ids[ref] = id
		}
		return id
	}
	for _, c := range chats {
		if err := a.AfterAnswers(ctx, func(Wait) {}); err != nil {
			return nil, err
		}
		messages, err := o.History.Messages(ctx, c.ID)
		if err != nil {
			slog.Warn("a chat not read for the lengths of thoughts", "id", c.ID, "error", err)
			continue
		}
		for _, m := range messages {
			if m.Role != backend.RoleAssistant || m.State != backend.StateDone || m.Metrics.Tokens == 0 {
				continue
			}
			if id := idOf(m.Model); id != "" {
				found[id] = append(found[id], thoughtsOf(m))
			}
		}
	}
	for id, lengths := range found {
		found[id] = lengths[max(0, len(lengths)-keptThoughts):]
	}
	return found, nil
}

// Thoughts is the median of how long a model's recent answers thought, with half of the range that the middle half of
// them lie in.
func (r LocalRuns) Thoughts(id string) (advisor.Figure, bool) {
	lengths := slices.Sorted(slices.Values(r.thoughts[id]))
	n := len(lengths)
	if n < leastThoughts {
		return advisor.Figure{}, false
	}
	f := advisor.Figure{Value: float64(lengths[n/2])}
	if f.Value > 0 {
		f.Error = float64(lengths[n*3/4]-lengths[n/4]) / 2 / f.Value
	}
	return f, true
}
