package store

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"weightroom/backend"
)

// KeepTrash is how long a deleted chat can be restored; after it Maintain purges it.
func (t trashBin) KeepTrash() time.Duration { return t.db.opts.KeepTrash }

// CountBackup returns how many chats outside the trash a backup holds. It reads the whole file. The name is that of its
// file, without a folder.
func (s backupSet) CountBackup(ctx context.Context, name string) (int, error) {
	n := 0
	err := s.eachOfBackup(ctx, name, func(r record) error {
		var c backend.Chat
		if r.kind == kindChat && json.Unmarshal(r.data, &c) == nil && c.Deleted.IsZero() {
			n++
		}
		return nil
	})
	return n, err
}

// RestoreBackup adds the chats of a backup that are not here, with what is missing of those that are, all or nothing.
// Those that lie in the trash now come back. Nothing else that is here is changed, and what was in the trash when the
// backup was made stays away.
func (s *Store) RestoreBackup(ctx context.Context, name string) (Imported, error) {
	a := Archive{Weightroom: exportVersion}
	at := map[string]int{} // of a chat in a
	messages := map[string][]backend.Message{}
	err := s.eachOfBackup(ctx, name, func(r record) error {
		switch r.kind {
		case kindChat:
			var c backend.Chat
			if err := json.Unmarshal(r.data, &c); err != nil {
				return errRecord
			}
			if c.Deleted.IsZero() {
				at[c.ID] = len(a.Chats)
				a.Chats = append(a.Chats, ArchiveChat{Chat: c})
			}
		case kindMessage:
			var m backend.Message
			if err := json.Unmarshal(r.data, &m); err != nil {
				return errRecord
			}
			messages[m.ChatID] = append(messages[m.ChatID], m)
		case kindMeta, kindKV:
		}
		return nil
	})
	if err != nil {
		return Imported{}, err
	}
	for id, i := range at {
		a.Chats[i].Messages = messages[id]
	}
	return s.add(ctx, &a)
}

// eachOfBackup reads a backup with plain reads, as inspect does, and calls visit with every record. What visit is given is
// valid during the call.
func (s backupSet) eachOfBackup(ctx context.Context, name string, visit func(record) error) error {
	if !dailyName.MatchString(name) && !schemaName.MatchString(name) {
		return errNoBackup(nil)
	}
	f, err := os.Open(filepath.Join(s.db.sibling(backupsDir), name))
	if err != nil {
		return errNoBackup(err)
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return explain(err)
	}
	found, visitErr := inspection{counts: map[kind]int{}}, error(nil)
	w := walker{ctx: ctx, r: f, size: info.Size(), visit: func(bucket, key, value []byte) {
		k, ok := kindOf(bucket)
		if !ok || visitErr != nil {
			return
		}
		r, err := decodeFor(k, key, value)
		if err == nil {
			found.add(r)
			err = visit(r)
		}
		visitErr = err
	}}
	err = errors.Join(w.walk(), visitErr)
	switch {
	case ctx.Err() != nil:
		return explain(ctx.Err())
	case found.schema > s.db.schema.version:
		return backend.Fail(backend.CodeUnsupported, nil, "This backup was made by a newer Weightroom.", "Restore it with the newer version.")
	case err != nil || found.schema == 0:
		return backend.Fail(backend.CodeDamaged, err, "This backup is damaged.", "Choose another one.")
	case found.schema < s.db.schema.version:
		return backend.Fail(backend.CodeUnsupported, nil, "This backup was made by an older Weightroom, in another form.", "Choose a newer one.")
	}
	return nil
}

func errNoBackup(cause error) error {
	return backend.Fail(backend.CodeNotFound, cause, "There is no such backup.", "Choose another one.")
}
