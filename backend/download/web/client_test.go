package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
)

// newTestClient makes a client that trusts example.com's test certificate, with names that lead to servers.
func newTestClient(t testing.TB, n downloadtest.Net, servers ...*httptest.Server) *Client {
	t.Helper()
	o := ClientOptions{Proxy: downloadtest.NoProxy, RootCAs: x509.NewCertPool()}
	for _, s := range servers {
		if s.Certificate() != nil {
			o.RootCAs.AddCert(s.Certificate())
		}
	}
	if n != nil {
		o.Connect = n.Connect
	}
	c := NewClient(o)
	t.Cleanup(c.CloseIdle)
	return c
}

func lookup() context.Context {
	return WithPurpose(context.Background(), PurposeLookup, "a test")
}

func getURL(ctx context.Context, c Doer, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := c.Do(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return err
}

func TestNothingConnectsWithoutAPurpose(t *testing.T) {
	asked := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer s.Close()
	c := newTestClient(t, nil)
	if err := getURL(lookup(), c, s.URL); err != nil { // leaves an open connection to fall for
		t.Fatal(err)
	}
	asked = false
	err := getURL(context.Background(), c, s.URL)
	if err == nil || asked {
		t.Fatalf("connected: %v, asked %v", err, asked)
	}
	var e *backend.Error
	if !errors.As(err, &e) || e.Message != "Weightroom did not connect, because nobody asked for it." {
		t.Errorf("the reason is %v", err)
	}
	c.CloseIdle()
	if _, err := c.dial(context.Background(), "tcp", s.Listener.Addr().String()); err == nil {
		t.Error("the dialer connects without a purpose")
	}
	if n := len(c.Ledger().Connections(0)); n != 1 {
		t.Errorf("%d connections in the ledger", n)
	}
}

func TestRequestsAreThePlainOnes(t *testing.T) {
	var seen *http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	}))
	defer s.Close()
	c := newTestClient(t, nil)
	for range 2 {
		if err := getURL(lookup(), c, s.URL); err != nil {
			t.Fatal(err)
		}
	}
	if seen.UserAgent() != "Weightroom" || len(seen.Cookies()) > 0 || seen.Header.Get("Accept-Encoding") != "" {
		t.Errorf("sent %v", seen.Header)
	}
}

func TestHeadersHaveALimit(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := range 200 {
			w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
		}
	}))
	defer s.Close()
	if err := getURL(lookup(), newTestClient(t, nil), s.URL); err == nil {
		t.Error("200 KB of headers were read")
	}
}

// hop is a server that sends on to wherever to says, and notes what came to it.
func redirecting(t *testing.T, secure bool, to func(r *http.Request) string) (*httptest.Server, *[]*http.Request) {
	t.Helper()
	var seen []*http.Request
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		if target := to(r); target != "" {
			w.Header().Set("Location", target)
			w.WriteHeader(http.StatusFound)
		}
	})
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = nil
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s, &seen
}

func TestRedirects(t *testing.T) {
	end, endSeen := redirecting(t, true, func(*http.Request) string { return "" })
	plain, plainSeen := redirecting(t, false, func(*http.Request) string { return "" })
	var to string
	start, _ := redirecting(t, true, func(r *http.Request) string {
		if r.URL.Path == "/again" {
			return "https://a.example.com/again"
		}
		return to
	})
	_, endPort, _ := net.SplitHostPort(end.Listener.Addr().String())
	network := downloadtest.Net{
		"a.example.com:443": {"93.184.216.34", start.Listener.Addr().String()}, "b.example.com:443": {"93.184.216.35", end.Listener.Addr().String()},
		"inside.example.com:443": {"192.168.1.5", end.Listener.Addr().String()}, "loop.example.com:443": {"127.0.0.1", end.Listener.Addr().String()},
		"mine.example.com:443": {"10.0.0.7", start.Listener.Addr().String()}, "six.example.com:443": {"fd00::1", end.Listener.Addr().String()},
		"mapped.example.com:443": {"::ffff:10.1.2.3", end.Listener.Addr().String()}, "meta.example.com:443": {"169.254.169.254", end.Listener.Addr().String()},
	}
	for _, c := range []struct {
		name, from, to string
		followed       bool
	}{
		{"to another public host", "https://a.example.com/x", "https://b.example.com/y", true},
		{"within one host", "https://a.example.com/x", "/y", false}, // round in circles
		{"from a public host to plain http", "https://a.example.com/x", "http://b.example.com/y", false},
		{"from a public host to this computer by its number", "https://a.example.com/x", "https://127.0.0.1:" + endPort + "/y", false},
		{"from a public host to this computer by plain http", "https://a.example.com/x", plain.URL, false},
		{"from a public host to localhost", "https://a.example.com/x", "https://localhost:" + endPort + "/y", false},
		{"from a public host to this network by a name", "https://a.example.com/x", "https://inside.example.com/y", false},
		{"from a public host to this computer by a name", "https://a.example.com/x", "https://loop.example.com/y", false},
		{"from a public host to a private address of the new kind", "https://a.example.com/x", "https://six.example.com/y", false},
		{"from a public host to a private address in disguise", "https://a.example.com/x", "https://mapped.example.com/y", false},
		{"from a public host to the cloud's metadata", "https://a.example.com/x", "https://meta.example.com/y", false},
		{"from a public host to a name that only this network knows", "https://a.example.com/x", "https://printer.local/y", false},
		{"to another protocol", "https://a.example.com/x", "ftp://b.example.com/y", false},
		{"to an address with a password", "https://a.example.com/x", "https://user:pass@b.example.com/y", false},
		{"from this network to itself", "https://mine.example.com/x", "https://inside.example.com/y", true},
		{"from this network to outside", "https://mine.example.com/x", "https://b.example.com/y", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, warm := range []bool{false, true} { // also when a connection to the target is open already
				client := newTestClient(t, network, start, end)
				if warm && strings.HasPrefix(c.to, "https://") && !strings.Contains(c.to, "@") {
					_ = getURL(lookup(), client, c.to)
				}
				to, *endSeen, *plainSeen = c.to, nil, nil
				err := getURL(lookup(), client, c.from)
				if c.followed && err != nil || !c.followed && err == nil {
					t.Fatalf("warm %v: %v", warm, err)
				}
				if !c.followed && len(*endSeen)+len(*plainSeen) > 0 {
					t.Errorf("warm %v: a request went there", warm)
				}
				if err != nil {
					downloadtest.Plainly(t, FaultOf(err, "a.example.com").Reason)
				}
				for _, r := range *endSeen {
					if r.Header.Get("Authorization") != "" || r.Referer() != "" {
						t.Errorf("the secret went along: %v", r.Header)
					}
				}
			}
		})
	}
}

