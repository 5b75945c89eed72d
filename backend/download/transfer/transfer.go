package transfer

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

// transfer is one call of Fetch.
type transfer struct {
	f                 *Fetcher
	item              web.Item
	path, part, state string
	file              *os.File
	log               *slog.Logger
	progress          func(Progress)
	dog               *watchdog
	sent              atomic.Int64 // received from the network

	linking sync.Mutex // held while a Linker is asked
	mu      sync.Mutex
	cond    *sync.Cond // of mu: something below has changed

	plan    *plan
	hash    inOrder
	stale   bool // a piece that is hashed already turned out bad
	journal *journal
	about   about

	etag      string // strong, and the same for all parts; empty: none
	etagKnown bool   // the first answer has settled etag, so that several streams may ask
	whole     bool   // ask for the file in one answer, because parts do not work

	link       web.Link
	haveLink   bool
	renew      bool
	generation int // of the link
	refusals   int // since an answer brought something

	pace        pacer
	round       int // grows with each fault, so that what several streams meet at one time counts once
	failures    int // failed exchanges since the last whole piece
	lies        int // answers that did not fit their request
	pausedUntil time.Time
	pauseReason *backend.Error
	shown       int64 // the most bytes that were reported
}

// restart is a fault after which every piece must be fetched anew.
type restart struct {
	whole bool   // ask for the file in one answer
	etag  string // of the file as it is now
	why   error
}

func (r *restart) Error() string { return "start again: " + r.why.Error() }
func (r *restart) Unwrap() error { return r.why }

func newTransfer(f *Fetcher, item web.Item, path string) *transfer {
	p := usual()
	if f.Patience != nil {
		p = *f.Patience
	}
	t := &transfer{
		f: f, item: item, path: path, part: path + suffixPart, state: path + suffixState, log: f.Log,
		progress: func(Progress) {}, dog: &watchdog{Patience: p, limit: f.Limit},
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	t.cond = sync.NewCond(&t.mu)
	return t
}

// fill fetches until every piece is good and hashed.
func (t *transfer) fill(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		t.mu.Lock()
		t.cond.Broadcast()
		t.mu.Unlock()
	})
	defer stop()
	t.mu.Lock()
	t.stale, t.pausedUntil, t.pauseReason = false, time.Time{}, nil
	t.pace = pacer{target: 1, most: streamsMost}
	if t.f.Streams > 0 {
		t.pace = pacer{target: t.f.Streams, most: t.f.Streams}
	}
	t.mu.Unlock()

	var group sync.WaitGroup
	work := func(do func(context.Context) error) {
		group.Go(func() {
			if err := do(ctx); err != nil {
				cancel(err)
			}
		})
	}
	work(t.checkDoubtful)
	for i := range t.pace.most {
		work(func(ctx context.Context) error { return t.streams(ctx, i) })
	}
	over, overseen := make(chan struct{}), make(chan struct{})
	go func() { defer close(overseen); t.oversee(over) }()
	err := t.hashInOrder(ctx)
	if err != nil {
		cancel(err)
		err = context.Cause(ctx) // whatever was first
	}
	cancel(nil)
	group.Wait()
	close(over)
	<-overseen
	return err
}

// checkDoubtful reads the pieces that an earlier call has left.
func (t *transfer) checkDoubtful(ctx context.Context) error {
	t.mu.Lock()
	n, any := len(t.plan.state), t.plan.counts[doubtful] > 0
	t.mu.Unlock()
	if !any {
		return nil
	}
	buf := make([]byte, t.plan.piece)
	for i := 0; i < n && ctx.Err() == nil; i++ {
		t.mu.Lock()
		skip, length, want := t.plan.state[i] != doubtful, t.plan.length(i), t.plan.sums[i]
		t.mu.Unlock()
		if skip {
			continue
		}
		found := good
		if _, err := t.file.ReadAt(buf[:length], int64(i)*t.plan.piece); err != nil || crc32.Checksum(buf[:length], castagnoli) != want {
			found = missing
			t.log.Info("piece from before is not as it was", "file", t.item.Name, "piece", i)
		}
		t.mu.Lock()
		t.plan.set(i, found)
		t.stale = t.stale || found == missing && i < t.hash.pieces
		t.cond.Broadcast()
		t.mu.Unlock()
	}
	return nil
}

