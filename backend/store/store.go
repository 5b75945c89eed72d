package store

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

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

// Store is an open history. What it can do is in its parts, each of which has one use of the database.
type Store struct {
	chatTable
	messageTable
	documentTable
	archiver
	trashBin
	backupSet

	db      *database
	unended []string    // keys of answers that the last run left streaming; fixed after Open
	endsDue atomic.Bool // the disk was too full to mark them
}

func newStore(opts Options, sch schema) *Store {
	db := &database{
		folder: &folder{opts: opts.withDefaults()},
		schema: sch,
		writer: make(chan struct{}, 1),
		tidy:   make(chan struct{}, 1),
		bad:    map[string]struct{}{},
	}
	backups := backupSet{db}
	return &Store{
		chatTable: chatTable{db}, messageTable: messageTable{db}, documentTable: documentTable{db}, archiver: archiver{db},
		trashBin: trashBin{db, backups}, backupSet: backups, db: db,
	}
}

// Close waits for calls under way and ends the store. A second Close does nothing.
func (s *Store) Close() error { return s.db.close() }

// NewID returns an id that sorts after every one given before by this Store.
func (s *Store) NewID() string { return s.db.newID() }

// Path is where history.db is.
func (s *Store) Path() string { return s.db.path }

// Problems are the standing conditions of the history: records that cannot be read.
func (s *Store) Problems() []backend.Problem {
	s.db.problems.Lock()
	n := len(s.db.bad)
	s.db.problems.Unlock()
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
