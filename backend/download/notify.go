package download

import (
	"context"
	"sync"
	"time"
)

// noticeEvery is the shortest time between two notices of one download's progress.
const noticeEvery = 100 * time.Millisecond

// notifier notifies of changes: of those of a state at once, of progress now and then, never of two at a time. A
// download is read when its notice is given, so that the last is always the newest.
type notifier struct {
	changed func(Download, bool)
	signal  chan struct{}

	mu        sync.Mutex
	dirty     map[string]bool // by id; true: at once
	left      []Download      // gone from the list
	noticedAt map[string]time.Time
}

func (n *notifier) now(id string)  { n.mark(id, true) }
func (n *notifier) soon(id string) { n.mark(id, false) }

func (n *notifier) mark(id string, urgent bool) {
	n.mu.Lock()
	if n.dirty == nil {
		n.dirty = map[string]bool{}
	}
	n.dirty[id] = n.dirty[id] || urgent
	n.mu.Unlock()
	n.wake()
}

func (n *notifier) gone(d Download) {
	n.mu.Lock()
	n.left = append(n.left, d)
	delete(n.dirty, d.ID)
	n.mu.Unlock()
	n.wake()
}

func (n *notifier) wake() {
	select {
	case n.signal <- struct{}{}:
	default:
	}
}

// run notifies until ctx ends and every transfer of q has, and then of what is left.
func (n *notifier) run(ctx context.Context, q *Queue) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		timer.Reset(n.flush(q, time.Now(), false))
		select {
		case <-ctx.Done():
		case <-n.signal:
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
	n.flush(q, time.Now(), true)
}

// flush notifies of what is due, and returns the time until something else is.
func (n *notifier) flush(q *Queue, now time.Time, all bool) time.Duration {
	next := time.Hour
	n.mu.Lock()
	var due []string
	for id, urgent := range n.dirty {
		if wait := noticeEvery - now.Sub(n.noticedAt[id]); !urgent && !all && wait > 0 {
			next = min(next, wait)
			continue
		}
		due = append(due, id)
		delete(n.dirty, id)
		if n.noticedAt == nil {
			n.noticedAt = map[string]time.Time{}
		}
		n.noticedAt[id] = now
	}
	left := n.left
	n.left = nil
	for _, d := range left {
		delete(n.noticedAt, d.ID)
	}
	n.mu.Unlock()
	if n.changed == nil {
		return next
	}
	for _, id := range due {
		if d, err := q.Get(id); err == nil {
			n.changed(d, false)
		}
	}
	for _, d := range left {
		n.changed(d, true)
	}
	return next
}
