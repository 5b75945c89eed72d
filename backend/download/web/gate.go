package web

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	gateFirst   = time.Second     // the first wait where a busy server does not say how long
	gateLongest = 2 * time.Minute // the longest of those
	gateMost    = 24 * time.Hour  // a longer wait than this is not believed
)

// Gate keeps requests from hosts that asked for patience: after 429 or 503, no request to that host leaves before the
// time it gave in Retry-After, or, where it gave none, before a wait that doubles each time.
//
// It must sit around the transport, below the following of redirects, so that each hop is kept back by its own host.
type Gate struct {
	mu    sync.Mutex
	hosts map[string]*busyHost
	now   func() time.Time // nil: time.Now
}

type busyHost struct {
	until time.Time
	times int // busy answers in a row
}

// BusyError says that a host asked for patience. No request was sent.
type BusyError struct {
	Host  string
	Until time.Time
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s is busy until %s", e.Host, e.Until.UTC().Format(time.RFC3339))
}

// Transport is next behind the gate. A request that comes too early fails at once with a *BusyError.
func (g *Gate) Transport(next http.RoundTripper) http.RoundTripper { return &gated{g, next} }

type gated struct {
	gate *Gate
	next http.RoundTripper
}

func (t *gated) RoundTrip(req *http.Request) (*http.Response, error) {
	if until := t.gate.Until(req.URL.Host); !until.IsZero() {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, &BusyError{req.URL.Host, until}
	}
	resp, err := t.next.RoundTrip(req)
	if err == nil {
		t.gate.heard(req.URL.Host, resp)
	}
	return resp, err
}

// Until returns the time before which the host wants no request; zero when it may be asked now.
func (g *Gate) Until(host string) time.Time {
	if g == nil {
		return time.Time{}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if h := g.hosts[strings.ToLower(host)]; h != nil && g.clock().Before(h.until) {
		return h.until
	}
	return time.Time{}
}

func (g *Gate) clock() time.Time {
	if g.now != nil {
		return g.now()
	}
	return time.Now()
}

// heard learns from an answer.
func (g *Gate) heard(host string, resp *http.Response) {
	host = strings.ToLower(host)
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.hosts[host]
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		if h != nil && !g.clock().Before(h.until) {
			delete(g.hosts, host)
		}
		return
	}
	if h == nil {
		if g.hosts == nil {
			g.hosts = map[string]*busyHost{}
		}
		h = &busyHost{}
		g.hosts[host] = h
	}
	now := g.clock()
	if !now.Before(h.until) { // several answers of one moment count once
		h.times++
	}
	wait, said := retryAfter(resp.Header, now)
	if !said {
		wait = min(gateFirst<<min(h.times-1, 20), gateLongest)
		wait += rand.N(wait / 4)
	}
	if until := now.Add(wait); until.After(h.until) {
		h.until = until
	}
}

// retryAfter reads Retry-After (RFC 9110, 10.2.3): seconds, or a date in any of HTTP's three forms, taken against the
// server's own Date where it gives one, because this machine's clock may be wrong.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds >= 0) {
			return 0, false
		}
		return max(time.Duration(min(seconds, gateMost.Seconds())*float64(time.Second)), gateFirst), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(at.Sub(now), gateFirst), gateMost), true
}
