package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
	"weightroom/backend/gguf/gguftest"
)

// mapSecrets keeps secrets for a test.
type mapSecrets map[string]Secret

func (m mapSecrets) Get(_ context.Context, host string) (Secret, error) { return m[host], nil }
func (m mapSecrets) Set(_ context.Context, host string, s Secret) error {
	m[host] = s
	return nil
}
func (m mapSecrets) Delete(_ context.Context, host string) error {
	delete(m, host)
	return nil
}

func hubFileOf(path string, b []byte) downloadtest.HubFile {
	sum := sha256.Sum256(b)
	return downloadtest.HubFile{Path: path, Data: bytes.NewReader(b), Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:])}
}

// small is a sound model of its own.
func small(seed byte) []byte { return gguftest.Small(seed).Bytes() }

func testRepos() []*downloadtest.HubRepo {
	day := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	split := func(n int) downloadtest.HubFile {
		return hubFileOf(fmt.Sprintf("BF16/tiny-BF16-0000%d-of-00002.gguf", n), small(byte(40+n)))
	}
	repos := []*downloadtest.HubRepo{
		{
			ID: "maker/Tiny-Llama-GGUF", Downloads: 900, Likes: 12, Updated: day, Tags: []string{"gguf", "license:apache-2.0", "region:us"},
			Card: map[string]any{"license": "apache-2.0"}, GGUF: map[string]any{"total": 1_235_814_432, "architecture": "llama", "context_length": 131072},
			Files: []downloadtest.HubFile{
				{Path: "README.md", Data: strings.NewReader("hello"), Size: 5}, hubFileOf("tiny-Q4_K_M.gguf", small(1)), hubFileOf("tiny-Q8_0.gguf", small(2)),
				split(1), split(2), hubFileOf("mmproj-tiny-f16.gguf", small(5)), hubFileOf("tiny.imatrix.gguf", []byte("GGUF")),
				hubFileOf("half/tiny-Q2_K-00001-of-00002.gguf", small(7)), {Path: "small/plain-Q6_K.gguf", Data: bytes.NewReader(small(9)), Size: int64(len(small(9)))},
			},
		},
		{
			ID: "meta/Gated-GGUF", Gated: "manual", Allowed: []string{"hf_good"}, Downloads: 5000, Updated: day, Tags: []string{"gguf", "license:llama3.2"},
			Card:  map[string]any{"license": "other", "license_name": "llama3.2", "license_link": "LICENSE.txt"},
			Files: []downloadtest.HubFile{hubFileOf("gated-Q4_K_M.gguf", small(3))},
		},
		{ID: "me/Private-GGUF", Private: true, Allowed: []string{"hf_good"}, Tags: []string{"gguf"}, Files: []downloadtest.HubFile{hubFileOf("p-Q4_0.gguf", small(4))}},
		{ID: "maker/Safetensors", Tags: []string{"transformers"}, Files: []downloadtest.HubFile{hubFileOf("model.safetensors", []byte("x"))}},
	}
	for i := range 45 {
		repos = append(repos, &downloadtest.HubRepo{ID: fmt.Sprintf("many/Llama-%02d-GGUF", i), Downloads: i, Updated: day, Tags: []string{"gguf"}})
	}
	return repos
}

func newTestHub(t testing.TB, secrets Secrets) (*downloadtest.Hub, *Sources) {
	t.Helper()
	hub := downloadtest.NewHub(testRepos()...)
	t.Cleanup(hub.Close)
	gate := &web.Gate{}
	c := web.NewClient(web.ClientOptions{Proxy: downloadtest.NoProxy, Gate: gate})
	t.Cleanup(c.CloseIdle)
	if secrets != nil {
		if m, ok := secrets.(mapSecrets); ok {
			m[strings.TrimPrefix(hub.Site.URL, "http://")] = m["hub"]
		}
	}
	s, err := New(Options{Client: c, Secrets: secrets, HuggingFace: hub.Site.URL})
	if err != nil {
		t.Fatal(err)
	}
	return hub, s
}

