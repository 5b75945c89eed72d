package transfer

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
)

const loginPage = "<!DOCTYPE html><html><head><title>Welcome to the hotel</title></head><body>Please log in</body></html>"

// TestPageInPlaceOfAFileIsNamedNotSaved holds: when a login, a hotspot, a proxy or a broken trust stands in the way,
// the right cause is told, and no byte of a page is kept.
func TestPageInPlaceOfAFileIsNamedNotSaved(t *testing.T) {
	t.Parallel()
	data := downloadtest.Data{Seed: 60, Size: 1 << 20}
	answer := func(status int, contentType, text string, more ...[2]string) func(*downloadtest.Server, downloadtest.Ask) *downloadtest.Answer {
		return func(*downloadtest.Server, downloadtest.Ask) *downloadtest.Answer {
			head := append([][2]string{{"Content-Type", contentType}, {"Content-Length", fmt.Sprint(len(text))}}, more...)
			return &downloadtest.Answer{Status: status, Header: head, Body: strings.NewReader(text)}
		}
	}
	// full is a page that claims to be exactly the part that was asked for.
	full := func(text string) func(*downloadtest.Server, downloadtest.Ask) *downloadtest.Answer {
		return func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			h := s.Honest(a)
			h.Body = strings.NewReader(text + strings.Repeat(" ", int(a.To-a.From)-len(text)))
			return h
		}
	}
	login := func(status int) func(*downloadtest.Server, downloadtest.Ask) *downloadtest.Answer {
		return func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			if strings.HasPrefix(a.Request.URL.Path, "/login") {
				return answer(200, "text/html; charset=utf-8", loginPage)(s, a)
			}
			return answer(status, "text/plain", "", [2]string{"Location", "/login?next=weights"})(s, a)
		}
	}
	later := func(then func(*downloadtest.Server, downloadtest.Ask) *downloadtest.Answer) func(*downloadtest.Server, downloadtest.Ask) *downloadtest.Answer {
		return func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			if a.N > 2 {
				return then(s, a)
			}
			return nil
		}
	}
	const html = "text/html"
	cases := []struct {
		name string
		lie  func(*downloadtest.Server, downloadtest.Ask) *downloadtest.Answer
		want backend.Code
	}{
		{"200 with a page", answer(200, html, loginPage), backend.CodeLoginPage},
		{"200 with a page and its alphabet", answer(200, "text/html; charset=ISO-8859-1", loginPage), backend.CodeLoginPage},
		{"200 with a garbled type", answer(200, "text/html;;;", loginPage), backend.CodeLoginPage},
		{"200 with XHTML", answer(200, "application/xhtml+xml", loginPage), backend.CodeLoginPage},
		{"200 with an empty page", answer(200, html, ""), backend.CodeLoginPage},
		{"206 with a page", func(s *downloadtest.Server, a downloadtest.Ask) *downloadtest.Answer {
			h := full(loginPage)(s, a)
			h.Header = append([][2]string{{"Content-Type", html}}, h.Header...)
			return h
		}, backend.CodeLoginPage},
		{"a page that claims to be the file", full(loginPage), backend.CodeLoginPage},
		{"a page without doctype", full("<html><body>log in</body></html>"), backend.CodeLoginPage},
		{"a page in capitals", full("<HTML><BODY>LOG IN</BODY></HTML>"), backend.CodeLoginPage},
		{"a page after blank lines", full("\r\n\r\n   <html>"), backend.CodeLoginPage},
		{"a page after a byte order mark", full("\xef\xbb\xbf<!doctype html>"), backend.CodeLoginPage},
		{"a page after a comment", full("<!-- hotel --><html>"), backend.CodeLoginPage},
		{"a page after an XML head", full(`<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">`), backend.CodeLoginPage},
		{"a page that starts with a script", full("<script>location='/login'</script>"), backend.CodeLoginPage},
		{"a page that starts with its head", full("<head><meta http-equiv=refresh>"), backend.CodeLoginPage},
		{"301 to a login", login(301), backend.CodeLoginPage},
		{"302 to a login", login(302), backend.CodeLoginPage},
		{"303 to a login", login(303), backend.CodeLoginPage},
		{"307 to a login", login(307), backend.CodeLoginPage},
		{"308 to a login", login(308), backend.CodeLoginPage},
		{"302 midway", later(login(302)), backend.CodeLoginPage},
		{"a page midway", later(answer(200, html, loginPage)), backend.CodeLoginPage},
		{"a page midway that claims to be the part", later(full(loginPage)), backend.CodeLoginPage},
		{"511", answer(511, html, loginPage), backend.CodeLoginPage},
		{"511 midway", later(answer(511, html, loginPage)), backend.CodeLoginPage},
		{"401 with a page", answer(401, html, loginPage), backend.CodeDenied},
		{"403 with a page", answer(403, html, loginPage), backend.CodeDenied},
		{"404 with a page", answer(404, html, loginPage), backend.CodeNotFound},
		{"407", answer(407, html, loginPage, [2]string{"Proxy-Authenticate", "Basic"}), backend.CodeProxy},
	}
	n := 0
	for _, c := range cases {
		for _, known := range []bool{true, false} {
			for _, streams := range []int{1, 4} {
				if streams == 1 && strings.Contains(c.name, "midway") {
					continue // one request brings all
				}
				n++
				t.Run(fmt.Sprintf("%s/digest %v/%d", c.name, known, streams), func(t *testing.T) {
					t.Parallel()
					s := downloadtest.Serve(t, data)
					s.Lie = func(a downloadtest.Ask) *downloadtest.Answer { return c.lie(s, a) }
					f := testFetcher(t, streams)
					f.spans = pieceLeast
					item, path := itemFor(s, data), downloadtest.Target(t)
					if !known {
						item.Digest, item.Bytes = "", -1
						if strings.Contains(c.name, "midway") {
							item.Bytes = data.Size
						}
					}
					_, err := f.Fetch(t.Context(), item, path, nil)
					if err == nil && strings.Contains(c.name, "midway") {
						t.Skip("the file was whole before")
					}
					if code := downloadtest.Plainly(t, err); code != c.want {
						t.Errorf("code %s, want %s: %v", code, c.want, err)
					}
					wantNoPage(t, filepath.Dir(path))
				})
			}
		}
	}
	t.Logf("%d cases with pages", n)
}

