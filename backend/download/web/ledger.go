package web

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weightroom/backend"
)

const (
	ledgerLines = 1000 // connections remembered one by one
	ledgerPage  = 50   // lines in one stored document
	ledgerHosts = 500  // hosts with totals of their own; the rest is added up
	ledgerWait  = 500 * time.Millisecond
	ledgerAgain = 5 * time.Second // how often the bytes of an open connection are stored

	otherHosts = "(other hosts)"
	resultOpen = "open"
	resultDone = "ok"
	resultLost = "cut off: the app ended" // found open when the ledger is read again
)

// Connection is one line of the ledger. Times are milliseconds since 1970, Ended is 0 while it is open. Bytes are
// those on the wire, encryption included.
type Connection struct {
	Seq     int64   `json:"seq"`
	Purpose Purpose `json:"purpose"`
	Host    string  `json:"host"`
	Via     string  `json:"via,omitempty"` // the proxy it went through
	Began   int64   `json:"began"`
	Ended   int64   `json:"ended"`
	Out     int64   `json:"out"`
	In      int64   `json:"in"`
	Result  string  `json:"result"` // "open", "ok", or why it failed, in a sentence
}

// HostTotal adds up all connections to one host, since the ledger began.
type HostTotal struct {
	Host        string `json:"host"`
	Connections int64  `json:"connections"`
	Out         int64  `json:"out"`
	In          int64  `json:"in"`
	Last        int64  `json:"last"` // milliseconds since 1970
}

// Ledger is the list of every connection the app makes. It keeps the last 1,000 one by one and the totals of each
// host. It may be used from many goroutines. Close stores what is new; a ledger that is not closed has stored all but
// the last half second.
type Ledger struct {
	kv  backend.KV // nil: in memory only
	log *slog.Logger

	mu      sync.Mutex
	seq     int64
	lines   []*line // ascending; the last ledgerLines
	totals  map[string]*HostTotal
	dirty   map[int64]bool // pages to store
	opened  int            // connections that are open
	timer   *time.Timer
	closed  bool
	changed func()
	storing sync.Mutex
}

// line is a Connection whose bytes may still be counted.
type line struct {
	Connection
	in, out           atomic.Int64
	addedIn, addedOut int64 // of them, already in the totals
}

type ledgerDocument struct {
	Lines []Connection `json:"lines"`
}

type totalsDocument struct {
	Seq    int64       `json:"seq"`
	Totals []HostTotal `json:"totals"`
}

const totalsKey = "network/totals"

func pageKey(page int64) string {
	return fmt.Sprintf("network/ledger/%02d", page%(ledgerLines/ledgerPage))
}

// OpenLedger reads what kv holds; nil keeps the ledger in memory only.
func OpenLedger(ctx context.Context, kv backend.KV) (*Ledger, error) {
	l := &Ledger{kv: kv, log: slog.Default(), totals: map[string]*HostTotal{}, dirty: map[int64]bool{}}
	if kv == nil {
		return l, nil
	}
	var t totalsDocument
	if _, err := kv.Get(ctx, totalsKey, &t); err != nil {
		return nil, err
	}
	l.seq = t.Seq
	for _, h := range t.Totals {
		l.totals[h.Host] = &h
	}
	for page := range int64(ledgerLines / ledgerPage) {
		var d ledgerDocument
		if _, err := kv.Get(ctx, pageKey(page), &d); err != nil {
			return nil, err
		}
		for _, c := range d.Lines {
			if c.Result == resultOpen {
				c.Result = resultLost
			}
			n := &line{Connection: c, addedIn: c.In, addedOut: c.Out}
			n.in.Store(c.In)
			n.out.Store(c.Out)
			l.lines = append(l.lines, n)
			l.seq = max(l.seq, c.Seq)
		}
	}
	slices.SortFunc(l.lines, func(a, b *line) int { return cmp.Compare(a.Seq, b.Seq) })
	l.trim()
	return l, nil
}

// OnChange sets what is called, from any goroutine, when the first of several connections is opened and when the last is
// closed, and at most twice a second while they come, go and count their bytes. It is called without the ledger's lock.
func (l *Ledger) OnChange(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed = f
}

// Connections returns the newest most connections, newest first; all that are remembered when most is 0.
func (l *Ledger) Connections(most int) []Connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	if most <= 0 || most > len(l.lines) {
		most = len(l.lines)
	}
	out := make([]Connection, 0, most)
	for i := len(l.lines) - 1; len(out) < most; i-- {
		out = append(out, l.lines[i].now())
	}
	return out
}

// Open returns the connections that are open now, the oldest first.
func (l *Ledger) Open() []Connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Connection
	for _, n := range l.lines {
		if n.isOpen() {
			out = append(out, n.now())
		}
	}
	return out
}

// Totals returns every host's totals, the most bytes first.
func (l *Ledger) Totals() []HostTotal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sums()
}

func (l *Ledger) sums() []HostTotal {
	for _, n := range l.lines {
		l.settle(n)
	}
	out := make([]HostTotal, 0, len(l.totals))
	for _, t := range l.totals {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b HostTotal) int {
		return cmp.Or(cmp.Compare(b.In+b.Out, a.In+a.Out), strings.Compare(a.Host, b.Host))
	})
	return out
}

// Close stores what is new. Connections may still be noted, in memory alone.
func (l *Ledger) Close() error {
	l.mu.Lock()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return l.store(ctx)
}

