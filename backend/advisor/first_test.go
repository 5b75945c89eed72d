package advisor

import "testing"

func TestFirst(t *testing.T) {
	const gb = 1_000_000_000
	tests := []struct {
		name     string
		gpu, ram int64
		want     string
		fit      Fit
	}{
		{"a machine with no free memory is told so", 0, 0, "smollm2-135m", FitNo},
		{"half a gigabyte still fits nothing but says the smallest", 0, gb / 2, "smollm2-135m", FitNo},
		{"an 8 GB laptop with 5 GB free gets a 4B", 0, 5 * gb, "qwen3-4b-instruct-2507", FitRAM},
		{"a processor is not given a dense model it would crawl with", 0, 12 * gb, "qwen3-4b-instruct-2507", FitRAM},
		{"a mixture of experts suits much memory and no graphics", 0, 24 * gb, "qwen3-30b-a3b-instruct-2507", FitRAM},
		{"an 8 GB card holds an 8B", 7 * gb, 10 * gb, "qwen3-8b", FitGPU},
		{"a 24 GB card holds a 30B mixture", 23 * gb, 10 * gb, "qwen3-30b-a3b-instruct-2507", FitGPU},
		{"card and memory are not added up", 4 * gb, 4 * gb, "llama-3.2-3b", FitGPU},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pick := First(tt.gpu, tt.ram)
			if pick.ID != tt.want || pick.Fit != tt.fit {
				t.Errorf("got %s, %s; want %s, %s", pick.ID, pick.Fit, tt.want, tt.fit)
			}
			if len(pick.Why) < 3 {
				t.Errorf("only %d reasons: %q", len(pick.Why), pick.Why)
			}
		})
	}
}

func TestKnownModelsAreOrderedBySize(t *testing.T) {
	models := knownModels()
	for i := 1; i < len(models); i++ {
		if models[i].bytes <= models[i-1].bytes {
			t.Errorf("%s is not larger than %s", models[i].id, models[i-1].id)
		}
	}
}
