package download

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
)

const (
	queueKey    = "downloads"
	queueActive = 2
	queueKept   = 50              // ended downloads that stay in the list
	spaceLook   = 5 * time.Second // between two looks at a full disk
)

// Queue is the list of downloads, and what works through it. Every change is stored before Changed hears of it, so that after
// any end of the process the next Open goes on where this one was.
type Queue struct {
	opts   QueueOptions
	ctx    context.Context //nolint:containedctx // the life of the queue, which its goroutines share
	cancel context.CancelFunc
	work   sync.WaitGroup
	wake   chan struct{} // something may be startable

	mu      sync.Mutex
	list    []*entry
	active  int
	closed  bool
	notices notifier
}

// entry is a download with what only the queue knows.
type entry struct {
	d      Download
	files  []File             // the items that are here, in their order
	fresh  bool               // this process has seen them verified
	handed bool               // Finish has had them, and may have taken some
	cancel context.CancelFunc // while it runs
	then   State              // what it becomes when it was stopped
	gone   bool               // when it was stopped to be removed
	tries  int                // in a row that failed for a reason that may go away
	at     int64              // bytes at the last of them
	over   chan struct{}      // closed when it no longer runs
}

// record is an entry as it is stored.
type record struct {
	Download
	Files []File `json:"files,omitempty"`
	Note  string `json:"note,omitempty"` // the Landing of older lists: its JSON, as a text
}

// landing is what r becomes in the library. One that does not say is called by its reference.
func (r record) landing() Landing {
	l := r.Landing
	if l.Ref == "" && json.Unmarshal([]byte(r.Note), &l) != nil || l.Ref == "" {
		return Landing{Ref: r.Ref, Name: r.Name}
	}
	return l
}

// Open loads the list and goes on with what was not ended. Close ends it.
func Open(ctx context.Context, opts QueueOptions) (*Queue, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.spaceLook == 0 {
		opts.spaceLook = spaceLook
	}
	var records []record
	if _, err := opts.Store.Get(ctx, queueKey, &records); err != nil {
		return nil, err
	}
	q := &Queue{opts: opts, active: queueActive, wake: make(chan struct{}, 1)}
	if opts.Active > 0 {
		q.active = opts.Active
	}
	q.ctx, q.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for _, r := range records {
		e := &entry{d: r.Download, files: r.Files, handed: len(r.Files) > 0}
		e.d.Landing = r.landing()
		switch e.d.State {
		case StateFinishing, StateRunning, StateWaiting:
			e.d.State = StateQueued
		case StateQueued, StatePaused, StateDone, StateFailed:
		}
		e.d.Left = -1
		q.countHere(e)
		q.list = append(q.list, e)
	}
	q.sweep()
	q.notices = notifier{changed: opts.Changed, signal: make(chan struct{}, 1)}
	q.work.Go(func() { q.notices.run(q.ctx, q) })
	q.work.Go(q.loop)
	return q, nil
}

// countHere counts what has come of a download that did not end: the list is stored when a state changes, and bytes came
// after that.
func (q *Queue) countHere(e *entry) {
	if e.d.State == StateDone {
		return
	}
	here := int64(0)
	for i, item := range e.d.Items {
		n := transfer.OnDisk(q.path(e, i))
		if item.Bytes >= 0 {
			n = min(n, item.Bytes) // a disk counts whole blocks
		}
		here += n
	}
	e.d.Bytes = max(e.d.Bytes, here)
}

var idForm = regexp.MustCompile(`^[0-9a-f]{16}$`)

// sweep removes the folders of downloads that are no longer in the list.
func (q *Queue) sweep() {
	entries, err := os.ReadDir(q.opts.Dir)
	if err != nil {
		return // there is none yet
	}
	for _, f := range entries {
		if e := q.find(f.Name()); idForm.MatchString(f.Name()) && (e == nil || e.d.State == StateDone) {
			q.removeFolder(f.Name())
		}
	}
}

func (q *Queue) removeFolder(id string) {
	if err := os.RemoveAll(filepath.Join(q.opts.Dir, id)); err != nil {
		q.opts.Log.Warn("folder of a download stays", "error", err)
	}
}

// Close stops every transfer where it is, notifies of what is left, and returns when nothing runs any more.
func (q *Queue) Close() error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cancel()
	q.work.Wait()
	return nil
}

// Add puts a download at the end of the list. Its ID, times and state are set here.
func (q *Queue) Add(ctx context.Context, d Download) (Download, error) {
	if len(d.Items) == 0 {
		return Download{}, backend.Fail(backend.CodeInvalid, nil, "There is nothing to download here.", "Choose another model.")
	}
	raw := make([]byte, 8)
	if _, err := rand.Read(raw); err != nil {
		return Download{}, err
	}
	d.ID, d.Added, d.State, d.Error, d.Left = hex.EncodeToString(raw), time.Now(), StateQueued, nil, -1
	d.Finished, d.RetryAt, d.Result, d.Bytes, d.Total = time.Time{}, time.Time{}, "", 0, 0
	for _, i := range d.Items {
		if d.Total += i.Bytes; i.Bytes < 0 {
			d.Total = -1
			break
		}
	}
	if d.Landing.Ref == "" {
		d.Landing = Landing{Ref: d.Ref, Name: d.Name}
	}
	d = copyOf(d)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return Download{}, errClosed()
	}
	for _, e := range q.list {
		if e.d.State != StateDone && e.d.State != StateFailed && sameFiles(e.d, d) {
			return Download{}, backend.Fail(backend.CodeBusy, nil, "This is in the list of downloads already.", "Resume it there if it is paused.")
		}
	}
	e := &entry{d: d}
	q.list = append(q.list, e)
	if err := q.store(ctx); err != nil {
		q.list = q.list[:len(q.list)-1]
		return Download{}, err
	}
	q.notify(e)
	q.kick()
	return copyOf(e.d), nil
}

