package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"weightroom/backend"
)

// TestABackupComesBack holds that a backup brings back what is gone or in the trash, leaves all else that is here as it is, and adds nothing
// when it is restored twice.
func TestABackupComesBack(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{Now: newClock().now})
	ctx := t.Context()
	lost, kept, trashed := mustChat(t, s, "lost"), mustChat(t, s, "kept"), mustChat(t, s, "trashed before")
	mustTurn(t, s, lost.ID, "", "France?", "Paris.")
	mustTurn(t, s, kept.ID, "", "Spain?", "Madrid.")
	if err := s.DeleteChat(ctx, trashed.ID); err != nil {
		t.Fatal(err)
	}
	made, err := s.Backup(ctx)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(made.Path)
	old := filepath.Join(filepath.Dir(made.Path), "history-2026-01-01.db")
	data, err := os.ReadFile(made.Path)
	if err == nil {
		err = os.WriteFile(old, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.CountBackup(ctx, name); err != nil || n != 2 {
		t.Errorf("%d chats, %v", n, err)
	}
	// The chat is taken from the history alone: a purge would take it from the backups too.
	if err := s.DeleteChat(ctx, lost.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.dropChats(ctx, []string{lost.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateChat(ctx, kept.ID, func(c *backend.Chat) error { c.Title = "renamed since"; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteChat(ctx, kept.ID); err != nil {
		t.Fatal(err)
	}
	for i, want := range []Imported{{Chats: 1, Back: 1, Messages: 2}, {}} {
		got, err := s.RestoreBackup(ctx, filepath.Base(old))
		if err != nil || got.Chats != want.Chats || got.Back != want.Back || got.Messages != want.Messages || len(got.IDs) != 2 {
			t.Fatal(i, got, err)
		}
	}
	back, err := s.Messages(ctx, lost.ID)
	if err != nil || len(back) != 2 || back[1].Text != "Paris." {
		t.Errorf("%+v, %v", back, err)
	}
	if c, err := s.Chat(ctx, kept.ID); err != nil || c.Title != "renamed since" || !c.Deleted.IsZero() {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := s.Chat(ctx, trashed.ID); err != nil || c.Deleted.IsZero() {
		t.Errorf("what was in the trash is %+v, %v", c, err)
	}
}

func TestABackupThatCannotBeReadSaysSo(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	ctx := t.Context()
	mustChat(t, s, "one")
	made, err := s.Backup(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"history.db", "../history.db", "", "history-2026-01-01.db"} {
		if _, err := s.RestoreBackup(ctx, name); !isCode(err, backend.CodeNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	data, err := os.ReadFile(made.Path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data[len(data)/2:] {
		data[len(data)/2+i] ^= 0x5a
	}
	if err := os.WriteFile(made.Path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RestoreBackup(ctx, filepath.Base(made.Path)); !isCode(err, backend.CodeDamaged) {
		t.Errorf("a damaged one: %v", err)
	}
	if s.KeepTrash() != 30*24*time.Hour {
		t.Errorf("the trash is kept for %v", s.KeepTrash())
	}
}
