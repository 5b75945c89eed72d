package engine

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
)

func TestParseStat(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	rest := " S 41 42 43 0 -1 4194304 1 2 3 4 70 30 0 0 20 0 9 0 100 2000 50 18446744073709551615"
	tests := []struct {
		name, line string
		ok         bool
		wantName   string
	}{
		{"a plain name", "42 (llama-server)" + rest, true, "llama-server"},
		{"a name with parentheses and spaces", "42 (a) b (c))" + rest, true, "a) b (c)"},
		{"a line cut short", "42 (llama) S 41", false, ""},
		{"no name at all", "42 S 41", false, ""},
		{"nothing", "", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := parseStat([]byte(tt.line))
			if ok != tt.ok || p.name != tt.wantName {
				t.Fatalf("got %+v, %v", p, ok)
			}
			if ok && (p.pid != 42 || p.parent != 41 || p.cpuTicks != 100 || p.rssBytes != int64(50*os.Getpagesize())) {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestProcessTreeFindsThisProcess(t *testing.T) {
	tree := processTree(os.Getpid())
	if len(tree) == 0 || tree[0].pid != os.Getpid() || tree[0].rssBytes == 0 {
		t.Errorf("got %+v", tree)
	}
}

func TestEnvironmentIsAWhitelist(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://somewhere")
	t.Setenv("HF_TOKEN", "secret")
	t.Setenv("OLLAMA_HOST", "0.0.0.0")
	t.Setenv("LLAMA_ARG_HOST", "0.0.0.0")
	t.Setenv("CUDA_VISIBLE_DEVICES", "1")
	e := New(Options{Home: "/home", Models: "/models", Log: filepath.Join(t.TempDir(), "log"), Tuning: func() Tuning { return Tuning{KeepAlive: -1, KVType: "q8_0"} }})
	env := e.environment(false)
	for _, unwanted := range []string{"PROXY", "TOKEN", "OLLAMA_HOST", "LLAMA_ARG_HOST"} {
		if i := slices.IndexFunc(env, func(s string) bool { return strings.Contains(s, unwanted) }); i >= 0 {
			t.Errorf("the engine gets %s", env[i])
		}
	}
	for _, wanted := range []string{"OLLAMA_NOPRUNE=1", "OLLAMA_NO_CLOUD=1", "CUDA_VISIBLE_DEVICES=1", "OLLAMA_KV_CACHE_TYPE=q8_0", "OLLAMA_KEEP_ALIVE=10000h0m0s"} {
		if !slices.Contains(env, wanted) {
			t.Errorf("the engine does not get %s: %v", wanted, env)
		}
	}
}

func TestDialerRefusesAllButLoopback(t *testing.T) {
	old := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = old })
	lockDialer()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	res, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Errorf("loopback is refused: %v", err)
	} else {
		_ = res.Body.Close()
	}
	for _, address := range []string{"http://192.0.2.1/", "http://example.invalid/", "http://[2001:db8::1]/"} {
		res, err := http.Get(address)
		if err == nil {
			_ = res.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "offline") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestReadable(t *testing.T) {
	e := New(Options{Log: filepath.Join(t.TempDir(), "log")})
	c := &child{done: make(chan struct{})}
	tests := []struct {
		name string
		err  error
		want backend.Code
	}{
		{"memory", errors.New("llama-server process has terminated: failed to allocate buffer of size 123"), backend.CodeTooBig},
		{"more memory than there is", errors.New("model requires more system memory (10 GiB) than is available"), backend.CodeTooBig},
		{"a dead llama-server", errors.New("llama-server process has terminated: signal: killed"), backend.CodeEngineDied},
		{"a cut answer", io.ErrUnexpectedEOF, backend.CodeEngineDied},
		{"an unknown architecture", errors.New("error loading model: unknown model architecture: 'x'"), backend.CodeUnsupported},
		{"an unknown tokenizer, as it arrives", errors.New("500 Internal Server Error: llama-server process has terminated: exit status 1: error loading model: error loading model vocabulary: unknown tokenizer: 'future'\nerror loading model: error loading model vocabulary: unknown tokenizer: 'future'"), backend.CodeUnsupported},
		{"an unknown cut, as it arrives", errors.New("500 Internal Server Error: llama-server process has terminated: exit status 1: error loading model: error loading model vocabulary: unknown pre-tokenizer type: 'future-2027'"), backend.CodeUnsupported},
		{"an unknown type, as it arrives", errors.New(`500 Internal Server Error: read GGUF metadata "blobs/sha256-5b": unsupported tensor "blk.9.attn_v.weight" size overflows`), backend.CodeUnsupported},
		{"a template with a fault, as it arrives", errors.New("500 Internal Server Error: llama-server process has terminated: exit status 1: error: Unexpected token: %} of type 9\nerror: std::exception"), backend.CodeModelFailed},
		{"a broken file", errors.New("error loading model: tensor 'x' data is not within the file bounds"), backend.CodeModelFailed},
		{"a missing model", errors.New("model 'x' not found"), backend.CodeNotFound},
		{"too long a prompt", errors.New("the request exceeds the available context size"), backend.CodeInvalid},
		{"anything else", errors.New("whatever"), backend.CodeModelFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := backend.Readable(e.readable(context.Background(), c, "m:Q4_0", tt.err))
			if got.Code != tt.want || got.Message == "" || got.Hint == "" {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("a cancelled wait stays one", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := e.readable(ctx, c, "", io.EOF); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestALongerContextIsAdvisedOnlyWhereThereIsOne(t *testing.T) {
	e := New(Options{Log: filepath.Join(t.TempDir(), "log")})
	c := &child{done: make(chan struct{})}
	tooLong := e.readable(context.Background(), c, "m:Q4_0", errors.New("the request exceeds the available context size"))
	for _, tt := range []struct {
		used, longest int
		advised       bool
	}{{2048, 8192, true}, {8192, 8192, false}, {8192, 0, true}} {
		err := withoutLonger(tooLong, backend.Prompt{Longest: tt.longest, Sampling: backend.Sampling{ContextLength: tt.used}})
		if got := backend.Readable(err); strings.Contains(got.Hint, "Chat settings") != tt.advised || got.Code != backend.CodeInvalid {
			t.Errorf("%d of %d tokens: %q", tt.used, tt.longest, got.Hint)
		}
	}
}

func TestReadBuild(t *testing.T) {
	dir := t.TempDir()
	if b := ReadBuild(dir); b.Backends == nil || len(b.Backends) != 0 {
		t.Errorf("without a note: %+v", b)
	}
	if err := os.WriteFile(filepath.Join(dir, "ENGINE"), []byte("ollama 0.34.4\nllama.cpp b10488\nvariant native\nbackends cpu cuda\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := ReadBuild(dir)
	if b.Ollama != "0.34.4" || b.LlamaCpp != "b10488" || !slices.Equal(b.Backends, []string{"cpu", "cuda"}) {
		t.Errorf("got %+v", b)
	}
}

func TestParseDevices(t *testing.T) {
	devices, err := parseDevices([]byte(`{"devices":[{"library":"CUDA","index":0,"name":"CUDA0","description":"NVIDIA H200","device_id":"0000:01:00.0","total_memory":150,"free_memory":149}]}`))
	if err != nil || len(devices) != 1 || devices[0].Name != "NVIDIA H200" || devices[0].ID != "0000:01:00.0" || devices[0].FreeBytes != 149 {
		t.Errorf("got %+v, %v", devices, err)
	}
	if _, err := parseDevices([]byte("Segmentation fault")); err == nil {
		t.Error("nonsense was read")
	}
}

func TestLogStartsOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "engine.log")
	l := openLog(path)
	line := []byte(strings.Repeat("x", 1<<20))
	for range 6 {
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + ".1"} {
		if info, err := os.Stat(p); err != nil || info.Size() == 0 || info.Size() > maxLogBytes {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	if n, err := l.Write(line); err != nil || n != len(line) {
		t.Errorf("a closed log fails its writer: %v", err)
	}
}

func TestMissingEngineIsSaid(t *testing.T) {
	dir := t.TempDir()
	e := New(Options{Executable: filepath.Join(dir, "bin", "weightroom"), Home: dir, Models: dir, Log: filepath.Join(dir, "log")})
	defer e.Close()
	err := e.Start(t.Context())
	if backend.Readable(err).Code != backend.CodeEngineMissing || e.Status().State != StateFailed {
		t.Errorf("got %v, %+v", err, e.Status())
	}
}

func TestClosedEngineDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	e := New(Options{Executable: filepath.Join(dir, "weightroom"), Log: filepath.Join(dir, "log")})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); backend.Readable(err).Code != backend.CodeCancelled {
		t.Errorf("got %v", err)
	}
}
