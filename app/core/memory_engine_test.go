//go:build engine

package core

import (
	"math"
	"os"
	"testing"

	"weightroom/backend"
	"weightroom/backend/advisor"
)

// The calculated memory that stands in a list before the engine was asked is near what the engine then plans, and the
// plan is the figure everywhere from then on. One model of each way to keep weights and a context; every model of the
// catalog with WEIGHTROOM_SLOW=1.
func TestEnginePlansNearlyWhatWasCalculated(t *testing.T) {
	c, starter := realCore(t)
	ids := []string{
		"smollm2-135m", "qwen3-0.6b", "llama-3.2-1b", "qwen3-30b-a3b", // every layer attends to everything
		"gemma-3-270m", "gemma-3-4b", // sliding windows
		"gemma-3n-e2b", "gemma-3n-e4b", "gemma-4-e2b", "gemma-4-e4b", "gemma-4-12b", "gemma-4-26b-a4b", "gemma-4-31b", // layers that share
		"granite-4.0-h-1b", "qwen3.5-0.8b", "nemotron-nano-9b-v2", "lfm2-350m", // recurrent layers
		"glm-4.7-flash", // latent attention
	}
	if os.Getenv("WEIGHTROOM_SLOW") != "" {
		all, err := c.Advice.Catalog()
		if err != nil {
			t.Fatal(err)
		}
		ids = nil
		for _, m := range all.Models() {
			if m.Runs && m.Blueprint != nil && len(m.Cache) > 0 {
				ids = append(ids, m.ID)
			}
		}
	}
	const mib = 1 << 20
	t.Logf("%-32s %-8s %22s %15s %15s %22s", "MiB, calculated/planned", "quant", "weights", "context", "buffers", "all")
	for _, id := range ids {
		all, err := c.Advice.Candidates(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if one.Quant != "Q4_K_M" {
				continue
			}
			v, err := c.Advice.Fit(t.Context(), id, one.Quant, advisor.Ask{})
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			calculated, planned := one.Memory(advisor.DefaultContext, advisor.KVF16), v.Memory
			off := float64(calculated.TotalBytes)/float64(planned.TotalBytes) - 1
			t.Logf("%-32s %-8s %10d/%10d  %6d/%6d  %6d/%6d  %10d/%10d  %+.1f%%", id, one.Quant, calculated.WeightsBytes/mib, planned.WeightsBytes/mib,
				calculated.KVBytes/mib, planned.KVBytes/mib, calculated.ComputeBytes/mib, planned.ComputeBytes/mib, calculated.TotalBytes/mib, planned.TotalBytes/mib, 100*off)
			if math.Abs(off) > 0.05 {
				t.Errorf("%s: %s calculated, %s planned", id, backend.Bytes(calculated.TotalBytes), backend.Bytes(planned.TotalBytes))
			}
		}
	}
	v, err := c.Advice.Fit(t.Context(), "smollm2-135m", starter.Quant, advisor.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Advice.Memory(t.Context(), starter, advisor.DefaultContext); !ok || got.TotalBytes != v.Memory.TotalBytes {
		t.Errorf("of the starter: %d, and planned %d", got.TotalBytes, v.Memory.TotalBytes)
	}
}
