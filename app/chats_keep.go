package app

import (
	"context"

	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/store"
)

// EmptyTrash deletes every chat of the trash for good, from the backups too.
func (s *Chats) EmptyTrash() error {
	return s.change("Chats.EmptyTrash", "", func(ctx context.Context, c *core.Core) error { return c.History.EmptyTrash(ctx) })
}

// ExportAll writes all chats to a file that the person chooses and returns its path, or nothing when they cancelled.
func (s *Chats) ExportAll() (string, error) {
	return withCore(s.host, "Chats.ExportAll", func(ctx context.Context, c *core.Core) (string, error) {
		text, name, err := c.ExportChats(ctx)
		if err != nil {
			return "", err
		}
		return s.host.saveFile("Export all chats", name, text)
	})
}

// ImportFile adds the chats of an exported file that the person chooses; its path is empty when they cancelled.
func (s *Chats) ImportFile() (AddedChats, error) {
	return withCore(s.host, "Chats.ImportFile", func(ctx context.Context, c *core.Core) (AddedChats, error) {
		path, err := s.host.chooseFile("Import chats", "Chats (*.json)", "*.json")
		if err != nil || path == "" {
			return AddedChats{}, err
		}
		done, err := c.ImportChats(ctx, path)
		return s.added(path, done), err
	})
}

// Backups returns the daily copies of the chats, the newest first.
func (s *Chats) Backups() ([]ChatBackup, error) {
	return withCore(s.host, "Chats.Backups", func(ctx context.Context, c *core.Core) ([]ChatBackup, error) {
		all, err := c.ChatBackups(ctx)
		return convert(all, func(b core.ChatBackup) ChatBackup {
			out := ChatBackup{Name: b.Name, At: millis(b.Time), Bytes: b.Bytes, Chats: b.Chats}
			if b.Err != nil {
				out.Problem = problemOf(backend.Readable(b.Err))
			}
			return out
		}), err
	})
}

// RestoreBackup adds what a backup has and the history has not, or has in the trash. Nothing else that is here is changed.
func (s *Chats) RestoreBackup(name string) (AddedChats, error) {
	return withCore(s.host, "Chats.RestoreBackup", func(ctx context.Context, c *core.Core) (AddedChats, error) {
		done, err := c.History.RestoreBackup(ctx, name)
		return s.added(name, done), err
	})
}

// added is what an import or a restore has brought; the page hears of it.
func (s *Chats) added(from string, done store.Imported) AddedChats {
	if done.Messages+done.Chats+done.Back > 0 {
		s.changed("")
	}
	return AddedChats{From: from, Chats: done.Chats, Back: done.Back, Known: len(done.IDs) - done.Chats - done.Back, Messages: done.Messages}
}
