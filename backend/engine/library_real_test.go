//go:build engine && linux

package engine

import (
	"bytes"
	le "encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ollama/ollama/api"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library"
)

// real returns the starter's file and its header.
func real(t *testing.T) (header *gguf.File, data []byte) {
	t.Helper()
	path, ok := library.FindStarter([]string{"../../build/share/weightroom"})
	if !ok {
		t.Fatal("no starter: run make starter first")
	}
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if header, err = gguf.Read(bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	return header, data
}

// put writes a value as GGUF does.
func put(w io.Writer, values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			put(w, uint64(len(s)), []byte(s))
			continue
		}
		if err := le.Write(w, le.LittleEndian, v); err != nil {
			panic(err)
		}
	}
}

// entries returns the metadata of a file as it is written.
func entries(h *gguf.File, data []byte) []byte {
	list := int64(0)
	for _, t := range h.Tensors {
		list += 8 + int64(len(t.Name)) + 4 + 8*int64(len(t.Shape)) + 4 + 8
	}
	return data[24 : h.HeaderSize-list]
}

// parts cuts a file as llama-gguf-split does: the first part has all metadata, the others have weights.
func parts(t *testing.T, h *gguf.File, data []byte, n int) string {
	t.Helper()
	dir := t.TempDir()
	each := (len(h.Tensors) + n - 1) / n
	for i := range n {
		some := h.Tensors[i*each : min((i+1)*each, len(h.Tensors))]
		var b, weights bytes.Buffer
		kv := 3
		if i == 0 {
			kv += len(h.Metadata)
		}
		put(&b, []byte("GGUF"), uint32(3), uint64(len(some)), uint64(kv))
		if i == 0 {
			b.Write(entries(h, data))
		}
		put(&b, "split.no", uint32(gguf.KindUint16), uint16(i), "split.count", uint32(gguf.KindUint16), uint16(n), "split.tensors.count", uint32(gguf.KindInt32), int32(len(h.Tensors)))
		for _, x := range some {
			put(&b, x.Name, uint32(len(x.Shape)), x.Shape, uint32(x.Type), uint64(weights.Len()))
			weights.Write(data[h.DataOffset+x.Offset : h.DataOffset+x.Offset+x.Bytes])
			weights.Write(make([]byte, (32-weights.Len()%32)%32))
		}
		b.Write(make([]byte, (32-b.Len()%32)%32))
		b.Write(weights.Bytes())
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("starter-%05d-of-%05d.gguf", i+1, n)), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, fmt.Sprintf("starter-%05d-of-%05d.gguf", n, n))
}

