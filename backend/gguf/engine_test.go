package gguf_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

// TestEngineSurvivesWhatIsAccepted gives files that Read accepts to the real engine, which may refuse them but not
// die. WEIGHTROOM_ENGINE is the folder of llama-bench; WEIGHTROOM_MUTANTS the number of files, or 500.
func TestEngineSurvivesWhatIsAccepted(t *testing.T) {
	dir := os.Getenv("WEIGHTROOM_ENGINE")
	if dir == "" {
		t.Skip("WEIGHTROOM_ENGINE names no folder with llama-bench")
	}
	n, seed := 500, uint64(1)
	if s, err := strconv.Atoi(os.Getenv("WEIGHTROOM_MUTANTS")); err == nil {
		n, seed = s, rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	path := filepath.Join(t.TempDir(), "mutant.gguf")
	loaded, died := 0, map[string]int{}
	for i := 0; i < n; {
		data := engineMutant(r).Bytes()
		if _, err := gguf.Read(bytes.NewReader(data), int64(len(data))); err != nil {
			continue
		}
		i++
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		// A limit on memory stands for the child's own: a model that asks for too much is told so, not killed.
		cmd := exec.CommandContext(ctx, "sh", "-c", `ulimit -v 8000000; ulimit -c 0; exec "$0" -m "$1" -p 4 -n 1 -r 1 -t 1`, filepath.Join(dir, "llama-bench"), path)
		out, err := cmd.CombinedOutput()
		cancel()
		var exit *exec.ExitError
		switch {
		case err == nil:
			loaded++
		case errors.As(err, &exit) && !exit.Exited():
			why := cause(out)
			if bytes.Contains(out, []byte("get_sub_batch")) { // the tool's own: it feeds a token the vocabulary lacks
				continue
			}
			if died[why]++; died[why] == 1 {
				t.Errorf("%v: %s", exit, why)
				if keep := os.Getenv("WEIGHTROOM_KEEP"); keep != "" {
					_ = os.WriteFile(filepath.Join(keep, "mutant-"+strconv.Itoa(i)+".gguf"), data, 0o600)
				}
			}
		case !errors.As(err, &exit):
			t.Fatal(err)
		}
	}
	t.Logf("%d accepted files: %d loaded, %v killed the engine", n, loaded, died)
}

// cause picks the engine's last words that name a check of its own.
func cause(out []byte) string {
	for _, line := range bytes.Split(out, []byte("\n")) {
		for _, mark := range []string{"ASSERT", "ABORT", "what()", "fatal error"} {
			if bytes.Contains(line, []byte(mark)) {
				return string(line)
			}
		}
	}
	return "no word"
}

// engineMutant changes what the engine computes with, and little of what Read refuses anyway.
func engineMutant(r *rand.Rand) *builder {
	b := gguftest.Small(byte(r.Uint32()))
	arch := "llama"
	if r.IntN(2) == 0 {
		archs := []string{"qwen2", "qwen3", "qwen2moe", "qwen3moe", "gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "phi2", "phi3", "mistral3", "granite", "falcon", "mpt", "starcoder2", "bert", "nomic-bert", "mamba", "rwkv6", "deepseek2", "gpt-oss", "glm4", "lfm2", "minicpm", "olmo2", "command-r", "stablelm", "t5", "llama4"}
		arch = archs[r.IntN(len(archs))]
		b.Set("general.architecture", arch)
		for i := range b.Entries {
			b.Entries[i].Key = strings.Replace(b.Entries[i].Key, "llama.", arch+".", 1)
		}
	}
	number := func() uint32 {
		return []uint32{0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 33, 64, 100, 512, 4096, 65536, 1 << 20, uint32(r.IntN(300)), uint32(edge(r))}[r.IntN(20)]
	}
	keys := []string{
		"block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count", "attention.head_count_kv",
		"attention.key_length", "attention.value_length", "rope.dimension_count", "vocab_size", "expert_count", "expert_used_count",
		"attention.sliding_window", "pooling_type", "nextn_predict_layers", "expert_group_count", "expert_group_used_count", "rope.scaling.original_context_length",
		"attention.sliding_window_pattern", "leading_dense_block_count", "expert_shared_count", "attention.causal", "embedding_length_out",
	}
	for range 1 + r.IntN(3) {
		x := &b.Tensors[r.IntN(len(b.Tensors))]
		switch r.IntN(10) {
		case 0, 1, 2:
			b.Set(arch+"."+keys[r.IntN(len(keys))], number())
		case 3:
			list := make([]int32, 1+r.IntN(3))
			for i := range list {
				list[i] = int32(number())
			}
			b.Set(arch+"."+keys[r.IntN(len(keys))], list)
		case 4:
			b.Set(arch+"."+[]string{"rope.freq_base", "rope.scaling.factor", "attention.layer_norm_rms_epsilon", "attention.max_alibi_bias", "attention.clamp_kqv", "logit_scale", "rope.scaling.attn_factor"}[r.IntN(7)], []float32{0, -1, 1e-30, 1e30, float32(r.NormFloat64())}[r.IntN(5)])
		case 5:
			e := &b.Entries[r.IntN(len(b.Entries))]
			e.Value = []any{number(), int32(number()), "text", true, float32(1), []string{}, []string{"a", "b"}, []float32{}, []int32{}}[r.IntN(9)]
		case 6:
			b.Drop(b.Entries[r.IntN(len(b.Entries))].Key)
		case 7: // another shape of the same size
			if len(x.Shape) > 1 {
				x.Shape[0], x.Shape[1] = x.Shape[1], x.Shape[0]
			}
			if r.IntN(2) == 0 && len(x.Shape) < 4 {
				x.Shape = append(x.Shape, 1)
			}
		case 8:
			b.Set("tokenizer.ggml."+[]string{"bos_token_id", "eos_token_id", "unknown_token_id", "padding_token_id", "eot_token_id", "token_type_count"}[r.IntN(6)], number())
		case 9:
			b.Set("tokenizer.ggml."+[]string{"model", "pre"}[r.IntN(2)], []string{"gpt2", "bert", "t5", "rwkv", "none", "no_vocab", "llama", "plamo2", "gemma4", "test", "hybriddna", "whitespace", "", "default", "llama-bpe"}[r.IntN(15)])
		}
	}
	return b
}
