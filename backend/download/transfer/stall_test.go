package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
)

// TestStallIsNoticedAndRenewed holds: silence at any point, or a trickle, is noticed in time and asked again, and the
// file ends right. The slow suite waits the real patience out.
func TestStallIsNoticedAndRenewed(t *testing.T) {
	data := downloadtest.Data{Seed: 50, Size: 2 << 20}
	most, p := slack*2*time.Second, impatient()
	if downloadtest.Slow() {
		most, p = 30*time.Second, nil
	}
	honest := func(s *downloadtest.Server, a downloadtest.Ask, change func(*downloadtest.Answer)) *downloadtest.Answer {
		h := s.Honest(a)
		change(h)
		return h
	}
	stalls := map[string]func(*downloadtest.Server, downloadtest.Ask) *downloadtest.Answer{
		"silence after connecting": func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			return honest(s, a, func(h *downloadtest.Answer) { h.Late = time.Hour })
		},
		"silence after the head": func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			return honest(s, a, func(h *downloadtest.Answer) { h.Body, h.Stall = nil, time.Hour })
		},
		"silence midway": func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			return honest(s, a, func(h *downloadtest.Answer) { h.Body, h.Stall = s.Part(a.From, (a.From+a.To)/2), time.Hour })
		},
		"one byte a second": func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			return honest(s, a, func(h *downloadtest.Answer) { h.Rate = 1 })
		},
		"a trickle beside quick streams": func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			return honest(s, a, func(h *downloadtest.Answer) { h.Rate = 600 })
		},
	}
	var group sync.WaitGroup
	for name, stall := range stalls {
		for _, streams := range []int{1, 4, 16} {
			for _, which := range []int{1, 2} { // the request that stalls
				if streams == 1 && (which == 2 || strings.HasPrefix(name, "a trickle")) {
					continue // there is one request, and nothing beside it
				}
				group.Go(func() {
					s := downloadtest.Serve(t, data)
					s.Rate = 1 << 20
					var noticed atomic.Int64
					s.Lie = func(a downloadtest.Ask) *downloadtest.Answer {
						if a.N != which {
							return nil
						}
						answer := stall(s, a)
						answer.Gone = func(after time.Duration) { noticed.Store(int64(after)) }
						return answer
					}
					f := testFetcher(t, streams)
					f.Patience, f.spans = p, 1<<19
					path := downloadtest.Target(t)
					if _, err := f.Fetch(t.Context(), itemFor(s, data), path, nil); err != nil {
						t.Errorf("%s, %d streams, request %d: %v", name, streams, which, err)
						return
					}
					if err := downloadtest.SameFile(path, data); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					took := time.Duration(noticed.Load())
					t.Logf("%s, %d streams, request %d: noticed after %v", name, streams, which, took.Round(10*time.Millisecond))
					if took > most || took == 0 {
						t.Errorf("%s, %d streams, request %d: noticed only after %v", name, streams, which, took)
					}
				})
			}
		}
	}
	group.Wait()
}

// signer returns addresses that a server stops to accept after some requests.
type signer struct {
	s       *downloadtest.Server
	each    int // requests for which one address is good
	mu      sync.Mutex
	now     int
	used    int
	renewed int
	never   bool // no address is ever good again
}

func (g *signer) Link(_ context.Context, renew bool) (web.Link, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if renew {
		g.renewed++
		g.now++
		g.used = 0
	}
	return web.Link{URL: fmt.Sprintf("%s/weights?signature=%d", g.s.URL, g.now), Ranges: true}, nil
}

// good reports whether a request's address is still good.
func (g *signer) good(r *http.Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used++
	return r.URL.Query().Get("signature") == fmt.Sprint(g.now) && g.used <= g.each && (!g.never || g.now == 0)
}

func TestExpiredAddressIsRenewedMidFile(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 51, Size: 4 << 20}
	refusals := map[string]downloadtest.Answer{
		"403":          {Status: 403, Header: [][2]string{{"Content-Length", "0"}}},
		"401":          {Status: 401, Header: [][2]string{{"Content-Length", "0"}}},
		"400":          {Status: 400, Header: [][2]string{{"Content-Length", "0"}}},
		"404":          {Status: 404, Header: [][2]string{{"Content-Length", "0"}}},
		"410":          {Status: 410, Header: [][2]string{{"Content-Length", "0"}}},
		"a login page": {Status: 200, Header: [][2]string{{"Content-Type", "text/html"}, {"Content-Length", "0"}}},
	}
	for name, refusal := range refusals {
		for _, streams := range []int{1, 4, 16} {
			for _, known := range []bool{true, false} {
				for _, cut := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s, %d streams, known %v, cut %v", name, streams, known, cut), func(t *testing.T) {
						t.Parallel()
						s := downloadtest.Serve(t, data)
						g := &signer{s: s, each: 3 + streams/2}
						s.Lie = func(a downloadtest.Ask) *downloadtest.Answer {
							if !g.good(a.Request) {
								return &refusal
							}
							if cut { // dying in the middle of an answer too
								h := s.Honest(a)
								h.Body = s.Part(a.From, a.From+((a.To-a.From)*2+2)/3)
								return h
							}
							return nil
						}
						f := testFetcher(t, streams)
						f.spans = pieceLeast
						item, path := itemFor(s, data), downloadtest.Target(t)
						item.Link = g
						if !known {
							item.Digest = ""
						}
						if _, err := f.Fetch(t.Context(), item, path, nil); err != nil {
							t.Fatalf("%s, %d streams, known %v, cut %v: %v", name, streams, known, cut, err)
						}
						downloadtest.WantFile(t, path, data)
						if g.renewed == 0 && (streams > 1 || cut) {
							t.Errorf("%s, %d streams: never renewed", name, streams)
						}
					})
				}
			}
		}
	}
}