func TestAuthorisationStaysWithItsPort(t *testing.T) {
	end, seen := redirecting(t, false, func(*http.Request) string { return "" })
	start, _ := redirecting(t, false, func(*http.Request) string { return end.URL + "/y" })
	if err := getURL(lookup(), newTestClient(t, nil), start.URL); err != nil {
		t.Fatal(err)
	}
	if len(*seen) != 1 || (*seen)[0].Header.Get("Authorization") != "" {
		t.Errorf("another port of the same machine got the secret: %v", *seen)
	}
}

func TestFiveRedirectsAndNoMore(t *testing.T) {
	for n, followed := range map[int]bool{5: true, 6: false} {
		count := 0
		s, _ := redirecting(t, false, func(*http.Request) string {
			if count++; count <= n {
				return fmt.Sprintf("/%d", count)
			}
			return ""
		})
		err := getURL(lookup(), newTestClient(t, nil), s.URL)
		if (err == nil) != followed {
			t.Errorf("%d redirects: %v", n, err)
		}
	}
}

// TestDirectAddressesOfThisNetwork holds that a person may name a machine of their own.
func TestDirectAddressesOfThisNetwork(t *testing.T) {
	s, _ := redirecting(t, true, func(*http.Request) string { return "" })
	c := newTestClient(t, downloadtest.Net{"nas.example.com:443": {"192.168.1.5", s.Listener.Addr().String()}}, s)
	if err := getURL(lookup(), c, "https://nas.example.com/x"); err != nil {
		t.Error(err)
	}
}

func TestLocalhostIsThisComputer(t *testing.T) {
	s, _ := redirecting(t, false, func(*http.Request) string { return "" })
	c := newTestClient(t, downloadtest.Net{"localhost:80": {"93.184.216.34", s.Listener.Addr().String()}})
	if err := getURL(lookup(), c, "http://localhost/x"); err == nil {
		t.Error("plain http went to a localhost that is elsewhere")
	}
}

// connectProxy is a proxy that knows where names lead. want is the login it asks for; empty: none.
func connectProxy(t *testing.T, names map[string]string, want string) (*httptest.Server, *[]string) {
	t.Helper()
	var asked []string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host)
		if want != "" {
			check := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
			if user, pass, _ := check.BasicAuth(); user+":"+pass != want {
				w.Header().Set("Proxy-Authenticate", `Basic realm="office"`)
				w.WriteHeader(http.StatusProxyAuthRequired)
				return
			}
		}
		to, err := net.Dial("tcp", names[r.Host])
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(to, conn); _ = to.Close() }()
		_, _ = io.Copy(conn, to)
		_ = conn.Close()
	}))
	s.Config.ErrorLog = nil
	s.Start()
	t.Cleanup(s.Close)
	return s, &asked
}

