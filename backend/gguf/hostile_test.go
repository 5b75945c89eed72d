package gguf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

const (
	notGGUF     = backend.CodeNotGGUF
	truncated   = backend.CodeTruncated
	hostile     = backend.CodeHostileFile
	unsupported = backend.CodeUnsupported
)

type builder = gguftest.Builder

// bad is one hostile file: the class it stands for, how it is made, and what the refusal must say.
type bad struct {
	class string
	make  func() []byte
	code  backend.Code
	says  string
}

// spoilt is a sound file with one thing changed.
func spoilt(class string, change func(b *builder), code backend.Code, says string) bad {
	return bad{class, func() []byte {
		b := gguftest.Small(1)
		change(b)
		return b.Bytes()
	}, code, says}
}

// set is a sound file with one entry changed.
func set(class, key string, value any, code backend.Code, says string) bad {
	return spoilt(class, func(b *builder) { b.Set(key, value) }, code, says)
}

// tensor is a sound file with its second tensor changed.
func tensor(class string, change func(t *gguftest.Tensor), code backend.Code, says string) bad {
	return spoilt(class, func(b *builder) { change(&b.Tensors[1]) }, code, says)
}

func just(class, content string, code backend.Code, says string) bad {
	return bad{class, func() []byte { return []byte(content) }, code, says}
}

func raw(kind uint32, data []byte) gguftest.Raw { return gguftest.Raw{Kind: kind, Data: data} }

func count(n uint64) *uint64 { return &n }

// cut is a sound file that ends early; at gives where, from its bytes.
func cut(class string, at func(b *builder, whole []byte) int, says string) bad {
	return bad{class, func() []byte {
		b := gguftest.Small(1)
		whole := b.Bytes()
		return whole[:at(b, whole)]
	}, truncated, says}
}

func after(mark string, more int) func(*builder, []byte) int {
	return func(_ *builder, whole []byte) int { return bytes.Index(whole, []byte(mark)) + more }
}