func TestAddressThatStaysRefusedEndsPlainly(t *testing.T) {
	data := downloadtest.Data{Seed: 52, Size: 4 << 20}
	s := downloadtest.Serve(t, data)
	g := &signer{s: s, each: 2, never: true}
	s.Lie = func(a downloadtest.Ask) *downloadtest.Answer {
		if g.good(a.Request) {
			return nil
		}
		return &downloadtest.Answer{Status: 403, Header: [][2]string{{"Content-Length", "0"}}}
	}
	f := testFetcher(t, 4)
	f.spans = pieceLeast
	item, path := itemFor(s, data), downloadtest.Target(t)
	item.Link = g
	_, err := f.Fetch(t.Context(), item, path, nil)
	if code := downloadtest.Plainly(t, err); code != backend.CodeDenied {
		t.Errorf("code %s", code)
	}
	g.mu.Lock()
	renewed := g.renewed
	g.mu.Unlock()
	if renewed < 1 || renewed > 2*refusalsMost || s.Requests() > 24 {
		t.Errorf("%d renewals, %d requests", renewed, s.Requests())
	}
	g.mu.Lock()
	g.never, g.each = false, 1000
	g.mu.Unlock()
	if _, err := f.Fetch(t.Context(), item, path, nil); err != nil {
		t.Fatal(err)
	}
	if s.Sent() > data.Size+1<<20 {
		t.Errorf("%d bytes sent: what was there was not kept", s.Sent())
	}
}

// TestBusyServerIsNotHammered holds: between a busy answer and the time it gave, in whatever form, no request comes.
func TestBusyServerIsNotHammered(t *testing.T) {
	data := downloadtest.Data{Seed: 53, Size: 2 << 20}
	const date = http.TimeFormat
	soon := func(layout string, ahead, skew time.Duration) func() [][2]string {
		return func() [][2]string {
			now := time.Now().Add(skew).UTC()
			return [][2]string{{"Date", now.Format(date)}, {"Retry-After", now.Add(ahead).Format(layout)}}
		}
	}
	say := func(value string) func() [][2]string {
		return func() [][2]string { return [][2]string{{"Retry-After", value}} }
	}
	forms := []struct {
		name  string
		head  func() [][2]string
		least time.Duration // until the next request
	}{
		{"seconds", say("2"), 2 * time.Second},
		{"seconds with a fraction", say("1.5"), 1500 * time.Millisecond},
		{"seconds with spaces", say("  2 "), 2 * time.Second},
		{"zero", say("0"), 500 * time.Millisecond},
		{"below zero", say("-5"), time.Second},
		{"a date", soon(date, 2*time.Second, 0), time.Second},
		{"a date of RFC 850", soon("Monday, 02-Jan-06 15:04:05 GMT", 2*time.Second, 0), time.Second},
		{"a date of asctime", soon(time.ANSIC, 2*time.Second, 0), time.Second},
		{"a date of a clock an hour ahead", soon(date, 2*time.Second, time.Hour), 2 * time.Second},
		{"a date of a clock an hour behind", soon(date, 2*time.Second, -time.Hour), 2 * time.Second},
		{"a date in the past", soon(date, -time.Hour, 0), 500 * time.Millisecond},
		{"nothing", func() [][2]string { return nil }, time.Second},
		{"nonsense", say("soon"), time.Second},
		{"an empty value", say(""), time.Second},
	}
	var group sync.WaitGroup
	var cases, early, refused atomic.Int64
	for _, form := range forms {
		for _, status := range []int{429, 503} {
			for _, streams := range []int{1, 4, 16} {
				for _, hop := range []string{"", "by way of another host"} {
					group.Go(func() {
						cases.Add(1)
						s := downloadtest.Serve(t, data)
						s.Lie = func(a downloadtest.Ask) *downloadtest.Answer {
							if a.N != 1 && a.N != 3 {
								return nil
							}
							return &downloadtest.Answer{Status: status, Header: append(form.head(), [2]string{"Content-Length", "0"})}
						}
						f := testFetcher(t, streams)
						f.Patience, f.spans = nil, pieceLeast
						seen := &witness{next: &http.Transport{DisableKeepAlives: true}, least: form.least}
						f.Client = &http.Client{Transport: f.Gate.Transport(seen)}
						item, path := itemFor(s, data), downloadtest.Target(t)
						if hop != "" {
							from := downloadtest.New(data, data.Size)
							defer from.Close()
							from.Lie = func(downloadtest.Ask) *downloadtest.Answer {
								return &downloadtest.Answer{Status: 302, Header: [][2]string{{"Location", s.URL + "/signed"}, {"Content-Length", "0"}}}
							}
							item.Link = fixed(from.URL + "/weights")
						}
						if _, err := f.Fetch(t.Context(), item, path, nil); err != nil {
							t.Errorf("%s, %d, %d streams %s: %v", form.name, status, streams, hop, err)
						} else if err := downloadtest.SameFile(path, data); err != nil {
							t.Error(err)
						}
						if n := seen.early.Load(); n > 0 || seen.refused.Load() == 0 {
							t.Errorf("%s, %d, %d streams %s: %d early requests, refused %d times", form.name, status, streams, hop, n, seen.refused.Load())
						}
						early.Add(seen.early.Load())
						refused.Add(seen.refused.Load())
					})
				}
			}
		}
	}
	group.Wait()
	t.Logf("%d cases, %d busy answers, %d early requests", cases.Load(), refused.Load(), early.Load())
}