func TestProxies(t *testing.T) {
	end, _ := redirecting(t, true, func(*http.Request) string { return "" })
	names := map[string]string{"files.example.com:443": end.Listener.Addr().String()}
	open, asked := connectProxy(t, names, "")
	guarded, _ := connectProxy(t, names, "me:let me in")
	withLogin := strings.Replace(guarded.URL, "http://", "http://me:let%20me%20in@", 1)
	dead := httptest.NewServer(nil)
	dead.Close()
	for _, c := range []struct {
		name  string
		env   map[string]string
		code  backend.Code // empty: reached
		asked bool
	}{
		{"through a proxy", map[string]string{"HTTPS_PROXY": open.URL}, "", true},
		{"through a proxy in small letters", map[string]string{"https_proxy": open.URL}, "", true},
		{"past it by NO_PROXY", map[string]string{"HTTPS_PROXY": open.URL, "NO_PROXY": "example.com"}, backend.CodeOffline, false},
		{"HTTP_PROXY alone is for plain http", map[string]string{"HTTP_PROXY": open.URL}, backend.CodeOffline, false},
		{"a proxy with a password", map[string]string{"HTTPS_PROXY": withLogin}, "", false},
		{"a proxy that wants a password", map[string]string{"HTTPS_PROXY": guarded.URL}, backend.CodeProxy, false},
		{"a proxy that is not there", map[string]string{"HTTPS_PROXY": dead.URL}, backend.CodeOffline, false},
		{"a proxy that can't reach the host", map[string]string{"HTTPS_PROXY": open.URL, "host": "gone.example.com"}, backend.CodeOffline, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, v := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "all_proxy"} {
				t.Setenv(v, c.env[v])
			}
			*asked = nil
			pool := x509.NewCertPool()
			pool.AddCert(end.Certificate())
			client := NewClient(ClientOptions{RootCAs: pool, Connect: downloadtest.Net{}.Connect})
			defer client.CloseIdle()
			host := "files.example.com"
			if h := c.env["host"]; h != "" {
				host = h
			}
			err := getURL(lookup(), client, "https://"+host+"/x")
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
			} else if code := downloadtest.Plainly(t, FaultOf(err, host).Reason); code != c.code {
				t.Errorf("%s: %v", code, err)
			}
			if (len(*asked) > 0) != c.asked {
				t.Errorf("the proxy was asked %v", *asked)
			}
			for _, n := range client.Ledger().Connections(0) {
				if n.Host != host+":443" || (n.Via != "") != strings.Contains(c.name, "a proxy") {
					t.Errorf("the ledger says %s through %q", n.Host, n.Via)
				}
				if strings.Contains(fmt.Sprint(n), "let") {
					t.Error("the proxy's password is in the ledger")
				}
			}
		})
	}
}

// TestThisComputerIsNeverProxied holds that a proxy for everything does not see what goes to loopback.
func TestThisComputerIsNeverProxied(t *testing.T) {
	end, _ := redirecting(t, false, func(*http.Request) string { return "" })
	proxy, asked := connectProxy(t, nil, "")
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	c := NewClient(ClientOptions{})
	defer c.CloseIdle()
	if err := getURL(lookup(), c, end.URL); err != nil || len(*asked) > 0 {
		t.Errorf("%v; the proxy was asked %v", err, *asked)
	}
}

func TestUntrustedCertificatesAreExplained(t *testing.T) {
	s, seen := redirecting(t, true, func(*http.Request) string { return "" })
	plain, _ := redirecting(t, false, func(*http.Request) string { return "" })
	n := downloadtest.Net{
		"a.example.com:443": {"93.184.216.34", s.Listener.Addr().String()}, "other.test:443": {"93.184.216.34", s.Listener.Addr().String()},
		"plain.example.com:443": {"93.184.216.34", plain.Listener.Addr().String()},
	}
	for _, c := range []struct {
		name, host, says string
		trusted          bool
	}{
		{"an unknown authority", "a.example.com", "authority", false},
		{"another name", "other.test", "another name", true},
		{"no encryption at all", "plain.example.com", "https", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			*seen = nil
			client := newTestClient(t, n)
			if c.trusted {
				client = newTestClient(t, n, s)
			}
			err := getURL(lookup(), client, "https://"+c.host+"/x")
			f := FaultOf(err, c.host)
			if downloadtest.Plainly(t, f.Reason) != backend.CodeCertificate || !strings.Contains(f.Reason.Message, c.says) {
				t.Errorf("%s: %s (%v)", f.Reason.Code, f.Reason.Message, err)
			}
			if len(*seen) > 0 {
				t.Error("a request was sent all the same")
			}
			if l := client.Ledger().Connections(0); len(l) != 1 || l[0].Result != f.Reason.Message {
				t.Errorf("the ledger says %+v", l)
			}
		})
	}
}

func TestOldEncryptionIsRefused(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
	s.Config.ErrorLog = nil
	s.StartTLS()
	defer s.Close()
	if err := getURL(lookup(), newTestClient(t, nil, s), s.URL); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
}
