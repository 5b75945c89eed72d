//go:build engine

package core

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library"
	"weightroom/backend/platform"
)

// realCore is a Core on an empty folder with the starter in its library and the built binary as its engine.
func realCore(t *testing.T) (*Core, backend.Model) {
	t.Helper()
	executable, err := filepath.Abs("../../build/bin/weightroom")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(executable); err != nil {
		t.Fatalf("%v: run make app first", err)
	}
	dir := t.TempDir()
	folders := platform.Folders{
		Data: dir, Models: filepath.Join(dir, "models"), Engine: filepath.Join(dir, "engine"), Logs: filepath.Join(dir, "logs"),
	}
	c, err := Open(t.Context(), OpenOptions{Folders: folders, Executable: executable, History: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	m, err := c.Models.ImportStarter(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, m
}

// tinyAdapter writes a LoRA for the starter with random weights in the first layers' queries.
func tinyAdapter(t *testing.T, dir string, seed uint64) string {
	t.Helper()
	const width, rank, layers = 576, 8, 4
	random := rand.New(rand.NewPCG(seed, 1))
	var tensors []gguf.Tensor
	for i := range layers {
		name := fmt.Sprintf("blk.%d.attn_q.weight", i)
		tensors = append(tensors,
			gguf.Tensor{Name: name + ".lora_a", Shape: []int64{width, rank}, Type: gguf.F32},
			gguf.Tensor{Name: name + ".lora_b", Shape: []int64{rank, width}, Type: gguf.F32})
	}
	header, err := gguf.New([]gguf.KV{
		{Key: "general.architecture", Value: "llama"}, {Key: "general.type", Value: "adapter"}, {Key: "general.name", Value: fmt.Sprintf("Noise %d", seed)},
		{Key: "adapter.type", Value: "lora"}, {Key: "adapter.lora.alpha", Value: float32(rank)},
	}, tensors)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := header.WriteHeader(&out); err != nil {
		t.Fatal(err)
	}
	for _, x := range header.Tensors {
		for range x.Bytes / 4 {
			_ = binary.Write(&out, binary.LittleEndian, float32(random.NormFloat64()*0.03))
		}
	}
	path := filepath.Join(dir, fmt.Sprintf("noise-%d.gguf", seed))
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEngineAddsAdaptersAtTheirStrength holds what the engine makes of an adapter: nothing at strength 0, hardly anything
// at a tiny one, and another text at a large one.
func TestEngineAddsAdaptersAtTheirStrength(t *testing.T) {
	c, base := realCore(t)
	dir := t.TempDir()
	var uses []library.AdapterUse
	for seed := range uint64(2) {
		a, fresh, err := c.Models.ImportAdapter(t.Context(), tinyAdapter(t, dir, seed))
		if err != nil || !fresh {
			t.Fatal(a, fresh, err)
		}
		uses = append(uses, library.AdapterUse{Ref: a.Ref, Scale: 1})
	}
	answer := func(m backend.Model) string {
		t.Helper()
		zero, seed := 0.0, int64(7)
		var text strings.Builder
		_, err := c.Machine.Answer(context.Background(), m, backend.Prompt{
			Messages: []backend.Message{{Role: backend.RoleUser, Text: "What is the capital of France?"}},
			Sampling: backend.Sampling{Temperature: &zero, Seed: &seed, MaxTokens: 32, ContextLength: 1024},
		}, func(d backend.Delta) { text.WriteString(d.Text) })
		if err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	at := func(scales ...float64) backend.Model {
		t.Helper()
		var with []library.AdapterUse
		for i, s := range scales {
			with = append(with, library.AdapterUse{Ref: uses[i].Ref, Scale: s})
		}
		m, err := c.Library.AttachAll(t.Context(), base.Ref, with, "")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	plain := answer(base)
	if !strings.Contains(plain, "Paris") {
		t.Errorf("the base says %q", plain)
	}
	if m := at(0); m.Ref != base.Ref || answer(m) != plain {
		t.Errorf("at strength 0 it is %s", m.Ref)
	}
	if m := at(1e-6); m.Ref == base.Ref || answer(m) != plain {
		t.Errorf("at a strength of a millionth %s says %q", m.Ref, answer(m))
	}
	strong := answer(at(40))
	if strong == plain {
		t.Error("at a large strength it says the same")
	}
	both := answer(at(40, 40))
	if both == plain || both == strong {
		t.Error("a second adapter changes nothing")
	}
	t.Logf("base %q, strong %q, both %q", plain, strong, both)
}
