package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
)

// lyingProxy is a proxy between us and a registry: it asks honestly and answers as lie wants it.
type lyingProxy struct {
	*httptest.Server
	upstream string
	client   *http.Client

	mu  sync.Mutex
	lie func(*http.Request, *answer)
}

// answer is what a proxy got, to be changed.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	announce int // Content-Length; negative: the body's own
}

func newLiar(t testing.TB, upstream string) *lyingProxy {
	t.Helper()
	p := &lyingProxy{upstream: upstream, client: &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Config.ErrorLog = nil
	p.Start()
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
		p.client.CloseIdleConnections()
	})
	return p
}

func (p *lyingProxy) host() string { return strings.TrimPrefix(p.URL, "http://") }

func (p *lyingProxy) set(lie func(*http.Request, *answer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lie = lie
}

func (p *lyingProxy) serve(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+p.upstream+r.URL.RequestURI(), nil)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	req.Header = r.Header.Clone()
	resp, err := p.client.Do(req)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	a := &answer{resp.StatusCode, resp.Header.Clone(), body, -1}
	p.mu.Lock()
	if p.lie != nil {
		p.lie(r, a)
	}
	p.mu.Unlock()
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.announce < 0 {
		a.announce = len(a.body)
	}
	w.Header().Set("Content-Length", strconv.Itoa(a.announce))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body[:min(len(a.body), a.announce)])
	}
}

// mutation is one way to lie, about one of a model's files or its manifest.
type mutation struct {
	name     string
	manifest bool // of the manifest, not of a blob
	coherent bool // can be told only by a reference with a digest
	apply    func(r *rand.Rand, w *world, req *http.Request, a *answer)
}

// world is what a liar may put in another place.
type world struct {
	blobs     map[string][]byte // by digest
	digests   []string          // of the model, in order
	manifests [][]byte          // others, that are sound
}

func (w *world) other(r *rand.Rand, not string) []byte {
	for {
		for d, b := range w.blobs {
			if d != not && r.IntN(2) == 0 {
				return b
			}
		}
	}
}

