package store

import (
	"context"
	"errors"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"

	"go.etcd.io/bbolt"

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
	s := &Store{
		opts:   opts.withDefaults(),
		schema: sch,
		writer: make(chan struct{}, 1),
		tidy:   make(chan struct{}, 1),
		bad:    map[string]struct{}{},
	}
	defer func() {
		if err != nil {
			err = s.told(err)
			s.Close() //nolint:errcheck // the first error is the one to tell
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := s.place(dir); err != nil {
		return nil, nil, err
	}
	if s.lock, err = fsys.LockFile(ctx, filepath.Join(dir, lockName), s.opts.Timeout); err != nil {
		return nil, nil, err
	}
	found, recovery, err := s.sound(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := s.openDB(); err != nil {
		return nil, nil, err
	}
	if err := s.begin(ctx, found); err != nil {
		return nil, nil, err
	}
	return s, recovery, nil
}

// place makes the folder and finds the file in it.
func (s *Store) place(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		if info, statErr := os.Stat(dir); statErr == nil && !info.IsDir() {
			return backend.Fail(backend.CodeInvalid, err, "There is a file where the folder of the chat history belongs.",
				"Move that file away, or start Weightroom with another data folder.")
		}
		return err
	}
	s.path = filepath.Join(dir, fileName)
	if info, err := os.Lstat(s.path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		target, err := filepath.EvalSymlinks(s.path)
		if err != nil {
			return backend.Fail(backend.CodeNotFound, err, "The chat history is a link to a file that is not there.",
				"Connect the disk that it is on, or remove the link to start anew.")
		}
		s.path = target
	}
	s.dir = filepath.Dir(s.path)
	return nil
}

// sound makes sure that a file is at s.path that has passed its inspection: the one that is there, a new one, or one
// rebuilt from what is left.
func (s *Store) sound(ctx context.Context) (*inspection, *Recovery, error) {
	os.Remove(s.path + tempSuffix) //nolint:errcheck // if a leftover stays, building says so
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if s.anythingLeft() {
			return s.recover(ctx, damaged("the file is missing"))
		}
		if err := s.build(ctx, s.path+tempSuffix, nil); err != nil {
			return nil, nil, err
		}
		if err := s.adopt(s.path + tempSuffix); err != nil {
			return nil, nil, err
		}
		found, err := inspect(ctx, s.path, s.schema.version)
		return found, nil, err
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "There is a folder where the chat history file belongs.",
			"Move the folder "+s.path+" away, then start Weightroom again.")
	case !info.Mode().IsRegular():
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "What is at the place of the chat history is not a file.",
			"Move "+s.path+" away, then start Weightroom again.")
	}
	found, err := inspect(ctx, s.path, s.schema.version)
	var broken *damage
	if errors.As(err, &broken) {
		return s.recover(ctx, broken)
	}
	return found, nil, err
}

// adopt puts a finished file in the history's place, durably.
func (s *Store) adopt(tmp string) error {
	if err := os.Rename(tmp, s.path); err != nil {
		return err
	}
	return fsys.SyncDir(s.dir)
}

// openDB opens the history's file, which has passed its inspection.
func (s *Store) openDB() error {
	var file *os.File
	opts := &bbolt.Options{Timeout: s.opts.Timeout, FreelistType: bbolt.FreelistMapType, NoStatistics: true}
	opts.OpenFile = func(name string, flag int, perm os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag, perm)
		return file, err
	}
	if runtime.GOOS != "windows" && bits.UintSize == 64 {
		opts.InitialMmapSize = mapSize
	}
	var db *bbolt.DB
	err := guard(func() (err error) {
		db, err = bbolt.Open(s.path, 0o600, opts)
		return err
	})
	if err != nil {
		if file != nil {
			file.Close() //nolint:errcheck // ends bbolt's lock after a panic; else it is closed already
		}
		return err
	}
	db.AllocSize = growBy
	s.db, s.file = db, file
	return nil
}

// begin is the first transaction: a new epoch, and an end for every answer that the last run left without one.
func (s *Store) begin(ctx context.Context, found *inspection) error {
	s.rev = (found.maxRev>>32 + 1) << 32
	if found.schema < s.schema.version {
		if err := s.migrate(ctx, found.schema); err != nil {
			return err
		}
	}
	s.unended = found.streaming
	if err := s.endStreams(ctx); err != nil && !isCode(err, backend.CodeDiskFull) { // a full disk can still be read
		return err
	}
	s.keepReserve()
	s.opts.Log.Info("history opened", "bytes", found.bytes, "chats", found.counts[kindChat],
		"messages", found.counts[kindMessage], "interrupted", len(found.streaming))
	return nil
}

// endStreams marks the answers that the last run left without an end. On a full disk Maintain does it later: the
// reserve is for what a person asks for.
func (s *Store) endStreams(ctx context.Context) error {
	err := s.update(ctx, func(tx *writeTx) error {
		if err := tx.put(kindMeta, keyEpoch, s.rev>>32); err != nil {
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
