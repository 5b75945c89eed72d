// Package gguftest builds small GGUF files for tests: sound ones, and ones that lie.
package gguftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Raw is a metadata value byte for byte: a kind that may not exist, and whatever follows it.
type Raw struct {
	Kind uint32
	Data []byte
}

// Entry is one metadata entry. Value is a number, bool, string, list of one of those, or Raw.
type Entry struct {
	Key   string
	Value any
}

// Tensor is one entry of the tensor list. Data is written as it is; Size bytes of zeros stand in for a nil Data.
type Tensor struct {
	Name   string
	Shape  []uint64
	Type   uint32
	Offset uint64
	Size   int
	Data   []byte
}

// Builder holds what Bytes writes. The zero value of an override means the truth.
type Builder struct {
	Magic       string
	Version     uint32
	Entries     []Entry
	Tensors     []Tensor
	Align       int     // of the weights; 0: 32
	Keys        *uint64 // claimed number of entries
	TensorCount *uint64 // claimed number of tensors
}

// Small returns a sound model that the engine loads: llama, one layer, eight tokens, F32 and Q8_0 tensors, about 13 kB.
// seed makes its weights, and so its digest, differ.
func Small(seed byte) *Builder {
	b := &Builder{Magic: "GGUF", Version: 3}
	b.Set("general.architecture", "llama")
	b.Set("general.type", "model")
	b.Set("general.name", "Tiny Llama 1K")
	b.Set("general.license", "mit")
	b.Set("general.file_type", uint32(7))
	b.Set("llama.block_count", uint32(1))
	b.Set("llama.context_length", uint32(256))
	b.Set("llama.embedding_length", uint32(32))
	b.Set("llama.feed_forward_length", uint32(64))
	b.Set("llama.attention.head_count", uint32(4))
	b.Set("llama.attention.head_count_kv", uint32(2))
	b.Set("llama.attention.layer_norm_rms_epsilon", float32(1e-5))
	b.Set("llama.rope.dimension_count", uint32(8))
	b.Set("tokenizer.ggml.model", "llama")
	b.Set("tokenizer.ggml.tokens", []string{"<unk>", "<s>", "</s>", "a", "b", "c", "d", "e"})
	b.Set("tokenizer.ggml.scores", make([]float32, 8))
	b.Set("tokenizer.ggml.token_type", []int32{2, 3, 3, 1, 1, 1, 1, 1})
	b.Set("tokenizer.ggml.bos_token_id", uint32(1))
	b.Set("tokenizer.chat_template", "{% for m in messages %}{{ m.content }}{% endfor %}")
	weights := bytes.Repeat([]byte{seed}, 8*34)
	b.Add(Tensor{Name: "token_embd.weight", Shape: []uint64{32, 8}, Type: 8, Data: weights})
	b.Add(Tensor{Name: "output_norm.weight", Shape: []uint64{32}, Size: 32 * 4})
	b.Add(Tensor{Name: "blk.0.attn_q.weight", Shape: []uint64{32, 32}, Type: 8, Size: 32 * 34})
	b.Add(Tensor{Name: "blk.0.attn_k.weight", Shape: []uint64{32, 16}, Type: 8, Size: 16 * 34})
	b.Add(Tensor{Name: "blk.0.attn_v.weight", Shape: []uint64{32, 16}, Type: 8, Size: 16 * 34})
	b.Add(Tensor{Name: "blk.0.attn_output.weight", Shape: []uint64{32, 32}, Type: 8, Size: 32 * 34})
	b.Add(Tensor{Name: "blk.0.attn_norm.weight", Shape: []uint64{32}, Size: 32 * 4})
	b.Add(Tensor{Name: "blk.0.ffn_norm.weight", Shape: []uint64{32}, Size: 32 * 4})
	b.Add(Tensor{Name: "blk.0.ffn_gate.weight", Shape: []uint64{32, 64}, Type: 8, Size: 64 * 34})
	b.Add(Tensor{Name: "blk.0.ffn_up.weight", Shape: []uint64{32, 64}, Type: 8, Size: 64 * 34})
	b.Add(Tensor{Name: "blk.0.ffn_down.weight", Shape: []uint64{64, 32}, Type: 8, Size: 64 * 34})
	return b
}

// Set adds an entry, or changes the one that has the key.
func (b *Builder) Set(key string, value any) *Builder {
	for i := range b.Entries {
		if b.Entries[i].Key == key {
			b.Entries[i].Value = value
			return b
		}
	}
	b.Entries = append(b.Entries, Entry{key, value})
	return b
}

