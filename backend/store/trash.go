package store

import (
	"cmp"
	"context"
	"time"

	"weightroom/backend"
)

// trashBin keeps deleted chats until they are restored or purged.
type trashBin struct {
	db      *database
	backups backupSet
}

// Trash lists the deleted chats that can be restored, the last deleted first.
func (t trashBin) Trash(ctx context.Context) ([]backend.Chat, error) {
	return listChats(ctx, t.db, func(c backend.Chat) bool { return !c.Deleted.IsZero() }, func(a, b backend.Chat) int {
		return cmp.Or(b.Deleted.Compare(a.Deleted), cmp.Compare(b.ID, a.ID))
	})
}

// DeleteChat moves a chat to the trash. It stays there for Options.KeepTrash.
func (t trashBin) DeleteChat(ctx context.Context, id string) error {
	return t.setDeleted(ctx, id, func(c backend.Chat) time.Time {
		if c.Deleted.IsZero() {
			return t.db.now()
		}
		return c.Deleted
	})
}

// RestoreChat takes a chat out of the trash.
func (t trashBin) RestoreChat(ctx context.Context, id string) error {
	return t.setDeleted(ctx, id, func(backend.Chat) time.Time { return time.Time{} })
}

func (t trashBin) setDeleted(ctx context.Context, id string, when func(backend.Chat) time.Time) error {
	return t.db.urgent(ctx, func(tx *writeTx) error {
		c, err := tx.chat(id)
		if err != nil {
			return err
		}
		c.Deleted = when(c)
		return tx.put(kindChat, id, c)
	})
}
