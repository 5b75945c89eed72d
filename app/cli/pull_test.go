package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"

	"weightroom/backend/gguf/gguftest"
)

// TestPull downloads from a real registry on loopback.
func TestPull(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(slowly("/v2/library/slow/blobs/", registry.New(registry.Logger(log.New(io.Discard, "", 0)))))
	t.Cleanup(server.Close) // scripts run after this function has returned
	host := strings.TrimPrefix(server.URL, "http://")
	const ollama = "application/vnd.ollama.image."
	apache := "Apache License\nVersion 2.0, January 2004\nhttp://www.apache.org/licenses/\n"
	push(t, server.URL, "library/open", "q8_0", map[string][]byte{ollama + "model": gguftest.Small(1).Bytes(), ollama + "license": []byte(apache)})
	push(t, server.URL, "library/closed", "q8_0", map[string][]byte{ollama + "model": gguftest.Small(2).Bytes(), ollama + "license": []byte("You may look at it, and no more.")})
	push(t, server.URL, "library/text", "latest", map[string][]byte{ollama + "model": []byte(strings.Repeat("This is not a model. ", 100))})
	push(t, server.URL, "library/slow", "latest", map[string][]byte{ollama + "model": gguftest.Small(3).Bytes()})
	params := testscript.Params{
		Setup: func(env *testscript.Env) error {
			env.Setenv("WEIGHTROOM_DATA", filepath.Join(env.WorkDir, "data"))
			env.Setenv("DISPLAY", "")
			env.Setenv("WAYLAND_DISPLAY", "")
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			env.Setenv("REGISTRY", host)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": exitCode},
	}
	alone := params
	alone.Dir = filepath.Join("testdata", "pull")
	testscript.Run(t, alone)
	t.Run("beside a window", func(t *testing.T) {
		beside := besideOwner(params)
		beside.Files = []string{filepath.Join("testdata", "pull", "pull.txtar")}
		testscript.Run(t, beside)
	})
}

// slowly passes requests on; the bodies below path that are read come at four kilobytes a second.
func slowly(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, path) {
			w = &slowWriter{w}
		}
		next.ServeHTTP(w, r)
	})
}

type slowWriter struct{ http.ResponseWriter }

func (s *slowWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var m int
		m, err = s.ResponseWriter.Write(p[:min(len(p), 1<<10)])
		n, p = n+m, p[m:]
		if f, ok := s.ResponseWriter.(http.Flusher); ok {
			f.Flush()
		}
		time.Sleep(250 * time.Millisecond)
	}
	return n, err
}

// push puts a model into the registry as Ollama's client does.
func push(t *testing.T, server, repository, tag string, layers map[string][]byte) {
	t.Helper()
	type descriptor struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int    `json:"size"`
	}
	blob := func(mediaType string, data []byte) descriptor {
		d := descriptor{mediaType, fmt.Sprintf("sha256:%x", sha256.Sum256(data)), len(data)}
		send(t, http.MethodPost, server+"/v2/"+repository+"/blobs/uploads/?digest="+d.Digest, "application/octet-stream", data)
		return d
	}
	manifest := struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        descriptor   `json:"config"`
		Layers        []descriptor `json:"layers"`
	}{SchemaVersion: 2, MediaType: "application/vnd.docker.distribution.manifest.v2+json"}
	manifest.Config = blob("application/vnd.docker.container.image.v1+json", []byte(`{"model_format":"gguf","model_family":"llama","file_type":"Q8_0"}`))
	for mediaType, data := range layers {
		manifest.Layers = append(manifest.Layers, blob(mediaType, data))
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	send(t, http.MethodPut, server+"/v2/"+repository+"/manifests/"+tag, manifest.MediaType, data)
}

func send(t *testing.T, method, url, mediaType string, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("%s %s: %s", method, url, resp.Status)
	}
}
