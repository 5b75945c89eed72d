package store

import (
	"context"
	"encoding/json"
	"math"

	"weightroom/backend"
)

// messageTable is the messages of all chats.
type messageTable struct{ db *database }

// AddMessage stores a message as the new leaf of its chat. It gets an id and a time when it has none. Its parent must
// be a message of the chat, or empty. A message of the person's is done; an answer streams unless its state says more.
func (t messageTable) AddMessage(ctx context.Context, m backend.Message) (backend.Message, error) {
	err := t.db.update(ctx, func(tx *writeTx) error {
		c, err := tx.openChat(m.ChatID)
		if err != nil {
			return err
		}
		return tx.add(&c, &m)
	})
	return m, err
}

// AddTurn stores a prompt and the answer that is about to stream in one transaction. The answer's chat and parent
// come from the prompt. Call it before the engine sees the prompt.
func (t messageTable) AddTurn(ctx context.Context, user, answer backend.Message) (_, _ backend.Message, err error) {
	err = t.db.update(ctx, func(tx *writeTx) error {
		c, err := tx.openChat(user.ChatID)
		if err != nil {
			return err
		}
		user.Role, answer.Role = backend.RoleUser, backend.RoleAssistant
		if err := tx.add(&c, &user); err != nil {
			return err
		}
		answer.ChatID, answer.Parent = user.ChatID, user.ID
		return tx.add(&c, &answer)
	})
	return user, answer, err
}

// add completes m, stores it and makes it the leaf of c.
func (t *writeTx) add(c *backend.Chat, m *backend.Message) error {
	if m.ID == "" {
		m.ID = t.db.newID()
	}
	if m.Created.IsZero() {
		m.Created = t.db.now()
	}
	if m.State == "" {
		m.State = backend.StateStreaming
	}
	if m.Role == backend.RoleUser {
		m.State = backend.StateDone
	}
	if !validID(m.ID) || m.Role != backend.RoleUser && m.Role != backend.RoleAssistant || !validState(m.State) {
		return backend.Fail(backend.CodeInvalid, nil, "This message cannot be saved.", "Try again.")
	}
	var old backend.Message
	if exists, _ := t.get(kindMessage, messageKey(m.ChatID, m.ID), &old); exists {
		return backend.Fail(backend.CodeInvalid, nil, "This message exists already.", "Open the chat again to see it.")
	}
	if m.Parent != "" {
		if _, err := t.message(m.ChatID, m.Parent); err != nil {
			return err
		}
	}
	if err := t.putMessage(*m); err != nil {
		return err
	}
	c.Leaf, c.Updated = m.ID, t.db.now()
	return t.put(kindChat, c.ID, *c)
}

// SaveAnswer stores what an answer has so far. Only text, thinking, model and figures are taken from m; an answer
// that has its end already is not changed, and that is an error with CodeInvalid.
func (t messageTable) SaveAnswer(ctx context.Context, m backend.Message) error {
	m.State = backend.StateStreaming
	return t.db.update(ctx, func(tx *writeTx) error {
		_, err := tx.answer(m)
		return err
	})
}

// FinishAnswer stores an answer's end: its State must be done, stopped, failed or interrupted. The page may hear of
// the end once this returns nil. The same end may be stored again, so that a failed try can be repeated.
func (t messageTable) FinishAnswer(ctx context.Context, m backend.Message) error {
	if m.State == backend.StateStreaming || !validState(m.State) {
		return backend.Fail(backend.CodeInvalid, nil, "This answer has no end yet.", "Stop it first.")
	}
	return t.db.urgent(ctx, func(tx *writeTx) error {
		saved, err := tx.answer(m)
		if err != nil {
			return err
		}
		c, err := tx.chat(saved.ChatID)
		if err != nil {
			return nil //nolint:nilerr // the answer counts, not the order of the list; get has noted the damage
		}
		c.Updated = tx.db.now()
		return tx.put(kindChat, c.ID, c)
	})
}