// lora writes an adapter of rank 1 for the starter, which bends every attention query of its first layers.
func lora(t *testing.T, h *gguf.File) string {
	t.Helper()
	var b, list, weights bytes.Buffer
	count := 0
	add := func(name string, shape []int64, value float32) {
		put(&list, name, uint32(2), shape, uint32(0), uint64(weights.Len()))
		count++
		for range shape[0] * shape[1] {
			put(&weights, math.Float32bits(value))
		}
		weights.Write(make([]byte, (32-weights.Len()%32)%32))
	}
	for _, x := range h.Tensors {
		if strings.HasSuffix(x.Name, "attn_q.weight") || strings.HasSuffix(x.Name, "attn_output.weight") {
			add(x.Name+".lora_a", []int64{x.Shape[0], 1}, 0.3)
			add(x.Name+".lora_b", []int64{1, x.Shape[1]}, 0.3)
		}
	}
	put(&b, []byte("GGUF"), uint32(3), uint64(count), uint64(4))
	put(&b, "general.architecture", uint32(8), h.Architecture(), "general.type", uint32(8), "adapter", "adapter.type", uint32(8), "lora", "adapter.lora.alpha", uint32(6), float32(1))
	b.Write(list.Bytes())
	b.Write(make([]byte, (32-b.Len()%32)%32))
	b.Write(weights.Bytes())
	path := filepath.Join(t.TempDir(), "bend.gguf")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// says asks a model of the library, always in the same way.
func says(t *testing.T, e *Engine, m backend.Model) string {
	t.Helper()
	p := prompt(story, 40)
	p.Model, p.Bytes = m.Ref, m.Bytes
	p.System = "You are a helpful assistant. Answer clearly and briefly."
	seed := int64(1)
	p.Sampling.Seed = &seed
	var text strings.Builder
	if _, err := e.Answer(t.Context(), p, func(d backend.Delta) { text.WriteString(d.Text) }); err != nil {
		t.Fatalf("%s: %v", m.Ref, err)
	}
	return text.String()
}

// TestEngineRunsWhatTheLibraryKeeps has the real engine answer with one model that is stored in every way the library
// knows: whole, in parts, linked to another app's file, in a store of Ollama's, exported and taken back, moved, and
// with an adapter.
func TestEngineRunsWhatTheLibraryKeeps(t *testing.T) {
	header, data := real(t)
	dir := t.TempDir()
	l, err := library.New(filepath.Join(dir, "models"))
	if err != nil {
		t.Fatal(err)
	}
	// As a file of nobody's, so that every copy gets the same template, sampling and system prompt: the caller's.
	plain := slices.Clone(data)
	plain[len(plain)-1] ^= 1
	whole := filepath.Join(t.TempDir(), "whole.gguf")
	if err := os.WriteFile(whole, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	must := func(m backend.Model, err error) backend.Model {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	base := must(l.Import(t.Context(), whole, library.Options{Ref: "whole"}))
	split := must(l.Import(t.Context(), parts(t, header, plain, 3), library.Options{Ref: "split"}))
	theirs := t.TempDir()
	adopted := filepath.Join(theirs, "theirs.gguf")
	other := slices.Clone(plain)
	other[len(other)-2] ^= 1
	if err := os.WriteFile(adopted, other, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := l.ScanFolder(t.Context(), theirs)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	linked := must(l.Adopt(t.Context(), found[0], library.AdoptOptions{How: library.HowSymlink}))
	splitDir := filepath.Dir(parts(t, header, other, 2))
	if found, err = l.ScanFolder(t.Context(), splitDir); err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	linkedParts := must(l.Adopt(t.Context(), found[0], library.AdoptOptions{How: library.HowSymlink, Ref: "linked-parts"}))
	must(l.Import(t.Context(), lora(t, header), library.Options{Ref: "bend"}))
	bent := must(l.Attach(t.Context(), base.Ref, "bend", ""))
	bundle, err := l.Export(t.Context(), split.Ref, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Remove(t.Context(), split.Ref); err != nil {
		t.Fatal(err)
	}
	split = must(l.Import(t.Context(), bundle.Dir, library.Options{}))
	if err := l.Move(t.Context(), filepath.Join(dir, "elsewhere"), nil); err != nil {
		t.Fatal(err)
	}

	o := options(binary(t), dir)
	o.Models = l.Dir()
	e := New(o)
	t.Cleanup(func() { _ = e.Close() })
	want := says(t, e, base)
	if len(want) < 20 {
		t.Fatalf("the model says %q", want)
	}
	for name, m := range map[string]backend.Model{"in parts, exported and taken back": split, "linked to another app's file": linked, "in linked parts": linkedParts} {
		if got := says(t, e, m); got != want {
			t.Errorf("%s it says %q, not %q", name, got, want)
		}
	}
	if got := says(t, e, bent); got == want {
		t.Errorf("the adapter changes nothing: %q", got)
	}

	// The engine's own removal takes the link and leaves the other app's file.
	c, err := e.running(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.api.Delete(t.Context(), &api.DeleteRequest{Model: linked.Ref}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(adopted); err != nil || !bytes.Equal(got, other) {
		t.Errorf("the engine touched the other app's file: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(l.Dir(), "blobs", strings.Replace(linked.Digest, ":", "-", 1))); !os.IsNotExist(err) {
		t.Errorf("the link is still there: %v", err)
	}
	models, err := l.Models(t.Context())
	if err != nil || slices.ContainsFunc(models, func(m backend.Model) bool { return m.Ref == linked.Ref }) || len(models) != 4 {
		t.Errorf("%d models, %v", len(models), err)
	}
	if bad, err := l.Verify(t.Context(), "", nil); err != nil || len(bad) != 0 {
		t.Errorf("after the engine used them: %+v %v", bad, err)
	}
}
