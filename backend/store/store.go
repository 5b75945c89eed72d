package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"weightroom/backend"
)

// Names in the data folder. Temporary names are fixed: the lock makes sure that only one process uses them.
const (
	fileName    = "history.db"
	lockName    = "history.lock"
	tempSuffix  = ".tmp"
	reserveName = "history.reserve"
	backupsDir  = "backups"
)

// Options are the choices of Open. The zero value is what the app uses.
type Options struct {
	Timeout     time.Duration    // how long to wait for another process to let go; 0: one second
	Log         *slog.Logger     // nil: no log
	Now         func() time.Time // nil: time.Now
	KeepBackups int              // daily backups; 0: 7
	KeepTrash   time.Duration    // how long deleted chats can be restored; 0: 30 days
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.KeepBackups <= 0 {
		o.KeepBackups = 7
	}
	if o.KeepTrash <= 0 {
		o.KeepTrash = 30 * 24 * time.Hour
	}
	return o
}

// Store is an open history.
type Store struct {
	dir    string // real folder of path
	path   string // of history.db, symbolic links resolved
	opts   Options
	schema schema
	lock   *os.File
	ids    idSource

	writer chan struct{} // held by the one writer; a channel, so that waiting can be cancelled
	tidy   chan struct{} // held by a backup, a purge or a verification

	mu     sync.RWMutex // write-held only while db is replaced or closed
	db     *bbolt.DB    // nil: closed
	file   *os.File     // that db has open
	closed bool
	broken error // why no more can be written; under writer and mu

	rev uint64 // of the next record; under writer

	unended []string    // keys of answers that the last run left streaming; fixed after Open
	endsDue atomic.Bool // the disk was too full to mark them

	problems sync.Mutex
	bad      map[string]struct{} // bucket and key of records that could not be read
}

// Close waits for calls under way and ends the store. A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	if s.db != nil {
		if s.broken == nil {
			err = s.db.Close()
		} else { // a fault in a write left bbolt's locks taken for ever: let go of its file, and leak the rest
			err = s.file.Close()
		}
		s.db = nil
	}
	if s.lock != nil {
		s.lock.Close() //nolint:errcheck // ends the lock; nothing was written
	}
	return explain(err)
}

// NewID returns an id that sorts after every one given before by this Store.
func (s *Store) NewID() string { return s.ids.next(s.opts.Now()) }

// Path is where history.db is.
func (s *Store) Path() string { return s.path }

// Problems are the standing conditions of the history: records that cannot be read.
func (s *Store) Problems() []backend.Problem {
	s.problems.Lock()
	n := len(s.bad)
	s.problems.Unlock()
	if n == 0 {
		return nil
	}
	title := "One entry of your history cannot be read."
	if n > 1 {
		title = fmt.Sprintf("%d entries of your history cannot be read.", n)
	}
	return []backend.Problem{{
		Code: string(backend.CodeDamaged), Severity: backend.SeverityWarning, Title: title,
		Hint: "Start Weightroom again: it looks for them in the backups.",
	}}
}

func (s *Store) noteBad(k kind, key []byte) {
	s.problems.Lock()
	defer s.problems.Unlock()
	id := string(k.bucket()) + "/" + string(key)
	if _, known := s.bad[id]; known {
		return
	}
	s.bad[id] = struct{}{}
	s.opts.Log.Error("history record is damaged", "bucket", string(k.bucket()), "key", string(key))
}

// take waits for a token of one of the store's channels.
func take(ctx context.Context, token chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return explain(err)
	}
	select {
	case token <- struct{}{}:
		return nil
	case <-ctx.Done():
		return explain(ctx.Err())
	}
}

// view runs fn in a read transaction.
func (s *Store) view(ctx context.Context, fn func(*readTx) error) error {
	if err := ctx.Err(); err != nil {
		return explain(err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return errClosed()
	}
	return s.told(guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error { return fn(&readTx{s: s, tx: tx, ctx: ctx}) })
	}))
}

// update runs fn in a write transaction. When it returns nil, the change is on disk.
func (s *Store) update(ctx context.Context, fn func(*writeTx) error) error {
	if err := take(ctx, s.writer); err != nil {
		return err
	}
	defer func() { <-s.writer }()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return errClosed()
	}
	if s.broken != nil {
		return s.broken
	}
	err := guard(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			return fn(&writeTx{readTx: readTx{s: s, tx: tx, ctx: ctx}})
		})
	})
	err = s.told(err)
	var broken *fault
	if errors.As(err, &broken) { // bbolt's own state can no longer be trusted
		s.broken = err
	}
	return err
}

