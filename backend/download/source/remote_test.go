package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

// vocabularyModel writes a file of size bytes with the header of a Llama of 128,256 tokens, whose weights are a hole.
// extra grows the header by so many bytes of one more text.
func vocabularyModel(t testing.TB, path string, size int64, extra int) *gguf.File {
	t.Helper()
	tokens, merges, kinds := make([]string, 128_256), make([]string, 280_147), make([]int32, 128_256)
	for i := range tokens {
		tokens[i], kinds[i] = fmt.Sprintf("tok%05x", i), 1
	}
	for i := range merges {
		merges[i] = fmt.Sprintf("ab%x cd%x", i, i%977)
	}
	kv := []gguf.KV{
		{Key: "general.architecture", Value: "llama"}, {Key: "general.type", Value: "model"}, {Key: "general.name", Value: "Large"}, {Key: "general.file_type", Value: uint32(1)},
		{Key: "llama.block_count", Value: uint32(1)}, {Key: "llama.context_length", Value: uint32(8192)}, {Key: "llama.embedding_length", Value: uint32(1024)},
		{Key: "llama.attention.head_count", Value: uint32(16)}, {Key: "llama.attention.head_count_kv", Value: uint32(4)}, {Key: "llama.feed_forward_length", Value: uint32(4096)},
		{Key: "llama.attention.layer_norm_rms_epsilon", Value: float32(1e-5)}, {Key: "filler", Value: strings.Repeat("x", extra)},
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.tokens", Value: gguf.Array{Kind: gguf.KindString, Len: int64(len(tokens)), Values: tokens}},
		{Key: "tokenizer.ggml.token_type", Value: gguf.Array{Kind: gguf.KindInt32, Len: int64(len(kinds)), Values: kinds}},
		{Key: "tokenizer.ggml.merges", Value: gguf.Array{Kind: gguf.KindString, Len: int64(len(merges)), Values: merges}},
	}
	rows := size / 4096 / 1024 * 512 // F16 rows of 1,024 weights
	tensors := []gguf.Tensor{{Name: "token_embd.weight", Type: 1, Shape: []int64{1024, 128_256}}, {Name: "blk.0.ffn_up.weight", Type: 1, Shape: []int64{1024, max(rows, 1)}}}
	f, err := gguf.New(kv, tensors)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.WriteHeader(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, max(size, f.Size)); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	whole, err := gguf.Read(file, max(size, f.Size))
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

func serveHub(t testing.TB, files ...downloadtest.HubFile) (*downloadtest.Hub, *Sources) {
	t.Helper()
	hub := downloadtest.NewHub(&downloadtest.HubRepo{ID: "a/b", Files: files})
	t.Cleanup(hub.Close)
	c := web.NewClient(web.ClientOptions{Proxy: downloadtest.NoProxy})
	t.Cleanup(c.CloseIdle)
	s, err := New(Options{Client: c, HuggingFace: hub.Site.URL})
	if err != nil {
		t.Fatal(err)
	}
	return hub, s
}

func fileAt(t testing.TB, path, name string) downloadtest.HubFile {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return downloadtest.HubFile{Path: name, Data: f, Size: info.Size(), SHA256: strings.Repeat("ab", 32)}
}

// TestAHeaderIsReadWithoutItsWeights holds the figure: of a file of 1 GB, at most its header and 1 MiB are fetched,
// wherever the header ends.
func TestAHeaderIsReadWithoutItsWeights(t *testing.T) {
	t.Parallel()
	for _, extra := range []int{0, 100_000, 333_333, 700_000, 900_000} {
		t.Run(fmt.Sprint(extra), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "model")
			whole := vocabularyModel(t, path, 1<<30, extra)
			hub, s := serveHub(t, fileAt(t, path, "large-F16.gguf"))
			o := resolve(t, s, "hf.co/a/b")
			before := hub.Sent()
			f, fetched, err := s.ModelHeader(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(f, whole) {
				t.Error("it is not the header of the whole file")
			}
			for range 100 { // the server counts after it has sent
				if hub.Sent()-before == fetched {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			over := fetched - whole.HeaderSize
			if over > 1<<20 || over < 0 || hub.Sent()-before != fetched {
				t.Errorf("%d bytes too many; the server sent %d for %d", over, hub.Sent()-before, fetched)
			}
			t.Logf("header %d bytes, fetched %d (%+d) of %d in %d requests", whole.HeaderSize, fetched, over, whole.Size, len(hub.Seen())-2)
		})
	}
}

func TestHeadersOfASplitModelAreJoined(t *testing.T) {
	var files []downloadtest.HubFile
	for i, p := range gguftest.Split(gguftest.Small(1), 3) {
		files = append(files, hubFileOf(fmt.Sprintf("split-Q8_0-%05d-of-00003.gguf", i+1), p.Bytes()))
	}
	whole, err := gguf.Read(bytes.NewReader(small(1)), int64(len(small(1))))
	if err != nil {
		t.Fatal(err)
	}
	_, s := serveHub(t, files...)
	o := resolve(t, s, "hf.co/a/b")
	f, _, err := s.ModelHeader(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != len(whole.Tensors) || f.Parameters() != whole.Parameters() || f.Name() != whole.Name() || f.Layers() != 1 {
		t.Errorf("%d tensors of %d", len(f.Tensors), len(whole.Tensors))
	}
	o.Items = o.Items[:2]
	if _, _, err := s.ModelHeader(context.Background(), o); err == nil {
		t.Error("a part is missing and nobody says so")
	}
}

func TestHeadersOfLiarsAreRefused(t *testing.T) {
	good := append(small(1), make([]byte, 1<<20)...)
	for name, c := range map[string]struct {
		code  backend.Code
		serve func(w http.ResponseWriter, r *http.Request)
	}{
		"the whole file for a part": {backend.CodeServer, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(good) }},
		"a web page":                {backend.CodeLoginPage, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }},
		"another part": {backend.CodeServer, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 1-%d/%d", firstChunk, len(good)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(good[1 : firstChunk+1])
		}},
		"another size": {backend.CodeServer, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", firstChunk-1, len(good)+1))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(good[:firstChunk])
		}},
		"something else than a model": {backend.CodeNotGGUF, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", firstChunk-1, len(good)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(bytes.Repeat([]byte("x"), firstChunk))
		}},
		"not allowed": {backend.CodeDenied, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }},
		"gone":        {backend.CodeNotFound, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }},
		"cut off": {backend.CodeOffline, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", firstChunk-1, len(good)))
			w.Header().Set("Content-Length", fmt.Sprint(firstChunk))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(good[:100])
		}},
	} {
		t.Run(name, func(t *testing.T) {
			hub, s := serveHub(t, hubFileOf("x-Q8_0.gguf", good))
			o := resolve(t, s, "hf.co/a/b")
			hub.Before = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasPrefix(r.URL.Path, "/repos/") {
					c.serve(w, r)
					return true
				}
				return false
			}
			_, _, err := s.Header(context.Background(), o.Items[0])
			if err == nil || downloadtest.Plainly(t, err) != c.code {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAHeaderCanBeCancelled(t *testing.T) {
	hub, s := serveHub(t, hubFileOf("x-Q8_0.gguf", small(1)))
	o := resolve(t, s, "hf.co/a/b")
	ctx, cancel := context.WithCancel(context.Background())
	hub.Before = func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	if _, _, err := s.Header(ctx, o.Items[0]); err == nil || backend.Readable(err).Code != backend.CodeCancelled {
		t.Errorf("%v", err)
	}
}
