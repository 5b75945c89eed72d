package testdrive

import (
	"slices"
	"strings"

	"weightroom/backend/gguf"
)

// The tensor types that a mix uses, by the file's numbers.
const (
	f32, f16, bf16                     = gguf.F32, gguf.F16, gguf.BF16
	q4_0, q4_1, q8_0                   = gguf.Q4_0, gguf.Q4_1, gguf.Q8_0
	q5_0, q5_1         gguf.TensorType = 6, 7
	q2K, q3K, q4K, q5K gguf.TensorType = 10, 11, 12, 13
	q6K                gguf.TensorType = 14
	iq2XXS, iq2XS      gguf.TensorType = 16, 17
	iq3XXS, iq1S       gguf.TensorType = 18, 19
	iq4NL, iq3S, iq2S  gguf.TensorType = 20, 21, 22
	iq4XS, iq1M        gguf.TensorType = 23, 29
	tq1_0, tq2_0       gguf.TensorType = 34, 35
	mxfp4              gguf.TensorType = 39
)

// quant is one of llama-quantize's names: the type most tensors get, and general.file_type.
type quant struct {
	name     string
	base     gguf.TensorType
	fileType uint32
}

// quants lists them, most precise first. From LLAMA_FTYPE in include/llama.h and llama_ftype_get_default_type in
// src/llama-quant.cpp, llama.cpp b10488.
var quants = []quant{
	{"F32", f32, 0}, {"BF16", bf16, 32}, {"F16", f16, 1}, {"Q8_0", q8_0, 7}, {"Q6_K", q6K, 18},
	{"Q5_K_M", q5K, 17}, {"Q5_K_S", q5K, 16}, {"Q5_1", q5_1, 9}, {"Q5_0", q5_0, 8},
	{"Q4_K_M", q4K, 15}, {"Q4_K_S", q4K, 14}, {"Q4_1", q4_1, 3}, {"Q4_0", q4_0, 2}, {"IQ4_NL", iq4NL, 25}, {"IQ4_XS", iq4XS, 30},
	{"MXFP4_MOE", mxfp4, 38},
	{"Q3_K_L", q3K, 13}, {"Q3_K_M", q3K, 12}, {"Q3_K_S", q3K, 11}, {"IQ3_M", iq3S, 27}, {"IQ3_S", iq3S, 26}, {"IQ3_XS", iq3S, 22}, {"IQ3_XXS", iq3XXS, 23},
	{"Q2_K", q2K, 10}, {"Q2_K_S", q2K, 21}, {"IQ2_M", iq2S, 29}, {"IQ2_S", iq2XS, 28}, {"IQ2_XS", iq2XS, 20}, {"IQ2_XXS", iq2XXS, 19},
	{"TQ2_0", tq2_0, 37}, {"TQ1_0", tq1_0, 36}, {"IQ1_M", iq1M, 31}, {"IQ1_S", iq1S, 24},
}

// Quants lists the quantizations that Plan knows, most precise first.
func Quants() []string {
	names := make([]string, len(quants))
	for i, q := range quants {
		names[i] = q.name
	}
	return names
}

// mixer gives each tensor its type, the way llama-quantize does (src/llama-quant.cpp, llama.cpp b10488). It counts
// what it has seen, so tensors come in the order of their blocks, and of their names within one.
type mixer struct {
	quant
	arch    string
	layers  int
	experts int
	shared  int  // heads that share a key-value head, in block 0
	seventy bool // the engine takes it for a 70B: 80 blocks
	tied    bool
	matrix  bool // an importance matrix was at hand
	values  int  // attention values in all, those seen
	seen    int
	downs   int // ffn_down seen
}

// is reports whether the quant is one of these.
func (m *mixer) is(names ...string) bool { return slices.Contains(names, m.name) }

// low are the quants of about two bits and less, which have rules of their own.
func (m *mixer) low() bool { return m.is("IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ1_S", "IQ1_M") }

// pick returns the type of one tensor and reports whether its width forced another than the mix wants.
func (m *mixer) pick(name string, shape []int64, layer int) (t gguf.TensorType, fellBack bool) {
	if always32(name, shape) {
		return f32, false
	}
	if m.base == f32 || m.base == bf16 || m.base == f16 {
		return m.base, false
	}
	if neverQuantized(name) || m.wideTable(name) {
		return f16, false
	}
	return fit(m.want(name, shape, layer), shape[0])
}

