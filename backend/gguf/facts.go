package gguf

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Role is what a file is for.
type Role string

// The roles of a GGUF file.
const (
	RoleModel      Role = "model"
	RoleProjector  Role = "projector"  // the part that lets a model see or hear (mmproj)
	RoleAdapter    Role = "adapter"    // a LoRA: a change to a model, useless without it
	RoleVocabulary Role = "vocabulary" // a tokenizer with no weights
)

// Architecture is general.architecture: "llama".
func (f *File) Architecture() string { return f.String(keyArchitecture) }

// Name is general.name, or "".
func (f *File) Name() string { return strings.TrimSpace(f.String("general.name")) }

// BaseName is general.basename, the family the model belongs to, or "".
func (f *File) BaseName() string { return strings.TrimSpace(f.String("general.basename")) }

// Role says what the file is for.
func (f *File) Role() Role {
	vision, _ := f.Int(f.ArchKey("vision.block_count"))
	_, layers := f.Get(f.ArchKey("block_count"))
	switch kind := f.String("general.type"); {
	case kind == "projector" || kind == "mmproj" || f.Architecture() == "clip" || vision > 0 && !layers:
		return RoleProjector
	case kind == "adapter" || f.String("adapter.type") != "":
		return RoleAdapter
	case len(f.Tensors) == 0 && !f.split():
		return RoleVocabulary
	}
	return RoleModel
}

// Parameters is the number of weights: the elements of all tensors.
func (f *File) Parameters() int64 {
	var n int64
	for _, t := range f.Tensors {
		n = min(n, math.MaxInt64-t.Elements()) + t.Elements() // a byte can hold several weights, so the sum may be larger than the file
	}
	return n
}

// TypeShare is how much of a file is stored in one type.
type TypeShare struct {
	Type       TensorType
	Tensors    int
	Parameters int64
	Bytes      int64
}

// TypeMix lists the tensor types in use, most bytes first.
func (f *File) TypeMix() []TypeShare {
	var mix []TypeShare
	for _, t := range f.Tensors {
		i := slices.IndexFunc(mix, func(s TypeShare) bool { return s.Type == t.Type })
		if i < 0 {
			i = len(mix)
			mix = append(mix, TypeShare{Type: t.Type})
		}
		mix[i].Tensors++
		mix[i].Parameters += t.Elements()
		mix[i].Bytes += t.Bytes
	}
	slices.SortFunc(mix, func(a, b TypeShare) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Type, b.Type)) })
	return mix
}

// Quant is the quantization by llama.cpp's name ("Q4_K_M"): what the file says, else the type that most of its bytes
// are in. A K type alone stands for its medium mix, as llama.cpp guesses it. Empty: no tensors.
func (f *File) Quant() string {
	if n, ok := f.Int("general.file_type"); ok {
		if name := quantName(uint64(n)); name != "" {
			return name
		}
	}
	mix := f.TypeMix()
	if len(mix) == 0 {
		return ""
	}
	switch name := mix[0].Type.String(); name {
	case "Q3_K", "Q4_K", "Q5_K":
		return name + "_M"
	case "MXFP4":
		return "MXFP4_MOE"
	default:
		return name
	}
}

// ContextLength is the longest context the model was trained on, in tokens; 0: not given.
func (f *File) ContextLength() int { return f.archInt("context_length") }

// Layers is the number of blocks.
func (f *File) Layers() int { return f.archInt("block_count") }

// Embedding is the width of the model.
func (f *File) Embedding() int { return f.archInt("embedding_length") }

// Heads is the number of attention heads of the layer that has most.
func (f *File) Heads() int { return f.archMax("attention.head_count") }

// KVHeads is the number of key-value heads of the layer that has most; where the file gives none, Heads.
func (f *File) KVHeads() int {
	if n := f.archMax("attention.head_count_kv"); n > 0 {
		return n
	}
	return f.Heads()
}

// HeadDim is the size of an attention key.
func (f *File) HeadDim() int {
	if n := f.archInt("attention.key_length"); n > 0 {
		return n
	}
	if h := f.Heads(); h > 0 {
		return f.Embedding() / h
	}
	return 0
}

// Experts returns the number of experts and how many of them a token uses; 0, 0 for a dense model.
func (f *File) Experts() (total, used int) {
	return f.archInt("expert_count"), f.archMax("expert_used_count")
}

// Vocabulary is the number of tokens.
func (f *File) Vocabulary() int {
	if v, ok := f.Get(keyVocab); ok {
		if a, ok := v.(Array); ok {
			return int(a.Len)
		}
	}
	return f.archInt("vocab_size")
}

// ChatTemplate is the Jinja template that turns messages into a prompt, or "".
func (f *File) ChatTemplate() string { return f.String(keyTemplate) }

// Licence returns general.license (usually an SPDX identifier), general.license.name and general.license.link.
func (f *File) Licence() (id, name, link string) {
	return f.String("general.license"), f.String("general.license.name"), f.String("general.license.link")
}

// Pools reports whether the model makes one vector of a whole text: an embedding model.
func (f *File) Pools() bool {
	_, ok := f.Get(f.ArchKey("pooling_type"))
	return ok
}

// Capable lists what the model can do: chat, vision, tools, thinking, embedding. What a template says is read the
// way Ollama reads it, so that the engine offers the same.
func (f *File) Capable() []string {
	out := []string{}
	if f.Role() != RoleModel {
		return out
	}
	template := f.ChatTemplate()
	if f.Pools() {
		return append(out, "embedding")
	}
	if template != "" {
		out = append(out, "chat")
	}
	if n, _ := f.Int(f.ArchKey("vision.block_count")); n > 0 {
		out = append(out, "vision")
	}
	if strings.Contains(template, "tools") || strings.Contains(template, "tool_call") {
		out = append(out, "tools")
	}
	if strings.Contains(template, "<think>") && strings.Contains(template, "</think>") || strings.Contains(template, "enable_thinking") {
		out = append(out, "thinking")
	}
	return out
}

func (f *File) archInt(key string) int {
	n, _ := f.Int(f.ArchKey(key))
	return int(n)
}

func (f *File) archMax(key string) int {
	values := f.Ints(f.ArchKey(key))
	if len(values) == 0 {
		return 0
	}
	return int(slices.Max(values))
}
