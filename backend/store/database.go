package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"runtime/debug"
	"sync"

	"weightroom/backend"

	"go.etcd.io/bbolt"
)

// database is history.db, open, with what is needed to replace it while it is.
type database struct {
	*folder
	schema schema
	lock   *os.File
	ids    idSource

	writer chan struct{} // held by the one writer; a channel, so that waiting can be cancelled
	tidy   chan struct{} // held by a backup, a purge or a verification

	mu     sync.RWMutex // write-held only while bolt is replaced or closed
	bolt   *bbolt.DB    // nil: closed
	file   *os.File     // that bolt has open
	closed bool
	broken error // why no more can be written; under writer and mu

	rev uint64 // of the next record; under writer

	problems sync.Mutex
	bad      map[string]struct{} // bucket and key of records that could not be read
}

// open opens the history's file, which has passed its inspection.
func (d *database) open() error {
	var file *os.File
	opts := &bbolt.Options{Timeout: d.opts.Timeout, FreelistType: bbolt.FreelistMapType, NoStatistics: true}
	opts.OpenFile = func(name string, flag int, perm os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag, perm)
		return file, err
	}
	if runtime.GOOS != "windows" && bits.UintSize == 64 {
		opts.InitialMmapSize = mapSize
	}
	var db *bbolt.DB
	err := guard(func() (err error) {
		db, err = bbolt.Open(d.path, 0o600, opts)
		return err
	})
	if err != nil {
		if file != nil {
			file.Close() //nolint:errcheck // ends bbolt's lock after a panic; else it is closed already
		}
		return err
	}
	db.AllocSize = growBy
	d.bolt, d.file = db, file
	return nil
}

// close waits for calls under way and ends the database. A second time it does nothing.
func (d *database) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	var err error
	if d.bolt != nil {
		if d.broken == nil {
			err = d.bolt.Close()
		} else { // a fault in a write left bbolt's locks taken for ever: let go of its file, and leak the rest
			err = d.file.Close()
		}
		d.bolt = nil
	}
	if d.lock != nil {
		d.lock.Close() //nolint:errcheck // ends the lock; nothing was written
	}
	return explain(err)
}

// newID returns an id that sorts after every one given before.
func (d *database) newID() string { return d.ids.next(d.opts.Now()) }

func (d *database) noteBad(k kind, key []byte) {
	d.problems.Lock()
	defer d.problems.Unlock()
	id := string(k.bucket()) + "/" + string(key)
	if _, known := d.bad[id]; known {
		return
	}
	d.bad[id] = struct{}{}
	d.opts.Log.Error("history record is damaged", "bucket", string(k.bucket()), "key", string(key))
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
func (d *database) view(ctx context.Context, fn func(*readTx) error) error {
	if err := ctx.Err(); err != nil {
		return explain(err)
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.bolt == nil {
		return errClosed()
	}
	return d.told(guard(func() error {
		return d.bolt.View(func(tx *bbolt.Tx) error { return fn(&readTx{db: d, tx: tx, ctx: ctx}) })
	}))
}

// update runs fn in a write transaction. When it returns nil, the change is on disk.
func (d *database) update(ctx context.Context, fn func(*writeTx) error) error {
	if err := take(ctx, d.writer); err != nil {
		return err
	}
	defer func() { <-d.writer }()
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.bolt == nil {
		return errClosed()
	}
	if d.broken != nil {
		return d.broken
	}
	err := guard(func() error {
		return d.bolt.Update(func(tx *bbolt.Tx) error {
			return fn(&writeTx{readTx: readTx{db: d, tx: tx, ctx: ctx}})
		})
	})
	err = d.told(err)
	var broken *fault
	if errors.As(err, &broken) { // bbolt's own state can no longer be trusted
		d.broken = err
	}
	return err
}

// urgent is update for what must work on a full disk too: when there is no room, it gives up the reserve and tries
// once more.
func (d *database) urgent(ctx context.Context, fn func(*writeTx) error) error {
	err := d.update(ctx, fn)
	if isCode(err, backend.CodeDiskFull) && d.releaseReserve() {
		err = d.update(ctx, fn)
	}
	return err
}

// told returns err's sentence and logs what lies behind it.
func (d *database) told(err error) error {
	if err == nil {
		return nil
	}
	told := explain(err)
	if isCode(told, backend.CodeNotFound) || isCode(told, backend.CodeInvalid) || isCode(told, backend.CodeCancelled) {
		return told
	}
	d.opts.Log.Error("history call failed", "err", told)
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
	db  *database
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
		t.db.noteBad(k, []byte(key))
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
			t.db.noteBad(k, key)
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
	raw := encodeRecord(k, t.db.rev, key, data)
	t.db.rev++
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
