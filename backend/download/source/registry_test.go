package source

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
)

func shaOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func startRegistry(t testing.TB, auth string) *downloadtest.Registry {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := downloadtest.StartRegistry(ctx, t.TempDir(), auth)
	if errors.Is(err, downloadtest.ErrNoRegistry) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// testLayer is one file of an artifact.
type testLayer struct {
	mediaType, title string
	data             []byte
}

// rawManifest is a manifest as bytes.
type rawManifest struct {
	data      []byte
	mediaType types.MediaType
}

func (m rawManifest) RawManifest() ([]byte, error)        { return m.data, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }
func (m rawManifest) Digest() (v1.Hash, error)            { return v1.NewHash(shaOf(m.data)) }
func descriptor(mediaType string, b []byte) map[string]any {
	return map[string]any{"mediaType": mediaType, "digest": shaOf(b), "size": len(b)}
}

// manifestOf writes the manifest of an artifact.
func manifestOf(t testing.TB, mediaType string, config []byte, layers []testLayer) rawManifest {
	t.Helper()
	var list []map[string]any
	for _, l := range layers {
		d := descriptor(l.mediaType, l.data)
		if l.title != "" {
			d["annotations"] = map[string]string{"org.opencontainers.image.title": l.title}
		}
		list = append(list, d)
	}
	b, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": mediaType, "config": descriptor("application/vnd.docker.container.image.v1+json", config), "layers": list})
	if err != nil {
		t.Fatal(err)
	}
	return rawManifest{b, types.MediaType(mediaType)}
}

// push fills a registry by go-containerregistry, and gives the manifest's digest.
func push(t testing.TB, ref string, m rawManifest, config []byte, layers []testLayer, options ...remote.Option) string {
	t.Helper()
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range append(layers, testLayer{mediaType: "application/vnd.docker.container.image.v1+json", data: config}) {
		if err := remote.WriteLayer(r.Context(), static.NewLayer(l.data, types.MediaType(l.mediaType)), options...); err != nil {
			t.Fatal(err)
		}
	}
	if err := remote.Put(r, m, options...); err != nil {
		t.Fatal(err)
	}
	return shaOf(m.data)
}

const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"

// ollamaLayers is a model in Ollama's layout.
func ollamaLayers(seed byte) (config []byte, layers []testLayer) {
	return []byte(`{"model_format":"gguf","model_family":"llama","file_type":"Q8_0"}`), []testLayer{
		{mediaType: ollamaType + "model", data: small(seed)}, {mediaType: ollamaType + "template", data: []byte("{{ .Prompt }}")},
		{mediaType: ollamaType + "params", data: []byte(`{"stop":["<|end|>"]}`)}, {mediaType: ollamaType + "license", data: []byte("\n  MIT License\n\nPermission is hereby granted …\n")},
	}
}

func pushOllama(t testing.TB, ref string, seed byte, options ...remote.Option) string {
	t.Helper()
	config, layers := ollamaLayers(seed)
	return push(t, ref, manifestOf(t, dockerManifest, config, layers), config, layers, options...)
}

// newRegistrySources makes sources whose Ollama registry is host.
func newRegistrySources(t testing.TB, host string, secrets Secrets) *Sources {
	t.Helper()
	c := web.NewClient(web.ClientOptions{Proxy: downloadtest.NoProxy, Gate: &web.Gate{}})
	t.Cleanup(c.CloseIdle)
	s, err := New(Options{Client: c, Secrets: secrets, Ollama: "http://" + host})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARealRegistry(t *testing.T) {
	t.Parallel()
	r := startRegistry(t, "")
	digest := pushOllama(t, r.Host+"/library/tiny:1b", 1)
	config := []byte("{}")
	artifact := []testLayer{{"application/octet-stream", "dir/tiny-Q4_K_M.gguf", small(2)}, {"application/octet-stream", "mmproj-tiny-f16.gguf", small(3)}, {"text/plain", "README.md", []byte("hello")}}
	push(t, r.Host+"/team/art/tiny:v1", manifestOf(t, string(types.OCIManifestSchema1), config, artifact), config, artifact)
	docker := []testLayer{{"application/vnd.docker.ai.gguf.v3", "", small(4)}, {"application/vnd.docker.ai.license", "", []byte("Apache License\nVersion 2.0")}}
	dockerConfig := []byte(`{"config":{"format":"gguf","quantization":"IQ2_XXS/Q4_K_M"}}`)
	push(t, r.Host+"/ai/tiny:1B", manifestOf(t, string(types.OCIManifestSchema1), dockerConfig, docker), dockerConfig, docker)
	s := newRegistrySources(t, r.Host, nil)
	for _, c := range []struct{ ref, source, name, quant, items, licence string }{
		{"tiny:1b", Ollama, "tiny 1b", "Q8_0", "model tiny-1b.gguf, template template, params params, licence license-3.txt, config config.json", "MIT License"},
		{"tiny@" + digest, Ollama, "tiny", "Q8_0", "model tiny.gguf, template template, params params, licence license-3.txt, config config.json", "MIT License"},
		{r.Host + "/team/art/tiny:v1", Registry, "tiny", "Q4_K_M", "model tiny-Q4_K_M.gguf, projector mmproj-tiny-f16.gguf", ""},
		{r.Host + "/ai/tiny:1B", Registry, "tiny", "Q4_K_M", "model tiny.gguf, licence license-1.txt", "Apache License"},
	} {
		t.Run(c.ref, func(t *testing.T) {
			s := s
			if c.source == Registry {
				s = newRegistrySources(t, "localhost:1", nil) // another one is Ollama's
			}
			o := resolve(t, s, c.ref)
			if o.Source != c.source || o.Name != c.name || o.Quant != c.quant || itemNames(o) != c.items || o.Licence.Name != c.licence || !isDigest(o.Revision) || o.Ref != c.ref {
				t.Errorf("%+v: %s", o, itemNames(o))
			}
			if c.source == Registry && (len(o.Choices) != 1 || o.Choices[0].Ref != c.ref) {
				t.Errorf("choices: %+v", o.Choices)
			}
			for _, f := range fetchAll(t, s, o) {
				if f.Digest != f.Item.Digest {
					t.Errorf("%s is %s", f.Name, f.Digest)
				}
			}
			if f, n, err := s.ModelHeader(context.Background(), o); err != nil || f.Architecture() != "llama" || n == 0 {
				t.Errorf("header: %v", err)
			}
			for i := range o.Items { // after a restart
				o.Items[i].Link = nil
				l, err := newRegistrySources(t, r.Host, nil).Linker(o.Items[i])
				if err != nil {
					t.Fatal(err)
				}
				o.Items[i].Link = l
			}
			fetchAll(t, s, o)
		})
	}
	for ref, code := range map[string]backend.Code{"tiny:2b": backend.CodeNotFound, "nobody/tiny:1b": backend.CodeNotFound, "tiny@sha256:" + strings.Repeat("0", 64): backend.CodeNotFound} {
		_, err := s.Resolve(context.Background(), ref)
		if err == nil || downloadtest.Plainly(t, err) != code {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestWhatIsNoModelInARegistryIsRefused(t *testing.T) {
	t.Parallel()
	r := startRegistry(t, "")
	config := []byte("{}")
	s := newRegistrySources(t, r.Host, nil)
	image := []testLayer{{"application/vnd.docker.image.rootfs.diff.tar.gzip", "", []byte("not a tar")}}
	push(t, r.Host+"/library/image:a", manifestOf(t, dockerManifest, config, image), config, image)
	tensors := []testLayer{{tensorType, "", []byte("x")}}
	push(t, r.Host+"/library/tensors:a", manifestOf(t, dockerManifest, config, tensors), config, tensors)
	safetensors := []byte(`{"model_format":"safetensors"}`)
	layers := []testLayer{{ollamaType + "model", "", []byte("x")}}
	push(t, r.Host+"/library/safe:a", manifestOf(t, dockerManifest, safetensors, layers), safetensors, layers)
	for _, ref := range []string{"image:a", "tensors:a", "safe:a"} {
		_, err := s.Resolve(context.Background(), ref)
		if err == nil || downloadtest.Plainly(t, err) != backend.CodeUnsupported {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

// passwordFile is "me" with "let me in", by bcrypt at its least cost.
const passwordFile = "me:$2a$04$n4igJ19908ezfr7U00nAeeYCeBBJ5.SWrybxnqq8PdpxhvEJ6WXjC\n"

func TestARegistryWithAPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(path, []byte(passwordFile), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startRegistry(t, "  htpasswd:\n    realm: office\n    path: "+path)
	pushOllama(t, r.Host+"/library/tiny:1b", 1, remote.WithAuth(&authn.Basic{Username: "me", Password: "let me in"}))
	testLogins(t, r.Host, Secret{"me", "let me in"})
}

// testLogins tries a registry that lets in only one secret.
func testLogins(t *testing.T, host string, good Secret) {
	t.Helper()
	for _, c := range []struct {
		name   string
		secret Secret
		in     bool
	}{{"nothing", Secret{}, false}, {"the wrong password", Secret{"me", "wrong"}, false}, {"the right one", good, true}} {
		t.Run(c.name, func(t *testing.T) {
			s := newRegistrySources(t, host, mapSecrets{host: c.secret})
			o, err := s.Resolve(context.Background(), "tiny:1b")
			if !c.in {
				if err == nil || downloadtest.Plainly(t, err) != backend.CodeDenied {
					t.Fatalf("%v", err)
				}
				if c.secret.Password != "" && strings.Contains(err.Error(), c.secret.Password) {
					t.Error("the password is in the error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			fetchAll(t, s, o)
			fresh := newRegistrySources(t, host, mapSecrets{host: c.secret}) // after a restart nothing is known of the login
			for i := range o.Items {
				o.Items[i].Link, err = fresh.Linker(o.Items[i])
				if err != nil {
					t.Fatal(err)
				}
			}
			fetchAll(t, fresh, o)
			if text := fmt.Sprint(s.client.Ledger().Connections(0)); strings.Contains(text, "let me in") {
				t.Error("the password is in the ledger")
			}
		})
	}
}

// tokenIssuer is a token server of the distribution project's kind: it signs what docker-registry accepts.
type tokenIssuer struct {
	*httptest.Server
	key    *ecdsa.PrivateKey
	cert   []byte
	life   time.Duration
	issued atomic.Int64
	open   bool // pull for anybody
}

func newTokenIssuer(t *testing.T) *tokenIssuer {
	t.Helper()
	i := &tokenIssuer{life: time.Hour}
	var err error
	if i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "issuer"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	if i.cert, err = x509.CreateCertificate(rand.Reader, template, template, &i.key.PublicKey, i.key); err != nil {
		t.Fatal(err)
	}
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

func (i *tokenIssuer) serve(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	signedIn := ok && user == "me" && password == "let me in"
	if !signedIn && (!i.open || ok) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var access []map[string]any
	for _, s := range r.URL.Query()["scope"] {
		if p := strings.SplitN(s, ":", 3); len(p) == 3 {
			actions := []string{"pull"}
			if signedIn {
				actions = strings.Split(p[2], ",")
			}
			access = append(access, map[string]any{"type": p[0], "name": p[1], "actions": actions})
		}
	}
	now := time.Now()
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]any{"typ": "JWT", "alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(i.cert)}}) + "." +
		part(map[string]any{"iss": "issuer", "sub": user, "aud": "registry", "exp": now.Add(i.life).Unix(), "nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(), "jti": "1", "access": access})
	sum := sha256.Sum256([]byte(text))
	a, b, _ := ecdsa.Sign(rand.Reader, i.key, sum[:])
	signature := append(a.FillBytes(make([]byte, 32)), b.FillBytes(make([]byte, 32))...)
	i.issued.Add(1)
	_ = json.NewEncoder(w).Encode(map[string]any{"token": text + "." + base64.RawURLEncoding.EncodeToString(signature), "expires_in": int(i.life.Seconds())})
}

// registry starts a docker-registry that trusts the issuer.
func (i *tokenIssuer) registry(t *testing.T) *downloadtest.Registry {
	t.Helper()
	path := filepath.Join(t.TempDir(), "issuer.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert}), 0o600); err != nil {
		t.Fatal(err)
	}
	return startRegistry(t, "  token:\n    realm: "+i.URL+"/token\n    service: registry\n    issuer: issuer\n    rootcertbundle: "+path)
}

func TestARegistryWithTokens(t *testing.T) {
	t.Parallel()
	issuer := newTokenIssuer(t)
	r := issuer.registry(t)
	pushOllama(t, r.Host+"/library/tiny:1b", 1, remote.WithAuth(&authn.Basic{Username: "me", Password: "let me in"}))
	testLogins(t, r.Host, Secret{"me", "let me in"})
	issuer.open = true
	s := newRegistrySources(t, r.Host, nil)
	before := issuer.issued.Load()
	fetchAll(t, s, resolve(t, s, "tiny:1b"))
	if n := issuer.issued.Load() - before; n != 1 {
		t.Errorf("%d tokens for one model", n)
	}
}

// TestTokensThatEndAreRenewed has a token end between two files; docker-registry allows a minute of leeway, so the
// registry's word is given by the proxy in front.
func TestTokensThatEndAreRenewed(t *testing.T) {
	t.Parallel()
	issuer := newTokenIssuer(t)
	issuer.open = true
	r := issuer.registry(t)
	pushOllama(t, r.Host+"/library/tiny:1b", 1, remote.WithAuth(&authn.Basic{Username: "me", Password: "let me in"}))
	p := newLiar(t, r.Host)
	s := newRegistrySources(t, p.host(), nil)
	o := resolve(t, s, "tiny:1b")
	first, err := o.Items[0].Link.Link(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	old := first.Header.Get("Authorization")
	p.lie = func(req *http.Request, a *answer) {
		if req.Header.Get("Authorization") == old {
			a.status, a.body = http.StatusUnauthorized, nil
			a.header.Set("Www-Authenticate", `Bearer realm="`+issuer.URL+`/token",service="registry",scope="repository:library/tiny:pull",error="invalid_token"`)
		}
	}
	fetchAll(t, s, o)
	if again, err := o.Items[0].Link.Link(context.Background(), false); err != nil || again.Header.Get("Authorization") == old {
		t.Errorf("the old token is still in use: %v", err)
	}
}

func TestPasswordsGoNowhereElse(t *testing.T) {
	var realm string
	caught := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"token":"x"}`)) }))
	defer caught.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Www-Authenticate", `Bearer realm="`+realm+`",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	secure.Config.ErrorLog = nil
	defer secure.Close()
	network := downloadtest.Net{"registry.example.com:443": {"93.184.216.34", secure.Listener.Addr().String()}, "inside.example.com:443": {"10.0.0.1", secure.Listener.Addr().String()}}
	for name, r := range map[string]string{
		"plain http": "http://auth.example.com/token", "this computer": caught.URL + "/token", "this network": "https://10.0.0.1/token", "this network by a name": "https://inside.example.com/token",
		"a password in the address": "https://a:b@auth.example.com/token", "nothing": "", "no address": "::", "a file": "file:///etc/passwd",
	} {
		t.Run(name, func(t *testing.T) {
			realm = r
			pool := x509.NewCertPool()
			pool.AddCert(secure.Certificate())
			c := web.NewClient(web.ClientOptions{Proxy: downloadtest.NoProxy, RootCAs: pool, Connect: network.Connect})
			t.Cleanup(c.CloseIdle)
			s, err := New(Options{Client: c, Secrets: mapSecrets{"registry.example.com": {"me", "let me in"}}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Resolve(context.Background(), "registry.example.com/a/b:c")
			if err == nil {
				t.Fatal("no error")
			}
			downloadtest.Plainly(t, err)
			for _, n := range c.Ledger().Connections(0) {
				if n.Host != "registry.example.com:443" && n.In+n.Out > 0 {
					t.Errorf("connected to %s", n.Host)
				}
			}
		})
	}
}

func TestManifestsAreCheckedStrictly(t *testing.T) {
	config, layers := ollamaLayers(1)
	good := string(manifestOf(t, dockerManifest, config, layers).data)
	var body, mediaType, digest string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		if digest != "" {
			w.Header().Set("Docker-Content-Digest", digest)
		}
		_, _ = w.Write([]byte(body))
	}))
	defer srv.Close()
	weights := shaOf(small(1))
	for name, m := range map[string][3]string{
		"a web page":                   {"<!DOCTYPE html><html></html>", "text/html", ""},
		"nothing":                      {"", dockerManifest, ""},
		"half of it":                   {good[:len(good)/2], dockerManifest, ""},
		"a megabyte more":              {good + strings.Repeat(" ", manifestLimit), dockerManifest, ""},
		"another digest in the header": {good, dockerManifest, "sha256:" + strings.Repeat("0", 64)},
		"a digest that is none":        {strings.ReplaceAll(good, weights, "sha256:12"), dockerManifest, ""},
		"a digest of another kind":     {strings.ReplaceAll(good, weights, "sha512:"+strings.Repeat("0", 128)), dockerManifest, ""},
		"a digest that climbs":         {strings.ReplaceAll(good, weights, "sha256:../../../../x"), dockerManifest, ""},
		"a size below nothing":         {strings.Replace(good, `"size":`, `"size":-`, 1), dockerManifest, ""},
		"a size beyond any disk":       {strings.ReplaceAll(good, fmt.Sprintf(`"size":%d`, len(small(1))), `"size":99999999999999999`), dockerManifest, ""},
		"an old schema":                {strings.Replace(good, `"schemaVersion":2`, `"schemaVersion":1`, 1), dockerManifest, ""},
		"another type":                 {strings.ReplaceAll(good, dockerManifest, "application/vnd.docker.distribution.manifest.v1+json"), "x/y", ""},
		"both a manifest and an index": {strings.Replace(good, "{", `{"manifests":[{"mediaType":"`+dockerManifest+`","digest":"`+weights+`","size":1}],`, 1), dockerManifest, ""},
		"an index of two":              {`{"schemaVersion":2,"mediaType":"` + string(types.OCIImageIndex) + `","manifests":[{"mediaType":"` + dockerManifest + `","digest":"` + weights + `","size":1},{"mediaType":"` + dockerManifest + `","digest":"` + weights + `","size":1}]}`, string(types.OCIImageIndex), ""},
		"an index of itself":           {`{"schemaVersion":2,"mediaType":"` + string(types.OCIImageIndex) + `","manifests":[{"mediaType":"` + string(types.OCIImageIndex) + `","digest":"` + weights + `","size":1}]}`, string(types.OCIImageIndex), ""},
		"no layers":                    {`{"schemaVersion":2,"mediaType":"` + dockerManifest + `","config":{"mediaType":"x","digest":"` + weights + `","size":1},"layers":[]}`, dockerManifest, ""},
		"too many layers":              {`{"schemaVersion":2,"mediaType":"` + dockerManifest + `","config":{"mediaType":"x","digest":"` + weights + `","size":1},"layers":[` + strings.TrimSuffix(strings.Repeat(`{"mediaType":"`+ollamaType+`model","digest":"`+weights+`","size":1},`, maxLayers+1), ",") + `]}`, dockerManifest, ""},
	} {
		t.Run(name, func(t *testing.T) {
			body, mediaType, digest = m[0], m[1], m[2]
			s := newRegistrySources(t, strings.TrimPrefix(srv.URL, "http://"), nil)
			o, err := s.Resolve(context.Background(), "tiny:1b")
			if err == nil {
				t.Fatalf("%+v", o)
			}
			downloadtest.Plainly(t, err)
		})
	}
	t.Run("a digest that was asked for", func(t *testing.T) {
		body, mediaType, digest = good, dockerManifest, ""
		s := newRegistrySources(t, strings.TrimPrefix(srv.URL, "http://"), nil)
		_, err := s.Resolve(context.Background(), "tiny@sha256:"+strings.Repeat("0", 64))
		if err == nil || downloadtest.Plainly(t, err) != backend.CodeDamaged {
			t.Errorf("%v", err)
		}
	})
}
