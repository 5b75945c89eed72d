package testdrive

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// FromFile makes a weightless copy of the header of a file that exists, here or elsewhere: its metadata without the
// vocabulary, its tensors with exactly their types. The engine gets the size of the vocabulary instead. Of a split
// model it takes what gguf.Join made of all parts.
func FromFile(f *gguf.File) (*Header, error) {
	if f.Role() != gguf.RoleModel || f.Layers() < 1 {
		return nil, backend.Fail(backend.CodeUnsupported, nil, "Only a language model can be measured without its weights; this file is something else.", "Pick the model's own file.")
	}
	_, parts := f.Split()
	if all, _ := f.Int("split.tensors.count"); parts > 1 && all != int64(len(f.Tensors)) {
		return nil, backend.Fail(backend.CodeUnsupported, nil, "This model is split into several files, and one part alone can't be measured.", "Import the model, then measure it from the library.")
	}
	arch := f.Architecture()
	vocabulary := f.Vocabulary()
	for _, t := range f.Tensors { // the tensor counts: a vocabulary may be padded
		if t.Name == "token_embd.weight" && len(t.Shape) > 1 {
			vocabulary = int(t.Shape[1])
		}
	}
	var kept []gguf.KV
	for _, kv := range f.Metadata {
		a, list := kv.Value.(gguf.Array)
		switch {
		case strings.HasPrefix(kv.Key, "tokenizer.") && kv.Key != "tokenizer.ggml.token_type_count":
		case kv.Key == arch+".vocab_size", strings.HasPrefix(kv.Key, "split."):
		case list && a.Values == nil: // too long to be kept, so no shape
		case kv.Key == "general.name" || kv.Key == "general.alignment":
		default:
			kept = append(kept, kv)
		}
	}
	kept = append(kept,
		gguf.KV{Key: "general.alignment", Value: uint32(32)},
		gguf.KV{Key: arch + ".vocab_size", Value: uint32(vocabulary)},
		gguf.KV{Key: "tokenizer.ggml.model", Value: "none"})
	g, err := gguf.New(kept, slices.Clone(f.Tensors))
	if err != nil {
		return nil, err
	}
	return newHeader(g), nil
}

// Shorten returns the header of the same model with its first n blocks only. Lists with one entry for each block are
// cut, and what spans all blocks gets narrower.
func (h *Header) Shorten(n int) (*Header, error) {
	arch, layers, all := h.Architecture(), h.Layers(), h.File.Layers()
	if n < 1 || n > layers {
		return nil, backend.Fail(backend.CodeInvalid, fmt.Errorf("%d of %d blocks", n, layers), "This model can't be cut to that many layers.", "Test the whole model.")
	}
	if n == all {
		return h, nil
	}
	var metadata []gguf.KV
	for _, kv := range h.File.Metadata {
		key := strings.TrimPrefix(kv.Key, arch+".")
		switch v := kv.Value.(type) {
		case gguf.Array:
			if v.Len == int64(all) && v.Kind != gguf.KindString {
				v.Values, v.Len = cut(v.Values, n), int64(n)
				kv.Value = v
			}
		case uint32:
			switch key {
			case "block_count":
				kv.Value = uint32(n)
			case "nextn_predict_layers":
				continue
			case "attention.shared_kv_layers": // counted from the end: the first that keep their own stay the same
				kv.Value = uint32(max(0, n-(layers-int(v))))
			case "leading_dense_block_count":
				kv.Value = min(v, uint32(n))
			}
		}
		metadata = append(metadata, kv)
	}
	var tensors []gguf.Tensor
	for _, t := range h.File.Tensors {
		switch i := blockOf(t.Name); {
		case i >= n:
			continue
		case t.Name == "per_layer_token_embd.weight":
			t.Shape = []int64{t.Shape[0] / int64(all) * int64(n), t.Shape[1]}
		case t.Name == "per_layer_model_proj.weight":
			t.Shape = []int64{t.Shape[0], t.Shape[1] / int64(all) * int64(n)}
		}
		tensors = append(tensors, t)
	}
	f, err := gguf.New(metadata, tensors)
	if err != nil {
		return nil, err
	}
	short := newHeader(f)
	short.Quant = h.Quant
	return short, nil
}

// blockOf is the number of a tensor's block, or -1.
func blockOf(name string) int {
	rest, ok := strings.CutPrefix(name, "blk.")
	if !ok {
		return -1
	}
	digits, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}

func cut(values any, n int) any {
	switch v := values.(type) {
	case []int32:
		return v[:n]
	case []uint32:
		return v[:n]
	case []float32:
		return v[:n]
	case []bool:
		return v[:n]
	case []int64:
		return v[:n]
	case []uint64:
		return v[:n]
	case []int8:
		return v[:n]
	case []uint8:
		return v[:n]
	case []int16:
		return v[:n]
	case []uint16:
		return v[:n]
	case []float64:
		return v[:n]
	}
	return values
}
