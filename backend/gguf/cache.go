package gguf

import "strings"

// CacheGroup is a number of layers that keep alike of each token.
type CacheGroup struct {
	Layers int
	Values int // numbers for a token and layer: all keys and all values
	Window int // tokens that a sliding window looks back; 0: the whole context
}

// windowEvery is how often a layer looks at the whole context where a file gives a window and no pattern of it: what
// llama.cpp b10488 has in its code for an architecture (set_swa_pattern in src/models). Others it gives no window, whatever
// their files say. The first layer is a wide one in a pattern below zero.
var windowEvery = map[string]int{
	"gemma2": 2, "gpt-oss": 2, "cohere2": 4, "exaone4": 4, "exaone-moe": 4, "llama4": 4, "olmo2": 4, "afmoe": 4, "smallthinker": -4,
	"gemma3n": 5, "gemma3": 6, "gemma-embedding": 6,
}

// llama4Window is the chunk of Llama 4, which its files don't say.
const llama4Window = 8192

// Cache is what the layers keep of the context, in groups of the same kind, and StateBytes what recurrent ones keep
// whatever its length is. It knows latent attention, sliding windows, layers that keep nothing or share what others keep,
// and heads of a layer's own.
func (f *File) Cache() (groups []CacheGroup, stateBytes int64) {
	layers := f.Layers() - f.archInt("nextn_predict_layers")
	kinds := f.layerKinds(layers)
	heads, shared := f.Ints(f.ArchKey("attention.head_count_kv")), f.archInt("attention.shared_kv_layers")
	slides := f.sliding(layers)
	for i := range max(0, layers) {
		if kinds[i].recurrent {
			stateBytes += f.stateBytes()
		}
		if kinds[i].recurrent && !kinds[i].attends || i >= layers-shared {
			continue
		}
		g := CacheGroup{Layers: 1}
		if slides != nil && slides[i] {
			g.Window = f.window()
		}
		n := f.KVHeads()
		if len(heads) == f.Layers() {
			n = int(heads[i])
		}
		if g.Values = f.latent(kinds[i]); g.Values == 0 {
			key, value := f.headSizes(g.Window > 0)
			g.Values = n * (key + value)
		}
		if g.Values <= 0 {
			continue
		}
		at := -1
		for j := range groups {
			if groups[j].Values == g.Values && groups[j].Window == g.Window {
				at = j
			}
		}
		if at < 0 {
			groups = append(groups, g)
		} else {
			groups[at].Layers++
		}
	}
	return groups, stateBytes
}

// layerKind is what the tensors of a layer say that it does.
type layerKind struct{ attends, recurrent, latent bool }

func (f *File) layerKinds(layers int) []layerKind {
	kinds := make([]layerKind, max(0, layers))
	for _, t := range f.Tensors {
		i, part, ok := blockTensor(t.Name)
		if !ok || i >= len(kinds) {
			continue
		}
		switch {
		case strings.HasPrefix(part, "ssm_"), strings.HasPrefix(part, "shortconv."), strings.HasPrefix(part, "time_mix_"):
			kinds[i].recurrent = true
		case strings.HasPrefix(part, "attn_k."):
			kinds[i].attends = true
		case strings.HasPrefix(part, "attn_kv_a_mqa."):
			kinds[i].attends = true
		case strings.HasPrefix(part, "attn_k_b."):
			kinds[i].latent = true
		}
	}
	return kinds
}

// blockTensor cuts the name of a block's tensor: "blk.12.attn_k.weight" is of block 12, and its part "attn_k.weight".
func blockTensor(name string) (block int, part string, ok bool) {
	rest, ok := strings.CutPrefix(name, "blk.")
	number, part, cut := strings.Cut(rest, ".")
	if !ok || !cut || number == "" || len(number) > 6 {
		return 0, "", false
	}
	for _, r := range number {
		if r < '0' || r > '9' {
			return 0, "", false
		}
		block = 10*block + int(r-'0')
	}
	return block, part, true
}

// latent is what a layer with latent attention keeps of a token: one vector, from which all keys and values are made, and
// the position beside it. Files from before it was made so keep whole heads, and have no such tensor.
func (f *File) latent(kind layerKind) int {
	rank := f.archInt("attention.kv_lora_rank")
	if rank == 0 || !kind.latent {
		return 0
	}
	return rank + f.archInt("rope.dimension_count")
}

// headSizes are the widths of a key and of a value of one head.
func (f *File) headSizes(sliding bool) (key, value int) {
	key, value = f.HeadDim(), f.HeadDim()
	if n := f.archInt("attention.value_length"); n > 0 {
		value = n
	}
	if n := f.archInt("attention.key_length_swa"); sliding && n > 0 {
		key, value = n, n
		if v := f.archInt("attention.value_length_swa"); v > 0 {
			value = v
		}
	}
	return key, value
}

func (f *File) window() int {
	n := f.archInt("attention.sliding_window")
	if n == 0 && f.Architecture() == "llama4" {
		return llama4Window
	}
	return n
}

// sliding says which layers look back a window only; nil: none does.
func (f *File) sliding(layers int) []bool {
	every, known := windowEvery[f.Architecture()]
	if f.window() <= 0 || layers < 1 {
		return nil
	}
	out := make([]bool, layers)
	v, _ := f.Get(f.ArchKey("attention.sliding_window_pattern"))
	if a, ok := v.(Array); ok {
		bools, _ := a.Values.([]bool)
		numbers := f.Ints(f.ArchKey("attention.sliding_window_pattern"))
		for i := range out {
			out[i] = i < len(bools) && bools[i] || i < len(numbers) && numbers[i] != 0
		}
		return out
	}
	if n, ok := toInt(v); ok && n > 0 && n <= 1<<10 {
		every, known = int(n), true
	}
	if !known {
		return nil
	}
	for i := range out {
		if every < 0 {
			out[i] = i%-every != 0
		} else {
			out[i] = i%every < every-1
		}
	}
	return out
}

// stateBytes is what a recurrent layer keeps, in numbers of 32 bits (n_embd_r and n_embd_s in src/llama-hparams.cpp).
func (f *File) stateBytes() int64 {
	at := func(key string) int64 { return max(0, int64(f.archInt(key))) }
	width := int64(f.Embedding())
	switch {
	case at("shortconv.l_cache") > 0:
		return 4 * (at("shortconv.l_cache") - 1) * width
	case at("ssm.inner_size") > 0:
		inner, state := at("ssm.inner_size"), at("ssm.state_size")
		return 4 * (max(0, at("ssm.conv_kernel")-1)*(inner+2*at("ssm.group_count")*state) + state*inner)
	case at("wkv.head_size") > 0:
		return 4 * (2*width + at("wkv.head_size")*width)
	}
	return 0
}
