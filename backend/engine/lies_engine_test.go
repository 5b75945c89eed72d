//go:build engine && linux

package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/server"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
)

// serveUnlocked is Ollama's server with the network, on a socket in dir, for the test below only.
func serveUnlocked(dir string) {
	for key, value := range map[string]string{"OLLAMA_MODELS": filepath.Join(dir, "models"), "HOME": dir, "OLLAMA_NOPRUNE": "1", "OLLAMA_NO_CLOUD": "1"} {
		os.Setenv(key, value)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin) // the test is gone
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, server.Serve(l))
}

// registry tells a lie about the weights of library/x, which it sends as Ollama's registry does: by a redirect to
// another host. Everything else is honest.
func registry(s *downloadtest.Server, data downloadtest.Data, lie downloadtest.Lie) {
	text := func(status int, kind, body string, more ...[2]string) *downloadtest.Answer {
		head := append([][2]string{{"Content-Type", kind}, {"Content-Length", fmt.Sprint(len(body))}}, more...)
		return &downloadtest.Answer{Status: status, Header: head, Body: strings.NewReader(body)}
	}
	config := downloadtest.Data{Seed: data.Seed + 1<<20, Size: 64}
	manifest, _ := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
		"config": map[string]any{"mediaType": "application/vnd.docker.container.image.v1+json", "digest": config.Digest(), "size": config.Size},
		"layers": []any{map[string]any{"mediaType": "application/vnd.ollama.image.model", "digest": data.Digest(), "size": data.Size}},
	})
	elsewhere := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	s.Lie = func(a downloadtest.Ask) *downloadtest.Answer {
		path := a.Request.URL.Path
		small := strings.Contains(path, config.Digest())
		switch {
		case strings.Contains(path, "/manifests/"):
			return text(200, "application/vnd.docker.distribution.manifest.v2+json", string(manifest))
		case a.Request.Method == http.MethodHead:
			size := data.Size
			if small {
				size = config.Size
			}
			return &downloadtest.Answer{Status: 200, Header: [][2]string{{"Content-Length", fmt.Sprint(size)}}}
		case strings.HasPrefix(path, "/v2/"):
			return text(307, "text/plain", "", [2]string{"Location", elsewhere + "/direct/" + filepath.Base(path)})
		case small:
			return &downloadtest.Answer{Status: 206, Body: bytes.NewReader(config.Bytes(0, config.Size)), Header: [][2]string{
				{"Content-Range", fmt.Sprintf("bytes 0-%d/%d", config.Size-1, config.Size)}, {"Content-Length", fmt.Sprint(config.Size)}}}
		}
		return lie.Answer(s, a)
	}
}

type fixedLink string

func (f fixedLink) Link(context.Context, bool) (web.Link, error) {
	return web.Link{URL: string(f)}, nil
}

// TestEngineRangeLiesBesideOurs tells the same lies to Ollama's own puller and to our transfer, and prints what came.
func TestEngineRangeLiesBesideOurs(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "serve-unlocked", dir)
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	child.Stderr = log
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); child.Wait() }()
	socket := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "s"))
	}}
	defer socket.CloseIdleConnections()
	client := api.NewClient(&url.URL{Scheme: "http", Host: "localhost"}, &http.Client{Transport: socket})
	for begun := time.Now(); client.Heartbeat(t.Context()) != nil; time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > patience {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("Ollama's server does not answer:\n%s", text)
		}
	}
	lies := downloadtest.Lies()
	theirs, ours := make([]string, len(lies)), make([]string, len(lies))
	const patience = 100 * time.Second
	var group sync.WaitGroup
	for i, lie := range lies {
		data := downloadtest.Data{Seed: uint64(1000 + i), Size: 3<<20 + 12345}
		group.Go(func() {
			s := downloadtest.New(data, data.Size)
			defer s.Close()
			registry(s, data, lie)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			name := strings.Replace(s.URL, "http://", "", 1) + "/library/x"
			begun := time.Now()
			err := client.Pull(ctx, &api.PullRequest{Model: "http://" + name, Insecure: true}, func(api.ProgressResponse) error { return nil })
			blob := filepath.Join(dir, "models", "blobs", strings.Replace(data.Digest(), ":", "-", 1))
			theirs[i] = came(err, ctx.Err() != nil, blob, data, begun)
		})
		group.Go(func() {
			s := downloadtest.New(data, data.Size)
			defer s.Close()
			registry(s, data, lie)
			gate, tr := &web.Gate{}, &http.Transport{DisableKeepAlives: true}
			f := &transfer.Fetcher{Client: &http.Client{Transport: gate.Transport(tr)}, Gate: gate, Streams: 4}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			path, begun := filepath.Join(t.TempDir(), "weights"), time.Now()
			item := web.Item{Name: "x", Kind: backend.KindModel, Digest: data.Digest(), Bytes: data.Size, Link: fixedLink(s.URL + "/v2/library/x/blobs/" + data.Digest())}
			_, err := f.Fetch(ctx, item, path, nil)
			ours[i] = came(err, ctx.Err() != nil, path, data, begun)
		})
	}
	group.Wait()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "lie, always told\tOllama's puller\tours")
	right := [2]int{}
	for i, lie := range lies {
		fmt.Fprintf(w, "%s\t%s\t%s\n", lie.Name, theirs[i], ours[i])
		for j, came := range []string{theirs[i], ours[i]} {
			if strings.HasPrefix(came, "right") {
				right[j]++
			}
			if strings.HasPrefix(came, "WRONG") && j == 1 {
				t.Errorf("%s: our transfer gave wrong bytes", lie.Name)
			}
		}
	}
	w.Flush()
	t.Logf("%d lies; ended right: Ollama's puller %d, ours %d\n%s", len(lies), right[0], right[1], text.String())
}

// came says in a few words what a transfer ended with.
func came(err error, late bool, path string, data downloadtest.Data, begun time.Time) string {
	took := time.Since(begun).Round(time.Second)
	content, readErr := os.ReadFile(path)
	switch {
	case err == nil && readErr == nil && bytes.Equal(content, data.Bytes(0, data.Size)):
		return fmt.Sprintf("right, %v", took)
	case err == nil:
		return "WRONG bytes, called done"
	case readErr == nil && !bytes.Equal(content, data.Bytes(0, data.Size)):
		return fmt.Sprintf("WRONG bytes stay after an error, %v", took)
	case late:
		return fmt.Sprintf("no end in %v", took)
	}
	if e := backend.Readable(err); e.Code != backend.CodeInternal {
		return fmt.Sprintf("%s, %v", e.Code, took)
	}
	text := err.Error()
	return fmt.Sprintf("%.60s, %v", strings.Join(strings.Fields(strings.ReplaceAll(text, "127.0.0.1", "host")), " "), took)
}
