package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// handOverPatience is how long a window that is closed waits for what is typed in it since the last sign of life: a
	// page that hangs must not hold the window.
	handOverPatience = time.Second
	// handOverMost is how long it waits for a page that is alive: one that is behind with many keys needs seconds.
	handOverMost = 6 * time.Second
)

// closing holds a window that is closed until the page has handed over what is typed and stored nowhere yet.
type closing struct {
	begun  atomic.Bool
	free   atomic.Bool // the window may go
	handed signal      // the page's answers to EventPageClosing
	signs  signal      // its signs of life
}

func newClosing() *closing { return &closing{handed: newSignal(), signs: newSignal()} }

// wait asks the page, and returns with its answer or when that takes too long.
func (c *closing) wait(ask func()) {
	c.handed.forget() // nobody had asked for it
	c.signs.forget()
	began := time.Now()
	ask()
	for {
		select {
		case <-c.handed:
			return
		case <-c.signs:
		case <-time.After(min(handOverPatience, handOverMost-time.Since(began))):
			slog.Warn("the page has not handed over what is typed", "waited", time.Since(began))
			return
		}
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
