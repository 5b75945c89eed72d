package library

import (
	"errors"
	"os"
	"sync/atomic"

	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

// Where a model came from: Model.Source.
const (
	SourceStarter = "starter"
	SourceImport  = "import"
	SourcePull    = "pull"
	SourceAdopted = "adopted"
	SourceDerived = "derived"
)

// Library is one store. It may be used from many goroutines, and beside other processes.
type Library struct {
	home  string                 // where it was made, and where a note tells where it was moved to
	dir   atomic.Pointer[string] // where it is
	busy  chan struct{}          // holds one token while this process changes the store
	index *layout.Index
	step  func(string) error // tests fail or end the process here; nil outside them

	partBytes int64 // PartBytes; tests make it smaller
	apart     bool  // tests move a library as if to another disk
}

// Dir is the store's folder: OLLAMA_MODELS of the engine. Move changes it.
func (l *Library) Dir() string { return *l.dir.Load() }

// store is the folder and how it is changed.
func (l *Library) store() layout.Store {
	return layout.Store{Dir: l.Dir(), Parts: l.partBytes, Step: l.step}
}

// tryLock takes an exclusive lock on f, without waiting. A file system without locks counts as free.
func tryLock(f *os.File) bool { return !errors.Is(fsys.TryLock(f, fsys.Exclusive), fsys.ErrLocked) }