// witness sees every request that leaves, and whether its host had asked for patience by then.
type witness struct {
	next           http.RoundTripper
	least          time.Duration
	mu             sync.Mutex
	until          map[string]time.Time
	since          map[string]time.Time
	early, refused atomic.Int64
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	// The gate hears of an answer a moment after this.
	if now := time.Now(); now.Before(w.until[r.URL.Host]) && now.After(w.since[r.URL.Host].Add(20*time.Millisecond)) {
		w.early.Add(1)
	}
	w.mu.Unlock()
	resp, err := w.next.RoundTrip(r)
	if err == nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
		w.refused.Add(1)
		w.mu.Lock()
		if w.until == nil {
			w.until, w.since = map[string]time.Time{}, map[string]time.Time{}
		}
		w.since[r.URL.Host] = time.Now()
		w.until[r.URL.Host] = time.Now().Add(w.least)
		w.mu.Unlock()
	}
	return resp, err
}

// answered calls then with each answer, once all below it have seen it.
type answered struct {
	next http.RoundTripper
	then func()
}

func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(r)
	if err == nil {
		a.then()
	}
	return resp, err
}

func TestBusyServerHoldsBackEveryTransfer(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 54, Size: 1 << 20}
	s := downloadtest.Serve(t, data)
	begun := time.Now()
	s.Lie = func(a downloadtest.Ask) *downloadtest.Answer {
		if a.N == 1 {
			return &downloadtest.Answer{Status: 429, Header: [][2]string{{"Retry-After", "1"}, {"Content-Length", "0"}}}
		}
		if since := time.Since(begun); since < time.Second {
			t.Errorf("a request after %v", since)
		}
		return nil
	}
	f := testFetcher(t, 2)
	said := make(chan struct{})
	heard := sync.OnceFunc(func() { close(said) })
	f.Client = &http.Client{Transport: answered{f.Client.(*http.Client).Transport, heard}}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			defer heard()
			if _, err := f.Fetch(t.Context(), itemFor(s, data), downloadtest.Target(t), nil); err != nil {
				t.Error(err)
			}
		})
		<-said // the others come when the gate has heard the first one's answer
	}
	group.Wait()
}

func TestSpeedLimitHoldsAndChanges(t *testing.T) {
	data := downloadtest.Data{Seed: 56, Size: 2 << 20}
	s := downloadtest.Serve(t, data)
	f := testFetcher(t, 4)
	f.Limit = &Limit{}
	f.Limit.Set(4 << 20)
	var group sync.WaitGroup
	begun := time.Now()
	for range 2 { // the limit is one for both
		group.Go(func() {
			if _, err := f.Fetch(t.Context(), itemFor(s, data), downloadtest.Target(t), nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if took := time.Since(begun).Seconds(); took < 0.85 || took > 1.5 {
		t.Errorf("4 MiB at 4 MiB a second took %.2f s", took)
	}
	f.Limit.Set(64 << 10)
	begun = time.Now()
	faster := time.AfterFunc(300*time.Millisecond, func() { f.Limit.Set(0) })
	defer faster.Stop()
	if _, err := f.Fetch(t.Context(), itemFor(s, data), downloadtest.Target(t), nil); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("lifting the limit was felt only after %v", took)
	}
}

func TestLimitedWaitEndsWithItsContext(t *testing.T) {
	l := &Limit{}
	l.Set(1)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := l.take(ctx, 1<<20); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
