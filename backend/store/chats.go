package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"weightroom/backend"
)

// chatTable is the chats outside the trash, and the search in all of them.
type chatTable struct{ db *database }

// CreateChat stores a new chat. It gets an id when it has none, and its times; it starts without messages.
func (t chatTable) CreateChat(ctx context.Context, c backend.Chat) (backend.Chat, error) {
	if c.ID == "" {
		c.ID = t.db.newID()
	}
	now := t.db.now()
	c.Created, c.Updated, c.Deleted, c.Leaf = now, now, time.Time{}, ""
	err := t.db.update(ctx, func(tx *writeTx) error {
		var old backend.Chat
		if exists, _ := tx.get(kindChat, c.ID, &old); exists || !validID(c.ID) {
			return backend.Fail(backend.CodeInvalid, nil, "This chat exists already.", "Open it from the list.")
		}
		return tx.put(kindChat, c.ID, c)
	})
	return c, err
}

// Chat returns one chat, in the trash or not.
func (t chatTable) Chat(ctx context.Context, id string) (c backend.Chat, err error) {
	err = t.db.view(ctx, func(tx *readTx) error {
		c, err = tx.chat(id)
		return err
	})
	return c, err
}

// Chats lists the chats outside the trash, the one with the newest message first.
func (t chatTable) Chats(ctx context.Context) ([]backend.Chat, error) {
	return listChats(ctx, t.db, func(c backend.Chat) bool { return c.Deleted.IsZero() }, func(a, b backend.Chat) int {
		return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(b.ID, a.ID))
	})
}

// listChats returns the chats that are wanted, in order.
func listChats(ctx context.Context, db *database, want func(backend.Chat) bool, order func(a, b backend.Chat) int) ([]backend.Chat, error) {
	chats := []backend.Chat{}
	err := db.view(ctx, func(tx *readTx) error {
		return tx.scan(kindChat, "", func(r record) error {
			var c backend.Chat
			if json.Unmarshal(r.data, &c) != nil {
				return errRecord
			}
			if want(c) {
				chats = append(chats, c)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(chats, order)
	return chats, nil
}

// UpdateChat changes a chat's title, model, system prompt, sampling, leaf, draft or pin. What fn does to its id and
// times is ignored; a leaf must be one of the chat's messages. An error of fn changes nothing. fn runs inside the
// transaction, so it must not call the store.
func (t chatTable) UpdateChat(ctx context.Context, id string, fn func(*backend.Chat) error) (backend.Chat, error) {
	var changed backend.Chat
	err := t.db.update(ctx, func(tx *writeTx) error {
		old, err := tx.chat(id)
		if err != nil {
			return err
		}
		changed = old
		if err := fn(&changed); err != nil {
			return err
		}
		changed.ID, changed.Created, changed.Updated, changed.Deleted = old.ID, old.Created, old.Updated, old.Deleted
		if changed.Leaf != old.Leaf && changed.Leaf != "" {
			if _, err := tx.message(id, changed.Leaf); err != nil {
				return err
			}
		}
		return tx.put(kindChat, id, changed)
	})
	if err != nil {
		return backend.Chat{}, err
	}
	return changed, nil
}

func (t *readTx) chat(id string) (c backend.Chat, err error) {
	if !validID(id) {
		return c, errNoChat()
	}
	ok, err := t.get(kindChat, id, &c)
	if err == nil && !ok {
		err = errNoChat()
	}
	return c, err
}

// openChat is a chat that new messages may go to.
func (t *readTx) openChat(id string) (backend.Chat, error) {
	c, err := t.chat(id)
	if err == nil && !c.Deleted.IsZero() {
		err = backend.Fail(backend.CodeInvalid, errors.New("chat is in the trash"), "This chat is in the trash.",
			"Restore it to go on with it.")
	}
	return c, err
}