func hostileFiles() []bad {
	u64 := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	return []bad{
		// What is not GGUF at all.
		just("empty file", "", notGGUF, "empty"),
		just("text", "this is a long enough text file, and not a model", notGGUF, "not a GGUF"),
		just("three bytes", "GGU", truncated, "3 bytes"),
		just("HTML login page", "\n <!DOCTYPE html><html><body>Sign in</body></html>", notGGUF, "web page"),
		just("git-lfs pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", notGGUF, "pointer"),
		just("safetensors", "\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":1}         ", notGGUF, "safetensors"),
		just("zip", "PK\x03\x04\x14\x00\x00\x00", notGGUF, "zip"),
		just("GGJT, the format before GGUF", "tjgg\x03\x00\x00\x00", unsupported, "old format"),
		just("big-endian magic", "FUGG\x00\x00\x00\x03", unsupported, "big-endian"),
		spoilt("big-endian numbers", func(b *builder) { b.Version = 0x03000000 }, unsupported, "big-endian"),
		spoilt("version 0", func(b *builder) { b.Version = 0 }, hostile, "version 0"),
		spoilt("version 1, whose strings end in NUL", func(b *builder) { b.Version = 1 }, unsupported, "version 1"),
		spoilt("version of the future", func(b *builder) { b.Version = 4 }, unsupported, "version 4"),
		spoilt("version 2^32-1", func(b *builder) { b.Version = math.MaxUint32 }, unsupported, "version 4294967295"),

		// Counts (llama.cpp #15711).
		spoilt("n_kv 2^64-1", func(b *builder) { b.Keys = count(math.MaxUint64) }, hostile, "18446744073709551615 metadata"),
		spoilt("n_kv one over the limit", func(b *builder) { b.Keys = count(gguf.MaxKeys + 1) }, hostile, "metadata entries"),
		spoilt("n_kv one more than there are", func(b *builder) { b.Keys = count(uint64(len(b.Entries)) + 1) }, hostile, "name of a tensor"),
		spoilt("n_kv one fewer than there are", func(b *builder) { b.Keys = count(uint64(len(b.Entries)) - 1) }, hostile, "dimensions"),
		spoilt("n_tensors 2^63", func(b *builder) { b.TensorCount = count(1 << 63) }, hostile, "tensors"),
		spoilt("n_tensors times overhead wraps", func(b *builder) { b.TensorCount = count(math.MaxUint64/368 + 1) }, hostile, "tensors"),
		spoilt("n_tensors one over the limit", func(b *builder) { b.TensorCount = count(gguf.MaxTensors + 1) }, hostile, "tensors"),
		spoilt("n_tensors one more than there are", func(b *builder) { b.TensorCount = count(12) }, hostile, "of a tensor"),

		// Metadata.
		set("string of 2^63 bytes", "general.name", raw(8, u64(1<<63)), hostile, "9223372036854775808 bytes long"),
		set("string of 2^64-1 bytes", "general.name", raw(8, u64(math.MaxUint64)), hostile, "bytes long"),
		set("string one over the limit", "general.name", raw(8, u64(gguf.MaxStringBytes+1)), hostile, "bytes long"),
		set("string longer than the file", "general.name", raw(8, u64(1<<20)), truncated, "missing"),
		spoilt("key of 64 KiB", func(b *builder) { b.Set(strings.Repeat("k", gguf.MaxKeyBytes+1), "") }, hostile, "name of a metadata entry"),
		spoilt("key that is empty (llama.cpp #24263)", func(b *builder) { b.Set("", "x") }, hostile, "no name"),
		spoilt("key that is not UTF-8", func(b *builder) { b.Set("general.\xff\xfe", "x") }, hostile, "not readable"),
		spoilt("key with a NUL", func(b *builder) { b.Set("general.name\x00x", "x") }, hostile, "not readable"),
		spoilt("key with a line feed", func(b *builder) { b.Set("general.name\nOK", "x") }, hostile, "not readable"),
		spoilt("key twice", func(b *builder) { b.Entries = append(b.Entries, b.Entries[2]) }, hostile, "there twice"),
		set("kind of value that does not exist", "x.y", raw(13, nil), hostile, "kind that does not exist (13)"),
		set("kind of value 2^32-1", "x.y", raw(math.MaxUint32, nil), hostile, "kind that does not exist"),
		set("bool that is 2", "x.y", raw(7, []byte{2}), hostile, "yes or no"),
		set("list of lists (gguf-py recursion)", "x.y", raw(9, gguftest.List(9, 1, gguftest.List(9, 1)...)), hostile, "list of lists"),
		set("list of a kind that does not exist", "x.y", raw(9, gguftest.List(13, 1)), hostile, "list of a kind"),
		set("list of 2^60 strings", "x.y", raw(9, gguftest.List(8, 1<<60)), hostile, "1152921504606846976 elements"),
		set("list of 2^64-1 numbers", "x.y", raw(9, gguftest.List(4, math.MaxUint64)), hostile, "elements"),
		set("list whose byte size wraps to 0", "x.y", raw(9, gguftest.List(10, 1<<61)), hostile, "elements"),
		set("list longer than the file", "x.y", raw(9, gguftest.List(10, 1<<24)), truncated, "missing"),
		set("list of strings that end before the list", "x.y", raw(9, gguftest.List(8, 200)), hostile, "bytes long"),
		spoilt("architecture missing", func(b *builder) { b.Drop("general.architecture") }, hostile, "architecture is missing"),
		set("architecture a number", "general.architecture", uint32(7), hostile, "architecture"),
		set("architecture empty", "general.architecture", "", hostile, "architecture"),
		set("architecture a path", "general.architecture", "../../etc", hostile, "architecture"),
		set("name a number", "general.name", uint32(7), hostile, "should be text"),
		set("chat template a list", "tokenizer.chat_template", []string{"a"}, hostile, "should be text"),
		set("alignment 0 (division by zero)", "general.alignment", uint32(0), hostile, "alignment of this file is 0"),
		set("alignment 3", "general.alignment", uint32(3), hostile, "power of two"),
		set("alignment 1", "general.alignment", uint32(1), hostile, "at least 8"),
		set("alignment 2^32-1", "general.alignment", uint32(math.MaxUint32), hostile, "power of two"),
		set("alignment of another kind (llama.cpp #26318)", "general.alignment", int32(32), hostile, "unsigned 32-bit"),
		set("alignment of 2 GiB", "general.alignment", uint32(1<<31), hostile, "multiple of"),

		// Tensors.
		tensor("no dimensions", func(t *gguftest.Tensor) { t.Shape = nil }, hostile, "no dimensions"),
		tensor("five dimensions", func(t *gguftest.Tensor) { t.Shape = []uint64{32, 1, 1, 1, 1} }, hostile, "5 dimensions"),
		tensor("dimension of 0 (SIGFPE, llama.cpp #24263)", func(t *gguftest.Tensor) { t.Shape = []uint64{32, 0} }, unsupported, "size 0"),
		tensor("dimension of 2^63", func(t *gguftest.Tensor) { t.Shape = []uint64{1 << 63} }, hostile, "multiply"),
		tensor("dimensions wrap to 0", func(t *gguftest.Tensor) { t.Shape = []uint64{1 << 32, 1 << 32} }, hostile, "multiply"),
		tensor("dimensions wrap to a small number (CVE-2026-33298)", func(t *gguftest.Tensor) { t.Shape = []uint64{32, 1<<59 + 1} }, hostile, "multiply"),
		tensor("dimensions wrap negative (llama.cpp #27203)", func(t *gguftest.Tensor) { t.Shape, t.Type = []uint64{math.MaxInt64, 2}, 24 }, hostile, "multiply"),
		tensor("bytes wrap (llama.cpp #14595)", func(t *gguftest.Tensor) { t.Shape = []uint64{1 << 61} }, hostile, "more bytes than a number"),
		tensor("type id unknown", func(t *gguftest.Tensor) { t.Type = 43 }, unsupported, "newer version of Weightroom's engine"),
		tensor("type id negative", func(t *gguftest.Tensor) { t.Type = math.MaxUint32 }, unsupported, "newer version"),
		tensor("type withdrawn, with blocks of 0", func(t *gguftest.Tensor) { t.Type = 4 }, unsupported, "type 4"),
		tensor("row that is no multiple of its block", func(t *gguftest.Tensor) { t.Type, t.Shape = 12, []uint64{32} }, unsupported, "multiple of 256"),
		tensor("offset not aligned", func(t *gguftest.Tensor) { t.Offset++ }, hostile, "multiple of 32"),
		tensor("offset past the end", func(t *gguftest.Tensor) { t.Offset = 1 << 40 }, unsupported, "gap"),
		tensor("offset 2^63", func(t *gguftest.Tensor) { t.Offset = 1 << 63 }, hostile, "beyond any file"),
		tensor("offset that overlaps", func(t *gguftest.Tensor) { t.Offset = 0 }, hostile, "overlaps"),
		tensor("gap between tensors", func(t *gguftest.Tensor) { t.Offset += 32 }, unsupported, "gap of 32 bytes"),
		tensor("shape larger than the file (CVE-2026-7482)", func(t *gguftest.Tensor) { t.Shape = []uint64{32, 1 << 20} }, hostile, "overlaps"),
		spoilt("last shape larger than the file (CVE-2026-7482)", func(b *builder) { b.Tensors[10].Shape = []uint64{32, 1 << 20} }, truncated, "are missing"),
		spoilt("tensors add up past 2^63", func(b *builder) {
			b.Tensors[10].Shape, b.Tensors[10].Type = []uint64{math.MaxInt64 - 1<<13}, 24
		}, hostile, "beyond any file"),
		tensor("tensor ends where the padding wraps", func(t *gguftest.Tensor) { t.Shape, t.Type = []uint64{math.MaxInt64 - 300}, 24 }, hostile, "more bytes than any disk"),
		tensor("name twice", func(t *gguftest.Tensor) { t.Name = "token_embd.weight" }, hostile, "there twice"),
		tensor("name of 64 bytes", func(t *gguftest.Tensor) { t.Name = strings.Repeat("n", 64) }, hostile, "name of a tensor"),
		tensor("name empty", func(t *gguftest.Tensor) { t.Name = "" }, hostile, "not readable"),
		tensor("name with a NUL", func(t *gguftest.Tensor) { t.Name = "token_embd.weight\x00" }, hostile, "not readable"),
		spoilt("name of 2^63 bytes", func(b *builder) {
			b.Tensors, b.TensorCount = nil, count(1)
			b.Set("z", raw(8, append(u64(0), u64(1<<63)...)))
		}, hostile, "name of a tensor"),
		spoilt("weights that can't be mapped", func(b *builder) {
			b.Align = 8
			b.Set("general.alignment", uint32(8))
			for len(b.Header())%32 == 0 || len(b.Header())%32 > 24 {
				b.Set("x.pad", strings.Repeat("x", len(b.Header())%8+1))
			}
			tensors := b.Tensors
			b.Tensors = nil
			for _, t := range tensors {
				b.Add(t)
			}
		}, unsupported, "not a multiple of 32"),

		// The tokenizer (llama.cpp #26690, CVE-2025-49847).
		set("tokens a list of numbers", "tokenizer.ggml.tokens", []uint32{1, 2}, unsupported, "list of texts"),
		set("tokens a text", "tokenizer.ggml.tokens", "a b c", unsupported, "list of texts"),
		spoilt("tokens missing", func(b *builder) { b.Drop("tokenizer.ggml.tokens") }, unsupported, "no vocabulary"),
		set("tokens 2^26", "tokenizer.ggml.tokens", raw(9, gguftest.List(8, 1<<26, make([]byte, 64)...)), hostile, "larger than 512 MiB"),
		set("token of 2^31 bytes", "tokenizer.ggml.tokens", raw(9, gguftest.List(8, 1, u64(1<<31)...)), hostile, "token of the vocabulary"),
		set("token twice (engine aborts)", "tokenizer.ggml.tokens", []string{"<unk>", "<s>", "</s>", "a", "a", "c", "d", "e"}, unsupported, "are the same"),
		set("token twice up to a NUL (engine aborts)", "tokenizer.ggml.tokens", []string{"<unk>", "<s>", "</s>", "a\x00b", "a\x00c", "c", "d", "e"}, unsupported, "are the same"),
		set("scores fewer than tokens", "tokenizer.ggml.scores", make([]float32, 7), unsupported, "8 tokens and 7 scores"),
		set("scores of one byte each", "tokenizer.ggml.scores", make([]uint8, 8), unsupported, "scores"),
		set("scores one number", "tokenizer.ggml.scores", float32(1), unsupported, "scores"),
		set("token types fewer than tokens", "tokenizer.ggml.token_type", make([]int32, 1), unsupported, "8 tokens and 1 types"),
		set("token types of one byte each", "tokenizer.ggml.token_type", make([]uint8, 8), unsupported, "types"),
		set("merges a list of numbers", "tokenizer.ggml.merges", make([]int32, 4), unsupported, "merges"),
		set("suppressed tokens of one byte each", "tokenizer.ggml.suppress_tokens", make([]uint8, 4), unsupported, "suppressed tokens"),
		set("character map shorter than its first word", "tokenizer.ggml.precompiled_charsmap", []uint8{255, 255, 255, 255, 0}, hostile, "character map"),
		set("character map of three bytes", "tokenizer.ggml.precompiled_charsmap", []uint8{0, 0, 0}, hostile, "character map"),
		set("character map, long, shorter than its first word", "tokenizer.ggml.precompiled_charsmap", append([]uint8{255, 255, 0, 0}, make([]uint8, 5000)...), hostile, "character map"),
		set("character map of texts", "tokenizer.ggml.precompiled_charsmap", []string{"a"}, unsupported, "character map"),
		set("vocabulary size without tokens (llama.cpp #26690)", "llama.vocab_size", uint32(1<<31), hostile, "vocabulary size"),

		// Numbers that size the engine's arrays, or that it asserts.
		set("513 layers (llama.cpp #25821)", "llama.block_count", uint32(513), hostile, "number of layers of this model is 513"),
		set("no layers", "llama.block_count", uint32(0), hostile, "number of layers"),
		set("layers a text", "llama.block_count", "1", unsupported, "number of layers"),
		set("layers negative", "llama.block_count", int32(-1), unsupported, "number of layers"),
		set("context of 0", "llama.context_length", uint32(0), hostile, "context length"),
		set("context of 2^32-1", "llama.context_length", uint32(math.MaxUint32), hostile, "context length"),
		set("embedding of 2^31", "llama.embedding_length", uint32(1<<31), hostile, "embedding size"),
		set("heads that can't be shared", "llama.attention.head_count_kv", uint32(3), unsupported, "can't share"),
		set("more key-value heads than heads", "llama.attention.head_count_kv", uint32(8), unsupported, "can't share"),
		set("layers of another width (engine aborts)", "llama.block_count", uint64(1), unsupported, "number of layers"),
		set("experts a list (engine aborts)", "llama.expert_count", []uint32{0}, unsupported, "number of experts"),
		set("keys and values of two sizes (engine aborts)", "llama.attention.value_length", uint32(16), unsupported, "values 16"),
		set("position encoding wider than a key (engine aborts)", "llama.rope.dimension_count", uint32(16), unsupported, "covers 16 of the 8"),
		set("position encoding of half a key (engine aborts)", "llama.rope.dimension_count", uint32(4), unsupported, "covers 4 of the 8"),
		set("heads 0 (SIGFPE)", "llama.attention.head_count", uint32(0), unsupported, "how many attention heads"),
		spoilt("heads missing (SIGFPE)", func(b *builder) { b.Drop("llama.attention.head_count") }, unsupported, "how many attention heads"),
		set("heads for two layers of one", "llama.attention.head_count", []int32{4, 4}, unsupported, "1 layers and a list of 2"),
		spoilt("position encoding of an odd number (engine aborts)", func(b *builder) {
			b.Set("general.architecture", "phi2")
			for i := range b.Entries {
				b.Entries[i].Key = strings.Replace(b.Entries[i].Key, "llama.", "phi2.", 1)
			}
			b.Set("phi2.rope.dimension_count", uint32(5))
		}, unsupported, "odd"),
		set("heads 2^32-1", "llama.attention.head_count", uint32(math.MaxUint32), hostile, "attention heads"),
		set("heads per layer, one of them negative", "llama.attention.head_count", []int32{4, -4}, unsupported, "attention heads"),
		set("heads per layer, none", "llama.attention.head_count", []int32{}, unsupported, "attention heads"),
		set("heads for 4,096 layers", "llama.attention.head_count", make([]int32, 4096), unsupported, "attention heads"),
		set("heads a list of texts", "llama.attention.head_count", []string{"4"}, unsupported, "attention heads"),
		set("experts 2^31", "llama.expert_count", uint32(1<<31), hostile, "number of experts"),
		set("experts of which none are used", "llama.expert_count", uint32(8), unsupported, "uses none"),
		set("experts in use that are not there", "llama.expert_used_count", uint32(2), unsupported, "0 experts and uses 2"),
		set("expert groups without experts", "llama.expert_group_count", uint32(2), unsupported, "groups"),
		set("more prediction layers than layers", "llama.nextn_predict_layers", uint32(2), unsupported, "prediction layers"),
		set("pooling that does not exist", "llama.pooling_type", uint32(9), hostile, "pooling"),
		set("normalization by a negative number", "llama.attention.layer_norm_rms_epsilon", float32(-1), unsupported, "normalization"),
		set("normalization by NaN", "llama.attention.layer_norm_rms_epsilon", float32(math.NaN()), unsupported, "normalization"),
		set("position scaling that does not exist", "llama.rope.scaling.type", "wave", unsupported, "context"),

		// Ends.
		cut("ends in the version", func(*builder, []byte) int { return 6 }, "missing"),
		cut("ends in the tensor count", func(*builder, []byte) int { return 12 }, "missing"),
		cut("ends in the metadata count", func(*builder, []byte) int { return 20 }, "missing"),
		cut("ends before the first key", func(*builder, []byte) int { return 24 }, "missing"),
		cut("ends in a key", after("general.name", 3), "missing"),
		cut("ends in a kind", after("general.name", 14), "missing"),
		cut("ends in a text", after("Tiny", 2), "missing"),
		cut("ends in a list", after("</s>", 1), "missing"),
		cut("ends in a tensor's name", after("token_embd", 4), "missing"),
		cut("ends in a shape", after("token_embd.weight", 20), "missing"),
		cut("ends in an offset", func(b *builder, _ []byte) int { return len(b.Header()) - 1 }, "missing"),
		cut("ends where the weights begin", func(b *builder, _ []byte) int { return len(b.Header()) }, "are missing"),
		cut("ends in the weights", func(_ *builder, whole []byte) int { return len(whole) / 2 }, "are missing"),
		cut("ends one byte early", func(_ *builder, whole []byte) int { return len(whole) - 1 }, ": 1 B of its"),
	}
}

