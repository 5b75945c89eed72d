package gguf

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"weightroom/backend"
)

// What the engine would crash on, beyond what the format forbids. The limits are those of llama.cpp b10488.
const (
	maxLayers     = 512     // LLAMA_MAX_LAYERS; more wrote past its arrays (llama.cpp #25821), now it aborts
	maxExperts    = 1024    // LLAMA_MAX_EXPERTS; more aborts
	maxTokens     = 4 << 20 // the largest vocabularies in use hold about 262,000
	maxTokenBytes = 64 << 10
	maxWidth      = 1 << 20 // embedding and attention sizes; the widest models are at 16,384 and 53,248
	maxHeads      = 1 << 16
	mapAlignment  = 32 // TENSOR_ALIGNMENT of the CPU backend, which aborts on mapped weights that miss it
)

const (
	keyArchitecture = "general.architecture"
	keyAlignment    = "general.alignment"
	keyVocabKind    = "tokenizer.ggml.model"
	keyVocab        = "tokenizer.ggml.tokens"
	keyScores       = "tokenizer.ggml.scores"
	keyPieceTypes   = "tokenizer.ggml.token_type"
	keyMerges       = "tokenizer.ggml.merges"
	keySuppress     = "tokenizer.ggml.suppress_tokens"
	keyCharsmap     = "tokenizer.ggml.precompiled_charsmap"
	keyPre          = "tokenizer.ggml.pre"
	keyTemplate     = "tokenizer.chat_template"
)

// vocabulary is what is noted of lists that are too long to keep.
type vocabulary struct {
	twice       bool   // the engine aborts on two tokens with one text
	chatML      bool   // it has the markers of ChatML
	charsmap    uint32 // first word of the character map: the length of its first part
	hasCharsmap bool
}

// checkGeneral checks the entries that the rest of the header depends on.
func checkGeneral(f *File) error {
	v, ok := f.Get(keyArchitecture)
	if !ok && !f.laterPart() {
		return hostile("This file doesn't say what kind of model it is (its architecture is missing).")
	}
	if arch, text := v.(string); ok && (!text || arch == "" || len(arch) > 64 || strings.ContainsFunc(arch, notSlug)) {
		return hostile("The architecture of this file is not a name.")
	}
	if err := checkSplit(f); err != nil {
		return err
	}
	for _, kv := range f.Metadata {
		if _, text := kv.Value.(string); !text && slices.Contains(textKeys(), kv.Key) {
			return hostile("The metadata entry %s should be text, and is not.", quoted(kv.Key))
		}
	}
	v, ok = f.Get(keyAlignment)
	if !ok {
		return nil
	}
	a, ok := v.(uint32)
	switch {
	case !ok:
		return hostile("The alignment of this file is not an unsigned 32-bit number.")
	case a == 0 || a&(a-1) != 0:
		return hostile("The alignment of this file is %d, which is not a power of two.", a)
	case a < 8:
		return hostile("The alignment of this file is %d, and the format demands at least 8.", a)
	}
	f.Alignment = int64(a)
	return nil
}

func textKeys() []string {
	return []string{
		"general.type", "general.name", "general.basename", "general.license", "general.license.name",
		"general.license.link", keyVocabKind, keyPre, keyTemplate,
	}
}

func notSlug(r rune) bool {
	plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
	return !plain
}

// checkPlaces compares where the weights should be with the size of the file.
func checkPlaces(f *File) error {
	var ok bool
	if f.DataOffset, ok = align(f.HeaderSize, f.Alignment); !ok || f.DataSize > math.MaxInt64-f.DataOffset {
		return hostile("The tensors of this file add up to more bytes than any disk holds.")
	}
	if len(f.Tensors) == 0 {
		return nil
	}
	if missing := f.DataOffset + f.DataSize - f.Size; missing > 0 {
		return truncated("This file is not complete: %s of its %s are missing.", backend.Bytes(missing), backend.Bytes(f.DataOffset+f.DataSize))
	}
	if f.DataOffset%mapAlignment != 0 {
		return unfit("The weights of this file begin at byte %d, which is not a multiple of %d.", f.DataOffset, mapAlignment)
	}
	return nil
}