func resolve(t testing.TB, s *Sources, ref string) Offer {
	t.Helper()
	o, err := s.Resolve(context.Background(), ref)
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
	return o
}

func itemNames(o Offer) string {
	var out []string
	for _, i := range o.Items {
		out = append(out, string(i.Kind)+" "+i.Name)
	}
	return strings.Join(out, ", ")
}

func TestHubOffers(t *testing.T) {
	_, s := newTestHub(t, nil)
	for ref, want := range map[string]string{
		"hf.co/maker/Tiny-Llama-GGUF":                                               "Q4_K_M: model tiny-Q4_K_M.gguf, projector mmproj-tiny-f16.gguf",
		"hf.co/maker/Tiny-Llama-GGUF:q8_0":                                          "Q8_0: model tiny-Q8_0.gguf, projector mmproj-tiny-f16.gguf",
		"hf.co/maker/Tiny-Llama-GGUF:BF16":                                          "BF16: model tiny-BF16-00001-of-00002.gguf, model tiny-BF16-00002-of-00002.gguf, projector mmproj-tiny-f16.gguf",
		"hf.co/maker/Tiny-Llama-GGUF:Q6_K":                                          "Q6_K: model plain-Q6_K.gguf, projector mmproj-tiny-f16.gguf",
		"https://huggingface.co/maker/Tiny-Llama-GGUF/blob/main/tiny-Q8_0.gguf?x=y": "Q8_0: model tiny-Q8_0.gguf, projector mmproj-tiny-f16.gguf",
		"https://huggingface.co/maker/Tiny-Llama-GGUF/tree/main/BF16":               "BF16: model tiny-BF16-00001-of-00002.gguf, model tiny-BF16-00002-of-00002.gguf, projector mmproj-tiny-f16.gguf",
	} {
		t.Run(ref, func(t *testing.T) {
			o := resolve(t, s, ref)
			if got := o.Quant + ": " + itemNames(o); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if len(o.Revision) != 40 || o.Name != "Tiny-Llama" || o.Licence.Name != "apache-2.0" || o.Gated || len(o.Choices) != 4 || o.Source != HuggingFace {
				t.Errorf("%+v", o)
			}
			var sum int64
			for _, i := range o.Items {
				sum += i.Bytes
				if !strings.Contains(i.Address, o.Revision) {
					t.Errorf("not pinned: %s", i.Address)
				}
			}
			if sum != o.Bytes {
				t.Errorf("%d bytes, not %d", o.Bytes, sum)
			}
			if len(o.Warnings) != 1 || !strings.Contains(o.Warnings[0], "tiny-Q2_K") {
				t.Errorf("warnings: %q", o.Warnings)
			}
			if again := resolve(t, s, o.Ref); itemNames(again) != itemNames(o) || again.Ref != o.Ref {
				t.Errorf("%s is %s", o.Ref, itemNames(again))
			}
		})
	}
}

func TestHubRefusalsAreExplained(t *testing.T) {
	for _, c := range []struct {
		name, ref, token string
		code             backend.Code
		says             string
		onLink           bool
	}{
		{"a repository that is not there", "hf.co/no/Body", "", backend.CodeNotFound, "no public repository no/Body", false},
		{"the same with a token", "hf.co/no/Body", "hf_good", backend.CodeNotFound, "no public repository no/Body", false},
		{"a private one without a token", "hf.co/me/Private-GGUF", "", backend.CodeNotFound, "private", false},
		{"a private one with another's token", "hf.co/me/Private-GGUF", "hf_other", backend.CodeNotFound, "private", false},
		{"a version that is not there", "hf.co/maker/Tiny-Llama-GGUF@v9", "", backend.CodeNotFound, "no version", false},
		{"a quant that is not there", "hf.co/maker/Tiny-Llama-GGUF:Q3_K_S", "", backend.CodeNotFound, "It has Q6_K, Q4_K_M", false},
		{"half a model", "hf.co/maker/Tiny-Llama-GGUF:Q2_K", "", backend.CodeNotFound, "does not have", false},
		{"no GGUF", "hf.co/maker/Safetensors", "", backend.CodeUnsupported, "no GGUF file", false},
		{"a gated one without a token", "hf.co/meta/Gated-GGUF", "", backend.CodeDenied, "accepted its terms", true},
		{"a gated one with another's token", "hf.co/meta/Gated-GGUF", "hf_other", backend.CodeDenied, "no access", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, s := newTestHub(t, mapSecrets{"hub": {Password: c.token}})
			o, err := s.Resolve(context.Background(), c.ref)
			if c.onLink && err == nil {
				if !o.Gated {
					t.Error("the offer does not say that it is gated")
				}
				_, err = o.Items[0].Link.Link(context.Background(), false)
			}
			if err == nil {
				t.Fatal("no error")
			}
			code := downloadtest.Plainly(t, err)
			e := backend.Readable(err)
			if code != c.code || !strings.Contains(e.Message+" "+e.Hint, c.says) {
				t.Errorf("%s: %s %s", e.Code, e.Message, e.Hint)
			}
			if strings.Contains(err.Error(), "hf_") {
				t.Error("the token is in the error")
			}
		})
	}
}

