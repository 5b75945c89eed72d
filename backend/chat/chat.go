package chat

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"weightroom/backend"
)

// Store keeps chats. Its errors are *backend.Error.
type Store interface {
	Chat(ctx context.Context, id string) (backend.Chat, error)
	Messages(ctx context.Context, chatID string) ([]backend.Message, error)
	Message(ctx context.Context, chatID, id string) (backend.Message, error)
	// UpdateChat changes a chat in one transaction.
	UpdateChat(ctx context.Context, id string, change func(*backend.Chat) error) (backend.Chat, error)
	// AddTurn stores a prompt and the answer that will stream, in one transaction, and gives both their ids.
	AddTurn(ctx context.Context, user, answer backend.Message) (backend.Message, backend.Message, error)
	// AddMessage stores one message as its chat's new leaf.
	AddMessage(ctx context.Context, m backend.Message) (backend.Message, error)
	// SaveAnswer stores what a streaming answer has so far, FinishAnswer its end.
	SaveAnswer(ctx context.Context, m backend.Message) error
	FinishAnswer(ctx context.Context, m backend.Message) error
	// ReopenAnswer makes an answer that has ended one that streams.
	ReopenAnswer(ctx context.Context, chatID, id string) (backend.Message, error)
}

// Models finds what a chat runs on.
type Models interface {
	Model(ctx context.Context, ref string) (backend.Model, error)
}

// Event is what happened to an answer. Exactly one of its parts is meant: an End, text, or a phase.
type Event struct {
	Message  backend.Message // the answer; its text only at the end
	End      bool            // stored in its final state
	Phase    backend.Phase
	Progress float64
	Behind   string // chat that is answered first, while waiting
	Text     string
	Thinking string
	// Offset and ThinkingOffset are the lengths before Text and Thinking, in UTF-16 units.
	Offset, ThinkingOffset int
}

const (
	coalesce   = 33 * time.Millisecond // one page update per two frames
	flushEvery = time.Second
	titleRunes = 48
)

// errClosing tells an answer that the app ends, not the person's patience.
var errClosing = errors.New("the app is closing")

// Options are what a Service works with.
type Options struct {
	Store   Store
	Models  Models
	Runner  backend.Runner
	Default func() backend.Sampling                                             // what a chat leaves open; its ContextLength must be set
	Allow   func(ctx context.Context, m backend.Model, contextLength int) error // says beforehand that a model can't run; may be nil
	Event   func(Event)                                                         // called in order for each answer, from its own goroutine
}

// Service takes turns.
type Service struct {
	opts Options

	mu     sync.Mutex
	turns  map[string]*turn // by chat
	line   []*turn          // in the order in which they are answered; the first one is
	moved  chan struct{}    // closed when the line has moved
	closed bool
	wait   sync.WaitGroup
}

type turn struct {
	chatID string
	cancel context.CancelCauseFunc
	done   chan struct{}

	mu   sync.Mutex
	live backend.Message // the answer as it was last sent to the page, which is ahead of the store
}

func (t *turn) set(m backend.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.live = m
}

// New makes a Service.
func New(opts Options) *Service {
	return &Service{opts: opts, turns: map[string]*turn{}, moved: make(chan struct{})}
}

