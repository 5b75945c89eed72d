package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"weightroom/backend"
)

const (
	dialTimeout      = 15 * time.Second
	handshakeTimeout = 15 * time.Second
	headerTimeout    = 25 * time.Second
	idleTimeout      = 10 * time.Second // nothing stays open once nobody downloads
	maxHeaderBytes   = 64 << 10
	// MaxRedirects is how many hops a link may take.
	MaxRedirects = 5
	maxIdle      = 16

	userAgent = "Weightroom"
)

// ClientOptions is what a Client works with. The zero value is the usual one.
type ClientOptions struct {
	Ledger  *Ledger                          // nil: one in memory
	Gate    *Gate                            // nil: none
	Proxy   func(*url.URL) (*url.URL, error) // nil: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as they are now
	RootCAs *x509.CertPool                   // nil: the system's
	Connect Connect                          // nil: the real network; tests stand in for it here
}

// Client makes all connections that downloads, look-ups and searches need, and writes each into the ledger before it
// is made. It connects for a purpose only, see WithPurpose. It speaks https, and plain http to this computer itself;
// it follows at most five redirects, none from https to http and none from a public host to this computer or its
// network, and carries no authorisation to another host. It keeps no cookies. It may be used from many goroutines.
type Client struct {
	ledger    *Ledger
	http      *http.Client      // follows redirects
	chain     http.RoundTripper // does not: the gate, the guard, the transport
	transport *http.Transport
	proxy     func(*url.URL) (*url.URL, error)
	connect   Connect

	mu       sync.Mutex
	scopes   map[string]scope // of each host and port that was dialled
	onlyOpen map[string]bool  // hosts and ports that a public host sent us to
}

// Connect makes one connection to a host and port. It must ask allow about the address that the host's name leads to,
// and may use that address only when allow returns nil.
type Connect func(ctx context.Context, network, address string, allow func(netip.Addr) error) (net.Conn, error)

// NewClient makes a client. Nothing is connected yet.
func NewClient(o ClientOptions) *Client {
	c := &Client{ledger: o.Ledger, proxy: o.Proxy, connect: o.Connect, scopes: map[string]scope{}, onlyOpen: map[string]bool{}}
	if c.ledger == nil {
		c.ledger, _ = OpenLedger(context.Background(), nil) // without a store there is nothing to fail
	}
	if c.proxy == nil {
		c.proxy = httpproxy.FromEnvironment().ProxyFunc()
	}
	if c.connect == nil {
		c.connect = connect
	}
	c.transport = &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return c.proxy(r.URL) },
		DialContext:            c.dial,
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
		// One request at a time on each connection, so that a connection has one purpose and streams are streams.
		Protocols: httpOne(),
	}
	c.chain = &guard{c}
	if o.Gate != nil {
		c.chain = o.Gate.Transport(c.chain)
	}
	c.http = &http.Client{Transport: c.chain, CheckRedirect: c.redirect}
	return c
}

func httpOne() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

// Do sends a request whose context has a purpose, and follows redirects.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	return c.http.Do(req.WithContext(context.WithValue(req.Context(), hopKey{}, &hop{})))
}

// RoundTrip implements http.RoundTripper: it is Do without following redirects.
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) { return c.chain.RoundTrip(req) }

// Ledger returns the list of the connections made.
func (c *Client) Ledger() *Ledger { return c.ledger }

// CloseIdle closes the connections that are kept for a next request.
func (c *Client) CloseIdle() { c.transport.CloseIdleConnections() }

// hop says of a chain of redirects whether it has left a public host.
type hop struct{ public atomic.Bool }

type (
	hopKey     struct{}
	attemptKey struct{}
)

// attempt is one request on its way: what the dialer needs to know, and what it found.
type attempt struct {
	target string // host and port of the request
	via    string // host and port of the proxy; empty: none
	line   atomic.Pointer[line]
}

// guard sends requests that obey the rules. It is the innermost round tripper of ours, so that no request passes by it.
type guard struct{ client *Client }

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.send(req)
	if err != nil && req.Body != nil {
		_ = req.Body.Close()
	}
	return resp, err
}

func (g *guard) send(req *http.Request) (*http.Response, error) {
	p, ok := PurposeOf(req.Context())
	if !ok {
		return nil, noPurpose(req.URL.Host)
	}
	if err := CheckAddress(req.URL); err != nil {
		return nil, err
	}
	a := &attempt{target: HostPort(req.URL)}
	if proxy, err := g.client.proxy(req.URL); err == nil && proxy != nil {
		a.via = HostPort(proxy)
	}
	ctx := context.WithValue(req.Context(), attemptKey{}, a)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if conn := counted(i.Conn); conn != nil {
			conn.serve(p)
			a.line.Store(conn.line.Load())
		}
	}})
	req = req.Clone(ctx)
	req.Header.Set("User-Agent", userAgent)
	req.Header.Del("Cookie")
	resp, err := g.client.transport.RoundTrip(req)
	if n := a.line.Load(); err != nil && n != nil {
		g.client.ledger.fail(n, FaultOf(err, req.URL.Host).Reason.Message)
	}
	return resp, err
}