// tokens reads the vocabulary past, noting whether a text is there twice. The engine sees each text up to its first
// zero byte, and gives empty ones a name of their own.
func (d *decoder) tokens(n int64, vocab *vocabulary) any {
	if n > maxTokens {
		d.fail(hostile("This file claims a vocabulary of %d tokens, and no model has more than %d.", n, maxTokens))
		return nil
	}
	seed := maphash.MakeSeed()
	var seen []uint64 // grows with what is really in the file: 8 bytes for 8 bytes or more
	var kept []string
	var text []byte
	for range n {
		length := d.length(maxTokenBytes, "a token of the vocabulary")
		if d.err != nil {
			return nil
		}
		text = slices.Grow(text[:0], int(length))[:length]
		if !d.fill(text) {
			return nil
		}
		if n <= maxKeptElements {
			d.keep(length)
			kept = append(kept, string(text))
		}
		if zero := bytes.IndexByte(text, 0); zero >= 0 {
			text = text[:zero]
		}
		vocab.chatML = vocab.chatML || string(text) == chatMLMarker
		if len(text) > 0 {
			seen = append(seen, maphash.Bytes(seed, text))
		}
	}
	slices.Sort(seen)
	for i := 1; i < len(seen); i++ {
		vocab.twice = vocab.twice || seen[i] == seen[i-1]
	}
	if kept == nil {
		return nil
	}
	return kept
}

// checkVocabulary checks the lists that the engine's tokenizer reads without looking at their kinds or lengths, or
// did until recently (llama.cpp #26690, CVE-2025-49847).
func checkVocabulary(f *File, vocab *vocabulary) error {
	var tokens int64
	if v, ok := f.Get(keyVocab); ok {
		a, ok := v.(Array)
		if !ok || a.Kind != KindString {
			return unfit("The vocabulary of this file is not a list of texts.")
		}
		tokens = a.Len
	} else if t := f.String(keyVocabKind); t != "" && t != "none" && t != "no_vocab" {
		return unfit("This file names a tokenizer and has no vocabulary.")
	}
	if vocab.twice {
		return unfit("Two tokens of this file's vocabulary are the same.")
	}
	lists := []struct {
		key, name string
		kinds     []Kind
		perToken  bool
	}{
		{keyScores, "scores", []Kind{KindFloat32, KindInt32}, true},
		{keyPieceTypes, "types", []Kind{KindInt32}, true},
		{keyMerges, "merges", []Kind{KindString}, false},
		{keySuppress, "suppressed tokens", []Kind{KindInt32}, false},
		{keyCharsmap, "character map", []Kind{KindUint8, KindInt8}, false},
	}
	for _, l := range lists {
		v, ok := f.Get(l.key)
		if !ok {
			continue
		}
		a, ok := v.(Array)
		if !ok || !slices.Contains(l.kinds, a.Kind) {
			return unfit("The %s of this file's tokenizer are not of a kind that this engine reads.", l.name)
		}
		if l.perToken && a.Len < tokens {
			return unfit("The tokenizer of this file has %d tokens and %d %s.", tokens, a.Len, l.name)
		}
	}
	if v, ok := f.Get(keyCharsmap); ok {
		return checkCharsmap(v.(Array), vocab) // a list: checked above
	}
	return nil
}

// checkCharsmap checks that the map's first part, whose length its first word gives, ends inside it.
func checkCharsmap(a Array, vocab *vocabulary) error {
	switch values := a.Values.(type) {
	case []uint8:
		if len(values) >= 4 {
			vocab.charsmap, vocab.hasCharsmap = binary.LittleEndian.Uint32(values), true
		}
	case []int8:
		if len(values) >= 4 {
			vocab.charsmap, vocab.hasCharsmap = binary.LittleEndian.Uint32([]byte{byte(values[0]), byte(values[1]), byte(values[2]), byte(values[3])}), true
		}
	}
	if !vocab.hasCharsmap || int64(vocab.charsmap)+4 >= a.Len {
		return hostile("The character map of this file's tokenizer is shorter than it says.")
	}
	return nil
}

