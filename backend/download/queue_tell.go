package download

import (
	"context"
	"sync"
	"time"
)

// tellEvery is the shortest time between two reports of one download's progress.
const tellEvery = 100 * time.Millisecond

// teller tells of changes: those of a state at once, those of progress now and then, never two at a time. What is told
// is read when it is told, so that the last is always the newest.
type teller struct {
	changed func(Download, bool)
	signal  chan struct{}

	mu     sync.Mutex
	dirty  map[string]bool // by id; true: at once
	left   []Download      // gone from the list
	toldAt map[string]time.Time
}

func (t *teller) now(id string)  { t.mark(id, true) }
func (t *teller) soon(id string) { t.mark(id, false) }

func (t *teller) mark(id string, urgent bool) {
	t.mu.Lock()
	if t.dirty == nil {
		t.dirty = map[string]bool{}
	}
	t.dirty[id] = t.dirty[id] || urgent
	t.mu.Unlock()
	t.wake()
}

func (t *teller) gone(d Download) {
	t.mu.Lock()
	t.left = append(t.left, d)
	delete(t.dirty, d.ID)
	t.mu.Unlock()
	t.wake()
}

func (t *teller) wake() {
	select {
	case t.signal <- struct{}{}:
	default:
	}
}

// run tells until ctx ends and every transfer of q has, and then what is left.
func (t *teller) run(ctx context.Context, q *Queue) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		timer.Reset(t.flush(q, time.Now(), false))
		select {
		case <-ctx.Done():
		case <-t.signal:
		case <-timer.C:
		}
	}
	q.mu.Lock()
	var running []chan struct{}
	for _, e := range q.list {
		if e.cancel != nil {
			running = append(running, e.over)
		}
	}
	q.mu.Unlock()
	for _, over := range running {
		<-over
	}
	t.flush(q, time.Now(), true)
}

// flush tells what is due, and gives the time until something else is.
func (t *teller) flush(q *Queue, now time.Time, all bool) time.Duration {
	next := time.Hour
	t.mu.Lock()
	var due []string
	for id, urgent := range t.dirty {
		if wait := tellEvery - now.Sub(t.toldAt[id]); !urgent && !all && wait > 0 {
			next = min(next, wait)
			continue
		}
		due = append(due, id)
		delete(t.dirty, id)
		if t.toldAt == nil {
			t.toldAt = map[string]time.Time{}
		}
		t.toldAt[id] = now
	}
	left := t.left
	t.left = nil
	for _, d := range left {
		delete(t.toldAt, d.ID)
	}
	t.mu.Unlock()
	if t.changed == nil {
		return next
	}
	for _, id := range due {
		if d, err := q.Get(id); err == nil {
			t.changed(d, false)
		}
	}
	for _, d := range left {
		t.changed(d, true)
	}
	return next
}