// ReopenAnswer makes an answer that has ended one that streams, with the words it has.
func (t messageTable) ReopenAnswer(ctx context.Context, chatID, id string) (m backend.Message, err error) {
	err = t.db.urgent(ctx, func(tx *writeTx) error {
		if m, err = tx.message(chatID, id); err != nil {
			return err
		}
		if m.Role != backend.RoleAssistant {
			return backend.Fail(backend.CodeInvalid, nil, "Only answers can be continued.", "Press Continue below an answer.")
		}
		m.State, m.Problem = backend.StateStreaming, nil
		return tx.putMessage(m)
	})
	return m, err
}

// answer overwrites a streaming message with m's text and figures.
func (t *writeTx) answer(m backend.Message) (backend.Message, error) {
	old, err := t.message(m.ChatID, m.ID)
	if err != nil {
		return old, err
	}
	// An end that is there already may stem from a try whose sync failed: only a second commit makes it safe.
	again := old.State == m.State && old.Text == m.Text && old.Thinking == m.Thinking
	if old.State != backend.StateStreaming && !again {
		return old, backend.Fail(backend.CodeInvalid, nil, "This answer is complete already.", "Regenerate it to get another one.")
	}
	old.Text, old.Thinking, old.State, old.Problem, old.Metrics = m.Text, m.Thinking, m.State, m.Problem, m.Metrics
	if m.Model != "" {
		old.Model = m.Model
	}
	return old, t.putMessage(old)
}

// Message returns one message.
func (t messageTable) Message(ctx context.Context, chatID, id string) (m backend.Message, err error) {
	err = t.db.view(ctx, func(tx *readTx) error {
		m, err = tx.message(chatID, id)
		return err
	})
	return m, err
}

// Messages lists every message of a chat's tree in the order in which they were made. backend.Path picks a branch.
func (t messageTable) Messages(ctx context.Context, chatID string) ([]backend.Message, error) {
	var messages []backend.Message
	err := t.db.view(ctx, func(tx *readTx) (err error) {
		if _, err = tx.chat(chatID); isCode(err, backend.CodeNotFound) {
			return err
		}
		messages, err = tx.messages(chatID)
		return err
	})
	return messages, err
}

func (t *readTx) messages(chatID string) ([]backend.Message, error) {
	messages := []backend.Message{}
	err := t.scan(kindMessage, chatID+"/", func(r record) error {
		var m backend.Message
		if json.Unmarshal(r.data, &m) != nil {
			return errRecord
		}
		messages = append(messages, m)
		return nil
	})
	return messages, err
}

func (t *readTx) message(chatID, id string) (m backend.Message, err error) {
	if !validID(chatID) || !validID(id) {
		return m, errNoMessage()
	}
	ok, err := t.get(kindMessage, messageKey(chatID, id), &m)
	if err == nil && !ok {
		err = errNoMessage()
	}
	return m, err
}

func (t *writeTx) putMessage(m backend.Message) error {
	m.Created = m.Created.UTC().Round(0)
	m.Metrics = finite(m.Metrics)
	return t.put(kindMessage, messageKey(m.ChatID, m.ID), m)
}

func messageKey(chatID, id string) string { return chatID + "/" + id }

func validState(s backend.MessageState) bool {
	switch s {
	case backend.StateStreaming, backend.StateDone, backend.StateStopped, backend.StateFailed, backend.StateInterrupted:
		return true
	}
	return false
}

// finite replaces what JSON cannot hold: a speed over no time must not cost the answer it belongs to.
func finite(m backend.Metrics) backend.Metrics {
	for _, f := range []*float64{&m.PromptTokensPerSecond, &m.TokensPerSecond, &m.TimeToFirstTokenSeconds, &m.LoadSeconds, &m.ThinkingSeconds} {
		if math.IsNaN(*f) || math.IsInf(*f, 0) {
			*f = 0
		}
	}
	return m
}