func flip(r *rand.Rand, b []byte, bits int) []byte {
	b = bytes.Clone(b)
	for range bits {
		if len(b) > 0 {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
	}
	return b
}

// partOf cuts what a request asked for out of a whole blob, as an honest server would.
func partOf(blob []byte, a *answer) []byte {
	var from, last int64
	if _, err := fmt.Sscanf(a.header.Get("Content-Range"), "bytes %d-%d/", &from, &last); err != nil || last < from {
		return blob
	}
	to := last + 1
	a.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", min(from, int64(len(blob))), min(to, int64(len(blob)))-1, len(blob)))
	return blob[min(from, int64(len(blob))):min(to, int64(len(blob)))]
}

func mutations() []mutation {
	digestOfRequest := func(req *http.Request) string { return filepath.Base(req.URL.Path) }
	return []mutation{
		{"one bit of a file", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) { a.body = flip(r, a.body, 1) }},
		{"some bits of a file", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) { a.body = flip(r, a.body, 2+r.IntN(30)) }},
		{"another file of the registry", false, false, func(r *rand.Rand, w *world, req *http.Request, a *answer) {
			a.body = partOf(w.other(r, digestOfRequest(req)), a)
		}},
		{"another file, as long as this one", false, false, func(r *rand.Rand, w *world, req *http.Request, a *answer) {
			b := w.other(r, digestOfRequest(req))
			for len(b) < len(w.blobs[digestOfRequest(req)]) {
				b = append(slices.Clip(b), b...)
			}
			a.body = partOf(b[:len(w.blobs[digestOfRequest(req)])], a)
		}},
		{"a planted file", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) {
			a.body = partOf(small(byte(100+r.IntN(100))), a)
		}},
		{"a shorter body, honestly announced", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) { a.body = a.body[:r.IntN(len(a.body)+1)] }},
		{"a shorter body than announced", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) {
			a.announce = len(a.body)
			a.body = a.body[:r.IntN(len(a.body)+1)]
		}},
		{"a longer body", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) {
			a.body = append(bytes.Clone(a.body), bytes.Repeat([]byte{byte(r.IntN(256))}, 1+r.IntN(1000))...)
		}},
		{"a part from elsewhere under the right name", false, false, func(r *rand.Rand, w *world, req *http.Request, a *answer) {
			blob := w.blobs[digestOfRequest(req)]
			if n := len(a.body); n < len(blob) && n > 0 {
				from := r.IntN(len(blob) - n + 1)
				a.body = blob[from : from+n]
			} else {
				a.body = append(bytes.Clone(a.body[n/2:]), a.body[:n/2]...)
			}
		}},
		{"a part with another name", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) {
			a.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", r.IntN(100), 100+r.IntN(20_000), r.IntN(40_000)))
			if r.IntN(2) == 0 {
				a.status = http.StatusPartialContent
			}
		}},
		{"a web page", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) {
			a.status, a.body = http.StatusOK, []byte("<!doctype html><html><title>Log in</title></html>"+strings.Repeat(" ", r.IntN(3000)))
			a.header.Del("Content-Range")
		}},
		{"compressed", false, false, func(_ *rand.Rand, _ *world, _ *http.Request, a *answer) { a.header.Set("Content-Encoding", "gzip") }},
		{"another status", false, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) {
			a.status = []int{200, 201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 416, 500, 502}[r.IntN(14)]
		}},
		{"one bit of the manifest", true, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) { a.body = flip(r, a.body, 1) }},
		{"half of the manifest", true, false, func(r *rand.Rand, _ *world, _ *http.Request, a *answer) { a.body = a.body[:r.IntN(len(a.body))] }},
		{"a manifest with files exchanged", true, false, func(r *rand.Rand, w *world, _ *http.Request, a *answer) {
			i, j := r.IntN(len(w.digests)), r.IntN(len(w.digests))
			a.body = []byte(strings.NewReplacer(w.digests[i], w.digests[j], w.digests[j], w.digests[i]).Replace(string(a.body)))
			if i == j {
				a.body = flip(r, a.body, 1)
			}
		}},
		{"another manifest under the old digest", true, false, func(r *rand.Rand, w *world, _ *http.Request, a *answer) {
			a.body = w.manifests[r.IntN(len(w.manifests))]
		}},
		{"another manifest with a digest of its own", true, true, func(r *rand.Rand, w *world, _ *http.Request, a *answer) {
			a.body = w.manifests[r.IntN(len(w.manifests))]
			a.header.Set("Docker-Content-Digest", shaOf(a.body))
		}},
		{"another manifest and no digest", true, true, func(r *rand.Rand, w *world, _ *http.Request, a *answer) {
			a.body = w.manifests[r.IntN(len(w.manifests))]
			a.header.Del("Docker-Content-Digest")
		}},
		{"a manifest with a planted file", true, true, func(r *rand.Rand, w *world, _ *http.Request, a *answer) {
			planted := small(byte(100 + r.IntN(100)))
			a.body = bytes.ReplaceAll(a.body, []byte(w.digests[0]), []byte(shaOf(planted)))
			a.header.Set("Docker-Content-Digest", shaOf(a.body))
		}},
	}
}

