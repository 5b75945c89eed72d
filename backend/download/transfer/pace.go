package transfer

import (
	"context"
	"time"
)

const (
	streamsMost  = 16
	paceStep     = time.Second      // how long a number of streams is tried
	paceGain     = 1.10             // what more streams must bring to stay
	paceSettled  = 20 * time.Second // until it is tried again
	pacePunished = time.Minute      // how long a server that was busy is spared more streams
)

// pacer finds how many streams help: it doubles them for as long as that brings more, and takes them back when not.
type pacer struct {
	target, most int
	before       float64 // rate with the streams before the last change; 0: not known
	last         int     // how many those were
	since        time.Time
	bytes        int64
	hold         time.Time // no more streams until then
}

// step is called often with the count of all bytes so far.
func (p *pacer) step(now time.Time, bytes int64) {
	if p.since.IsZero() || now.Before(p.hold) {
		p.since, p.bytes, p.before = now, bytes, 0
		return
	}
	if now.Sub(p.since) < paceStep {
		return
	}
	rate := float64(bytes-p.bytes) / now.Sub(p.since).Seconds()
	p.since, p.bytes = now, bytes
	if p.before > 0 && rate < p.before*paceGain {
		p.target, p.before, p.hold = p.last, 0, now.Add(paceSettled)
		return
	}
	if next := min(p.target*2, p.most); next > p.target {
		p.before, p.last, p.target = rate, p.target, next
	}
}

// fewer halves the streams after trouble, and keeps them there for a while.
func (p *pacer) fewer(now time.Time, hold time.Duration) {
	p.target, p.before = max(p.target/2, 1), 0
	if until := now.Add(hold); until.After(p.hold) {
		p.hold = until
	}
}

// sleep waits for d or the context's end.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
