package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

// The addresses of the sources that have names of their own.
const (
	HuggingFaceURL = "https://huggingface.co"
	OllamaURL      = "https://registry.ollama.ai"
)

// Options is what Sources work with.
type Options struct {
	Client      *web.Client
	Secrets     Secrets // nil: none
	HuggingFace string  // base address; empty: HuggingFace
	Ollama      string  // base address; empty: OllamaRegistry
}

// Sources turn references into offers, and the items of offers into addresses. They may be used from many goroutines.
type Sources struct {
	client  *web.Client
	secrets Secrets
	hub     *url.URL
	ollama  *url.URL

	mu       sync.Mutex
	sessions map[string]*session // of registries, by repository
}

// New makes the sources. Its error is for a base address that is none.
func New(o Options) (*Sources, error) {
	s := &Sources{client: o.Client, secrets: o.Secrets, sessions: map[string]*session{}}
	if s.secrets == nil {
		s.secrets = noSecrets{}
	}
	for _, b := range []struct {
		to            **url.URL
		given, normal string
	}{{&s.hub, o.HuggingFace, HuggingFaceURL}, {&s.ollama, o.Ollama, OllamaURL}} {
		if b.given == "" {
			b.given = b.normal
		}
		u, err := url.Parse(strings.TrimSuffix(b.given, "/"))
		if err == nil {
			err = web.CheckAddress(u)
		}
		if err != nil {
			return nil, err
		}
		*b.to = u
	}
	return s, nil
}

// Resolve says what a reference stands for. It accepts
//
//   - llama3.1:8b and namespace/name:tag, of Ollama's registry, also with @sha256:…;
//   - hf.co/OWNER/REPO[@REVISION][:QUANT], and addresses of repositories and files copied from Hugging Face;
//   - HOST[:PORT]/NAMESPACE/NAME[:TAG|@sha256:…], of any OCI registry;
//   - the https address of a file whose name ends in .gguf.
//
// It connects, for the purpose of a look-up, and fetches no weights. Errors are *backend.Error.
func (s *Sources) Resolve(ctx context.Context, ref string) (Offer, error) {
	r, err := parseReference(ref, s.hub, s.ollama)
	if err != nil {
		return Offer{}, err
	}
	ctx = web.WithPurpose(ctx, web.PurposeLookup, r.ref())
	switch r.source {
	case HuggingFace:
		return s.resolveHub(ctx, r.hub)
	case Address:
		return s.resolveAddress(ctx, r.file)
	}
	return s.resolveRegistry(ctx, r)
}

// Normal returns the full form of a reference without connecting: "llama3.1" is "llama3.1:latest". It is what a list of
// downloads compares.
func (s *Sources) Normal(ref string) (string, error) {
	r, err := parseReference(ref, s.hub, s.ollama)
	return r.ref(), err
}

// Linker returns the addresses of an item again, after a restart, from its Address. It does not connect before its Link
// is called.
func (s *Sources) Linker(i web.Item) (web.Linker, error) {
	u, err := url.Parse(i.Address)
	if err != nil || i.Address == "" {
		return nil, backend.Fail(backend.CodeInvalid, err, "Weightroom does not remember where this file comes from.", "Start the download again, from its name or address.")
	}
	if err := web.CheckAddress(u); err != nil {
		return nil, err
	}
	if u.Host == s.hub.Host && strings.Contains(u.Path, "/resolve/") {
		return s.hubLinker(u, i), nil
	}
	if repo, ok := blobAddress(u); ok {
		return &blobLink{sources: s, repo: repo, url: i.Address}, nil
	}
	return &plainLink{url: i.Address}, nil
}

// fetch reads a small document whole: at most limit bytes. The answer's body is closed.
func (s *Sources) fetch(ctx context.Context, address string, header http.Header, limit int64) ([]byte, *http.Response, error) {
	resp, err := s.get(ctx, address, header)
	if err != nil {
		return nil, nil, err
	}
	b, err := readSmall(resp, limit)
	return b, resp, err
}

// get sends a GET and returns whatever answer comes.
func (s *Sources) get(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, notAReference(address)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, explainRequest(ctx, err, req.URL.Host)
	}
	return resp, nil
}

// explainRequest returns the sentence of a failed request.
func explainRequest(ctx context.Context, err error, host string) error {
	if ctx.Err() != nil {
		return backend.Fail(backend.CodeCancelled, ctx.Err(), "Cancelled.", "")
	}
	return web.FaultOf(err, host).Reason
}

// readSmall reads a document of at most limit bytes from a good answer, and closes it. A web page is refused.
func readSmall(resp *http.Response, limit int64) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }()
	host := web.HostOf(resp)
	if resp.StatusCode != http.StatusOK {
		return nil, web.StatusFault(resp, nil).Reason
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, web.FaultOf(err, host).Reason
	case int64(len(b)) > limit:
		return nil, web.Lie(host, fmt.Sprintf("sends more than %d KiB", limit>>10)).Reason
	case web.LooksLikePage(b):
		return nil, web.UnexpectedPage(host).Reason
	case resp.ContentLength >= 0 && int64(len(bytes.TrimSpace(b))) == 0 && limit > 0:
		return nil, web.Lie(host, "sends nothing").Reason
	}
	return b, nil
}
