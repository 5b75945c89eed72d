// Package runnertest holds what every backend.Runner must do, as a suite, and a fake runner that does it too.
package runnertest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
)

// stopWithin is how long a cancelled answer may take to return.
const stopWithin = time.Second

// Contract runs the suite. prompt is one that model answers with many tokens.
func Contract(t *testing.T, r backend.Runner, model, prompt string) {
	ask := func(maxTokens int) backend.Prompt {
		zero, seed := 0.0, int64(1)
		return backend.Prompt{
			Model:    model,
			Messages: []backend.Message{{Role: backend.RoleUser, Text: prompt}},
			Sampling: backend.Sampling{Temperature: &zero, Seed: &seed, MaxTokens: maxTokens, ContextLength: 2048},
		}
	}

	t.Run("an answer streams, in phases, and is measured", func(t *testing.T) {
		var text strings.Builder
		var phases []backend.Phase
		pieces, counted := 0, 0
		m, err := r.Answer(t.Context(), ask(24), func(d backend.Delta) {
			counted = max(counted, d.PromptTokens)
			if d.Phase != "" && (len(phases) == 0 || phases[len(phases)-1] != d.Phase) {
				phases = append(phases, d.Phase)
			}
			if d.Text != "" {
				pieces++
			}
			text.WriteString(d.Text)
		})
		if err != nil {
			t.Fatal(err)
		}
		if pieces < 2 || strings.TrimSpace(text.String()) == "" {
			t.Errorf("%d pieces: %q", pieces, text.String())
		}
		order := map[backend.Phase]int{backend.PhaseStarting: 0, backend.PhaseLoading: 1, backend.PhaseReading: 2, backend.PhaseWriting: 3}
		for i := 1; i < len(phases); i++ {
			if order[phases[i]] < order[phases[i-1]] {
				t.Errorf("phases run backwards: %v", phases)
			}
		}
		if len(phases) == 0 || phases[len(phases)-1] != backend.PhaseWriting {
			t.Errorf("phases %v do not end with writing", phases)
		}
		if m.Tokens < 2 || m.Tokens > 24 || m.PromptTokens < 1 || m.TokensPerSecond <= 0 || m.TimeToFirstTokenSeconds <= 0 {
			t.Errorf("not measured: %+v", m)
		}
		if counted != m.PromptTokens {
			t.Errorf("%d tokens of prompt while it streamed, %d in the end", counted, m.PromptTokens)
		}
	})

	t.Run("the same seed gives the same answer", func(t *testing.T) {
		var answers [2]string
		for i := range answers {
			if _, err := r.Answer(t.Context(), ask(16), func(d backend.Delta) { answers[i] += d.Text }); err != nil {
				t.Fatal(err)
			}
		}
		if answers[0] != answers[1] {
			t.Errorf("%q, then %q", answers[0], answers[1])
		}
	})

	t.Run("a cancelled answer returns within a second with what it measured", func(t *testing.T) {
		var took []time.Duration
		for range 5 { // a busy machine may be late, but not each time
			ctx, cancel := context.WithCancel(t.Context())
			var stopped time.Time
			pieces := 0
			m, err := r.Answer(ctx, ask(1000), func(d backend.Delta) {
				if d.Text == "" {
					return
				}
				if pieces++; pieces == 3 {
					stopped = time.Now()
					cancel()
				}
			})
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			took = append(took, time.Since(stopped))
			if m.Tokens < 3 {
				t.Errorf("%d tokens counted of at least 3", m.Tokens)
			}
			if m.PromptTokens < 1 {
				t.Error("its prompt is not counted")
			}
			if took[len(took)-1] <= stopWithin {
				return
			}
		}
		t.Errorf("took %v", took)
	})

	t.Run("an answer cancelled before it begins emits no text", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := r.Answer(ctx, ask(8), func(d backend.Delta) {
			if d.Text != "" {
				t.Errorf("text %q", d.Text)
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("a model that is not there is said in a sentence", func(t *testing.T) {
		p := ask(8)
		p.Model = "no-such-model:Q4_0"
		_, err := r.Answer(t.Context(), p, func(backend.Delta) {})
		var e *backend.Error
		if !errors.As(err, &e) || e.Code != backend.CodeNotFound || e.Message == "" || e.Hint == "" {
			t.Errorf("got %#v", err)
		}
	})
}

// Fake answers at once, or as slowly as Pace says, with Words. It is for tests of what stands on a Runner.
type Fake struct {
	Model string
	Words []string
	Pace  time.Duration
	Fail  error // instead of the last word
	Asked func(backend.Prompt)
}

// Answer implements backend.Runner.
func (f *Fake) Answer(ctx context.Context, p backend.Prompt, emit func(backend.Delta)) (backend.Metrics, error) {
	var m backend.Metrics
	if f.Asked != nil {
		f.Asked(p)
	}
	if err := ctx.Err(); err != nil {
		return m, err
	}
	if p.Model != f.Model {
		return m, backend.Fail(backend.CodeNotFound, nil, "The model "+p.Model+" is not in the library.", "Pick another model.")
	}
	begin := time.Now()
	emit(backend.Delta{Phase: backend.PhaseLoading, Progress: 0.5})
	emit(backend.Delta{Phase: backend.PhaseReading, Progress: -1})
	m.PromptTokens = len(p.Messages)
	for i, w := range f.Words {
		if p.Sampling.MaxTokens > 0 && i >= p.Sampling.MaxTokens {
			break
		}
		select {
		case <-ctx.Done():
			return m, ctx.Err()
		case <-time.After(f.Pace):
		}
		if f.Fail != nil && i == len(f.Words)-1 {
			return m, f.Fail
		}
		emit(backend.Delta{Phase: backend.PhaseWriting, Progress: -1, Text: w, PromptTokens: m.PromptTokens})
		if m.Tokens++; m.Tokens == 1 {
			m.TimeToFirstTokenSeconds = time.Since(begin).Seconds()
		}
		if err := ctx.Err(); err != nil {
			return m, err
		}
	}
	m.TokensPerSecond = float64(m.Tokens) / time.Since(begin).Seconds()
	return m, nil
}
