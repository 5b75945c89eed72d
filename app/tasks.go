package app

import (
	"context"
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

// taskList runs long work that the page can watch and cancel.
type taskList struct {
	host   *host
	mu     sync.Mutex
	cancel map[string]context.CancelFunc
}

// progressEvery is how often a task reports; its last report is always sent.
const progressEvery = 100 * time.Millisecond

// start runs work in the background. work reports bytes or steps done of total; its result is sent with the end.
func (l *taskList) start(kind, label string, work func(ctx context.Context, progress func(done, total int64)) (string, error)) Task {
	ctx, cancel := context.WithCancel(l.host.ctx)
	id := l.host.core.History.NewID()
	l.mu.Lock()
	if l.cancel == nil {
		l.cancel = map[string]context.CancelFunc{}
	}
	l.cancel[id] = cancel
	l.mu.Unlock()
	l.host.work.Go(func() {
		defer cancel()
		var mu sync.Mutex
		var last time.Time
		result, err := call(kind, func() (string, error) {
			return work(ctx, func(done, total int64) {
				mu.Lock()
				defer mu.Unlock()
				if now := time.Now(); now.Sub(last) >= progressEvery || done == total {
					last = now
					l.host.emit(EventTaskProgress, TaskProgress{ID: id, Seq: l.host.next(), Kind: kind, Done: done, Total: total, Label: label})
				}
			})
		})
		l.mu.Lock()
		delete(l.cancel, id)
		l.mu.Unlock()
		end := TaskEnd{ID: id, Seq: l.host.next(), Kind: kind, Result: result}
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

// task starts work on the Core in the background.
func (h *host) task(method, kind, label string, work func(ctx context.Context, c *core.Core, progress func(done, total int64)) (string, error)) (Task, error) {
	return withCore(h, method, func(_ context.Context, c *core.Core) (Task, error) {
		return h.tasks.start(kind, label, func(ctx context.Context, progress func(done, total int64)) (string, error) {
			return work(ctx, c, progress)
		}), nil
	})
}

// stop cancels a task; one that has ended is left alone.
func (l *taskList) stop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cancel := l.cancel[id]; cancel != nil {
		cancel()
	}
}
