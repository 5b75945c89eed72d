//go:build engine && linux

package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ollama/ollama/api"

	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/source"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
	"weightroom/backend/gguf"
	"weightroom/backend/library"
	"weightroom/backend/testdrive"
)

// notKept is a store that forgets: nothing here outlives the test.
type notKept struct{}

func (notKept) Get(context.Context, string, any) (bool, error) { return false, nil }
func (notKept) Put(context.Context, string, any) error         { return nil }

// pushedByOllama starts a real registry and has Ollama's own client push the starter into it. It gives the registry's
// host and how the model is called there.
func pushedByOllama(t *testing.T) (host, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := downloadtest.StartRegistry(ctx, t.TempDir(), "")
	if errors.Is(err, downloadtest.ErrNoRegistry) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	e := newReal(t)
	e.lock = LockApp // the registry is on this machine's loopback, which the kernel's lock hides
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	there := "http://" + r.Host + "/library/smollm2:135m"
	if err := e.child.api.Copy(ctx, &api.CopyRequest{Source: model, Destination: there}); err != nil {
		t.Fatal(err)
	}
	if err := e.child.api.Push(ctx, &api.PushRequest{Model: there, Insecure: true}, func(api.ProgressResponse) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return r.Host, "smollm2:135m"
}

// arrives resolves a reference, fetches it through the queue and has the library accept it, all as the app does.
func arrives(t *testing.T, s *source.Sources, c *web.Client, ref, dir string) backend.Model {
	t.Helper()
	lib, err := library.New(filepath.Join(dir, "models"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.Resolve(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan download.Download, 8)
	q, err := download.Open(t.Context(), download.QueueOptions{
		Dir: lib.DownloadsDir(), Store: notKept{}, Fetcher: &transfer.Fetcher{Client: c},
		Link: func(_ context.Context, _ download.Download, i web.Item) (web.Linker, error) {
			return s.Linker(i)
		},
		Finish: func(ctx context.Context, _ download.Download, files []download.File) (string, error) {
			in := library.Incoming{Ref: o.Ref, Name: o.Name, Address: o.Page, Revision: o.Revision}
			for _, f := range files {
				in.Files = append(in.Files, library.IncomingFile{Kind: f.Kind, Name: f.Name, Path: f.Path, Digest: f.Digest, Bytes: f.Bytes, Address: f.Address, Verified: true})
			}
			m, err := lib.Accept(ctx, in)
			return m.Ref, err
		},
		Changed: func(d download.Download, _ bool) {
			if d.State == download.StateDone || d.State == download.StateFailed {
				ended <- d
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Close() }()
	if _, err := q.Add(t.Context(), download.Download{Ref: o.Ref, Name: o.Name, Items: o.Items}); err != nil {
		t.Fatal(err)
	}
	select {
	case d := <-ended:
		if d.State != download.StateDone {
			t.Fatalf("%s: %v", d.State, d.Error)
		}
		m, err := lib.Model(t.Context(), d.Result)
		if err != nil {
			t.Fatal(err)
		}
		return m
	case <-time.After(5 * time.Minute):
		t.Fatal("the download does not end")
	}
	return backend.Model{}
}

// saysParis has our engine run what arrived in dir.
func saysParis(t *testing.T, dir string, m backend.Model) {
	t.Helper()
	e := New(options(binary(t), dir))
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	p := prompt("What is the capital of France?", 40)
	p.Model, p.Bytes = m.Ref, m.Bytes
	var text strings.Builder
	if _, err := e.Answer(t.Context(), p, func(d backend.Delta) { text.WriteString(d.Text) }); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "Paris") {
		t.Errorf("it says %q", text.String())
	}
}

func newSources(t *testing.T, o source.Options) (*source.Sources, *web.Client) {
	t.Helper()
	gate := &web.Gate{}
	o.Client = web.NewClient(web.ClientOptions{Gate: gate, Proxy: func(*url.URL) (*url.URL, error) { return nil, nil }})
	t.Cleanup(o.Client.CloseIdle)
	s, err := source.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, o.Client
}

// TestEngineRunsWhatOllamaPushed brings a model round: Ollama's client pushes it into a real registry, our sources
// resolve it, the queue fetches it, the library accepts it, and the engine answers with it.
func TestEngineRunsWhatOllamaPushed(t *testing.T) {
	host, name := pushedByOllama(t)
	for _, c := range []struct {
		title, ref string
		options    source.Options
	}{
		{"as Ollama's registry", name, source.Options{Ollama: "http://" + host}},
		{"as any registry", host + "/library/" + name, source.Options{}},
	} {
		t.Run(c.title, func(t *testing.T) {
			s, client := newSources(t, c.options)
			o, err := s.Resolve(t.Context(), c.ref)
			if err != nil {
				t.Fatal(err)
			}
			far, fetched, err := s.ModelHeader(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			path, _ := library.FindStarter([]string{"../../build/share/weightroom"})
			if near := headerOf(t, path); !reflect.DeepEqual(far, near) {
				t.Error("the header read from afar is another one")
			} else if over := fetched - near.HeaderSize; over > 1<<20 {
				t.Errorf("%d bytes more than the header were fetched", over)
			}
			dir := t.TempDir()
			m := arrives(t, s, client, c.ref, dir)
			if m.Digest != "sha256:"+library.StarterSHA256 || m.Quant != "Q4_1" {
				t.Errorf("%+v", m)
			}
			saysParis(t, dir, m)
		})
	}
}

// TestEngineRunsWhatTheHubGave is the same from a hub with signed links.
func TestEngineRunsWhatTheHubGave(t *testing.T) {
	path, ok := library.FindStarter([]string{"../../build/share/weightroom"})
	if !ok {
		t.Fatal("no starter: run make starter first")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	if err != nil {
		t.Fatal(err)
	}
	hub := downloadtest.NewHub(&downloadtest.HubRepo{ID: "small/SmolLM2-135M-GGUF", Tags: []string{"gguf"}, Card: map[string]any{"license": "apache-2.0"}, Files: []downloadtest.HubFile{
		{Path: "smollm2-135m-Q4_1.gguf", Data: f, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))},
	}})
	defer hub.Close()
	s, client := newSources(t, source.Options{HuggingFace: hub.Site.URL})
	dir := t.TempDir()
	m := arrives(t, s, client, "hf.co/small/SmolLM2-135M-GGUF:Q4_1", dir)
	saysParis(t, dir, m)
}

// TestEnginePlansTheSameFromAfar asks the engine what a model would take, once with the whole file and once with a
// weightless copy of the header that was read by ranges.
func TestEnginePlansTheSameFromAfar(t *testing.T) {
	path, ok := library.FindStarter([]string{"../../build/share/weightroom"})
	if !ok {
		t.Fatal("no starter: run make starter first")
	}
	path, err := filepath.Abs(path) // the engine's programs run in a folder of their own
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hub := downloadtest.NewHub(&downloadtest.HubRepo{ID: "small/SmolLM2-135M-GGUF", Files: []downloadtest.HubFile{
		{Path: "smollm2-135m-Q4_1.gguf", Data: file, Size: library.StarterBytes, SHA256: library.StarterSHA256},
	}})
	defer hub.Close()
	s, _ := newSources(t, source.Options{HuggingFace: hub.Site.URL})
	o, err := s.Resolve(t.Context(), "hf.co/small/SmolLM2-135M-GGUF")
	if err != nil {
		t.Fatal(err)
	}
	far, fetched, err := s.ModelHeader(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	header, err := testdrive.FromFile(far)
	if err != nil {
		t.Fatal(err)
	}
	weightless := filepath.Join(t.TempDir(), "weightless.gguf")
	if _, err := testdrive.Write(weightless, header, 0); err != nil {
		t.Fatal(err)
	}
	e := newReal(t)
	run := func(ctx context.Context, name string, args ...string) (testdrive.Output, error) {
		r, err := e.RunTool(ctx, name, args...)
		return testdrive.Output{Stdout: r.Stdout, Stderr: r.Stderr}, err
	}
	for _, contextLength := range []int{512, 8192} {
		var plans []backend.MemoryPlan
		for _, p := range []string{path, weightless} {
			a, err := testdrive.Fit(t.Context(), run, p, testdrive.FitOptions{Context: contextLength})
			if err != nil {
				t.Fatal(err)
			}
			plans = append(plans, a.MemoryPlan)
		}
		if plans[0] != plans[1] {
			t.Errorf("context %d: the whole file takes %+v, its header alone %+v", contextLength, plans[0], plans[1])
		}
		t.Logf("context %d: %+v, from %d of %d bytes", contextLength, plans[1], fetched, o.Bytes)
	}
}

func headerOf(t *testing.T, path string) *gguf.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	h, err := gguf.Read(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return h
}
