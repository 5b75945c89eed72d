package chat

import (
	"context"
	"log/slog"
	"time"

	"weightroom/backend"
)

// writer grows one answer: it gathers deltas for the page and flushes to the store. One goroutine uses it.
type writer struct {
	service  *Service
	turn     *turn
	message  *backend.Message
	before   int // tokens of an answer that is gone on with
	phase    backend.Phase
	text     string // not sent yet
	thinking string
	// Lengths of what was sent, in UTF-16 units.
	offset, thinkingOffset int

	dirty   bool
	flushed time.Time
}

// add takes a delta. A new phase is told at once, after the text that came before it.
func (w *writer) add(d backend.Delta) {
	if d.Phase != "" && (d.Phase != w.phase || d.Phase == backend.PhaseLoading) {
		w.send()
		w.phase = d.Phase
		w.service.opts.Event(Event{Message: w.head(), Phase: d.Phase, Progress: d.Progress})
	}
	w.text += d.Text
	w.thinking += d.Thinking
	w.count(d)
}

// count keeps the figures that an answer has as long as it has no end: for one that is stopped by a crash there are no others.
func (w *writer) count(d backend.Delta) {
	m := &w.message.Metrics
	if m.PromptTokens == 0 && d.PromptTokens > w.before { // to the engine the words of an answer that is gone on with are prompt
		m.PromptTokens = d.PromptTokens - w.before
	}
	if d.Text != "" || d.Thinking != "" {
		m.Tokens++
	}
}

// wait tells which chat is answered first.
func (w *writer) wait(chatID string) {
	w.phase = backend.PhaseWaiting
	w.service.opts.Event(Event{Message: w.head(), Phase: backend.PhaseWaiting, Progress: -1, Behind: chatID})
}

// send tells the page what came since the last time.
func (w *writer) send() {
	if w.text == "" && w.thinking == "" {
		return
	}
	if w.offset == 0 && w.thinkingOffset == 0 { // words of an answer that is gone on with
		w.offset, w.thinkingOffset = backend.UTF16Length(w.message.Text), backend.UTF16Length(w.message.Thinking)
	}
	w.message.Text += w.text
	w.message.Thinking += w.thinking
	w.turn.set(*w.message)
	w.service.opts.Event(Event{
		Message: w.head(), Text: w.text, Thinking: w.thinking, Offset: w.offset, ThinkingOffset: w.thinkingOffset,
	})
	w.offset += backend.UTF16Length(w.text)
	w.thinkingOffset += backend.UTF16Length(w.thinking)
	w.text, w.thinking, w.dirty = "", "", true
}

// flush stores the answer so far, at most once a second. A failure is logged; the end tries again and tells.
func (w *writer) flush() {
	if !w.dirty || time.Since(w.flushed) < flushEvery {
		return
	}
	w.flushed, w.dirty = time.Now(), false
	if err := w.service.opts.Store.SaveAnswer(context.Background(), *w.message); err != nil {
		slog.Warn("answer not flushed", "message", *w.message, "error", err)
	}
}

// head is the message without its text, which events carry in pieces.
func (w *writer) head() backend.Message {
	m := *w.message
	m.Text, m.Thinking = "", ""
	return m
}