func TestHostileFileIsRefusedWithAReason(t *testing.T) {
	files := hostileFiles()
	if len(files) < 60 {
		t.Fatalf("%d classes, want at least 60", len(files))
	}
	seen := map[string]bool{}
	for _, c := range files {
		if seen[c.class] {
			t.Errorf("%s: there twice", c.class)
		}
		seen[c.class] = true
		t.Run(c.class, func(t *testing.T) {
			data := c.make()
			_, err := gguf.Read(bytes.NewReader(data), int64(len(data)))
			checkRefusal(t, err, c.code, c.says)
		})
	}
	t.Logf("%d hostile files refused", len(files))
}

func checkRefusal(t *testing.T, err error, code backend.Code, says string) {
	t.Helper()
	var e *backend.Error
	switch {
	case err == nil:
		t.Fatal("accepted")
	case !errors.As(err, &e):
		t.Fatalf("no sentence: %v", err)
	case e.Code != code || !strings.Contains(e.Message, says):
		t.Errorf("%s: %s, want %s: …%s…", e.Code, e.Message, code, says)
	case !strings.HasSuffix(e.Message, ".") || !strings.HasSuffix(e.Hint, ".") || strings.Count(e.Message, ". ") > 0:
		t.Errorf("not one sentence and a next step: %q %q", e.Message, e.Hint)
	case strings.ContainsAny(e.Message, "\n\x00") || len(e.Message) > 250:
		t.Errorf("the file's own text got into the sentence: %q", e.Message)
	}
}