// TestOnlyTheExactBytesBecomeAModel is promise 10: whatever a proxy between a real registry and us changes, either the
// very bytes that were pushed arrive, or a plain error. A lie is told each time or once, about a model asked for by
// its tag or by its digest; one that only a digest can tell is tried with a digest.
func TestOnlyTheExactBytesBecomeAModel(t *testing.T) {
	t.Parallel()
	r := startRegistry(t, "")
	w := &world{blobs: map[string][]byte{}}
	digest := pushOllama(t, r.Host+"/library/tiny:1b", 1)
	for _, seed := range []byte{1, 2, 3} {
		config, layers := ollamaLayers(seed)
		for _, b := range append(layers, testLayer{data: config}) {
			w.blobs[shaOf(b.data)] = b.data
			if seed == 1 {
				w.digests = append(w.digests, shaOf(b.data))
			}
		}
		if seed > 1 {
			pushOllama(t, fmt.Sprintf("%s/library/other:%d", r.Host, seed), seed)
			w.manifests = append(w.manifests, manifestOf(t, dockerManifest, config, layers).data)
		}
	}
	slices.Sort(w.digests[1:])
	n := downloadtest.Trials(t, "WEIGHTROOM_LIES", 120, 100_000)
	rng := downloadtest.Random(t)
	all := &tally{codes: map[backend.Code]int{}}
	began := time.Now()
	t.Run("liars", func(t *testing.T) {
		for worker := range liars {
			seed := rng.Uint64()
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				l := &liarTrial{
					world: w, rng: rand.New(rand.NewPCG(seed, uint64(worker))), proxy: newLiar(t, r.Host), digest: digest, dir: t.TempDir(), tally: all,
				}
				l.sources = newRegistrySources(t, l.proxy.host(), nil)
				for trial := worker; trial < n && all.accepted.Load() < 4; trial += liars {
					l.run(t, trial)
				}
			})
		}
	})
	counts, _ := json.Marshal(all.codes)
	t.Logf("%d of %d mutations accepted; %d refused %s, %d arrived right all the same; %v", all.accepted.Load(), n, all.refused.Load(), counts, all.arrived.Load(), time.Since(began).Round(time.Millisecond))
}

// liars is how many proxies lie at the same time; most of a trial is waiting.
const liars = 8

// tally counts how trials ended.
type tally struct {
	accepted, arrived, refused atomic.Int64
	mu                         sync.Mutex
	codes                      map[backend.Code]int
}

// liarTrial is one proxy with those who ask through it.
type liarTrial struct {
	world   *world
	rng     *rand.Rand
	proxy   *lyingProxy
	sources *Sources
	digest  string
	dir     string
	tally   *tally
}

func (l *liarTrial) run(t *testing.T, trial int) {
	t.Helper()
	w, all := l.world, mutations()
	m := all[trial/liars%len(all)]
	ref := "tiny@" + l.digest
	if !m.coherent && l.rng.IntN(2) == 0 {
		ref = "tiny:1b"
	}
	once, target := l.rng.IntN(2) == 0, w.digests[l.rng.IntN(len(w.digests))]
	lies := 0
	l.proxy.set(func(req *http.Request, a *answer) {
		hit := m.manifest && strings.Contains(req.URL.Path, "/manifests/") || !m.manifest && strings.HasSuffix(req.URL.Path, target)
		if hit && (!once || lies == 0) {
			lies++
			m.apply(l.rng, w, req, a)
		}
	})
	files, err := fetchModel(l.sources, ref, l.dir)
	l.proxy.set(nil)
	switch {
	case err != nil:
		l.tally.refused.Add(1)
		code := downloadtest.Plainly(t, err)
		l.tally.mu.Lock()
		l.tally.codes[code]++
		l.tally.mu.Unlock()
	case sameModel(files, w) != nil:
		l.tally.accepted.Add(1)
		t.Errorf("trial %d: %q (once %v, of %s) was accepted: %v", trial, m.name, once, ref, sameModel(files, w))
	default:
		l.tally.arrived.Add(1)
		if !once && lies > 0 && m.manifest && !harmless(m) {
			t.Errorf("trial %d: %q went unnoticed", trial, m.name)
		}
	}
	left, _ := filepath.Glob(filepath.Join(l.dir, "*"))
	for _, path := range left {
		_ = os.Remove(path)
	}
}

// harmless reports whether a lie may leave the manifest as it was.
func harmless(m mutation) bool { return strings.Contains(m.name, "exchanged") }

// fetchModel resolves and fetches everything that would be handed to the library.
func fetchModel(s *Sources, ref, dir string) ([]download.File, error) {
	ctx := context.Background()
	o, err := s.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	f := &transfer.Fetcher{Client: s.client, Patience: eager()}
	var files []download.File
	for i, item := range o.Items {
		path := filepath.Join(dir, strconv.Itoa(i))
		done, err := f.Fetch(ctx, item, path, nil)
		if err != nil {
			return files, err
		}
		files = append(files, download.File{Item: item, Path: path, Digest: done.Digest, Bytes: done.Bytes})
	}
	return files, nil
}