// Send adds the person's text after the message parent (empty: at the root) and begins to answer it.
func (s *Service) Send(ctx context.Context, chatID, parent, text string) (user, answer backend.Message, err error) {
	if strings.TrimSpace(text) == "" {
		return user, answer, backend.Fail(backend.CodeInvalid, nil, "There is nothing to send.", "Write a message first.")
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	user = backend.Message{ChatID: chatID, Parent: parent, Role: backend.RoleUser, Text: text, State: backend.StateDone}
	return s.begin(ctx, chatID, user, "")
}

// Edit answers a changed text beside the message id; the old branch stays.
func (s *Service) Edit(ctx context.Context, chatID, id, text string) (user, answer backend.Message, err error) {
	old, err := s.opts.Store.Message(ctx, chatID, id)
	if err != nil {
		return user, answer, err
	}
	if old.Role != backend.RoleUser {
		return user, answer, backend.Fail(backend.CodeInvalid, nil, "Only your own messages can be edited.", "Press Regenerate for another answer.")
	}
	return s.Send(ctx, chatID, old.Parent, text)
}

// Regenerate answers again, beside the answer id; the old one stays. model is the one to try this time; empty: the chat's.
func (s *Service) Regenerate(ctx context.Context, chatID, id, model string) (user, answer backend.Message, err error) {
	old, err := s.opts.Store.Message(ctx, chatID, id)
	if err != nil {
		return user, answer, err
	}
	if old.Role == backend.RoleAssistant {
		if old, err = s.opts.Store.Message(ctx, chatID, old.Parent); err != nil {
			return user, answer, err
		}
	}
	return s.begin(ctx, chatID, old, model)
}

// Continue has the model that wrote the answer id go on where it ended. Only the last answer of the branch shown can go on:
// what follows another one was written to the words that it has.
func (s *Service) Continue(ctx context.Context, chatID, id string) (user, answer backend.Message, err error) {
	old, err := s.opts.Store.Message(ctx, chatID, id)
	if err != nil {
		return user, answer, err
	}
	chat, model, err := s.open(ctx, chatID, old.Model)
	if err != nil {
		return user, answer, err
	}
	if old.Role != backend.RoleAssistant || old.Text == "" || chat.Leaf != id {
		return user, answer, backend.Fail(backend.CodeInvalid, nil, "Only the last answer of a chat can be continued.", "Press Regenerate for another answer.")
	}
	if user, err = s.opts.Store.Message(ctx, chatID, old.Parent); err != nil {
		return user, answer, err
	}
	turning, t, err := s.take(chatID)
	if err != nil {
		return user, answer, err
	}
	if answer, err = s.opts.Store.ReopenAnswer(ctx, chatID, id); err != nil {
		s.finish(chatID, t)
		return user, answer, err
	}
	s.start(turning, t, chat, model, answer)
	return user, answer, nil
}

// open finds a chat that can be answered in, and the model to do it; an empty reference means the chat's.
func (s *Service) open(ctx context.Context, chatID, ref string) (backend.Chat, backend.Model, error) {
	chat, err := s.opts.Store.Chat(ctx, chatID)
	if err != nil {
		return chat, backend.Model{}, err
	}
	if !chat.Deleted.IsZero() {
		return chat, backend.Model{}, backend.Fail(backend.CodeInvalid, nil, "This chat is in the trash.", "Restore it first.")
	}
	if ref == "" {
		ref = chat.Model
	}
	model, err := s.opts.Models.Model(ctx, ref)
	return chat, model, err
}

// begin stores what is new and starts to answer user, which is stored already when it has an id. ctx bounds the
// beginning only; the answer ends by Stop or Close.
func (s *Service) begin(ctx context.Context, chatID string, user backend.Message, ref string) (_, answer backend.Message, err error) {
	chat, model, err := s.open(ctx, chatID, ref)
	if err != nil {
		return user, answer, err
	}
	turning, t, err := s.take(chatID)
	if err != nil {
		return user, answer, err
	}
	answer = backend.Message{ChatID: chatID, Parent: user.ID, Role: backend.RoleAssistant, State: backend.StateStreaming, Model: model.Ref}
	if user.ID == "" {
		user, answer, err = s.opts.Store.AddTurn(ctx, user, answer)
	} else {
		answer, err = s.opts.Store.AddMessage(ctx, answer)
	}
	if err != nil {
		s.finish(chatID, t)
		return user, answer, err
	}
	s.afterSend(ctx, chat, user)
	s.start(turning, t, chat, model, answer)
	return user, answer, nil
}

// start writes an answer in the background.
func (s *Service) start(ctx context.Context, t *turn, chat backend.Chat, model backend.Model, answer backend.Message) {
	t.set(answer)
	go func() {
		defer s.finish(chat.ID, t)
		s.answer(ctx, t, chat, model, &answer)
	}()
}

// take reserves a chat for one turn.
func (s *Service) take(chatID string) (context.Context, *turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, backend.Fail(backend.CodeCancelled, nil, "Weightroom is closing.", "Start it again.")
	}
	if s.turns[chatID] != nil {
		return nil, nil, backend.Fail(backend.CodeBusy, nil, "This chat is still writing an answer.", "Press Stop first.")
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	t := &turn{chatID: chatID, cancel: cancel, done: make(chan struct{})}
	s.turns[chatID] = t
	s.line = append(s.line, t)
	s.wait.Add(1)
	return ctx, t, nil
}

// release lets the chat's next turn begin. Who hears that an answer has ended may ask again at once.
func (s *Service) release(chatID string, t *turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns[chatID] == t {
		delete(s.turns, chatID)
		s.line = slices.DeleteFunc(s.line, func(other *turn) bool { return other == t })
		close(s.moved)
		s.moved = make(chan struct{})
	}
}

// queue waits until it is t's turn, and calls behind with the chat that is answered first.
func (s *Service) queue(ctx context.Context, t *turn, behind func(chatID string)) error {
	for {
		s.mu.Lock()
		first, moved := s.line[0], s.moved
		s.mu.Unlock()
		if first == t {
			return nil
		}
		behind(first.chatID)
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Service) finish(chatID string, t *turn) {
	s.release(chatID, t)
	t.cancel(nil)
	close(t.done)
	s.wait.Done()
}

// afterSend clears the draft and gives an unnamed chat a title. The message is safe already, so a failure here is
// only logged.
func (s *Service) afterSend(ctx context.Context, chat backend.Chat, user backend.Message) {
	_, err := s.opts.Store.UpdateChat(ctx, chat.ID, func(c *backend.Chat) error {
		c.Draft = ""
		if !c.Named && c.Title == "" {
			c.Title = Title(user.Text)
		}
		return nil
	})
	if err != nil {
		slog.Warn("chat title not stored", "error", err)
	}
}

// prompt collects the branch that ends at the message leaf.
func (s *Service) prompt(ctx context.Context, chat backend.Chat, model backend.Model, leaf string) (backend.Prompt, error) {
	messages, err := s.opts.Store.Messages(ctx, chat.ID)
	if err != nil {
		return backend.Prompt{}, err
	}
	p := backend.Prompt{Model: model.Ref, Bytes: model.Bytes, Longest: model.ContextLength, System: chat.System, Sampling: chat.Sampling}
	standard := s.opts.Default()
	if p.Sampling.ContextLength == 0 {
		p.Sampling.ContextLength = standard.ContextLength
	}
	if p.Sampling.Temperature == nil {
		p.Sampling.Temperature = standard.Temperature
	}
	if model.ContextLength > 0 {
		p.Sampling.ContextLength = min(p.Sampling.ContextLength, model.ContextLength)
	}
	for _, m := range backend.Path(messages, leaf) {
		if m.Text != "" { // an answer that failed before its first word says nothing to the model
			p.Messages = append(p.Messages, m)
		}
	}
	return p, nil
}

// answer runs the model and stores what comes.
func (s *Service) answer(ctx context.Context, t *turn, chat backend.Chat, model backend.Model, a *backend.Message) {
	before := a.Metrics
	w := &writer{service: s, turn: t, message: a, before: before.Tokens, flushed: time.Now()}
	p, err := s.prompt(ctx, chat, model, a.ID)
	if err == nil {
		err = s.queue(ctx, t, w.wait)
	}
	if err == nil && s.opts.Allow != nil {
		err = s.opts.Allow(ctx, model, p.Sampling.ContextLength)
	}
	if err == nil {
		a.Metrics, err = s.run(ctx, p, w)
		if p.Continues() {
			a.Metrics = goneOn(before, a.Metrics)
		}
	}
	w.send()
	switch {
	case err == nil:
		a.State = backend.StateDone
	case errors.Is(context.Cause(ctx), errClosing):
		a.State = backend.StateInterrupted
	case errors.Is(err, context.Canceled):
		a.State = backend.StateStopped
	default:
		slog.Error("answer failed", "message", *a, "error", err)
		a.State, a.Problem = backend.StateFailed, backend.Readable(err)
	}
	if err := s.opts.Store.FinishAnswer(context.Background(), *a); err != nil {
		slog.Error("answer not stored", "message", *a, "error", err)
		a.State, a.Problem = backend.StateFailed, backend.Readable(err)
	}
	s.release(chat.ID, t)
	s.opts.Event(Event{Message: *a, End: true})
}

// goneOn are the figures of an answer that was gone on with. To the engine its first part was prompt.
func goneOn(before, after backend.Metrics) backend.Metrics {
	if after.PromptTokens > before.Tokens {
		after.PromptTokens -= before.Tokens
	}
	after.Tokens += before.Tokens
	after.ThinkingSeconds = before.ThinkingSeconds
	if before.TimeToFirstTokenSeconds > 0 {
		after.TimeToFirstTokenSeconds = before.TimeToFirstTokenSeconds
	}
	return after
}

// run passes deltas to w from one goroutine, so that a slow model still flushes every second.
func (s *Service) run(ctx context.Context, p backend.Prompt, w *writer) (backend.Metrics, error) {
	deltas := make(chan backend.Delta, 256)
	type result struct {
		metrics backend.Metrics
		err     error
	}
	ended := make(chan result, 1)
	go func() {
		m, err := s.opts.Runner.Answer(ctx, p, func(d backend.Delta) { deltas <- d })
		close(deltas)
		ended <- result{m, err}
	}()
	ticker := time.NewTicker(coalesce)
	defer ticker.Stop()
	for {
		select {
		case d, ok := <-deltas:
			if !ok {
				r := <-ended
				return r.metrics, r.err
			}
			w.add(d)
		case <-ticker.C:
			w.send()
			w.flush()
		}
	}
}

// Stop ends the answer that streams in a chat, keeping its text, and returns when that is stored. With none
// streaming it does nothing.
func (s *Service) Stop(chatID string) {
	s.mu.Lock()
	t := s.turns[chatID]
	s.mu.Unlock()
	if t != nil {
		t.cancel(nil)
		<-t.done
	}
}

// Live returns the answer that streams in a chat, with all the text that the page has been sent. The store is up to a
// second behind it.
func (s *Service) Live(chatID string) (backend.Message, bool) {
	s.mu.Lock()
	t := s.turns[chatID]
	s.mu.Unlock()
	if t == nil {
		return backend.Message{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.live, t.live.ID != ""
}

// Busy reports whether an answer streams in any chat.
func (s *Service) Busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.turns) > 0
}

// Streaming reports whether an answer streams in a chat.
func (s *Service) Streaming(chatID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turns[chatID] != nil
}

// Close stops every answer and returns when all are stored. No turn begins after it.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	for _, t := range s.turns {
		t.cancel(errClosing)
	}
	s.mu.Unlock()
	s.wait.Wait()
}

// Title makes a chat's title of its first message: the first line with words in it, cut at a word.
func Title(text string) string {
	for line := range strings.Lines(text) {
		words := strings.Fields(strings.TrimLeft(line, "#>*-` \t"))
		if len(words) == 0 {
			continue
		}
		title := words[0]
		for _, w := range words[1:] {
			if utf8.RuneCountInString(title)+1+utf8.RuneCountInString(w) > titleRunes {
				return title + "…"
			}
			title += " " + w
		}
		if r := []rune(title); len(r) > titleRunes {
			return string(r[:titleRunes]) + "…"
		}
		return title
	}
	return ""
}
