package compare

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weightroom/backend"
)

const (
	leastSideBySide = 2
	mostSideBySide  = 4
	// sideTokens is how long an answer gets where nothing else is asked.
	sideTokens = 400
	// sideContext is the most context that an answer side by side gets: a prompt and its answer, not a long conversation.
	sideContext = 8192
	// sideEvery is how often new text of an answer is reported, as in a chat.
	sideEvery = 33 * time.Millisecond
	// keptSides is how many prompts are kept.
	keptSides = 8
)

// SideBySide sends one prompt to several models, and keeps the last few with their answers for as long as the app runs.
type SideBySide struct {
	opts      Options
	answering atomic.Int32 // prompts under way

	mu   sync.Mutex
	runs map[string]*sideRun
	ids  []string // oldest first
}

// NewSideBySide makes a SideBySide.
func NewSideBySide(o Options) *SideBySide { return &SideBySide{opts: o, runs: map[string]*sideRun{}} }

// Busy reports whether an answer is written.
func (s *SideBySide) Busy() bool { return s.answering.Load() > 0 }

// SideRequest is one prompt for two to four models.
type SideRequest struct {
	Refs   []string
	Prompt string
	System string
	Seed   int64 // the same for all; below 0: a new one
	Tokens int   // of an answer; 0: as many as usual
}

// SideState is how far one answer is.
type SideState string

// The states of an answer side by side.
const (
	SideWaiting SideState = "waiting"
	SideLoading SideState = "loading"
	SideReading SideState = "reading"
	SideWriting SideState = "writing"
	SideDone    SideState = "done"
	SideStopped SideState = "stopped"
	SideFailed  SideState = "failed"
)

// SideAnswer is one model's answer.
type SideAnswer struct {
	Model    backend.Model
	State    SideState
	Text     string
	Thinking string
	Problem  *backend.Error
	Metrics  backend.Metrics
}

// Sides is one prompt and all its answers.
type Sides struct {
	ID      string
	Prompt  string
	System  string
	Seed    int64
	Tokens  int
	AtOnce  bool   // all run at the same time; else one after another
	Reason  string // why not at once; empty: they do
	Running bool
	Answers []SideAnswer
}

// SideDelta is text that an answer grew by, or a new state of it. Those of one answer come in order.
type SideDelta struct {
	Column int // -1: all answers have ended
	State  SideState
	Text   string
}

type sideRun struct {
	mu     sync.Mutex
	sides  Sides
	cancel context.CancelFunc
}

func (r *sideRun) snapshot() Sides {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.sides
	out.Answers = slices.Clone(r.sides.Answers)
	return out
}

func (r *sideRun) change(column int, f func(*SideAnswer)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.sides.Answers[column])
}

// Begin checks a request and returns it with no answer yet, and what has the models answer until ctx ends.
func (s *SideBySide) Begin(ctx context.Context, request SideRequest) (sides Sides, answer func(emit func(SideDelta)), err error) {
	if sides, err = s.sidesOf(ctx, request); err != nil {
		return Sides{}, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &sideRun{cancel: cancel, sides: sides}
	s.keep(r)
	return r.snapshot(), func(emit func(SideDelta)) {
		defer cancel()
		s.answerAll(ctx, r, emit)
	}, nil
}

// sidesOf checks a request and finds its models.
func (s *SideBySide) sidesOf(ctx context.Context, q SideRequest) (Sides, error) {
	if len(q.Refs) < leastSideBySide || len(q.Refs) > mostSideBySide {
		return Sides{}, backend.Fail(backend.CodeInvalid, nil, "Side by side needs two to four models.", "Choose some more, or fewer.")
	}
	if strings.TrimSpace(q.Prompt) == "" {
		return Sides{}, backend.Fail(backend.CodeInvalid, nil, "There is no prompt.", "Write one first.")
	}
	out := Sides{
		ID: s.opts.History.NewID(), Prompt: strings.ToValidUTF8(q.Prompt, "\uFFFD"), System: strings.ToValidUTF8(q.System, "\uFFFD"),
		Seed: q.Seed, Tokens: q.Tokens, Running: true,
	}
	if out.Seed < 0 {
		out.Seed = int64(rand.Int32())
	}
	if out.Tokens <= 0 {
		out.Tokens = sideTokens
	}
	var models []backend.Model
	for _, ref := range q.Refs {
		m, err := s.opts.Library.Model(ctx, ref)
		if err != nil {
			return Sides{}, err
		}
		models = append(models, m)
		out.Answers = append(out.Answers, SideAnswer{Model: m, State: SideWaiting})
	}
	out.AtOnce, out.Reason = s.opts.Machine.FitTogether(ctx, models, s.contextLength(ctx))
	return out, nil
}

func (s *SideBySide) contextLength(ctx context.Context) int {
	return min(s.opts.Settings(ctx).ContextLength, sideContext)
}

func (s *SideBySide) keep(r *sideRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[r.sides.ID] = r
	s.ids = append(s.ids, r.sides.ID)
	if len(s.ids) > keptSides {
		delete(s.runs, s.ids[0])
		s.ids = s.ids[1:]
	}
}

func (s *SideBySide) find(id string) (*sideRun, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.runs[id]
	if !ok {
		return nil, backend.Fail(backend.CodeNotFound, nil, "These answers are no longer here.", "Send the prompt again.")
	}
	return r, nil
}

// Get returns a prompt's answers as they are now.
func (s *SideBySide) Get(id string) (Sides, error) {
	r, err := s.find(id)
	if err != nil {
		return Sides{}, err
	}
	return r.snapshot(), nil
}

// Stop ends all answers of a prompt; what they have written stays.
func (s *SideBySide) Stop(id string) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	r.cancel()
	return nil
}

