package source

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	authchallenge "github.com/docker/distribution/registry/client/auth/challenge"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

const (
	tokenLimit   = 256 << 10
	shortestLife = 60 * time.Second // of a token whose server names no life (the token specification's default)
)

// session is what a registry wants to see before it gives anything of one repository.
type session struct {
	mu     sync.Mutex
	header http.Header // nil: nothing was asked for yet
	until  time.Time   // the header is renewed after this; zero: never
	wants  *transport.Challenge
}

func (r repository) base() string {
	return r.scheme + "://" + r.registry.RegistryStr() + "/v2/" + r.path
}

func (r repository) blob(digest string) string { return r.base() + "/blobs/" + digest }

// ref is the repository and its tag as a person writes it.
func (r repository) ref(source string) string {
	written := r.registry.RegistryStr() + "/" + r.path
	if source == Ollama {
		written = strings.TrimPrefix(r.path, "library/")
	}
	if isDigest(r.tag) {
		return written + "@" + r.tag
	}
	return written + ":" + r.tag
}

func (r repository) host() string { return r.registry.RegistryStr() }

var blobPath = regexp.MustCompile(`^/v2/(.+)/blobs/(sha256:[0-9a-f]{64})$`)

// blobAddress reads the address of a registry's blob.
func blobAddress(u *url.URL) (repository, bool) {
	m := blobPath.FindStringSubmatch(u.Path)
	if m == nil {
		return repository{}, false
	}
	registry, err := name.NewRegistry(u.Host)
	return repository{registry, u.Scheme, m[1], m[2]}, err == nil
}

func (s *Sources) session(r repository) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.base()
	if s.sessions[key] == nil {
		s.sessions[key] = &session{}
	}
	return s.sessions[key]
}

// ask sends a GET to a registry, with what it wants to see, and returns a good answer.
func (s *Sources) ask(ctx context.Context, r repository, address string, accept []string) (*http.Response, error) {
	for attempt := range 2 {
		header, err := s.authorisation(ctx, r, attempt > 0)
		if err != nil {
			return nil, err
		}
		if header = header.Clone(); header == nil {
			header = http.Header{}
		}
		if len(accept) > 0 {
			header.Set("Accept", strings.Join(accept, ", "))
		}
		resp, err := s.get(ctx, address, header)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusUnauthorized || !s.challenged(r, resp) {
			return resp, nil
		}
		_ = resp.Body.Close()
		if attempt > 0 {
			return nil, s.denied(ctx, r)
		}
	}
	return nil, s.denied(ctx, r)
}

// challenged notes what a registry wants to see; false when it does not say, or wants what we can't give.
func (s *Sources) challenged(r repository, resp *http.Response) bool {
	if resp.Request.URL.Host != r.host() {
		return false // another host may not ask for this one's passwords
	}
	for _, scheme := range []string{"bearer", "basic"} {
		for _, c := range authchallenge.ResponseChallenges(resp) {
			if strings.EqualFold(c.Scheme, scheme) {
				session := s.session(r)
				session.mu.Lock()
				session.wants = &transport.Challenge{Scheme: c.Scheme, Parameters: c.Parameters, Insecure: r.scheme == "http"}
				session.mu.Unlock()
				return true
			}
		}
	}
	return false
}

// authorisation returns the header that a registry wants to see for a repository; nil where it wants none. Renew gets
// it anew.
func (s *Sources) authorisation(ctx context.Context, r repository, renew bool) (http.Header, error) {
	session := s.session(r)
	session.mu.Lock()
	defer session.mu.Unlock()
	stale := !session.until.IsZero() && time.Now().After(session.until)
	if session.wants == nil || session.header != nil && !renew && !stale {
		return session.header, nil
	}
	secret, err := s.secrets.Get(ctx, r.host())
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(session.wants.Scheme, "basic") {
		if secret.Password == "" {
			return nil, wantsAccount(r.host())
		}
		req := http.Request{Header: http.Header{}}
		req.SetBasicAuth(secret.User, secret.Password)
		session.header, session.until = req.Header, time.Time{}
		return session.header, nil
	}
	token, life, err := s.exchange(ctx, r, secret, session.wants)
	if err != nil {
		return nil, err
	}
	session.header = http.Header{"Authorization": {"Bearer " + token}}
	session.until = time.Now().Add(life * 4 / 5)
	return session.header, nil
}

