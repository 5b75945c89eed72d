package store

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// PurgeChats deletes chats of the trash for good: afterwards no file in the data folder holds a byte of them. It
// rewrites the history, so it is far slower than other calls; give it all chats at once. Reads go on meanwhile.
//
// When the wiping fails, on a full disk for example, the chats are gone from the history, the error says so, and
// Maintain tries again.
func (t trashBin) PurgeChats(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := take(ctx, t.db.tidy); err != nil {
		return err
	}
	defer func() { <-t.db.tidy }()
	if err := t.dropChats(ctx, ids); err != nil {
		return err
	}
	return t.wipe(ctx)
}

// EmptyTrash purges everything in the trash.
func (t trashBin) EmptyTrash(ctx context.Context) error {
	trash, err := t.Trash(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, c := range trash {
		ids = append(ids, c.ID)
	}
	return t.PurgeChats(ctx, ids...)
}

// dropChats removes the chats' records and leaves a mark that their bytes are still to be wiped.
func (t trashBin) dropChats(ctx context.Context, ids []string) error {
	return t.db.urgent(ctx, func(tx *writeTx) error {
		for _, id := range ids {
			c, err := tx.chat(id)
			if isCode(err, backend.CodeNotFound) {
				if marked, _ := tx.get(kindMeta, purgeMark(id), new(bool)); marked {
					continue // dropped by a try whose sync failed
				}
			}
			if err != nil {
				return err
			}
			if c.Deleted.IsZero() {
				return backend.Fail(backend.CodeInvalid, nil, "This chat is not in the trash.", "Delete it first, then empty the trash.")
			}
			if err := tx.delete(kindChat, id); err != nil {
				return err
			}
			if err := tx.deletePrefix(kindMessage, id+"/"); err != nil {
				return err
			}
			if err := tx.put(kindMeta, purgeMark(id), true); err != nil {
				return err
			}
		}
		return nil
	})
}

// wipe rewrites every file that can hold bytes of the marked chats, and then removes the marks. The caller holds tidy.
func (t trashBin) wipe(ctx context.Context) error {
	var marks []string
	err := t.db.view(ctx, func(tx *readTx) error {
		return tx.scan(kindMeta, prefixPurged, func(r record) error {
			marks = append(marks, string(r.key))
			return nil
		})
	})
	if err != nil || len(marks) == 0 {
		return err
	}
	if err := t.wipeFiles(ctx); err != nil {
		return notWiped(err)
	}
	return t.db.urgent(ctx, func(tx *writeTx) error {
		for _, key := range marks {
			if err := tx.delete(kindMeta, key); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t trashBin) wipeFiles(ctx context.Context) error {
	if err := t.db.compact(ctx); err != nil {
		return err
	}
	fresh, err := t.backups.backup(ctx, t.backups.todaysBackup())
	if err != nil {
		return err
	}
	old := t.db.setAside()
	for _, b := range t.backups.Backups() {
		if b.Path != fresh.Path {
			old = append(old, b.Path)
		}
	}
	var failed error
	for _, path := range old {
		failed = errors.Join(failed, os.Remove(path))
	}
	return errors.Join(failed, fsys.SyncDir(t.db.sibling(backupsDir)), fsys.SyncDir(t.db.dir))
}

func notWiped(err error) error {
	told := backend.Readable(explain(err))
	return backend.Fail(told.Code, err, "The chat is deleted, but its old copies could not be wiped from the disk yet.",
		"Weightroom tries again at its next start. "+told.Hint)
}

// purgeExpired purges trash that is older than the kept time, and ends purges that were cut short. While a damaged
// file was set aside within that time it leaves the trash alone: a purge nobody asked for must not remove what may
// still be wanted from that file.
func (t trashBin) purgeExpired(ctx context.Context) error {
	if err := take(ctx, t.db.tidy); err != nil {
		return err
	}
	defer func() { <-t.db.tidy }()
	if err := t.wipe(ctx); err != nil {
		return err
	}
	limit := t.db.now().Add(-t.db.opts.KeepTrash)
	for _, path := range t.db.setAside() {
		if t, ok := asideTime(path); !ok || t.After(limit) {
			return nil
		}
	}
	var old []string
	err := t.db.view(ctx, func(tx *readTx) error {
		return tx.scan(kindChat, "", func(r record) error {
			var c backend.Chat
			if json.Unmarshal(r.data, &c) != nil {
				return errRecord
			}
			if !c.Deleted.IsZero() && c.Deleted.Before(limit) {
				old = append(old, c.ID)
			}
			return nil
		})
	})
	if err != nil || len(old) == 0 {
		return err
	}
	if err := t.dropChats(ctx, old); err != nil {
		return err
	}
	t.db.opts.Log.Info("old trash purged", "chats", len(old))
	return t.wipe(ctx)
}

// asideTime reads when a file was set aside from its name, which copies and restores do not change.
func asideTime(path string) (time.Time, bool) {
	const layout = "history.damaged-20060102-150405"
	name := filepath.Base(path)
	if len(name) < len(layout) {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation(layout, name[:len(layout)], time.Local)
	return t, err == nil
}