func sameFiles(a, b Download) bool {
	return a.Ref == b.Ref && slices.EqualFunc(a.Items, b.Items, func(x, y web.Item) bool {
		return x.Digest == y.Digest && x.Name == y.Name && x.Address == y.Address
	})
}

// List returns the downloads in their order.
func (q *Queue) List() []Download {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]Download, 0, len(q.list))
	for _, e := range q.list {
		list = append(list, copyOf(e.d))
	}
	return list
}

// Get returns one download.
func (q *Queue) Get(id string) (Download, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.find(id)
	if e == nil {
		return Download{}, errNoDownload()
	}
	return copyOf(e.d), nil
}

// Pause stops a download where it is, and returns when it has stopped. One that ended stays as it is.
func (q *Queue) Pause(ctx context.Context, id string) error {
	return q.stop(ctx, id, StatePaused)
}

// Cancel stops a download, removes what it has fetched, and takes it off the list. One that is done only leaves the
// list: the model stays.
func (q *Queue) Cancel(ctx context.Context, id string) error {
	return q.stop(ctx, id, "")
}

func (q *Queue) stop(ctx context.Context, id string, then State) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.find(id)
	if e == nil {
		return errNoDownload()
	}
	if e.cancel != nil {
		e.then, e.gone = then, e.gone || then == ""
		e.cancel()
		over := e.over
		q.mu.Unlock()
		select {
		case <-over:
		case <-ctx.Done():
		}
		q.mu.Lock()
		if ctx.Err() != nil {
			return transfer.Explain(ctx.Err())
		}
		if q.find(id) == nil {
			return nil
		}
	}
	switch {
	case then == "":
		return q.remove(ctx, e)
	case e.d.State == StateDone || e.d.State == StateFailed || e.d.State == StatePaused:
		return nil
	}
	e.d.State, e.d.Error, e.d.RetryAt = then, nil, time.Time{}
	return q.changed(ctx, e)
}

// remove takes an entry that does not run off the list.
func (q *Queue) remove(ctx context.Context, e *entry) error {
	i := slices.Index(q.list, e)
	if i < 0 {
		return nil
	}
	q.list = slices.Delete(q.list, i, i+1)
	if err := q.store(ctx); err != nil {
		q.list = slices.Insert(q.list, i, e)
		return err
	}
	q.removeFolder(e.d.ID)
	q.notices.gone(copyOf(e.d))
	q.kick()
	return nil
}

// Resume lets a paused, waiting or failed download go on when its turn comes.
func (q *Queue) Resume(ctx context.Context, id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.find(id)
	if e == nil {
		return errNoDownload()
	}
	switch e.d.State {
	case StatePaused, StateWaiting, StateFailed:
		e.d.State, e.d.Error, e.d.RetryAt, e.tries = StateQueued, nil, time.Time{}, 0
		defer q.kick()
		return q.changed(ctx, e)
	case StateQueued, StateRunning, StateFinishing, StateDone:
	}
	return nil
}

// Move puts a download at place to of the list, 0 being the first. The first ones get their turn first; those that run
// go on.
func (q *Queue) Move(ctx context.Context, id string, to int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.find(id)
	if e == nil {
		return errNoDownload()
	}
	from := slices.Index(q.list, e)
	q.list = slices.Delete(q.list, from, from+1)
	q.list = slices.Insert(q.list, min(max(to, 0), len(q.list)), e)
	q.kick()
	return q.changed(ctx, e)
}

// SetActive says how many downloads run at once. Those that run go on.
func (q *Queue) SetActive(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.active = max(n, 1)
	q.kick()
}

func (q *Queue) find(id string) *entry {
	for _, e := range q.list {
		if e.d.ID == id {
			return e
		}
	}
	return nil
}

// changed stores the list and notifies of e. When the store refuses, the change holds for this process.
func (q *Queue) changed(ctx context.Context, e *entry) error {
	err := q.store(ctx)
	if err != nil {
		q.opts.Log.Warn("downloads not stored", "error", err)
	}
	q.notify(e)
	return err
}

func (q *Queue) notify(e *entry) { q.notices.now(e.d.ID) }

func (q *Queue) store(ctx context.Context) error {
	ended := 0
	for i := len(q.list) - 1; i >= 0; i-- {
		if e := q.list[i]; e.d.State == StateDone {
			if ended++; ended > queueKept {
				q.list = slices.Delete(q.list, i, i+1)
				q.notices.gone(copyOf(e.d))
			}
		}
	}
	records := make([]record, 0, len(q.list))
	for _, e := range q.list {
		r := record{Download: e.d}
		if e.handed {
			r.Files = e.files
		}
		records = append(records, r)
	}
	return q.opts.Store.Put(context.WithoutCancel(ctx), queueKey, records)
}

// kick lets the loop look for something to start.
func (q *Queue) kick() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func copyOf(d Download) Download {
	d.Items, d.Landing.Here = slices.Clone(d.Items), slices.Clone(d.Landing.Here)
	return d
}

func errNoDownload() error {
	return backend.Fail(backend.CodeNotFound, nil, "This download is no longer in the list.", "Start it again from where you found the model.")
}

func errClosed() error {
	return backend.Fail(backend.CodeCancelled, errors.New("queue is closed"), "Weightroom is closing.", "Try again when it is open.")
}
