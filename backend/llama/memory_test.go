package llama

import (
	"os"
	"path/filepath"
	"testing"

	"weightroom/backend"
)

func recorded(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseMemory(t *testing.T) {
	for _, c := range []struct {
		requirement, file         string
		weights, kv, compute, gpu int64
		rows                      []string
	}{
		{"weights that are repacked count", "fit-moe.jsonl", 4258 + 13432, 384, 304, 0, []string{"Host", "CPU_REPACK"}},
		{"the printed table says the same", "fit-moe.txt", 4258 + 13432, 384, 304, 0, []string{"Host", "CPU_REPACK"}},
		{"a quantized cache is smaller", "fit-q8kv.jsonl", 92, 95, 99, 0, []string{"Host"}},
		{"what lies on graphics processors is told apart", "fit-gpus.txt", 2593 + 1093 + 416, 524 + 188 + 64, 364 + 100 + 17, 2593 + 524 + 364 + 1093 + 188 + 100, []string{"CUDA0 (RTX 4090)", "CUDA1 (RTX 4090)", "Host"}},
	} {
		t.Run(c.requirement, func(t *testing.T) {
			a, err := ParseMemory(recorded(t, c.file))
			if err != nil {
				t.Fatal(err)
			}
			want := backend.MemoryPlan{WeightsBytes: c.weights * mib, KVBytes: c.kv * mib, ComputeBytes: c.compute * mib, TotalBytes: (c.weights + c.kv + c.compute) * mib, GPUBytes: c.gpu * mib}
			if a.MemoryPlan != want {
				t.Errorf("%+v, not %+v", a.MemoryPlan, want)
			}
			for i, name := range c.rows {
				if i >= len(a.Rows) || a.Rows[i].Name != name {
					t.Errorf("rows %+v", a.Rows)
				}
			}
		})
	}
	t.Run("a device says how much is free", func(t *testing.T) {
		a, _ := ParseMemory(recorded(t, "fit-gpus.txt"))
		if a.Rows[0].FreeBytes != 22441*mib || a.Rows[0].TotalBytes != 24080*mib || !a.Rows[0].GPU || a.Rows[2].GPU {
			t.Errorf("%+v", a.Rows)
		}
	})
	t.Run("a log that was cut off is no plan", func(t *testing.T) {
		for _, log := range []string{"", "Host 92 90 98 \n", `{"type":"fit_memory_breakdown","data":{"rows":[`} {
			if _, err := ParseMemory([]byte(log)); err == nil {
				t.Errorf("%q gave a plan", log)
			}
		}
	})
}