// always32 are the tensors that stay in 32 bits: vectors, norms, routers and the small state-space ones
// (conversion/base.py and tensor_allows_quantization).
func always32(name string, shape []int64) bool {
	if dims(shape) < 2 || !strings.HasSuffix(name, ".weight") || strings.HasSuffix(name, "_norm.weight") {
		return true
	}
	switch name {
	case "position_embd.weight", "token_types.weight":
		return true
	}
	for _, part := range []string{"ffn_gate_inp.", "ffn_gate_inp_shexp.", "ssm_conv1d", "shortconv.conv.", "altup_correct_coef", "altup_predict_coef"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// neverQuantized are the larger tensors that keep 16 bits in every quant.
func neverQuantized(name string) bool {
	return strings.Contains(name, "altup") || strings.Contains(name, "laurel") || strings.Contains(name, "per_layer_model_proj")
}

// wideTable is the table of embeddings for each layer in the files of Gemma 3n that Ollama publishes, where it keeps 16 bits
// (llama-quantize would take six for it): the five sizes that its library prints are met within 1.1% then, and without it
// the file is half of what it is.
func (m *mixer) wideTable(name string) bool {
	return m.arch == "gemma3n" && name == "per_layer_token_embd.weight"
}

// dims is the number of dimensions, less those of size 1 at the end, as ggml counts them.
func dims(shape []int64) int {
	n := len(shape)
	for n > 1 && shape[n-1] == 1 {
		n--
	}
	return n
}

// fit returns a type whose blocks fit the width of a row: a larger one of 32 weights for one of 256, else 16 bits.
func fit(t gguf.TensorType, width int64) (gguf.TensorType, bool) {
	divides := func(t gguf.TensorType) bool {
		info, _ := t.Info()
		return width%info.Block == 0
	}
	if divides(t) {
		return t, false
	}
	switch t {
	case iq1S, iq1M, iq2XXS, iq2XS, iq2S, iq3XXS, iq3S, iq4XS:
		t = iq4NL
	case q2K, q3K, tq1_0, tq2_0:
		t = q4_0
	case q4K:
		t = q5_0
	case q5K:
		t = q5_1
	case q6K:
		t = q8_0
	}
	if !divides(t) {
		t = f16
	}
	return t, true
}

// moreBits picks the first and last eighth of the blocks and every third between them.
func moreBits(i, n int) bool { return i < n/8 || i >= 7*n/8 || (i-n/8)%3 == 2 }

// want returns the type that the mix gives a tensor, before its width is looked at.
func (m *mixer) want(name string, shape []int64, layer int) gguf.TensorType {
	embedding := name == "token_embd.weight" || name == "per_layer_token_embd.weight"
	has := func(part string) bool { return strings.Contains(name, part) }
	switch {
	case name == "output.weight" || embedding && m.tied:
		return m.output(shape[0])
	case m.is("MXFP4_MOE"):
		if len(shape) > 2 && shape[2] > 1 {
			return mxfp4
		}
		return q8_0
	case embedding:
		return m.embedding()
	case has("attn_qkv.weight") && (m.arch == "phi3" || m.arch == "gptneox"):
		return m.fused()
	case has("attn_qkv.weight"), has("attn_kv_b.weight"), has("attn_v.weight"):
		m.seen++
		return m.value(m.seen - 1)
	case has("attn_k.weight"):
		return m.key()
	case has("attn_q.weight"):
		return m.query()
	case has("attn_output.weight"):
		return m.attention()
	case has("ffn_up"), has("ffn_gate"):
		if m.is("IQ3_XS") && layer >= m.layers/8 && layer < 7*m.layers/8 {
			return iq3XXS
		}
	case has("ffn_down"):
		m.downs++
		if m.experts <= 1 || m.low() { // with experts, the number in the tensor's name counts
			layer = m.downs - 1
		}
		return m.down(layer)
	}
	return m.base
}

func (m *mixer) output(width int64) gguf.TensorType {
	info, _ := m.base.Info()
	switch {
	case m.is("MXFP4_MOE"), m.base == q8_0, width%info.Block != 0:
		return q8_0
	case m.is("IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ2_S", "IQ2_M", "IQ1_M"):
		return q5K
	}
	return q6K
}

func (m *mixer) embedding() gguf.TensorType {
	switch {
	case m.is("IQ2_XXS", "IQ2_XS", "IQ1_S", "IQ1_M"):
		return q2K
	case m.is("IQ2_S", "IQ2_M", "IQ3_XXS"):
		return iq3S
	case m.is("TQ1_0", "TQ2_0"):
		return q4K
	}
	return m.base
}

// value is for what suffers most from fewer bits: attention values, and tensors that hold them.
func (m *mixer) value(i int) gguf.TensorType {
	if m.low() {
		switch {
		case m.shared >= 4 || m.experts >= 4:
			return q4K
		case m.is("IQ2_S", "IQ2_M"):
			return iq3S
		}
		return q2K
	}
	t := m.base
	switch {
	case m.is("Q2_K") && m.shared < 4:
		t = q3K
	case m.is("Q2_K"), m.is("Q2_K_S", "IQ3_XXS", "IQ3_XS", "IQ3_S") && m.shared >= 4, m.is("IQ3_M"):
		t = q4K
	case m.is("IQ3_XXS") && !m.matrix:
		t = iq3S
	case m.is("Q3_K_M") && i >= 2:
		t = q4K
	case m.is("Q3_K_M", "Q3_K_L"), m.is("IQ4_NL", "IQ4_XS") && m.shared >= 4, m.is("Q4_K_S") && i < 4:
		t = q5K
	case m.is("Q4_K_M", "Q5_K_M") && moreBits(i, m.values):
		t = q6K
	}
	if m.seventy && (t == q3K || t == q4K) {
		t = q5K
	}
	if m.experts == 8 {
		t = q8_0
	}
	return t
}

// fused is for queries, keys and values in one tensor, in the architectures whose files were published before
// llama-quantize counted such a tensor among the values (llama.cpp b10488 does: its Q2_K of Phi-4 is 6.6% larger).
func (m *mixer) fused() gguf.TensorType {
	switch {
	case m.low():
		return m.value(0)
	case m.is("Q3_K_M", "Q3_K_L", "IQ3_M"):
		return q4K
	case m.is("Q4_K_M"):
		return q5K
	case m.is("Q5_K_M"):
		return q6K
	}
	return m.base
}

func (m *mixer) key() gguf.TensorType {
	switch {
	case m.experts == 8 && m.low():
		return q4K
	case m.experts == 8:
		return q8_0
	}
	return m.query()
}

func (m *mixer) query() gguf.TensorType {
	switch {
	case m.is("IQ3_XS"):
		return iq3XXS
	case m.is("IQ3_XXS"):
		return iq2S
	}
	return m.base
}

// attention is for the projection behind the attention.
func (m *mixer) attention() gguf.TensorType {
	switch {
	case m.experts == 8 && (m.low() || m.is("Q2_K", "IQ3_XS", "IQ3_XXS", "Q3_K_S", "Q3_K_M", "IQ4_NL", "Q4_K_S", "Q4_K_M", "IQ3_S", "IQ3_M", "IQ4_XS")):
		return q5K
	case m.experts == 8:
		return m.base
	case m.is("IQ1_S", "IQ1_M"):
		return iq2XXS
	case m.is("IQ2_S", "IQ2_M", "IQ3_XXS"):
		return iq3S
	case m.is("Q2_K"):
		return q3K
	case m.is("Q3_K_M", "IQ3_M"):
		return q4K
	case m.is("Q3_K_L"):
		return q5K
	}
	return m.base
}

func (m *mixer) down(i int) gguf.TensorType {
	early := i < m.layers/8
	switch {
	case m.low() && !early:
	case m.is("IQ2_S", "IQ2_M"):
		return iq3S
	case m.low():
		return q2K
	case m.is("Q2_K"):
		return q3K
	case m.is("IQ3_XXS") && !m.matrix && !early:
		return q3K
	case m.is("Q2_K_S") && early, m.is("IQ3_XXS") && !m.matrix:
		return q4K
	case m.is("Q3_K_M") && i < m.layers/16, m.is("Q3_K_L"), m.is("Q4_K_S") && early, m.is("IQ4_NL", "IQ4_XS") && early && !m.matrix:
		return q5K
	case m.is("Q3_K_M"), m.is("IQ3_M") && (early || m.experts == 8 && moreBits(i, m.layers)):
		return q4K
	case m.is("Q4_K_M", "Q5_K_M") && moreBits(i, m.layers):
		return q6K
	case m.is("Q4_0") && m.matrix && early:
		return q4_1
	case m.is("Q5_0") && m.matrix && early:
		return q5_1
	}
	return m.base
}