func TestGatedAndPrivateWithAToken(t *testing.T) {
	for _, ref := range []string{"hf.co/meta/Gated-GGUF", "hf.co/me/Private-GGUF"} {
		hub, s := newTestHub(t, mapSecrets{"hub": {Password: "hf_good"}})
		o := resolve(t, s, ref)
		fetchAll(t, s, o)
		for _, r := range hub.Seen() {
			if r.Server == "cdn" && r.Authorisation != "" {
				t.Error("the token went to the signed address")
			}
		}
		for _, c := range s.client.Ledger().Connections(0) {
			if strings.Contains(fmt.Sprint(c), "hf_good") {
				t.Error("the token is in the ledger")
			}
		}
	}
}

func TestTheTokenIsSentOnlyWhereItIsNeeded(t *testing.T) {
	hub, s := newTestHub(t, mapSecrets{"hub": {Password: "hf_good"}})
	o := resolve(t, s, "hf.co/maker/Tiny-Llama-GGUF")
	fetchAll(t, s, o)
	if _, err := s.Search(context.Background(), "llama", 5); err != nil {
		t.Fatal(err)
	}
	for _, r := range hub.Seen() {
		if r.Authorisation != "" {
			t.Errorf("%s %s carried the token", r.Server, r.Path)
		}
		if r.Cookie != "" || r.Referer != "" || r.UserAgent != "Weightroom" {
			t.Errorf("%+v", r)
		}
	}
}

func TestGatedLicenceLinks(t *testing.T) {
	hub, s := newTestHub(t, nil)
	o := resolve(t, s, "hf.co/meta/Gated-GGUF")
	if o.Licence.Name != "llama3.2" || o.Licence.Link != hub.Site.URL+"/meta/Gated-GGUF/blob/"+o.Revision+"/LICENSE.txt" {
		t.Errorf("%+v", o.Licence)
	}
}

// fetchAll fetches an offer's files and checks them against what the offer says.
func fetchAll(t testing.TB, s *Sources, o Offer) []download.File {
	t.Helper()
	dir := t.TempDir()
	var out []download.File
	f := &transfer.Fetcher{Client: s.client, Patience: eager()}
	for n, i := range o.Items {
		path := dir + "/" + strconv.Itoa(n)
		done, err := f.Fetch(context.Background(), i, path, nil)
		if err != nil {
			t.Fatalf("%s: %v", i.Name, err)
		}
		if i.Digest != "" && done.Digest != i.Digest || done.Bytes != i.Bytes {
			t.Errorf("%s became %+v", i.Name, done)
		}
		out = append(out, download.File{Item: i, Path: path, Digest: done.Digest, Bytes: done.Bytes})
	}
	return out
}