// urgent is update for what must work on a full disk too: when there is no room, it gives up the reserve and tries
// once more.
func (s *Store) urgent(ctx context.Context, fn func(*writeTx) error) error {
	err := s.update(ctx, fn)
	if isCode(err, backend.CodeDiskFull) && s.releaseReserve() {
		err = s.update(ctx, fn)
	}
	return err
}

// told returns err's sentence and logs what lies behind it.
func (s *Store) told(err error) error {
	if err == nil {
		return nil
	}
	told := explain(err)
	if isCode(told, backend.CodeNotFound) || isCode(told, backend.CodeInvalid) || isCode(told, backend.CodeCancelled) {
		return told
	}
	s.opts.Log.Error("history call failed", "err", told)
	return told
}

// fault is a panic or a memory fault inside a transaction: damage that arose after the inspection.
type fault struct {
	value any
	stack []byte
}

func (f *fault) Error() string { return fmt.Sprintf("panic: %v\n%s", f.value, f.stack) }

// guard turns panics and faults of fn into errors. A page that can no longer be read faults in the goroutine that
// reads the map, which is always this one.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = &fault{v, debug.Stack()}
		}
	}()
	return fn()
}

// readTx reads records.
type readTx struct {
	s   *Store
	tx  *bbolt.Tx
	ctx context.Context
}

// get decodes the record at key into v. A damaged record is an error that wraps errRecord, and counted.
func (t *readTx) get(k kind, key string, v any) (bool, error) {
	value := t.tx.Bucket(k.bucket()).Get([]byte(key))
	if value == nil {
		return false, nil
	}
	r, err := decodeFor(k, []byte(key), value)
	if err == nil {
		if jsonErr := json.Unmarshal(r.data, v); jsonErr != nil {
			err = fmt.Errorf("%w: %w", errRecord, jsonErr)
		}
	}
	if err != nil {
		t.s.noteBad(k, []byte(key))
		return true, err
	}
	return true, nil
}

// scan calls fn with every sound record whose key starts with prefix, in key order. Damaged ones are counted.
func (t *readTx) scan(k kind, prefix string, fn func(r record) error) error {
	c := t.tx.Bucket(k.bucket()).Cursor()
	n := 0
	for key, value := c.Seek([]byte(prefix)); key != nil && bytes.HasPrefix(key, []byte(prefix)); key, value = c.Next() {
		if n++; n%256 == 0 && t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		r, err := decodeFor(k, key, value)
		if err == nil {
			err = fn(r)
		}
		if err == errRecord { //nolint:errorlint // exactly this: fn wraps what must end the scan
			t.s.noteBad(k, key)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeTx also writes them.
type writeTx struct{ readTx }

// put stores v as JSON under key.
func (t *writeTx) put(k kind, key string, v any) error {
	data, err := marshal(v)
	if err != nil {
		return err
	}
	if len(data) > maxJSON {
		return backend.Fail(backend.CodeTooBig, nil, "This text is too long to be saved.", "Split it into parts of less than 60 MB.")
	}
	raw := encodeRecord(k, t.s.rev, key, data)
	t.s.rev++
	return t.tx.Bucket(k.bucket()).Put([]byte(key), raw)
}

func (t *writeTx) delete(k kind, key string) error {
	return t.tx.Bucket(k.bucket()).Delete([]byte(key))
}

// deletePrefix removes every key that starts with prefix.
func (t *writeTx) deletePrefix(k kind, prefix string) error {
	b := t.tx.Bucket(k.bucket())
	var keys [][]byte
	c := b.Cursor()
	for key, _ := c.Seek([]byte(prefix)); key != nil && bytes.HasPrefix(key, []byte(prefix)); key, _ = c.Next() {
		keys = append(keys, bytes.Clone(key))
	}
	for _, key := range keys {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// sibling is a path beside history.db.
func (s *Store) sibling(name string) string { return filepath.Join(s.dir, name) }

// now is the time as it is stored.
func (s *Store) now() time.Time { return s.opts.Now().UTC().Round(0) }
