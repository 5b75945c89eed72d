package app

import (
	"testing"
	"testing/synctest"
	"time"

	"weightroom/backend/platform"
)

// closed is a window that is closed once, with a page that the test plays. It gives when the window went.
func closed(t *testing.T, page func(w *Window)) (after time.Duration, asked int) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(platform.Folders{})
		went := make(chan time.Time, 9)
		w.quit = func() {
			if !w.BeforeClose(t.Context()) {
				went <- time.Now()
			}
		}
		w.send = func(name string, _ any) {
			if name == EventPageClosing {
				asked++
				page(w)
			}
		}
		began := time.Now()
		for range 2 { // the close button is pressed twice
			if !w.BeforeClose(t.Context()) {
				t.Error("the window goes before the page was asked")
			}
		}
		after = (<-went).Sub(began)
		time.Sleep(time.Second) // a page that lives sees that the window has gone
		if len(went) > 0 {
			t.Error("the window goes twice")
		}
	})
	return after, asked
}

func TestClosing(t *testing.T) {
	t.Run("waits for what is typed", func(t *testing.T) {
		after, asked := closed(t, func(w *Window) {
			time.Sleep(300 * time.Millisecond)
			if err := w.Page.HandedOver(); err != nil {
				t.Error(err)
			}
		})
		if after != 300*time.Millisecond || asked != 1 {
			t.Errorf("went after %v, asked %d times", after, asked)
		}
	})
	t.Run("is held for a second by a page that is gone or hangs, not longer", func(t *testing.T) {
		if after, _ := closed(t, func(*Window) {}); after != time.Second {
			t.Errorf("went after %v", after)
		}
	})
	t.Run("is held for as long as the page lives, six seconds at the most", func(t *testing.T) {
		for lives, want := range map[time.Duration]time.Duration{3500 * time.Millisecond: 4500 * time.Millisecond, time.Minute: handOverMost} {
			after, _ := closed(t, func(w *Window) {
				go func() {
					for began := time.Now(); time.Since(began) < lives && !w.closing.free.Load(); _ = w.Page.Alive() {
						time.Sleep(500 * time.Millisecond)
					}
				}()
			})
			if after < want || after > want+500*time.Millisecond {
				t.Errorf("a page that lives for %v: the window went after %v", lives, after)
			}
		}
	})
	t.Run("does not take an answer that came before the question", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newClosing()
			c.handed.give()
			c.handed.give()
			began := time.Now()
			c.wait(func() {})
			if time.Since(began) != handOverPatience {
				t.Errorf("waited %v", time.Since(began))
			}
		})
	})
	t.Run("does not wait when the person has given the page up", func(t *testing.T) {
		w := NewWindow(platform.Folders{})
		w.closing.free.Store(true)
		if w.BeforeClose(t.Context()) {
			t.Error("it stays")
		}
	})
}