// sameModel compares what arrived with what was pushed.
func sameModel(files []download.File, w *world) error {
	if len(files) != len(w.digests) {
		return fmt.Errorf("%d files of %d", len(files), len(w.digests))
	}
	for _, f := range files {
		b, err := os.ReadFile(f.Path)
		if err != nil {
			return err
		}
		if !slices.Contains(w.digests, shaOf(b)) || !bytes.Equal(b, w.blobs[shaOf(b)]) || f.Digest != shaOf(b) {
			return fmt.Errorf("%s is %s", f.Name, shaOf(b))
		}
		if (f.Kind == backend.KindModel) != (shaOf(b) == w.digests[0]) {
			return fmt.Errorf("%s is a %s", shaOf(b), f.Kind)
		}
	}
	return nil
}

// TestABusyRegistryIsNotHammered is promise 15 with a real registry whose proxy answers 429 and 503: not one request
// comes before the time the answer gave.
func TestABusyRegistryIsNotHammered(t *testing.T) {
	r := startRegistry(t, "")
	pushOllama(t, r.Host+"/library/tiny:1b", 1)
	forms := map[string]func(time.Time) string{
		"seconds": func(time.Time) string { return "2" }, "a date": func(now time.Time) string { return now.Add(2 * time.Second).UTC().Format(http.TimeFormat) },
		"nothing": func(time.Time) string { return "" }, "a date as RFC 850": func(now time.Time) string { return now.Add(2 * time.Second).UTC().Format(time.RFC850) },
		"a date as asctime": func(now time.Time) string { return now.Add(2 * time.Second).UTC().Format(time.ANSIC) }, "rubbish": func(time.Time) string { return "soon" }, "less than nothing": func(time.Time) string { return "-5" },
	}
	for name, form := range forms {
		if !downloadtest.Slow() && name != "seconds" && name != "a date" && name != "nothing" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newLiar(t, r.Host)
			gate := &web.Gate{}
			c := web.NewClient(web.ClientOptions{Proxy: downloadtest.NoProxy, Gate: gate})
			defer c.CloseIdle()
			s, err := New(Options{Client: c, Ollama: "http://" + p.host()})
			if err != nil {
				t.Fatal(err)
			}
			o := resolve(t, s, "tiny:1b")
			busy, early, asked := 0, 0, 0
			var until time.Time
			p.set(func(_ *http.Request, a *answer) {
				asked++
				now := time.Now()
				if now.Before(until) {
					early++
				}
				if busy < 2 {
					busy++
					a.status, a.body = []int{http.StatusTooManyRequests, http.StatusServiceUnavailable}[busy%2], nil
					a.header = http.Header{}
					wait := time.Second
					if v := form(now); v != "" {
						a.header.Set("Retry-After", v)
						if name == "seconds" || strings.HasPrefix(name, "a date") {
							wait = 2 * time.Second
						}
					}
					if strings.HasPrefix(name, "a date") { // whole seconds, by the server's clock
						a.header.Set("Date", now.UTC().Format(http.TimeFormat))
						until = now.Truncate(time.Second).Add(wait)
					} else {
						until = now.Add(wait)
					}
				}
			})
			f := &transfer.Fetcher{Client: c, Gate: gate, Patience: eager()}
			for i, item := range o.Items[:2] {
				var err error
				for range 5 {
					if _, err = f.Fetch(context.Background(), item, filepath.Join(t.TempDir(), strconv.Itoa(i)), nil); err == nil || !web.Transient(err) {
						break
					}
					for until := gate.Until(p.host()); !until.IsZero(); until = gate.Until(p.host()) {
						time.Sleep(time.Until(until))
					}
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if early > 0 || busy != 2 {
				t.Errorf("%d of %d requests came early; %d times busy", early, asked, busy)
			}
		})
	}
}