// recheck reads every piece again, and returns the number of those that are no longer what they were.
func (t *transfer) recheck(ctx context.Context) (bad int, err error) {
	t.mu.Lock()
	for i := range t.plan.state {
		t.plan.set(i, doubtful)
	}
	t.mu.Unlock()
	if err := t.checkDoubtful(ctx); err != nil || ctx.Err() != nil {
		return 0, errors.Join(err, ctx.Err())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hash.reset()
	return t.plan.counts[missing], t.rewrite()
}

// hashInOrder hashes the file as its pieces become good, and returns when it has seen the last.
func (t *transfer) hashInOrder(ctx context.Context) error {
	buf := make([]byte, t.plan.piece)
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := 0; i < t.hash.pieces; i++ {
		for t.plan.state[i] == doubtful && ctx.Err() == nil {
			t.cond.Wait()
		}
	}
	if t.stale {
		t.hash.reset()
	}
	savedAt := t.hash.bytes
	for ctx.Err() == nil {
		i := t.hash.pieces
		if t.plan.complete() && i == len(t.plan.state) {
			return nil
		}
		if i >= len(t.plan.state) || t.plan.state[i] != good {
			t.cond.Wait()
			continue
		}
		length := t.plan.length(i)
		t.mu.Unlock()
		_, err := t.file.ReadAt(buf[:length], int64(i)*t.plan.piece)
		if err == nil {
			t.hash.h.Write(buf[:length])
		}
		t.mu.Lock()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil { // someone else has cut the file
			return &restart{why: err, etag: t.etag}
		}
		t.hash.pieces++
		t.hash.bytes += length
		if t.hash.bytes-savedAt >= hashSaved {
			savedAt = t.hash.bytes
			if n, state := t.hash.saved(); state != nil {
				_ = t.journal.add(recordHash, hashBody(n, state)) // without it, a later call hashes a little more
			}
		}
	}
	return ctx.Err()
}

// streams fetches one span after the other, as stream number i, for as long as there is something to do.
func (t *transfer) streams(ctx context.Context, i int) error {
	var buf []byte
	t.mu.Lock()
	defer t.mu.Unlock()
	for ctx.Err() == nil {
		if t.plan.complete() {
			t.cond.Broadcast()
			return nil
		}
		now := time.Now()
		if wait := t.pausedUntil.Sub(now); wait > 0 {
			t.mu.Unlock()
			err := sleep(ctx, wait)
			t.mu.Lock()
			if err != nil {
				return err
			}
			continue
		}
		var s *span
		if i < t.allowed() {
			s = t.plan.take(t.spanBytes(), now)
		}
		if s == nil {
			t.cond.Wait()
			continue
		}
		if buf == nil {
			buf = make([]byte, t.plan.piece)
		}
		rest := copy(buf, t.plan.partial[s.at])
		at, before, round := s.at, rest, t.round
		t.mu.Unlock()
		rest, used, err := t.stream(ctx, s, buf, rest)
		t.mu.Lock()
		if s.at == at && s.at < len(t.plan.state) && int64(rest-before)*4 >= t.plan.length(at)-int64(before) {
			t.failures = 0 // a broken answer that brought a good part of a piece is no standstill
		}
		t.plan.release(s, buf[:rest])
		t.cond.Broadcast()
		if err != nil && ctx.Err() == nil {
			err = t.react(err, used, round)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// allowed is how many streams may be at work now. Until the first answer is known, it is one.
func (t *transfer) allowed() int {
	if t.whole || t.plan.size < 0 || !t.etagKnown {
		return 1
	}
	return min(t.pace.target, max(t.plan.runs(t.least()), 1))
}

// spanBytes is how much a stream should take on: near the end less, so that all end at about the same time.
func (t *transfer) spanBytes() int64 {
	if t.whole {
		return t.plan.size + t.plan.piece
	}
	share := int64(t.plan.counts[missing]) * t.plan.piece / int64(2*t.pace.target)
	if t.pace.target == 1 {
		share = spanMost
	}
	return max(min(share, spanMost), t.least())
}

func (t *transfer) least() int64 {
	if t.f.spans > 0 {
		return t.f.spans
	}
	return spanLeast
}

// react decides what a stream does about its fault. An error that it returns ends the attempt. Generation and round are
// those in which the stream has asked.
func (t *transfer) react(err error, generation, round int) error {
	var again *restart
	if errors.As(err, &again) {
		return again
	}
	var f *web.FaultError
	if !errors.As(err, &f) {
		return err
	}
	if f.Kind != web.FaultFinal && f.Kind != web.FaultRefused && round != t.round {
		return nil
	}
	t.round++
	now := time.Now()
	if t.whole && (f.Kind == web.FaultTransient || f.Kind == web.FaultBusy && time.Until(f.Until) < time.Minute) {
		t.backOff(f, now)
		if t.failures > failuresMost {
			return f
		}
		return &restart{whole: true, why: f, etag: t.etag}
	}
	switch f.Kind {
	case web.FaultFinal:
		return f
	case web.FaultTransient:
		t.backOff(f, now)
		if t.failures > failuresMost {
			return f
		}
	case web.FaultBusy:
		t.failures++
		t.pace.fewer(now, pacePunished)
		if t.failures > failuresMost*3 || f.Until.Sub(now) > 2*time.Minute {
			return f
		}
		if f.Until.IsZero() {
			f.Until = now.Add(t.dog.Retry << min(t.failures, 6))
		}
		// A little later than it asked for, and not all at once.
		t.pauseUntil(f.Until.Add(rand.N(300*time.Millisecond)), f.Reason)
	case web.FaultRefused:
		if generation != t.generation {
			return nil // another stream has seen to that
		}
		if t.refusals++; t.refusals > refusalsMost {
			return f // fresh addresses are refused too
		}
		t.haveLink, t.renew = false, true
		t.generation++
		t.pauseUntil(now.Add(t.dog.Retry<<t.refusals), f.Reason) // what other streams get meanwhile tells more
	case web.FaultLie:
		t.lies++
		t.backOff(f, now)
		if t.lies <= liesMost {
			return nil
		}
		if t.whole || t.plan.counts[good] > t.plan.counts[missing]+t.plan.counts[taken] {
			return f // starting again would throw away more than is missing
		}
		return &restart{whole: true, why: f}
	case web.FaultNoRanges:
		return &restart{whole: true, why: f}
	case web.FaultChanged:
		if t.item.Digest == "" {
			return &restart{why: f}
		}
		t.etag, t.etagKnown = "", true // the digest decides
		if t.lies++; t.lies > liesMost*2 {
			return f
		}
	}
	return nil
}

// backOff makes every stream wait a little, longer each time.
func (t *transfer) backOff(f *web.FaultError, now time.Time) {
	t.failures++
	t.pace.fewer(now, 2*paceStep)
	wait := t.dog.Retry << min(t.failures-1, 5)
	t.pauseUntil(now.Add(wait/2+rand.N(wait)), f.Reason)
}

func (t *transfer) pauseUntil(until time.Time, why *backend.Error) {
	if until.After(t.pausedUntil) {
		t.pausedUntil, t.pauseReason = until, why
	}
}

// oversee reports progress, finds how many streams help, and lets the watchdog look.
func (t *transfer) oversee(over <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var m meter
	for {
		now := time.Now()
		t.dog.look(now)
		t.mu.Lock()
		m.add(now, t.sent.Load())
		before := t.pace.target
		if t.etagKnown && now.After(t.pausedUntil) && t.f.Limit.Rate() == 0 {
			t.pace.step(now, t.sent.Load())
		}
		if t.pace.target > before {
			t.cond.Broadcast()
		}
		p := t.report(&m, now)
		t.mu.Unlock()
		t.progress(p)
		select {
		case <-over:
			t.mu.Lock()
			p := t.report(&m, time.Now())
			t.mu.Unlock()
			t.progress(p)
			return
		case <-tick.C:
		}
	}
}

func (t *transfer) report(m *meter, now time.Time) Progress {
	kept := t.plan.kept()
	for _, rest := range t.plan.partial {
		kept += int64(len(rest))
	}
	t.shown = max(t.shown, kept)
	p := Progress{Bytes: t.shown, Total: t.plan.size, Sent: t.sent.Load(), Rate: m.rate(now), Left: -1, Streams: len(t.plan.spans)}
	if t.plan.size >= 0 {
		p.Left = m.left(now, t.plan.size-kept)
	}
	if now.Before(t.pausedUntil) {
		p.Waiting = t.pauseReason
	}
	return p
}
