package app

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/testdrive"
	"weightroom/hardware"
)

const (
	leastBeside = 2
	mostBeside  = 4
	// sideTokens is how long an answer gets where nothing else is asked.
	sideTokens = 400
	// sideEvery is how often new text of an answer is reported, as in a chat.
	sideEvery = 33 * time.Millisecond
)

// Beside is one prompt for several models.
type Beside struct {
	Models []backend.Model
	Prompt string
	System string
	Seed   int64 // the same for all
	Tokens int
}

// besideOf checks an ask and finds its models. A seed below 0 becomes a new one.
func (c *Core) besideOf(ctx context.Context, a SideAsk) (Beside, error) {
	if len(a.Refs) < leastBeside || len(a.Refs) > mostBeside {
		return Beside{}, backend.Fail(backend.CodeInvalid, nil, "Side by side needs two to four models.", "Choose some more, or fewer.")
	}
	if strings.TrimSpace(a.Prompt) == "" {
		return Beside{}, backend.Fail(backend.CodeInvalid, nil, "There is no prompt.", "Write one first.")
	}
	b := Beside{Prompt: strings.ToValidUTF8(a.Prompt, "\uFFFD"), System: strings.ToValidUTF8(a.System, "\uFFFD"), Seed: a.Seed, Tokens: a.Tokens}
	if b.Seed < 0 {
		b.Seed = int64(rand.Int32())
	}
	if b.Tokens <= 0 {
		b.Tokens = sideTokens
	}
	for _, ref := range a.Refs {
		m, err := c.Models.Model(ctx, ref)
		if err != nil {
			return Beside{}, err
		}
		b.Models = append(b.Models, m)
	}
	return b, nil
}

// prompt is what model i gets. All get the same sampling, so that only the weights differ.
func (b Beside) prompt(context int) backend.Prompt {
	return backend.Prompt{
		System:   b.System,
		Messages: []backend.Message{{Role: backend.RoleUser, Text: b.Prompt}},
		Sampling: backend.Sampling{Seed: &b.Seed, MaxTokens: b.Tokens, ContextLength: context},
	}
}

// besideContext is the context that an answer side by side gets: a prompt and its answer, not a long conversation.
func (c *Core) besideContext(ctx context.Context) int {
	return min(c.Settings(ctx).ContextLength, 8192)
}

// fitTogether says whether the models fit into memory at the same time, or why not, by the engine's own plan of each.
func (c *Core) fitTogether(ctx context.Context, models []backend.Model) (bool, string) {
	memory, err := hardware.ReadMemory(ctx)
	if err != nil {
		return false, "One after another: the free memory of this machine can't be read."
	}
	free := memory.AvailableBytes + c.Engine.MemoryBytes()
	for _, g := range c.gpus(ctx) {
		if g.Backend != "" && !g.Integrated {
			free += g.FreeBytes
		}
	}
	seen := map[string]bool{}
	var need int64
	for _, m := range models {
		if seen[m.Ref] {
			return false, "One after another: the same model answers twice."
		}
		seen[m.Ref] = true
		plan, err := testdrive.Fit(ctx, c.tool, m.Path, testdrive.FitOptions{Context: c.besideContext(ctx), KVType: "f16"})
		if err != nil {
			return false, "One after another: the engine can't say how much memory " + m.Name + " takes."
		}
		need += plan.TotalBytes
	}
	// A fifth stays free, because the plan leaves out what the system needs to keep working.
	if need > free*4/5 {
		return false, fmt.Sprintf("One after another: together they need %s, and %s are free.", backend.Bytes(need), backend.Bytes(free))
	}
	return true, ""
}

// sides are the prompts that went to several models since the app was started; the last few are kept.
type sides struct {
	mu   sync.Mutex
	runs map[string]*side
	ids  []string
}

const keptSides = 8

type side struct {
	mu     sync.Mutex
	run    SideRun
	cancel context.CancelFunc
}

func (s *side) snapshot() SideRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	run := s.run
	run.Columns = append([]SideColumn{}, s.run.Columns...)
	return run
}

func (s *side) change(column int, f func(*SideColumn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.run.Columns[column])
}

func (l *sides) add(s *side) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.runs == nil {
		l.runs = map[string]*side{}
	}
	l.runs[s.run.ID] = s
	l.ids = append(l.ids, s.run.ID)
	if len(l.ids) > keptSides {
		delete(l.runs, l.ids[0])
		l.ids = l.ids[1:]
	}
}

func (l *sides) get(id string) (*side, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.runs[id]
	if !ok {
		return nil, backend.Fail(backend.CodeNotFound, nil, "These answers are gone.", "Send the prompt again.")
	}
	return s, nil
}

