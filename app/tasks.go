package app

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"weightroom/app/core"
	"weightroom/backend"
)

// Tasks is the work in the background, of whatever service: each can be cancelled.
type Tasks struct{ host *host }

// Cancel ends a task; what it had half done is undone. One that has ended is left alone.
func (s *Tasks) Cancel(id string) error {
	return do("Tasks.Cancel", func() error {
		s.host.tasks.stop(id)
		return nil
	})
}

// List returns the work under way, the oldest first: what a person began and what the app does by itself.
func (s *Tasks) List() ([]TaskProgress, error) {
	return call("Tasks.List", func() ([]TaskProgress, error) { return s.host.tasks.list(), nil })
}

// job is what a task is, from its beginning on.
type job struct {
	kind  string
	label string // while work says nothing else
	of    string // what it works on; empty: the label says it all
}

// step is how far a task is.
type step struct {
	done, total int64  // bytes, or steps; no total: unknown
	label, of   string // empty: as they were
	waits       string // what it waits for: answer, mains, programs; empty: it works
	left        float64
}

// taskList runs long work that the page can watch and cancel.
type taskList struct {
	host *host
	mu   sync.Mutex
	all  []*task // the oldest first
}

// task is one piece of work under way.
type task struct {
	cancel context.CancelFunc

	mu   sync.Mutex
	last TaskProgress
	sent time.Time
}

// progressEvery is how often a task reports; its last report, and a change of what it waits for, is always sent.
const progressEvery = 100 * time.Millisecond

// start is begin for work that reports bytes or steps alone.
func (l *taskList) start(kind, label string, work func(ctx context.Context, progress func(done, total int64)) (string, error)) Task {
	return l.begin(job{kind: kind, label: label}, func(ctx context.Context, report func(step)) (string, error) {
		return work(ctx, func(done, total int64) { report(step{done: done, total: total}) })
	})
}

// begin runs work in the background and tells the page. Its result is sent with the end.
func (l *taskList) begin(j job, work func(ctx context.Context, report func(step)) (string, error)) Task {
	ctx, cancel := context.WithCancel(l.host.ctx)
	id := l.host.core.History.NewID()
	t := &task{cancel: cancel, last: TaskProgress{ID: id, Kind: j.kind, Label: j.label, Of: j.of, Left: -1, StartedAt: time.Now().UnixMilli()}}
	l.mu.Lock()
	l.all = append(l.all, t)
	l.mu.Unlock()
	l.report(t, step{})
	l.host.work.Go(func() {
		defer cancel()
		result, err := call(j.kind, func() (string, error) {
			return work(ctx, func(s step) { l.report(t, s) })
		})
		l.mu.Lock()
		l.all = slices.DeleteFunc(l.all, func(one *task) bool { return one == t })
		l.mu.Unlock()
		end := TaskEnd{ID: id, Seq: l.host.next(), Kind: j.kind, Result: result}
		if ctx.Err() != nil && err != nil {
			err = backend.Fail(backend.CodeCancelled, err, "Cancelled.", "")
		}
		if err != nil {
			end.Problem = problemOf(backend.Readable(err))
		}
		l.host.emit(EventTaskFinished, end)
	})
	return Task{ID: id}
}

// report keeps how far a task is, and tells the page unless it was told just now.
func (l *taskList) report(t *task, s step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	p := &t.last
	quiet := s.waits == p.Waits && s.done != s.total && now.Sub(t.sent) < progressEvery
	p.Done, p.Total, p.Waits, p.Label, p.Of = s.done, s.total, s.waits, cmp.Or(s.label, p.Label), cmp.Or(s.of, p.Of)
	if p.Left = s.left; p.Left == 0 {
		p.Left = left(now.Sub(time.UnixMilli(p.StartedAt)), s.done, s.total)
	}
	if quiet {
		return
	}
	t.sent = now
	p.Seq = l.host.next()
	l.host.emit(EventTaskProgress, *p)
}

// left is how long a task still takes if it goes on as it has: seconds, or -1 while too little is done to tell.
func left(taken time.Duration, done, total int64) float64 {
	if done <= 0 || done > total || taken < 2*time.Second || float64(done) < 0.02*float64(total) {
		return -1
	}
	return taken.Seconds() * float64(total-done) / float64(done)
}

// task starts work on the Core in the background.
func (h *host) task(method, kind, label string, work func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error)) (Task, error) {
	return withCore(h, method, func(_ context.Context, c *core.Core) (Task, error) {
		return h.tasks.start(kind, label, func(ctx context.Context, progress func(done, total int64)) (string, error) {
			return work(ctx, c, progress)
		}), nil
	})
}

func (l *taskList) list() []TaskProgress {
	l.mu.Lock()
	defer l.mu.Unlock()
	return convert(l.all, func(t *task) TaskProgress {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.last
	})
}

// stop cancels a task; one that has ended is left alone.
func (l *taskList) stop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.all {
		if t.last.ID == id { // it never changes
			t.cancel()
		}
	}
}
