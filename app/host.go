package app

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"weightroom/app/core"
	"weightroom/backend/platform"
)

// host is what the bound services share: the Core once it is open, the way to the page, and the work that Shutdown waits
// for.
type host struct {
	folders platform.Folders
	ctx     context.Context // carries Wails' own values, for events and dialogs; ends at Shutdown
	end     context.CancelFunc
	work    sync.WaitGroup // what Shutdown waits for
	send    func(name string, payload any)
	opened  chan struct{}
	core    *core.Core
	problem error // why core is nil
	seq     atomic.Int64
	asked   sync.Once // the page's first call
	began   time.Time
	tasks   taskList
	dropped dropped
	page    *Page
	beat    *heartbeat
	closing *closing
	quit    func() // closes the window
}

// dropped are files that the page has not yet asked for.
type dropped struct {
	mu    sync.Mutex
	paths []string
}

func (d *dropped) put(paths []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paths = append(d.paths, paths...)
}

func (d *dropped) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	paths := nonNil(d.paths)
	d.paths = nil
	return paths
}

// Core waits until the Core is open and returns it, or the reason why it is not.
func (h *host) Core() (*core.Core, error) {
	<-h.opened
	return h.core, h.problem
}

// appLog is the path of the app's own log.
func (h *host) appLog() string { return filepath.Join(h.folders.Logs, "weightroom.log") }

func (h *host) next() int64 { return h.seq.Add(1) }

func (h *host) emit(name string, payload any) {
	if h.send != nil {
		h.send(name, payload)
	}
}

// libraryChanged tells the page that something of the library is another than it was: a model, or all of them.
func (h *host) libraryChanged(ref string) {
	h.emit(EventLibrary, Changed{ID: ref, Seq: h.next()})
}
