package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// handOverPatience is how long a window that is closed waits for what is typed in it: a page that is alive needs a small
// part of it, and one that hangs must not hold the window.
const handOverPatience = time.Second

// closing holds a window that is closed until the page has handed over what is typed and stored nowhere yet.
type closing struct {
	begun  atomic.Bool
	free   atomic.Bool   // the window may go
	handed chan struct{} // the page's answers to EventPageClosing
}

func newClosing() *closing { return &closing{handed: make(chan struct{}, 1)} }

// handedOver takes the page's answer.
func (c *closing) handedOver() {
	select {
	case c.handed <- struct{}{}:
	default: // one waits already
	}
}

// wait asks the page, and returns with its answer or when that takes too long.
func (c *closing) wait(ask func()) {
	select {
	case <-c.handed: // nobody had asked for it
	default:
	}
	ask()
	select {
	case <-c.handed:
	case <-time.After(handOverPatience):
		slog.Warn("the page has not handed over what is typed", "waited", handOverPatience)
	}
}

// BeforeClose reports whether a window that is being closed stays. It does the first time, until the page has handed over
// what is typed, and is closed again then: on some systems this runs on the window's own loop, which the page needs.
func (w *Window) BeforeClose(context.Context) (stays bool) {
	c := w.closing
	if c.free.Load() {
		return false
	}
	if c.begun.CompareAndSwap(false, true) {
		go func() {
			c.wait(func() { w.emit(EventPageClosing, Changed{Seq: w.next()}) })
			c.free.Store(true)
			w.quit()
		}()
	}
	return true
}