// exchange gets a token from the server that the registry names (the distribution project's token specification).
func (s *Sources) exchange(ctx context.Context, r repository, secret Secret, wants *transport.Challenge) (string, time.Duration, error) {
	realm, err := url.Parse(wants.Parameters["realm"])
	if err != nil || web.CheckAddress(realm) != nil || realm.Scheme == "http" && r.scheme != "http" {
		return "", 0, backend.Fail(backend.CodeServer, errors.New("realm refused"),
			r.host()+" wants a login at an address that is not secure, so none is sent.", "Use another registry.")
	}
	from, _ := url.Parse(r.base())
	if err := s.client.CheckReferral(from, realm); err != nil {
		return "", 0, err
	}
	auth := authn.Anonymous
	if secret.Password != "" {
		auth = authn.FromConfig(authn.AuthConfig{Username: secret.User, Password: secret.Password})
	}
	through := &tokenServer{client: s.client}
	token, err := transport.Exchange(ctx, r.registry, auth, through, []string{"repository:" + r.path + ":pull"}, wants)
	if err != nil {
		return "", 0, through.explain(ctx, err, realm.Host, r.host())
	}
	text := token.Token
	if text == "" {
		text = token.AccessToken
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", 0, web.Lie(realm.Host, "sends an invalid token").Reason
	}
	return text, max(shortestLife, time.Duration(min(token.ExpiresIn, 24*3600))*time.Second), nil
}

// tokenServer is the way to a token server: its answers are small and are no redirects.
type tokenServer struct {
	client *web.Client
	status int
}

func (t *tokenServer) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.client.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	t.status = resp.StatusCode
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		_ = resp.Body.Close()
		return nil, web.Lie(req.URL.Host, "sends a login on to another address")
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, tokenLimit), resp.Body}
	return resp, nil
}

// explain returns the sentence of a failed exchange, with nothing that the server wrote in it.
func (t *tokenServer) explain(ctx context.Context, err error, host, registry string) error {
	var refused *transport.Error
	switch {
	case ctx.Err() != nil || t.status == 0:
		return explainRequest(ctx, err, host)
	case t.status == http.StatusUnauthorized || t.status == http.StatusForbidden:
		return wantsAccount(registry)
	case errors.As(err, &refused):
		return web.StatusFault(&http.Response{StatusCode: t.status, Request: &http.Request{URL: &url.URL{Host: host}}}, nil).Reason
	}
	var own *web.FaultError
	if errors.As(err, &own) {
		return own.Reason
	}
	return web.Lie(host, "gives no token").Reason
}

func wantsAccount(host string) error {
	return backend.Fail(backend.CodeDenied, nil, host+" wants a name and a password.", "Log in with \"docker login "+host+"\" (or podman), then try again.")
}

// denied is the end of an attempt to be let in.
func (s *Sources) denied(ctx context.Context, r repository) error {
	secret, _ := s.secrets.Get(ctx, r.host())
	if secret.Password == "" {
		return wantsAccount(r.host())
	}
	return backend.Fail(backend.CodeDenied, nil, r.host()+" does not give this model to your account.", "Check the login (\"docker login "+r.host()+"\"), and that the account may read it.")
}

// blobLink is the address of a registry's blob, with what the registry wants to see, or of where the registry sends on.
type blobLink struct {
	sources *Sources
	repo    repository
	url     string

	mu    sync.Mutex
	found web.Link
	until time.Time // of the header; zero: as long as it works
}

// Link implements Linker.
func (b *blobLink) Link(ctx context.Context, renew bool) (web.Link, error) {
	ctx = web.WithPurpose(ctx, web.PurposeDownload, b.repo.path)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.found.URL != "" && !renew && (b.until.IsZero() || time.Now().Before(b.until)) {
		return b.found, nil
	}
	for attempt := range 2 {
		header, err := b.sources.authorisation(ctx, b.repo, renew || attempt > 0)
		if err != nil {
			return web.Link{}, err
		}
		link, resp, err := b.sources.locate(ctx, http.MethodGet, b.url, header) //nolint:bodyclose // it is closed
		if err != nil {
			return web.Link{}, err
		}
		switch {
		case link.URL != "":
			b.found, b.until = link, time.Time{}
			if link.Header != nil {
				b.until = b.sources.validUntil(b.repo)
			}
			return link, nil
		case resp.StatusCode == http.StatusUnauthorized && b.sources.challenged(b.repo, resp) && attempt == 0:
		case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
			return web.Link{}, b.sources.denied(ctx, b.repo)
		default:
			return web.Link{}, web.StatusFault(resp, nil).Reason
		}
	}
	return web.Link{}, b.sources.denied(ctx, b.repo)
}

func (s *Sources) validUntil(r repository) time.Time {
	session := s.session(r)
	session.mu.Lock()
	defer session.mu.Unlock()
	return session.until
}
