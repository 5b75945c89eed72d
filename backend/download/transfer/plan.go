package transfer

import (
	"math"
	"time"
)

// A file is fetched in pieces, each with a checksum of its own, so that what is bad can be told from what is good. A
// stream takes a span of them, in ascending order, so that the hash of the whole file can follow closely.
const (
	pieceLeast  = 256 << 10
	piecesMost  = 1 << 16 // of a file whose size is known; larger files have larger pieces
	pieceBlind  = 1 << 20 // of a file whose size is not known
	spanLeast   = 4 << 20
	spanMost    = 64 << 20
	windowMost  = 1 << 30 // how far streams may run ahead of the first piece that is missing
	spanSeconds = 8.0     // how long a stream should be busy with one span
	stealLeast  = 1 << 20 // less than this is not worth a second connection
	endless     = math.MaxInt32
)

// pieceFor returns the piece size for a file.
func pieceFor(size int64) int64 {
	if size < 0 {
		return pieceBlind
	}
	piece := int64(pieceLeast)
	for size > piece*piecesMost {
		piece *= 2
	}
	return piece
}

// pieceState is how much is known of one piece.
type pieceState uint8

const (
	missing  pieceState = iota
	taken               // a stream is at it
	doubtful            // on the disk, says the journal, but not read yet in this call
	good
)

// plan says which pieces are here and which stream fetches which. Its caller locks.
type plan struct {
	size    int64 // -1: not known
	piece   int64
	state   []pieceState
	sums    []uint32 // CRC-32C of good and doubtful pieces
	counts  [good + 1]int
	low     int // no piece below is missing
	front   int // all pieces below are good
	spans   []*span
	partial map[int][]byte // what came of a piece before its stream broke
}

// span is what one stream fetches: the pieces [at, end). Another stream may take its end away.
type span struct {
	at, end int
	since   time.Time
	first   int // where at was then
}

func newPlan(size, piece int64) *plan {
	p := &plan{size: -1, piece: piece, partial: map[int][]byte{}}
	if size >= 0 {
		p.learn(size)
	}
	return p
}

// learn sets the size, once.
func (p *plan) learn(size int64) {
	p.size = size
	n := int((size + p.piece - 1) / p.piece)
	p.grow(n)
	for _, s := range p.spans {
		s.end = min(s.end, n)
	}
}

func (p *plan) grow(n int) {
	for len(p.state) < n {
		state := missing
		for _, s := range p.spans {
			if s.at <= len(p.state) && len(p.state) < s.end {
				state = taken
			}
		}
		p.state, p.sums = append(p.state, state), append(p.sums, 0)
		p.counts[state]++
	}
}

func (p *plan) set(i int, to pieceState) {
	p.counts[p.state[i]]--
	p.state[i] = to
	p.counts[to]++
	switch to {
	case missing:
		p.low, p.front = min(p.low, i), min(p.front, i)
	case good:
		for p.front < len(p.state) && p.state[p.front] == good {
			p.front++
		}
	case taken, doubtful:
	}
}

// length returns the bytes of piece i.
func (p *plan) length(i int) int64 {
	if p.size < 0 {
		return p.piece
	}
	return min(p.piece, p.size-int64(i)*p.piece)
}

// complete reports whether every piece is good.
func (p *plan) complete() bool { return p.size >= 0 && p.counts[good] == len(p.state) }

// kept returns the bytes that are here, the doubtful ones too.
func (p *plan) kept() int64 {
	n := int64(p.counts[good]+p.counts[doubtful]) * p.piece
	if last := len(p.state) - 1; last >= 0 && p.size >= 0 && (p.state[last] == good || p.state[last] == doubtful) {
		n -= p.piece - p.length(last)
	}
	return n
}

// take returns a stream something to do, about want bytes; nil when there is nothing.
func (p *plan) take(want int64, now time.Time) *span {
	if p.size < 0 {
		if len(p.spans) > 0 {
			return nil
		}
		return p.begin(len(p.state), endless, now) // it is empty unless an earlier stream broke, which resets it
	}
	for p.low < len(p.state) && p.state[p.low] != missing {
		p.low++
	}
	if p.low == len(p.state) {
		return p.steal(nil, now)
	}
	if int64(p.low-p.front)*p.piece > windowMost {
		return p.steal(p.holder(p.front), now)
	}
	end := p.low
	for most := p.low + int(max(want/p.piece, 1)); end < most && end < len(p.state) && p.state[end] == missing; end++ {
		p.set(end, taken)
	}
	return p.begin(p.low, end, now)
}

func (p *plan) begin(at, end int, now time.Time) *span {
	s := &span{at: at, end: end, first: at, since: now}
	p.spans = append(p.spans, s)
	return s
}

// holder returns the span that piece i is in.
func (p *plan) holder(i int) *span {
	for _, s := range p.spans {
		if s.at <= i && i < s.end {
			return s
		}
	}
	return nil
}

// steal takes the second half of a span, of the longest one where from is nil, when its stream would be at it for
// more than a second. What that stream has on its way already is then sent for nothing.
func (p *plan) steal(from *span, now time.Time) *span {
	if from == nil {
		for _, s := range p.spans {
			if from == nil || s.end-s.at > from.end-from.at {
				from = s
			}
		}
	}
	if from == nil || from.end == endless {
		return nil
	}
	rest := from.end - from.at
	seconds := now.Sub(from.since).Seconds()
	pace := float64(from.at-from.first) / max(seconds, 1e-3) // pieces per second
	if seconds < 1 || rest < 2 || int64(rest)*p.piece < 2*stealLeast || float64(rest) < pace {
		return nil
	}
	middle := from.at + (rest+1)/2
	s := p.begin(middle, from.end, now)
	from.end = middle
	return s
}

// put records that the first piece of s is written, and reports whether s has more.
func (p *plan) put(s *span, sum uint32) bool {
	p.grow(s.at + 1)
	p.sums[s.at] = sum
	p.set(s.at, good)
	delete(p.partial, s.at)
	s.at++
	return s.at < s.end
}

// release gives back what s has not fetched. Rest is what has come of its first piece.
func (p *plan) release(s *span, rest []byte) {
	for i := s.at; i < min(s.end, len(p.state)); i++ {
		p.set(i, missing)
	}
	if len(rest) > 0 && p.size >= 0 && s.at < s.end {
		p.partial[s.at] = append([]byte(nil), rest...)
	}
	for i, other := range p.spans {
		if other == s {
			p.spans = append(p.spans[:i], p.spans[i+1:]...)
			break
		}
	}
}

// runs says how many streams could find at least so many bytes to do.
func (p *plan) runs(least int64) int {
	if p.size < 0 {
		return 1
	}
	return int((int64(p.counts[missing]+p.counts[taken])*p.piece + least - 1) / least)
}