// wantNoPage fails when a file under dir holds a part of a page.
func wantNoPage(t *testing.T, dir string) {
	t.Helper()
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, _ := os.ReadFile(path)
		text = bytes.ToLower(text)
		for _, tag := range []string{"<html", "<!doctype", "<body", "<head", "<script"} {
			if bytes.Contains(text, []byte(tag)) {
				t.Errorf("%s holds a part of a page", filepath.Base(path))
			}
		}
		return nil
	})
}

// certificate makes one for names, signed by itself.
func certificate(t *testing.T, name string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses, template.DNSNames = []net.IP{ip}, nil
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}
}

func TestBrokenTrustAndProxiesAreNamed(t *testing.T) {
	data := downloadtest.Data{Seed: 61, Size: 1 << 20}
	good, past := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	secure := func(c tls.Certificate) (string, *x509.CertPool) {
		s := httptest.NewUnstartedServer(http.FileServer(http.Dir(t.TempDir())))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
		s.StartTLS()
		t.Cleanup(s.Close)
		pool := x509.NewCertPool()
		pool.AddCert(c.Leaf)
		return s.URL, pool
	}
	unknown, _ := secure(certificate(t, "127.0.0.1", good))
	other, otherPool := secure(certificate(t, "elsewhere.example", good))
	expired, expiredPool := secure(certificate(t, "127.0.0.1", past))
	plain := downloadtest.Serve(t, data)
	proxy := func(status string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					buf := make([]byte, 4096)
					c.Read(buf)
					fmt.Fprintf(c, "HTTP/1.1 %s\r\nProxy-Authenticate: Basic realm=x\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len(loginPage), loginPage)
				}()
			}
		}()
		return "http://" + l.Addr().String()
	}
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deadURL := "http://" + dead.Addr().String()
	dead.Close()
	for _, c := range []struct {
		name, url, proxy string
		roots            *x509.CertPool
		want             backend.Code
		word             string // that the sentence must have
	}{
		{"an unknown authority", unknown, "", x509.NewCertPool(), backend.CodeCertificate, "authority"},
		{"a certificate for another name", other, "", otherPool, backend.CodeCertificate, "another name"},
		{"an expired certificate", expired, "", expiredPool, backend.CodeCertificate, "not valid today"},
		{"https where http is spoken", strings.Replace(plain.URL, "http:", "https:", 1), "", nil, backend.CodeCertificate, "https"},
		{"a proxy that asks for a password, for https", unknown, proxy("407 Proxy Authentication Required"), nil, backend.CodeProxy, "password"},
		{"a proxy that asks for a password, for http", "http://model.example/weights", proxy("407 Proxy Authentication Required"), nil, backend.CodeProxy, "password"},
		{"a proxy that does not answer", unknown, deadURL, nil, backend.CodeOffline, "proxy"},
		{"a proxy that does not answer, for http", "http://model.example/weights", deadURL, nil, backend.CodeOffline, "proxy"},
		{"a hotspot that answers for everyone", "http://model.example/weights", proxy("200 OK"), nil, backend.CodeLoginPage, "page"},
		{"a name that nobody has", "http://nowhere.invalid/weights", "", nil, backend.CodeOffline, "nowhere.invalid"},
		{"a port where nobody listens", deadURL + "/weights", "", nil, backend.CodeOffline, "cannot be reached"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
			if c.proxy != "" {
				at, _ := url.Parse(c.proxy)
				tr.Proxy = http.ProxyURL(at)
			}
			f := &Fetcher{Client: &http.Client{Transport: tr}, Streams: 2, Patience: eager()}
			path := downloadtest.Target(t)
			_, err := f.Fetch(t.Context(), web.Item{Name: "x", Digest: data.Digest(), Bytes: data.Size, Link: fixed(c.url)}, path, nil)
			if code := downloadtest.Plainly(t, err); code != c.want || !strings.Contains(strings.ToLower(backend.Readable(err).Message), c.word) {
				t.Errorf("code %s, want %s with %q: %v", code, c.want, c.word, err)
			}
			wantNoPage(t, filepath.Dir(path))
		})
	}
}
