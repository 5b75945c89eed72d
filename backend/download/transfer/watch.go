package transfer

import (
	"context"
	"sync"
	"time"

	"weightroom/backend/download/web"
)

// Patience is how long silence is borne.
type Patience struct {
	Answer time.Duration // from asking to the head of the answer, with names, connections and redirects in between
	Body   time.Duration // without a byte, or with hardly any
	Floor  float64       // bytes per second that are hardly any
	Retry  time.Duration // the first wait before trying again; it doubles
}

// usual notices everything within 30 seconds.
func usual() Patience {
	return Patience{Answer: 20 * time.Second, Body: 15 * time.Second, Floor: 512, Retry: 500 * time.Millisecond}
}

const (
	slowShare = 50       // a stream is slow that brings less than this part of what others bring, or brought
	slowMost  = 64 << 10 // and less than this, in bytes per second
)

// watchdog ends streams that stall.
type watchdog struct {
	Patience
	limit   *Limit
	mu      sync.Mutex
	watched map[*watched]struct{}
	ended   float64 // bytes per second of the streams that have ended, smoothed
}

// watched is one stream under watch.
type watched struct {
	dog    *watchdog
	cancel context.CancelCauseFunc

	// Under the dog's lock.
	body    bool
	waiting bool      // for the network; not for the disk or the speed limit
	since   time.Time // waiting since
	waited  time.Duration
	bytes   int64 // in that time
	rate    float64
	began   time.Time // of the body
	total   int64
}

// add starts to watch a stream that asks now.
func (d *watchdog) add(cancel context.CancelCauseFunc) *watched {
	w := &watched{dog: d, cancel: cancel, waiting: true, since: time.Now()}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.watched == nil {
		d.watched = map[*watched]struct{}{}
	}
	d.watched[w] = struct{}{}
	return w
}

// answered says that the head of the answer is here.
func (w *watched) answered() {
	w.dog.mu.Lock()
	w.body, w.waiting, w.waited, w.bytes, w.began = true, false, 0, 0, time.Now()
	w.dog.mu.Unlock()
}

// begin says that the stream waits for bytes now.
func (w *watched) begin() {
	w.dog.mu.Lock()
	w.waiting, w.since = true, time.Now()
	w.dog.mu.Unlock()
}

// end says that n bytes came.
func (w *watched) end(n int) {
	w.dog.mu.Lock()
	w.waiting = false
	w.waited += time.Since(w.since)
	w.bytes += int64(n)
	w.total += int64(n)
	w.dog.mu.Unlock()
}

func (w *watched) done() {
	w.dog.mu.Lock()
	delete(w.dog.watched, w)
	if seconds := time.Since(w.began).Seconds(); w.body && w.total > slowMost && seconds > 0 {
		rate := float64(w.total) / seconds
		if w.dog.ended > 0 {
			rate = 0.7*w.dog.ended + 0.3*rate
		}
		w.dog.ended = rate
	}
	w.dog.mu.Unlock()
}

// look ends what stalls. It is called several times in each patience.
func (d *watchdog) look(now time.Time) {
	limited := d.limit.Rate() > 0
	d.mu.Lock()
	defer d.mu.Unlock()
	var sum float64
	for w := range d.watched {
		sum += w.rate
	}
	for w := range d.watched {
		quiet := time.Duration(0)
		if w.waiting {
			quiet = now.Sub(w.since)
		}
		if !w.body {
			if quiet > d.Answer {
				w.cancel(web.ErrStalled)
			}
			continue
		}
		if quiet > d.Body {
			w.cancel(web.ErrStalled)
			continue
		}
		waited := w.waited + quiet
		if waited < d.Body {
			continue
		}
		w.rate = float64(w.bytes) / waited.Seconds()
		w.waited, w.bytes = -quiet, 0 // which is counted again when it ends
		usual := d.ended
		if others := float64(len(d.watched) - 1); others > 0 {
			usual = max(usual, (sum-w.rate)/others)
		}
		slow := w.rate < slowMost && w.rate < usual/slowShare
		if !limited && (w.rate < d.Floor || slow) {
			w.cancel(web.ErrStalled)
		}
	}
}
