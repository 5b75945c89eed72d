package lab

import (
	"context"
	"sync"
)

// underway is the comparison that runs, for a word with it.
type underway struct {
	mu sync.Mutex
	c  *comparing // nil: none
}

// Rough has the comparison that runs take its figures as they are from now on: a disturbed run that is being repeated
// ends, its first figures count and stay marked, and no other is repeated. It is nothing where id does not run.
func (u *underway) Rough(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.c != nil && u.c.ID == id && !u.c.isRough() {
		close(u.c.rough)
	}
}

// begin notes which comparison runs until it is told that it has ended.
func (u *underway) begin(c *comparing) (end func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.c = c
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.c = nil
	}
}

func (c *comparing) isRough() bool {
	select {
	case <-c.rough:
		return true
	default:
		return false
	}
}

// untilRough is a context that ends with ctx, or when the person wants figures as they are.
func (c *comparing) untilRough(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-c.rough:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