// begin notes a connection before it is made.
func (l *Ledger) begin(p Purpose, host, via string) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	now := time.Now().UnixMilli()
	n := &line{Connection: Connection{Seq: l.seq, Purpose: p, Host: host, Via: via, Began: now, Result: resultOpen}}
	l.lines = append(l.lines, n)
	t := l.totals[l.totalFor(host)]
	t.Connections++
	t.Last = now
	l.trim()
	l.touch(n)
	l.count(1)
	return n
}

// count keeps the number of open connections, and tells at once when there is a first one and when there is none.
func (l *Ledger) count(more int) {
	before := l.opened
	l.opened += more
	if l.changed != nil && (before == 0) != (l.opened == 0) {
		go l.changed()
	}
}

// totalFor makes sure that host has totals and returns the name they are under.
func (l *Ledger) totalFor(host string) string {
	if l.totals[host] == nil && len(l.totals) >= ledgerHosts {
		host = otherHosts
	}
	if l.totals[host] == nil {
		l.totals[host] = &HostTotal{Host: host}
	}
	return host
}

// end notes how a connection ended; the first end counts.
func (l *Ledger) end(n *line, result string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.Ended != 0 {
		return
	}
	n.Ended, n.Result = time.Now().UnixMilli(), result
	l.settle(n)
	l.touch(n)
	l.count(-1)
}

func (l *Ledger) open(n *line) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return n.Ended == 0
}

// fail notes why a connection was of no use. Who finds out may come after who closed it.
func (l *Ledger) fail(n *line, why string) {
	l.end(n, why)
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.Result == resultDone {
		n.Result = why
		l.touch(n)
	}
}

// settle adds what a line has counted since the last time to its host's totals.
func (l *Ledger) settle(n *line) {
	in, out := n.in.Load(), n.out.Load()
	if in == n.addedIn && out == n.addedOut {
		return
	}
	t := l.totals[l.totalFor(n.Host)]
	t.In += in - n.addedIn
	t.Out += out - n.addedOut
	t.Last = max(t.Last, time.Now().UnixMilli())
	n.addedIn, n.addedOut = in, out
}

func (l *Ledger) trim() {
	for len(l.lines) > ledgerLines {
		l.settle(l.lines[0])
		l.lines = l.lines[1:]
	}
}

// touch marks a line's page to be stored soon.
func (l *Ledger) touch(n *line) {
	l.dirty[n.Seq/ledgerPage] = true
	if l.timer == nil && !l.closed {
		l.timer = time.AfterFunc(ledgerWait, l.tick)
	}
}

func (l *Ledger) tick() {
	if err := l.store(context.Background()); err != nil {
		l.log.Warn("network ledger not stored", "error", err)
	}
	l.mu.Lock()
	l.timer = nil
	wait := time.Duration(0)
	for _, n := range l.lines {
		if n.isOpen() {
			l.dirty[n.Seq/ledgerPage] = true
			wait = ledgerAgain
		}
	}
	for page := range l.dirty { // noted while the others were stored
		if wait == 0 || page != l.seq/ledgerPage {
			wait = max(wait, ledgerWait)
		}
	}
	if wait > 0 && !l.closed {
		l.timer = time.AfterFunc(wait, l.tick)
	}
	changed := l.changed
	l.mu.Unlock()
	if changed != nil {
		changed()
	}
}

// store writes the pages that changed.
func (l *Ledger) store(ctx context.Context) error {
	l.storing.Lock()
	defer l.storing.Unlock()
	l.mu.Lock()
	if l.kv == nil || len(l.dirty) == 0 {
		clear(l.dirty)
		l.mu.Unlock()
		return nil
	}
	pages := map[int64]ledgerDocument{}
	for page := range l.dirty {
		if page > l.seq/ledgerPage-ledgerLines/ledgerPage { // an older one's place is taken
			pages[page] = ledgerDocument{}
		}
	}
	for _, n := range l.lines {
		if d, ok := pages[n.Seq/ledgerPage]; ok {
			pages[n.Seq/ledgerPage] = ledgerDocument{append(d.Lines, n.now())}
		}
	}
	totals := totalsDocument{l.seq, l.sums()}
	clear(l.dirty)
	l.mu.Unlock()
	for page, d := range pages {
		if err := l.kv.Put(ctx, pageKey(page), d); err != nil {
			return err
		}
	}
	return l.kv.Put(ctx, totalsKey, totals)
}

// isOpen needs the ledger's lock. A line that an earlier run left open has another result.
func (n *line) isOpen() bool { return n.Ended == 0 && n.Result == resultOpen }

func (n *line) now() Connection {
	c := n.Connection
	c.In, c.Out = n.in.Load(), n.out.Load()
	return c
}

// countedConn counts the bytes of one connection into the line it belongs to now.
type countedConn struct {
	net.Conn
	ledger *Ledger
	line   atomic.Pointer[line]
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.line.Load().in.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.line.Load().out.Add(int64(n))
	return n, err
}

func (c *countedConn) Close() error {
	err := c.Conn.Close()
	c.ledger.end(c.line.Load(), resultDone)
	return err
}

// serve says what a connection that was kept open is used for now; another purpose is another line.
func (c *countedConn) serve(p Purpose) {
	old := c.line.Load()
	if old.Purpose == p && c.ledger.open(old) {
		return
	}
	next := c.ledger.begin(p, old.Host, old.Via)
	c.line.Store(next)
	c.ledger.end(old, resultDone)
}