func TestSignedAddressesAreRenewed(t *testing.T) {
	hub, s := newTestHub(t, nil)
	o := resolve(t, s, "hf.co/maker/Tiny-Llama-GGUF:Q8_0")
	first, err := o.Items[0].Link.Link(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first.URL, hub.CDN.URL) || first.Header != nil {
		t.Errorf("the link is %+v", first)
	}
	hub.Expire()
	fetchAll(t, s, o)
	again, err := o.Items[0].Link.Link(context.Background(), false)
	if err != nil || again.URL == first.URL {
		t.Errorf("not renewed: %v", err)
	}
	if _, _, err := s.Header(context.Background(), o.Items[0]); err != nil {
		t.Error(err)
	}
	hub.Expire()
	if _, _, err := s.Header(context.Background(), o.Items[0]); err != nil {
		t.Error("a header with an expired link:", err)
	}
}

func TestItemsFindTheirWayAfterARestart(t *testing.T) {
	hub, s := newTestHub(t, mapSecrets{"hub": {Password: "hf_good"}})
	for _, ref := range []string{"hf.co/meta/Gated-GGUF", "hf.co/maker/Tiny-Llama-GGUF:Q6_K"} {
		o := resolve(t, s, ref)
		again, err := New(Options{Client: s.client, Secrets: s.secrets, HuggingFace: hub.Site.URL})
		if err != nil {
			t.Fatal(err)
		}
		for i := range o.Items {
			o.Items[i].Link = nil
			if o.Items[i].Link, err = again.Linker(o.Items[i]); err != nil {
				t.Fatal(err)
			}
		}
		fetchAll(t, s, o)
	}
}

func TestAFileThatChangedAtTheHubIsNoticed(t *testing.T) {
	hub, s := newTestHub(t, nil)
	o := resolve(t, s, "hf.co/maker/Tiny-Llama-GGUF:Q8_0")
	hub.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/resolve/") {
			w.Header().Set("Location", hub.Sign("maker/Tiny-Llama-GGUF", "tiny-Q4_K_M.gguf"))
			w.Header().Set("X-Linked-Etag", `"`+strings.Repeat("0", 64)+`"`)
			w.WriteHeader(http.StatusFound)
			return true
		}
		return false
	}
	_, err := o.Items[0].Link.Link(context.Background(), false)
	if err == nil || downloadtest.Plainly(t, err) != backend.CodeChanged {
		t.Errorf("%v", err)
	}
}

func TestHubLiesAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"a web page": "<!doctype html><title>Log in</title>", "nothing": "", "not JSON": "{", "no commit": `{"id":"a/b","siblings":[]}`,
		"a commit that is a path": `{"sha":"../../../../../../../../../../x","siblings":[]}`, "too much": `{"sha":"` + strings.Repeat("x", hubInfoLimit) + `"}`,
		"a file above the repository": `{"sha":"` + strings.Repeat("a", 40) + `","siblings":[{"rfilename":"../x-Q4_0.gguf","size":1}]}`,
		"a file of less than nothing": `{"sha":"` + strings.Repeat("a", 40) + `","siblings":[{"rfilename":"x-Q4_0.gguf","size":-5}]}`,
		"an error as success":         `{"error":"Internal"}`,
	} {
		t.Run(name, func(t *testing.T) {
			hub, s := newTestHub(t, nil)
			hub.Before = func(w http.ResponseWriter, _ *http.Request) bool {
				_, _ = w.Write([]byte(body))
				return true
			}
			o, err := s.Resolve(context.Background(), "hf.co/a/b")
			if err == nil {
				t.Fatalf("%+v", o)
			}
			downloadtest.Plainly(t, err)
		})
	}
}

func TestBusyHubsAreLeftAlone(t *testing.T) {
	hub, s := newTestHub(t, nil)
	hub.Before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	for range 3 {
		_, err := s.Resolve(context.Background(), "hf.co/maker/Tiny-Llama-GGUF")
		if err == nil || downloadtest.Plainly(t, err) != backend.CodeServerBusy {
			t.Errorf("%v", err)
		}
		if _, err := s.Search(context.Background(), "x", 3); err == nil || downloadtest.Plainly(t, err) != backend.CodeServerBusy {
			t.Errorf("%v", err)
		}
	}
	if n := len(hub.Seen()); n != 1 {
		t.Errorf("%d requests came, 5 of them early", n)
	}
}

