package advice

import (
	"math"
	"testing"

	"weightroom/app/core/models"
	"weightroom/backend/advisor"
)

// The engine's own plans of weightless copies at Q4_K_M and f16 on a processor: weights, context and working memory in
// MiB, as llama-fit-params of llama.cpp b10488 prints them.
func TestCalculatedMemoryIsNearTheEnginesPlan(t *testing.T) {
	a := New(Options{Catalog: models.NewCatalog("")})
	all, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id             string
		at2, at8, at32 [3]int64 // with that many thousand tokens of context
	}{
		{"smollm2-135m", [3]int64{98, 45, 102}, [3]int64{98, 180, 98}, [3]int64{98, 720, 98}},
		{"smollm2-360m", [3]int64{256, 80, 99}, [3]int64{256, 320, 99}, [3]int64{256, 1280, 99}},
		{"qwen3-0.6b", [3]int64{371, 224, 300}, [3]int64{371, 896, 300}, [3]int64{371, 3584, 300}},
		{"gemma-3-270m", [3]int64{234, 21, 514}, [3]int64{234, 39, 514}, [3]int64{234, 111, 514}},
		{"gemma-3-1b", [3]int64{761, 30, 518}, [3]int64{761, 54, 516}, [3]int64{761, 150, 516}},
		{"llama-3.2-1b", [3]int64{762, 64, 258}, [3]int64{762, 256, 258}, [3]int64{762, 1024, 258}},
		{"lfm2-350m", [3]int64{216, 24, 132}, [3]int64{216, 96, 132}, [3]int64{216, 384, 132}},
		{"granite-4.0-350m", [3]int64{222, 56, 200}, [3]int64{222, 224, 200}, [3]int64{222, 896, 200}},
		{"qwen3-1.7b", [3]int64{1049, 224, 304}, [3]int64{1049, 896, 304}, [3]int64{1049, 3584, 304}},
		{"llama-3.1-8b", [3]int64{4685, 256, 266}, [3]int64{4685, 1024, 266}, [3]int64{4685, 4096, 266}},
		{"mistral-7b-v0.3", [3]int64{4169, 256, 118}, [3]int64{4169, 1024, 124}, [3]int64{4169, 4096, 148}},
		{"gemma-4-e2b", [3]int64{3568, 24, 521}, [3]int64{3568, 60, 521}, [3]int64{3568, 204, 521}},
		{"qwen3-30b-a3b", [3]int64{17690, 192, 304}, [3]int64{17690, 768, 304}, [3]int64{17690, 3072, 304}},
	} {
		c, ok := all.find(tt.id, "Q4_K_M")
		if !ok {
			t.Errorf("%s is not in the catalog", tt.id)
			continue
		}
		for context, plan := range map[int][3]int64{2048: tt.at2, 8192: tt.at8, 32768: tt.at32} {
			want := float64(plan[0]+plan[1]+plan[2]) * (1 << 20)
			got := float64(c.Memory(context, advisor.KVF16).TotalBytes - c.ProjectorBytes)
			if math.Abs(got/want-1) > 0.05 {
				t.Errorf("%s with %d tokens: calculated %.0f MB, planned %.0f MB", tt.id, context, got/1e6, want/1e6)
			}
		}
	}
}