// checkShape checks the numbers that size the engine's buffers, where they are given. A file that lacks them is the
// engine's to refuse.
func checkShape(f *File) error {
	if f.Role() == RoleProjector || f.Role() == RoleAdapter {
		return nil
	}
	limits := []struct {
		key, name string
		least     int64
		most      int64
		perLayer  bool // may be a list with one number for each layer
	}{
		{"block_count", "number of layers", 1, maxLayers, false},
		{"context_length", "context length", 1, math.MaxInt32, false},
		{"embedding_length", "embedding size", 1, maxWidth, false},
		{"feed_forward_length", "feed-forward size", 0, maxWidth * 16, true},
		{"expert_feed_forward_length", "feed-forward size", 0, maxWidth * 16, true},
		{"attention.head_count", "number of attention heads", 0, maxHeads, true},
		{"attention.head_count_kv", "number of key-value heads", 0, maxHeads, true},
		{"attention.key_length", "size of an attention key", 0, maxWidth, false},
		{"attention.value_length", "size of an attention value", 0, maxWidth, false},
		{"rope.dimension_count", "size of the position encoding", 0, maxWidth, true},
		{"vocab_size", "vocabulary size", 0, maxTokens, false},
		{"expert_count", "number of experts", 0, maxExperts, false},
		{"expert_used_count", "number of experts in use", 0, maxExperts, true},
		{"expert_group_count", "number of expert groups", 0, maxExperts, false},
		{"expert_group_used_count", "number of expert groups in use", 0, maxExperts, false},
		{"nextn_predict_layers", "number of prediction layers", 0, maxLayers, false},
		{"pooling_type", "pooling", 0, 4, false}, // LLAMA_POOLING_TYPE_RANK; more aborts
	}
	for _, l := range limits {
		v, ok := f.Get(f.ArchKey(l.key))
		if !ok {
			continue
		}
		values := f.Ints(f.ArchKey(l.key))
		_, number := v.(uint32) // the engine aborts on, or refuses, every other width
		a, list := v.(Array)
		perLayer := list && l.perLayer && values != nil && a.Len > 0 && a.Len <= maxLayers && !negative(a)
		if !number && !perLayer {
			return unfit("The %s of this model is not a number the engine can use.", l.name)
		}
		for _, n := range values {
			if n < l.least || n > l.most {
				return hostile("The %s of this model is %d; the engine can use %d to %d.", l.name, n, l.least, l.most)
			}
		}
	}
	if err := checkHeads(f); err != nil {
		return err
	}
	if err := checkExperts(f); err != nil {
		return err
	}
	for _, key := range []string{"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"} {
		if e, ok := f.Float(f.ArchKey(key)); ok && !(e >= 0 && e < math.MaxFloat32) {
			return unfit("The normalization of this model divides by %v.", e)
		}
	}
	if v, ok := f.Get(f.ArchKey("rope.scaling.type")); ok {
		s, text := v.(string)
		if !text || !slices.Contains([]string{"none", "linear", "yarn", "longrope"}, s) { // LLAMA_ROPE_SCALING_TYPES; another aborts
			return unsupported("This model stretches its context in a way this engine doesn't know (%s).", quoted(s))
		}
	}
	return nil
}

func negative(a Array) bool {
	switch values := a.Values.(type) {
	case []int8:
		return slices.Min(values) < 0
	case []int16:
		return slices.Min(values) < 0
	case []int32:
		return slices.Min(values) < 0
	case []int64:
		return slices.Min(values) < 0
	case []uint64:
		return slices.Max(values) > math.MaxInt64
	}
	return false
}

// checkExperts repeats what the engine asserts of a mixture of experts when it loads one.
func checkExperts(f *File) error {
	if strings.HasPrefix(f.Architecture(), "hunyuan") { // writes 1 for a dense model; the engine corrects that
		return nil
	}
	experts, used := f.Experts()
	groups, _ := f.Int(f.ArchKey("expert_group_count"))
	groupsUsed, _ := f.Int(f.ArchKey("expert_group_used_count"))
	switch {
	case used > experts:
		return unfit("This model has %d experts and uses %d of them at once.", experts, used)
	case experts > 0 && used == 0:
		return unfit("This model has %d experts and uses none of them.", experts)
	case groups > 0 && groups >= int64(experts):
		return unfit("This model has %d experts in %d groups.", experts, groups)
	case groups > 1 && (int64(experts)%groups != 0 || groupsUsed < 1 || groupsUsed >= groups):
		return unfit("The %d experts of this model don't divide into %d groups of which %d are used.", experts, groups, groupsUsed)
	}
	return nil
}