func TestSearch(t *testing.T) {
	hub, s := newTestHub(t, nil)
	hits, err := s.Search(context.Background(), "  llama ", 40)
	if err != nil {
		t.Fatal(err)
	}
	if len(hits) != 40 || hits[0].Ref != "hf.co/maker/Tiny-Llama-GGUF" || hits[1].Name != "Llama-44-GGUF" {
		t.Fatalf("%d hits: %+v", len(hits), hits[:2])
	}
	h := hits[0]
	if h.Downloads != 900 || h.Likes != 12 || h.Licence != "apache-2.0" || h.Gated || h.Parameters != 1_235_814_432 || h.ContextLength != 131072 || h.Architecture != "llama" || h.Updated.Year() != 2026 {
		t.Errorf("%+v", h)
	}
	seen := map[string]bool{}
	for _, h := range hits {
		if seen[h.Ref] {
			t.Errorf("%s is there twice", h.Ref)
		}
		seen[h.Ref] = true
	}
	if n := len(hub.Seen()); n != 2 {
		t.Errorf("%d requests for two pages", n)
	}
	gated, err := s.Search(context.Background(), "gated", 5)
	if err != nil || len(gated) != 1 || !gated[0].Gated || gated[0].Licence != "llama3.2" {
		t.Errorf("%v, %+v", err, gated)
	}
	if none, err := s.Search(context.Background(), "nothing like it", 5); err != nil || none == nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
	for _, q := range []string{"", "  ", strings.Repeat("x", 201)} {
		if _, err := s.Search(context.Background(), q, 5); err == nil {
			t.Errorf("searched for %q", q)
		}
	}
}

func TestASearchStaysAtTheHub(t *testing.T) {
	hub, s := newTestHub(t, nil)
	for _, link := range []string{`<https://evil.example/api/models?cursor=1>; rel="next"`, `<` + hub.CDN.URL + `/x>; rel="next"`, `<>; rel=next`, `rubbish`} {
		n := 0
		hub.Before = func(w http.ResponseWriter, _ *http.Request) bool {
			n++
			w.Header().Set("Link", link)
			_, _ = w.Write([]byte(`[{"id":"a/b"},{"id":"../c"},{"id":"x/y/z"},{"id":"me/secret","private":true}]`))
			return true
		}
		hits, err := s.Search(context.Background(), "x", 50)
		if err != nil || len(hits) != 1 || n != 1 {
			t.Errorf("%s: %v, %d hits, %d requests", link, err, len(hits), n)
		}
	}
}

func TestAPlainAddress(t *testing.T) {
	data := small(11)
	for _, c := range []struct {
		name   string
		serve  func(w http.ResponseWriter, r *http.Request)
		code   backend.Code // empty: an offer
		ranges bool
	}{
		{"with ranges", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"a"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		}, "", true},
		{"without ranges", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			_, _ = w.Write(data)
		}, "", false},
		{"a web page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Log in</html>")) }, backend.CodeLoginPage, false},
		{"something else", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 600)) }, backend.CodeNotGGUF, false},
		{"nothing there", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, backend.CodeNotFound, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			hub, s := newTestHub(t, nil)
			hub.Before = func(w http.ResponseWriter, r *http.Request) bool { c.serve(w, r); return true }
			o, err := s.Resolve(context.Background(), hub.CDN.URL+"/files/tiny-Q8_0.gguf?token=abc")
			if c.code != "" {
				if err == nil || downloadtest.Plainly(t, err) != c.code {
					t.Fatalf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if o.Name != "tiny-Q8_0" || o.Quant != "Q8_0" || len(o.Items) != 1 || o.Bytes != int64(len(data)) || strings.Contains(o.Ref+o.Items[0].Address, "abc") {
				t.Errorf("%+v", o)
			}
			fetchAll(t, s, o)
			if c.ranges {
				if _, _, err := s.Header(context.Background(), o.Items[0]); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