// answerAll has every model answer, at once where that was foreseen.
func (s *SideBySide) answerAll(ctx context.Context, r *sideRun, emit func(SideDelta)) {
	s.answering.Add(1)
	defer s.answering.Add(-1)
	ended := func() {
		r.mu.Lock()
		r.sides.Running = false
		r.mu.Unlock()
		emit(SideDelta{Column: -1, State: SideDone})
	}
	n := len(r.sides.Answers)
	if r.sides.AtOnce {
		restore, err := s.opts.Machine.Hold(ctx, n)
		if err == nil {
			defer restore()
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() { s.answerOne(ctx, r, i, emit) })
			}
			all.Wait()
			ended()
			return
		}
		slog.Warn("models not run at once", "error", err)
	}
	for i := range n {
		s.answerOne(ctx, r, i, emit)
	}
	ended()
}

// answerOne has one model answer and reports its text a few times a second. All get the same sampling, so that only the
// weights differ.
func (s *SideBySide) answerOne(ctx context.Context, r *sideRun, column int, emit func(SideDelta)) {
	var state SideState
	var pending strings.Builder
	var last time.Time
	flush := func() {
		text := pending.String()
		pending.Reset()
		last = time.Now()
		emit(SideDelta{Column: column, State: state, Text: text})
	}
	sides := r.snapshot()
	prompt := backend.Prompt{
		System:   sides.System,
		Messages: []backend.Message{{Role: backend.RoleUser, Text: sides.Prompt}},
		Sampling: backend.Sampling{Seed: &sides.Seed, MaxTokens: sides.Tokens, ContextLength: s.contextLength(ctx)},
	}
	metrics, err := s.opts.Machine.Answer(ctx, sides.Answers[column].Model, prompt, func(d backend.Delta) {
		if now := sideState(d.Phase); now != state {
			state = now
			r.change(column, func(a *SideAnswer) { a.State = now })
			flush()
		}
		if d.Text == "" && d.Thinking == "" {
			return
		}
		pending.WriteString(d.Text)
		r.change(column, func(a *SideAnswer) { a.Text += d.Text; a.Thinking += d.Thinking })
		if time.Since(last) >= sideEvery {
			flush()
		}
	})
	state = SideDone
	r.change(column, func(a *SideAnswer) {
		switch {
		case ctx.Err() != nil:
			state = SideStopped
		case err != nil:
			state = SideFailed
			a.Problem = backend.Readable(err)
			slog.Warn("answer side by side failed", "error", err)
		}
		a.State, a.Metrics = state, metrics
	})
	flush()
}

func sideState(p backend.Phase) SideState {
	switch p {
	case backend.PhaseReading:
		return SideReading
	case backend.PhaseWriting:
		return SideWriting
	default:
		return SideLoading
	}
}
