package lab

import "context"

// Rough has the comparison that runs take its figures as they are from now on: a disturbed run that is being repeated
// ends, its first figures count and stay marked, and no other is repeated. It is nothing where id does not run.
func (l *Lab) Rough(id string) {
	l.running.Lock()
	defer l.running.Unlock()
	if c := l.current; c != nil && c.ID == id && !c.isRough() {
		close(c.rough)
	}
}

// run notes which comparison runs until it is told that it has ended.
func (l *Lab) run(c *comparing) (end func()) {
	l.running.Lock()
	defer l.running.Unlock()
	l.current = c
	return func() {
		l.running.Lock()
		defer l.running.Unlock()
		l.current = nil
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