// Drop removes an entry.
func (b *Builder) Drop(key string) *Builder {
	for i := range b.Entries {
		if b.Entries[i].Key == key {
			b.Entries = append(b.Entries[:i:i], b.Entries[i+1:]...)
			break
		}
	}
	return b
}

// Add appends a tensor behind the last one.
func (b *Builder) Add(t Tensor) *Builder {
	if n := len(b.Tensors); n > 0 {
		last := b.Tensors[n-1]
		t.Offset = last.Offset + uint64(b.padded(last.length()))
	}
	b.Tensors = append(b.Tensors, t)
	return b
}

func (t Tensor) length() int {
	if t.Data != nil {
		return len(t.Data)
	}
	return t.Size
}

func (b *Builder) padded(n int) int {
	a := b.Align
	if a == 0 {
		a = 32
	}
	return (n + a - 1) / a * a
}

// Header writes everything up to the weights, without padding.
func (b *Builder) Header() []byte {
	var w bytes.Buffer
	w.WriteString(b.Magic)
	put(&w, b.Version)
	put(&w, claim(b.TensorCount, len(b.Tensors)))
	put(&w, claim(b.Keys, len(b.Entries)))
	for _, e := range b.Entries {
		text(&w, e.Key)
		value(&w, e.Value)
	}
	for _, t := range b.Tensors {
		text(&w, t.Name)
		put(&w, uint32(len(t.Shape)))
		for _, n := range t.Shape {
			put(&w, n)
		}
		put(&w, t.Type)
		put(&w, t.Offset)
	}
	return w.Bytes()
}

// Bytes writes the whole file.
func (b *Builder) Bytes() []byte {
	w := bytes.NewBuffer(b.Header())
	for _, t := range b.Tensors {
		w.Write(make([]byte, b.padded(w.Len())-w.Len()))
		if t.Data == nil {
			t.Data = make([]byte, t.Size)
		}
		w.Write(t.Data)
	}
	return w.Bytes()
}

func claim(p *uint64, n int) uint64 {
	if p != nil {
		return *p
	}
	return uint64(n)
}

func put(w *bytes.Buffer, v any) {
	if err := binary.Write(w, binary.LittleEndian, v); err != nil {
		panic(err) // a type that a test made up
	}
}

func text(w *bytes.Buffer, s string) {
	put(w, uint64(len(s)))
	w.WriteString(s)
}

// Text returns a string as it is written, for Raw.
func Text(s string) []byte {
	var w bytes.Buffer
	text(&w, s)
	return w.Bytes()
}

// List returns the head of a list: the kind of its elements and how many it claims, for Raw.
func List(kind uint32, n uint64, elements ...byte) []byte {
	var w bytes.Buffer
	put(&w, kind)
	put(&w, n)
	w.Write(elements)
	return w.Bytes()
}

func value(w *bytes.Buffer, v any) {
	switch v := v.(type) {
	case Raw:
		put(w, v.Kind)
		w.Write(v.Data)
	case string:
		put(w, uint32(8))
		text(w, v)
	case []string:
		put(w, uint32(9))
		put(w, uint32(8))
		put(w, uint64(len(v)))
		for _, s := range v {
			text(w, s)
		}
	default:
		if kind, ok := scalar(v); ok {
			put(w, kind)
			put(w, v)
			return
		}
		kind, n := list(v)
		put(w, uint32(9))
		put(w, kind)
		put(w, uint64(n))
		put(w, v)
	}
}

func scalar(v any) (kind uint32, ok bool) {
	switch v.(type) {
	case uint8:
		return 0, true
	case int8:
		return 1, true
	case uint16:
		return 2, true
	case int16:
		return 3, true
	case uint32:
		return 4, true
	case int32:
		return 5, true
	case float32:
		return 6, true
	case bool:
		return 7, true
	case uint64:
		return 10, true
	case int64:
		return 11, true
	case float64:
		return 12, true
	}
	return 0, false
}

func list(v any) (kind uint32, n int) {
	switch v := v.(type) {
	case []uint8:
		return 0, len(v)
	case []int8:
		return 1, len(v)
	case []uint16:
		return 2, len(v)
	case []int16:
		return 3, len(v)
	case []uint32:
		return 4, len(v)
	case []int32:
		return 5, len(v)
	case []float32:
		return 6, len(v)
	case []bool:
		return 7, len(v)
	case []uint64:
		return 10, len(v)
	case []int64:
		return 11, len(v)
	case []float64:
		return 12, len(v)
	}
	panic(fmt.Sprintf("gguftest: no kind for %T", v))
}