// counted finds our connection below the encryption.
func counted(conn net.Conn) *countedConn {
	for {
		switch c := conn.(type) {
		case *countedConn:
			return c
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil
		}
	}
}

func noPurpose(host string) error {
	return backend.Fail(backend.CodeInternal, errors.New("connection without a purpose to "+host),
		"Weightroom did not connect, because nobody asked for it.", "")
}

// dial makes a connection and its line in the ledger.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	p, ok := PurposeOf(ctx)
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	if !ok || a == nil {
		return nil, noPurpose(address)
	}
	n := c.ledger.begin(p, a.target, a.via)
	a.line.Store(n)
	conn, err := c.connect(ctx, network, address, c.allow(ctx, a))
	if err != nil {
		c.ledger.end(n, FaultOf(err, a.target).Reason.Message)
		return nil, err
	}
	counted := &countedConn{Conn: conn, ledger: c.ledger}
	counted.line.Store(n)
	return counted, nil
}

// allow says which addresses a name may lead to. A proxy looks names up itself, so nothing is known of them there.
func (c *Client) allow(ctx context.Context, a *attempt) func(netip.Addr) error {
	h, _ := ctx.Value(hopKey{}).(*hop)
	return func(ip netip.Addr) error {
		if a.via != "" {
			return nil
		}
		where := scopeOf(ip)
		c.mu.Lock()
		c.scopes[a.target] = max(c.scopes[a.target], where)
		sent := c.onlyOpen[a.target]
		c.mu.Unlock()
		host, _, _ := net.SplitHostPort(a.target)
		if IsLoopback(host) && !ip.Unmap().IsLoopback() {
			return errInward(a.target)
		}
		if where == scopePrivate && (sent || h != nil && h.public.Load()) {
			return errInward(a.target)
		}
		return nil
	}
}

// connect is Connect over the real network.
func connect(ctx context.Context, network, address string, allow func(netip.Addr) error) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: dialTimeout, ControlContext: func(_ context.Context, _, found string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(found)
		if err != nil {
			return err
		}
		return allow(at.Addr().WithZone(""))
	}}
	return dialer.DialContext(ctx, network, address)
}

// redirect is the http.Client's rule for following.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1]
	if len(via) > MaxRedirects {
		return backend.Fail(backend.CodeServer, errors.New("too many redirects"), last.URL.Host+" redirects too often.", "Check the address.")
	}
	if err := c.follows(last.URL, req.URL); err != nil {
		return err
	}
	if h, ok := req.Context().Value(hopKey{}).(*hop); ok && c.scope(last.URL) == scopePublic {
		h.public.Store(true)
	}
	req.Header.Del("Referer") // it would carry a signed address on
	for _, v := range via {
		if HostPort(v.URL) != HostPort(req.URL) {
			req.Header.Del("Authorization")
			break
		}
	}
	return nil
}

// follows reports whether one address may send on to another.
func (c *Client) follows(from, to *url.URL) error {
	if from.Scheme == "https" && to.Scheme != "https" {
		return backend.Fail(backend.CodeServer, errors.New("redirect from https to "+to.Scheme),
			from.Host+" redirects to an address that is not secure.", "Use another address for this file.")
	}
	if err := CheckAddress(to); err != nil {
		return backend.Fail(backend.CodeServer, err, from.Host+" redirects to an address that Weightroom does not download from.", "Use another address for this file.")
	}
	if c.scope(from) == scopePublic && c.scope(to) == scopePrivate {
		return errInward(to.Host)
	}
	return nil
}

// scope says where an address leads, by its name or by what it led to before. A name that was not looked up, as behind
// a proxy, counts as public for the one who sends on, and as unknown for the target.
func (c *Client) scope(u *url.URL) scope {
	if p := scopeOfName(u.Hostname()); p != scopeUnknown {
		return p
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.scopes[HostPort(u)]; p != scopeUnknown {
		return p
	}
	if proxy, err := c.proxy(u); err == nil && proxy != nil {
		return scopePublic
	}
	return scopeUnknown
}

// CheckReferral checks an address that a server gave us to fetch from later, and remembers who gave it.
func (c *Client) CheckReferral(from, to *url.URL) error {
	if err := c.follows(from, to); err != nil {
		return err
	}
	if c.scope(from) == scopePublic {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.onlyOpen[HostPort(to)] = true
	}
	return nil
}

func errInward(host string) error {
	return backend.Fail(backend.CodeServer, errors.New("sent to a private address"),
		"The server redirects to "+host+", which is on this computer or its local network.", "Weightroom does not follow it there. Use another address for this file.")
}
