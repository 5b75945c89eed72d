package testdrive

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

func planned(t testing.TB, id, quant string) *Header {
	t.Helper()
	h, err := Plan(blueprints(t)[id], quant)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// read opens a file and reads its header strictly.
func read(t testing.TB, path string) *gguf.File {
	t.Helper()
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Read(r, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWrite(t *testing.T) {
	t.Run("an 8B of 4.9 GB takes less than 1 MB of the disk", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "w.gguf")
		h := planned(t, "llama-3.1-8b", "Q4_K_M")
		disk, err := Write(path, h, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() != h.Bytes || info.Size() < 4.9e9 || disk > 1e6 {
			t.Errorf("%d bytes that take %d, %v", info.Size(), disk, err)
		}
		f := read(t, path)
		if f.Quant() != "Q4_K_M" || f.Layers() != 32 || f.Vocabulary() != 128256 || f.String("tokenizer.ggml.model") != "none" {
			t.Errorf("%s, %d layers, %d tokens", f.Quant(), f.Layers(), f.Vocabulary())
		}
	})
	t.Run("experts get routers and norms that tell tokens apart, and little else", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "w.gguf")
		disk, err := Write(path, planned(t, "lfm2-8b-a1b", "Q4_K_M"), 4)
		if err != nil {
			t.Fatal(err)
		}
		if disk > 4e6 {
			t.Errorf("it takes %d bytes", disk)
		}
		f := read(t, path)
		data, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer data.Close()
		for name, filled := range map[string]bool{"token_embd.weight": false, "blk.3.ffn_gate_inp.weight": true, "blk.3.ffn_norm.weight": true, "blk.3.ffn_up_exps.weight": false} {
			i := slices.IndexFunc(f.Tensors, func(t gguf.Tensor) bool { return t.Name == name })
			row := make([]byte, 1024)
			if _, err := data.ReadAt(row, f.DataOffset+f.Tensors[i].Offset); err != nil {
				t.Fatal(err)
			}
			if got := !bytes.Equal(row, make([]byte, 1024)); got != filled {
				t.Errorf("%s has weights: %v", name, got)
			}
		}
	})
	t.Run("nothing is overwritten", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "w.gguf")
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Write(path, planned(t, "smollm2-135m", "Q8_0"), 0); err == nil {
			t.Error("the file was overwritten")
		}
		if data, _ := os.ReadFile(path); string(data) != "mine" {
			t.Error("the file was changed")
		}
	})
	t.Run("a folder that is gone is a sentence, and leaves no file", func(t *testing.T) {
		_, err := Write(filepath.Join(t.TempDir(), "gone", "w.gguf"), planned(t, "smollm2-135m", "Q8_0"), 0)
		var e *backend.Error
		if !errors.As(err, &e) || e.Hint == "" {
			t.Errorf("%v", err)
		}
	})
	t.Run("a depth the model does not have is refused and leaves no file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "w.gguf")
		if _, err := Write(path, planned(t, "smollm2-135m", "Q8_0"), 31); err == nil {
			t.Error("31 of 30 layers were written")
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Error("a file is left")
		}
	})
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"weightless-1.gguf", "weightless-22.gguf", "model.gguf", "weightless-notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n, err := Sweep(dir)
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || n != 2 || len(left) != 2 {
		t.Errorf("%d removed, %v left, %v", n, left, err)
	}
	if n, err := Sweep(filepath.Join(dir, "none")); n != 0 || err != nil {
		t.Errorf("a folder that is not there: %d, %v", n, err)
	}
}

func TestShorten(t *testing.T) {
	t.Run("fewer blocks of every architecture are a sound model", func(t *testing.T) {
		seen := map[string]bool{}
		for id, bp := range blueprints(t) {
			if seen[bp.Architecture] || bp.Architecture == "lfm2" {
				continue
			}
			seen[bp.Architecture] = true
			h := planned(t, id, "Q4_K_M")
			n := h.Layers() / 2
			short, err := h.Shorten(n)
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			var w bytes.Buffer
			if err := short.File.WriteHeader(&w); err != nil {
				t.Fatal(err)
			}
			back, err := gguf.Read(hole{w.Bytes(), short.Bytes}, short.Bytes)
			if err != nil || back.Layers() != n || short.Bytes >= h.Bytes || short.ActiveBytes >= h.ActiveBytes {
				t.Errorf("%s: %v, %d of %d bytes", id, err, short.Bytes, h.Bytes)
			}
			for _, tensor := range back.Tensors {
				if blockOf(tensor.Name) >= n {
					t.Errorf("%s: %s is left", id, tensor.Name)
				}
			}
		}
		if len(seen) < 35 {
			t.Errorf("only %d architectures", len(seen))
		}
	})
	t.Run("blocks that share keys are counted from the end", func(t *testing.T) {
		short, err := planned(t, "gemma-4-e2b", "Q4_K_M").Shorten(20)
		if err != nil {
			t.Fatal(err)
		}
		if got := short.archInt("attention.shared_kv_layers"); got != 5 { // 35 blocks, 15 with their own
			t.Errorf("%d", got)
		}
	})
	t.Run("patterns are found", func(t *testing.T) {
		for id, want := range map[string][2]int{"llama-3.1-8b": {0, 1}, "qwen3.5-9b": {0, 4}, "gemma-4-26b-a4b": {0, 6}, "deepseek-v3.1": {3, 1}, "llama-4-maverick": {0, 2}, "nemotron-nano-9b-v2": {0, 1}} {
			if start, period := pattern(planned(t, id, "Q4_K_M").File); start != want[0] || period != want[1] {
				t.Errorf("%s: from %d, every %d", id, start, period)
			}
		}
	})
}

func TestFromFile(t *testing.T) {
	data := gguftest.Small(9).Bytes()
	f, err := gguf.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	h, err := FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "w.gguf")
	if _, err := Write(path, h, 0); err != nil {
		t.Fatal(err)
	}
	copied := read(t, path)
	if copied.Vocabulary() != 8 || copied.ChatTemplate() != "" || len(copied.Strings("tokenizer.ggml.tokens")) != 0 {
		t.Error("the vocabulary is still there")
	}
	for i, tensor := range copied.Tensors {
		if tensor.Name != f.Tensors[i].Name || tensor.Type != f.Tensors[i].Type || !slices.Equal(tensor.Shape, f.Tensors[i].Shape) {
			t.Errorf("%s became %v", f.Tensors[i].Name, tensor)
		}
	}
	for _, kv := range f.Metadata {
		if v, ok := copied.Get(kv.Key); strings.HasPrefix(kv.Key, "llama.") && (!ok || v != kv.Value) {
			t.Errorf("%s became %v", kv.Key, v)
		}
	}
	b := gguftest.Small(9).Set("general.type", "adapter")
	data = b.Bytes()
	if f, err = gguf.Read(bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	if _, err := FromFile(f); err == nil {
		t.Error("an adapter was taken for a model")
	}
}
