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
func (s *Store) PurgeChats(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := take(ctx, s.tidy); err != nil {
		return err
	}
	defer func() { <-s.tidy }()
	if err := s.dropChats(ctx, ids); err != nil {
		return err
	}
	return s.wipe(ctx)
}

// EmptyTrash purges everything in the trash.
func (s *Store) EmptyTrash(ctx context.Context) error {
	trash, err := s.Trash(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, c := range trash {
		ids = append(ids, c.ID)
	}
	return s.PurgeChats(ctx, ids...)
}

// dropChats removes the chats' records and leaves a mark that their bytes are still to be wiped.
func (s *Store) dropChats(ctx context.Context, ids []string) error {
	return s.urgent(ctx, func(tx *writeTx) error {
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
func (s *Store) wipe(ctx context.Context) error {
	var marks []string
	err := s.view(ctx, func(tx *readTx) error {
		return tx.scan(kindMeta, prefixPurged, func(r record) error {
			marks = append(marks, string(r.key))
			return nil
		})
	})
	if err != nil || len(marks) == 0 {
		return err
	}
	if err := s.wipeFiles(ctx); err != nil {
		return notWiped(err)
	}
	return s.urgent(ctx, func(tx *writeTx) error {
		for _, key := range marks {
			if err := tx.delete(kindMeta, key); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) wipeFiles(ctx context.Context) error {
	if err := s.compact(ctx); err != nil {
		return err
	}
	fresh, err := s.backup(ctx, s.todaysBackup())
	if err != nil {
		return err
	}
	old := s.setAside()
	for _, b := range s.Backups() {
		if b.Path != fresh.Path {
			old = append(old, b.Path)
		}
	}
	var failed error
	for _, path := range old {
		failed = errors.Join(failed, os.Remove(path))
	}
	return errors.Join(failed, fsys.SyncDir(s.sibling(backupsDir)), fsys.SyncDir(s.dir))
}

func notWiped(err error) error {
	told := backend.Readable(explain(err))
	return backend.Fail(told.Code, err, "The chat is deleted, but its old copies could not be wiped from the disk yet.",
		"Weightroom tries again at its next start. "+told.Hint)
}

// compact rewrites history.db with its live records only. Writers wait; readers do but for the moment of the change.
func (s *Store) compact(ctx context.Context) error {
	if err := take(ctx, s.writer); err != nil {
		return err
	}
	defer func() { <-s.writer }()
	if s.broken != nil {
		return s.broken
	}
	tmp := s.path + tempSuffix
	os.Remove(tmp) //nolint:errcheck // if a leftover stays, building says so
	counts := map[kind]int{}
	err := s.view(ctx, func(tx *readTx) error {
		return s.build(ctx, tmp, func(put func(kind, []byte, []byte) error) error {
			for _, k := range kinds {
				err := tx.tx.Bucket(k.kind.bucket()).ForEach(func(key, value []byte) error {
					if _, err := decodeFor(k.kind, key, value); err != nil {
						return err // a backup may hold it whole, so nothing is thrown away before the next Open has looked
					}
					counts[k.kind]++
					return put(k.kind, key, value)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == nil {
		var found *inspection
		found, err = inspect(ctx, tmp, s.schema.version)
		if err == nil && (found.counts[kindChat] != counts[kindChat] || found.counts[kindMessage] != counts[kindMessage]) {
			err = damaged("compacted history holds other counts")
		}
	}
	if err == nil {
		err = s.swap(tmp)
	}
	if err != nil {
		os.Remove(tmp) //nolint:errcheck // the first error is the one to tell
	}
	return s.told(err)
}

// swap puts the file tmp in the history's place while the store is open. The caller holds the writer.
func (s *Store) swap(tmp string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return errClosed()
	}
	err := s.db.Close()
	if err == nil {
		err = s.adopt(tmp)
	}
	s.db = nil
	return errors.Join(err, s.openDB()) // the old file or the new one: both are sound
}

// purgeExpired purges trash that is older than the kept time, and ends purges that were cut short. While a damaged
// file was set aside within that time it leaves the trash alone: a purge nobody asked for must not remove what may
// still be wanted from that file.
func (s *Store) purgeExpired(ctx context.Context) error {
	if err := take(ctx, s.tidy); err != nil {
		return err
	}
	defer func() { <-s.tidy }()
	if err := s.wipe(ctx); err != nil {
		return err
	}
	limit := s.now().Add(-s.opts.KeepTrash)
	for _, path := range s.setAside() {
		if t, ok := asideTime(path); !ok || t.After(limit) {
			return nil
		}
	}
	var old []string
	err := s.view(ctx, func(tx *readTx) error {
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
	if err := s.dropChats(ctx, old); err != nil {
		return err
	}
	s.opts.Log.Info("old trash purged", "chats", len(old))
	return s.wipe(ctx)
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