// SideBySide sends one prompt to several models and returns at once; events and Side tell what they answer.
func (s *Lab) SideBySide(ask SideAsk) (SideRun, error) {
	return call("Lab.SideBySide", func() (SideRun, error) {
		core, err := s.window.Core()
		if err != nil {
			return SideRun{}, err
		}
		b, err := core.besideOf(s.window.ctx, ask)
		if err != nil {
			return SideRun{}, err
		}
		ctx, cancel := context.WithCancel(s.window.ctx)
		one := &side{cancel: cancel, run: SideRun{ID: core.History.NewID(), Prompt: b.Prompt, Seed: b.Seed, Running: true, Columns: []SideColumn{}}}
		for _, m := range b.Models {
			one.run.Columns = append(one.run.Columns, SideColumn{Ref: m.Ref, Name: m.Name, Quant: m.Quant, State: "waiting"})
		}
		one.run.AtOnce, one.run.Reason = core.fitTogether(ctx, b.Models)
		s.sides.add(one)
		s.window.work.Go(func() {
			defer cancel()
			s.answerAll(ctx, core, b, one)
		})
		return one.snapshot(), nil
	})
}

// answerAll has every model answer, at once where that was foreseen.
func (s *Lab) answerAll(ctx context.Context, core *Core, b Beside, one *side) {
	core.besides.Add(1)
	defer core.besides.Add(-1)
	if one.run.AtOnce {
		again, err := core.holdModels(ctx, len(b.Models))
		if err == nil {
			defer again()
			var all sync.WaitGroup
			for i := range b.Models {
				all.Go(func() { s.answerOne(ctx, core, b, one, i) })
			}
			all.Wait()
			s.ended(one)
			return
		}
		slog.Warn("models not run at once", "error", err)
	}
	for i := range b.Models {
		s.answerOne(ctx, core, b, one, i)
	}
	s.ended(one)
}

func (s *Lab) ended(one *side) {
	one.mu.Lock()
	one.run.Running = false
	id := one.run.ID
	one.mu.Unlock()
	s.window.emit(EventSideDelta, SideDelta{ID: id, Seq: s.window.next(), Column: -1, State: "done"})
}

// answerOne has one model answer and reports its text a few times a second.
func (s *Lab) answerOne(ctx context.Context, core *Core, b Beside, one *side, column int) {
	id := one.run.ID
	state := ""
	var pending strings.Builder
	offset, last := 0, time.Time{}
	flush := func() {
		text := pending.String()
		pending.Reset()
		last = time.Now()
		s.window.emit(EventSideDelta, SideDelta{ID: id, Seq: s.window.next(), Column: column, State: state, Offset: offset, Text: text})
		offset += utf16Length(text)
	}
	m := b.Models[column]
	metrics, err := core.Answer(ctx, m, b.prompt(core.besideContext(ctx)), func(d backend.Delta) {
		if now := phaseState(d.Phase); now != state {
			state = now
			one.change(column, func(c *SideColumn) { c.State = now })
			flush()
		}
		if d.Text == "" && d.Thinking == "" {
			return
		}
		pending.WriteString(d.Text)
		one.change(column, func(c *SideColumn) { c.Text += d.Text; c.Thinking += d.Thinking })
		if time.Since(last) >= sideEvery {
			flush()
		}
	})
	state = "done"
	one.change(column, func(c *SideColumn) {
		switch {
		case ctx.Err() != nil:
			state = "stopped"
		case err != nil:
			state = "failed"
			c.Problem = problemOf(backend.Readable(err))
			slog.Warn("answer side by side failed", "error", err)
		}
		c.State = state
		c.Tokens, c.TokensPerSecond = metrics.Tokens, metrics.TokensPerSecond
		c.TimeToFirstTokenSeconds, c.LoadSeconds = metrics.TimeToFirstTokenSeconds, metrics.LoadSeconds
	})
	flush()
}

func phaseState(p backend.Phase) string {
	switch p {
	case backend.PhaseReading:
		return "reading"
	case backend.PhaseWriting:
		return "writing"
	default:
		return "loading"
	}
}

// Side gives a prompt's answers as they are now.
func (s *Lab) Side(id string) (SideRun, error) {
	return call("Lab.Side", func() (SideRun, error) {
		one, err := s.sides.get(id)
		if err != nil {
			return SideRun{}, err
		}
		return one.snapshot(), nil
	})
}

// StopSide ends all answers of a prompt; what they have written stays.
func (s *Lab) StopSide(id string) error {
	return do("Lab.StopSide", func() error {
		one, err := s.sides.get(id)
		if err != nil {
			return err
		}
		one.cancel()
		return nil
	})
}

// holdModels has the engine keep n models in memory at once; again puts it back to one. Either starts the engine anew,
// once no answer is under way.
func (c *Core) holdModels(ctx context.Context, n int) (again func(), err error) {
	c.together.Store(int32(n))
	if err := c.Engine.RestartWhenIdle(ctx); err != nil {
		c.together.Store(0)
		return nil, err
	}
	return func() {
		c.together.Store(0)
		if err := c.Engine.RestartWhenIdle(context.WithoutCancel(ctx)); err != nil {
			slog.Warn("engine not put back to one model", "error", err)
		}
	}, nil
}
