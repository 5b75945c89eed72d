package app

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// beating is a heartbeat over a page that a test plays.
type beating struct {
	*heartbeat
	ended  chan string
	mute   bool          // the page does not answer
	stuck  time.Duration // the window's loop is busy for so long, once
	loads  int
	asked  []string // why the person was asked
	answer bool
	quits  int
}

func watched(t *testing.T, check func(b *beating)) {
	synctest.Test(t, func(t *testing.T) {
		b := &beating{heartbeat: &heartbeat{signs: newSignal()}, ended: make(chan string, 1), answer: true}
		b.heartbeat.ended = b.ended
		b.ask = func(context.Context) {
			time.Sleep(b.stuck)
			b.stuck = 0
			if !b.mute {
				b.signs.give()
			}
		}
		b.load = func(context.Context) { b.loads++ }
		b.choose = func(why string) bool { b.asked = append(b.asked, why); return b.answer }
		b.quit = func() { b.quits++ }
		ctx, end := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); b.run(ctx) }()
		check(b)
		end()
		<-over
	})
}

// after lets time pass.
func after(d time.Duration) { time.Sleep(d); synctest.Wait() }

func TestHeartbeat(t *testing.T) {
	t.Run("a page that answers is left alone, for a day", func(t *testing.T) {
		watched(t, func(b *beating) {
			after(24 * time.Hour)
			if b.loads != 0 {
				t.Errorf("loaded %d times", b.loads)
			}
		})
	})
	t.Run("a page whose process ended is loaded at once", func(t *testing.T) {
		watched(t, func(b *beating) {
			after(time.Minute)
			b.ended <- "its process ended"
			after(0)
			if b.loads != 1 || len(b.asked) != 0 {
				t.Errorf("loaded %d times, asked %v", b.loads, b.asked)
			}
		})
	})
	t.Run("a page that hangs is loaded after its patience, not before", func(t *testing.T) {
		watched(t, func(b *beating) {
			after(time.Minute)
			b.mute = true
			after(beatPatience)
			if b.loads != 0 {
				t.Error("loaded too early")
			}
			after(2 * beatEvery)
			if b.loads != 1 {
				t.Errorf("loaded %d times", b.loads)
			}
		})
	})
	t.Run("a page that is slow to come is waited for longer, also when it is loaded again", func(t *testing.T) {
		watched(t, func(b *beating) {
			b.mute = true
			after(beatStart - beatEvery)
			b.mute = false
			after(time.Minute)
			b.ended <- "its process ended"
			b.mute = true
			after(beatStart)
			if b.loads != 1 {
				t.Errorf("loaded %d times", b.loads)
			}
		})
	})
	t.Run("a page that stays blank is loaded, and then the person is asked", func(t *testing.T) {
		watched(t, func(b *beating) {
			b.mute = true
			after(beatStart + beatEvery)
			if b.loads != 1 || len(b.asked) != 0 {
				t.Errorf("loaded %d times, asked %v", b.loads, b.asked)
			}
			after(beatStart + beatEvery)
			if b.loads != 2 || len(b.asked) != 1 || !strings.Contains(b.asked[0], "90 seconds") {
				t.Errorf("loaded %d times, asked %v", b.loads, b.asked)
			}
		})
	})
	t.Run("the second stop within a short while asks, one that comes later does not", func(t *testing.T) {
		watched(t, func(b *beating) {
			b.ended <- "one"
			after(beatSoon + time.Second)
			b.ended <- "two"
			after(time.Second)
			b.ended <- "three"
			after(time.Second)
			if b.loads != 3 || len(b.asked) != 1 || b.asked[0] != "three" {
				t.Errorf("loaded %d times, asked %v", b.loads, b.asked)
			}
		})
	})
	t.Run("who has had enough gets no page again", func(t *testing.T) {
		watched(t, func(b *beating) {
			b.answer = false
			b.ended <- "one"
			after(time.Second)
			b.ended <- "two"
			after(time.Hour)
			if b.loads != 1 || b.quits != 1 {
				t.Errorf("loaded %d times, quit %d times", b.loads, b.quits)
			}
		})
	})
	t.Run("a window whose own loop is busy, or a machine that slept, says nothing of the page", func(t *testing.T) {
		watched(t, func(b *beating) {
			after(time.Minute)
			b.stuck = 10 * time.Hour
			after(11 * time.Hour)
			if b.loads != 0 {
				t.Errorf("loaded %d times", b.loads)
			}
		})
	})
}

func TestPageGetsBackWhatItKept(t *testing.T) {
	w, _ := open(t)
	if r := w.Settings.Startup(); r.Kept != "" || r.Again {
		t.Errorf("at the first start: %+v", r)
	}
	if err := w.Page.Keep(`{"draft":"half a thought"}`); err != nil {
		t.Fatal(err)
	}
	if r := w.Settings.Startup(); r.Kept != `{"draft":"half a thought"}` || r.Again {
		t.Errorf("when a person loads the page again: %+v", r)
	}
	if err := w.Page.Store("newDraft", "half a thought"); err != nil {
		t.Fatal(err)
	}
	if err := w.Page.Store("../draft", "x"); err == nil {
		t.Error("any name is taken")
	}
	w.Page.loadedAgain()
	if r := w.Settings.Startup(); r.Kept == "" || !r.Again {
		t.Errorf("when the page had stopped: %+v", r)
	}
	if r := w.Settings.Startup(); r.Again || len(r.Stored) != 1 || r.Stored["newDraft"] != "half a thought" {
		t.Error("said twice")
	}
}
