package gguf

import "strings"

// Architectures whose graph asserts that keys and values are of one size, and those that assert that the position
// encoding covers a whole key: the asserts at the head of the graphs in src/models of llama.cpp b10488. Another size
// makes the engine abort, so no model in use has one.
const (
	evenHeads = " afmoe apertus arcee arctic baichuan bailingmoe2 bert bitnet bloom chameleon chatglm codeshell cogvlm cohere2" +
		" cohere2moe command-r dbrx deci deepseek dots1 dream eurobert exaone falcon glm4moe glm4 gpt2 gptneox granite grok" +
		" grovemoe hunyuan-moe internlm2 jais jais2 llada-moe llada llama llama4 maincoder minicpm mistral3 modern-bert mpt nemotron" +
		" neo-bert olmo olmo2 olmoe openelm orion paddleocr phi2 phi3 plamo qwen qwen2 qwen2moe qwen2vl qwen3 qwen3moe" +
		" qwen3next qwen3vl qwen3vlmoe refact rnd1 smallthinker smollm3 stablelm starcoder starcoder2 t5 xverse "
	fullRope = " apertus arcee arctic baichuan chameleon codeshell cogvlm dbrx deci deepseek dots1 dream exaone falcon granite grok" +
		" grovemoe hunyuan-moe internlm2 jais2 llada-moe llada llama llama4 maincoder minicpm mistral3 olmo olmo2 olmoe orion" +
		" paddleocr plamo qwen2 qwen2moe qwen2vl qwen3 qwen3moe qwen3vl qwen3vlmoe rnd1 smallthinker smollm3 starcoder2 xverse "
)

func among(names, arch string) bool { return strings.Contains(names, " "+arch+" ") }

// checkHeads checks that the sizes of attention line up: the engine aborts on a product of matrices that don't.
func checkHeads(f *File) error {
	heads, kv := f.Ints(f.ArchKey("attention.head_count")), f.Ints(f.ArchKey("attention.head_count_kv"))
	if len(heads) == 1 && len(kv) == 1 && heads[0] > 0 && kv[0] > 0 && heads[0]%kv[0] != 0 {
		return unfit("This model has %d attention heads, which %d key-value heads can't share.", heads[0], kv[0])
	}
	layers, _ := f.Int(f.ArchKey("block_count"))
	if nextn, _ := f.Int(f.ArchKey("nextn_predict_layers")); layers > 0 && nextn > layers {
		return unfit("This model has %d layers and %d prediction layers.", layers, nextn)
	}
	arch := f.Architecture()
	for _, k := range []string{"attention.head_count", "attention.head_count_kv", "feed_forward_length"} {
		v, _ := f.Get(f.ArchKey(k))
		if a, list := v.(Array); list && layers > 0 && (a.Len != layers || arch == "lfm2") { // the engine expects one number of lfm2
			return unfit("This model has %d layers and a list of %d sizes for them.", layers, a.Len)
		}
	}
	if len(heads) == 0 || heads[0] == 0 {
		if len(f.Tensors) > 0 && len(heads) < 2 && (among(evenHeads, arch) || strings.HasPrefix(arch, "gemma")) {
			return unfit("This model doesn't say how many attention heads it has.") // the engine divides by it
		}
		return nil
	}
	width, _ := f.Int(f.ArchKey("embedding_length"))
	size := func(key string) int64 {
		if n, ok := f.Int(f.ArchKey(key)); ok {
			return n
		}
		return width / heads[0]
	}
	key, value := size("attention.key_length"), size("attention.value_length")
	if key != value && among(evenHeads, arch) {
		return unfit("The attention keys of this model are %d wide and the values %d, which must be the same.", key, value)
	}
	turned, ok := f.Int(f.ArchKey("rope.dimension_count"))
	if !ok && among(fullRope, arch) {
		turned, ok = key, true
	}
	if ok && turned%2 != 0 { // it turns numbers in pairs
		return unfit("The position encoding of this model covers %d numbers, which is odd.", turned)
	}
	if ok && (turned > key || turned != key && among(fullRope, arch)) {
		return unfit("The position encoding of this model covers %d of the %d numbers of an attention key.", turned, key)
	}
	return nil
}
