package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

const (
	// mapSize is the address space that is mapped at once, so that a long read never blocks a write that needs a larger
	// map. It takes no memory. Windows would grow the file to it, and 32-bit machines lack the room.
	mapSize = 256 << 20
	// growBy is how much the file grows at a time; each growth costs a sync.
	growBy = 1 << 20
)

// Open opens the history in dir, and creates both when they are missing. It waits at most opts.Timeout for another
// process that has it open, and then fails with CodeLocked.
//
// Recovery is nil unless the file was damaged or missing and had to be rebuilt.
func Open(ctx context.Context, dir string, opts Options) (*Store, *Recovery, error) {
	return open(ctx, dir, opts, current())
}

func open(ctx context.Context, dir string, opts Options, sch schema) (_ *Store, _ *Recovery, err error) {
	s := newStore(opts, sch)
	defer func() {
		if err != nil {
			err = s.db.told(err)
			s.Close() //nolint:errcheck // the first error is the one to tell
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := s.db.place(dir); err != nil {
		return nil, nil, err
	}
	if s.db.lock, err = fsys.LockFile(ctx, filepath.Join(dir, lockName), s.db.opts.Timeout); err != nil {
		return nil, nil, err
	}
	found, recovery, err := s.sound(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := s.db.open(); err != nil {
		return nil, nil, err
	}
	if err := s.begin(ctx, found); err != nil {
		return nil, nil, err
	}
	return s, recovery, nil
}

// sound makes sure that a file is at the history's path that has passed its inspection: the one that is there, a new one, or one
// rebuilt from what is left.
func (s *Store) sound(ctx context.Context) (*inspection, *Recovery, error) {
	os.Remove(s.db.path + tempSuffix) //nolint:errcheck // if a leftover stays, building says so
	info, err := os.Stat(s.db.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if s.anythingLeft() {
			return s.recover(ctx, damaged("the file is missing"))
		}
		if err := s.db.build(ctx, s.db.path+tempSuffix, nil); err != nil {
			return nil, nil, err
		}
		if err := s.db.adopt(s.db.path + tempSuffix); err != nil {
			return nil, nil, err
		}
		found, err := inspect(ctx, s.db.path, s.db.schema.version)
		return found, nil, err
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "There is a folder where the chat history file belongs.",
			"Move the folder "+s.db.path+" away, then start Weightroom again.")
	case !info.Mode().IsRegular():
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "What is at the place of the chat history is not a file.",
			"Move "+s.db.path+" away, then start Weightroom again.")
	}
	found, err := inspect(ctx, s.db.path, s.db.schema.version)
	var broken *damage
	if errors.As(err, &broken) {
		return s.recover(ctx, broken)
	}
	return found, nil, err
}

// begin is the first transaction: a new epoch, and an end for every answer that the last run left without one.
func (s *Store) begin(ctx context.Context, found *inspection) error {
	s.db.rev = (found.maxRev>>32 + 1) << 32
	if found.schema < s.db.schema.version {
		if err := s.migrate(ctx, found.schema); err != nil {
			return err
		}
	}
	s.unended = found.streaming
	if err := s.endStreams(ctx); err != nil && !isCode(err, backend.CodeDiskFull) { // a full disk can still be read
		return err
	}
	s.db.keepReserve()
	s.db.opts.Log.Info("history opened", "bytes", found.bytes, "chats", found.counts[kindChat],
		"messages", found.counts[kindMessage], "interrupted", len(found.streaming))
	return nil
}

// endStreams marks the answers that the last run left without an end. On a full disk Maintain does it later: the
// reserve is for what a person asks for.
func (s *Store) endStreams(ctx context.Context) error {
	err := s.db.update(ctx, func(tx *writeTx) error {
		if err := tx.put(kindMeta, keyEpoch, s.db.rev>>32); err != nil {
			return err
		}
		for _, key := range s.unended {
			var m backend.Message
			if ok, err := tx.get(kindMessage, key, &m); err != nil || !ok || m.State != backend.StateStreaming {
				continue // counted by get; the rest of the history still opens
			}
			m.State = backend.StateInterrupted
			if err := tx.put(kindMessage, key, m); err != nil {
				return err
			}
		}
		return nil
	})
	s.endsDue.Store(err != nil)
	return err
}

// anythingLeft reports whether a missing history can be rebuilt.
func (s *Store) anythingLeft() bool { return len(s.Backups()) > 0 || len(s.db.setAside()) > 0 }
