package transfer

import (
	"context"
	"sync"
	"time"
)

// Limit is a speed limit over all transfers that share it: a token bucket whose rate may change at any time, also for
// those who wait. The zero Limit lets everything pass.
type Limit struct {
	mu      sync.Mutex
	rate    float64 // bytes per second; 0: none
	tokens  float64 // may be in debt
	filled  time.Time
	changed chan struct{}
}

// limitBurst is how long a pause may be made up for afterwards.
const limitBurst = 100 * time.Millisecond

// Set changes the limit, in bytes per second; 0 or less: none.
func (l *Limit) Set(bytesPerSecond int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fill()
	l.rate, l.tokens = max(float64(bytesPerSecond), 0), 0
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// Rate returns the limit in bytes per second; 0: none.
func (l *Limit) Rate() int64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.rate)
}

// take pays for n bytes that have come, and waits while the bucket is in debt.
func (l *Limit) take(ctx context.Context, n int) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	if l.rate == 0 {
		l.mu.Unlock()
		return nil
	}
	l.fill()
	l.tokens -= float64(n)
	for l.rate > 0 && l.tokens < 0 {
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed, wait := l.changed, time.Duration(-l.tokens/l.rate*float64(time.Second))
		l.mu.Unlock()
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-changed:
		case <-ctx.Done():
		}
		t.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.mu.Lock()
		l.fill()
	}
	l.mu.Unlock()
	return nil
}

func (l *Limit) fill() {
	now := time.Now()
	l.tokens = min(l.tokens+l.rate*now.Sub(l.filled).Seconds(), l.rate*limitBurst.Seconds())
	l.filled = now
}
