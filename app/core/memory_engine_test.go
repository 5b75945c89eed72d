//go:build engine

package core

import (
	"math"
	"testing"

	"weightroom/backend/advisor"
)

// The calculated memory that stands in a list before the engine was asked is near what the engine then plans, and the
// plan is the figure everywhere from then on.
func TestEnginePlansNearlyWhatWasCalculated(t *testing.T) {
	c, starter := realCore(t)
	for _, id := range []string{"smollm2-135m", "qwen3-0.6b", "gemma-3-270m", "llama-3.2-1b"} {
		all, err := c.Advice.Candidates(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if one.Quant != "Q4_K_M" {
				continue
			}
			v, _, err := c.Advice.Fit(t.Context(), id, one.Quant, advisor.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			calculated := one.Memory(advisor.DefaultContext, advisor.KVF16)
			if off := float64(calculated.TotalBytes)/float64(v.Memory.TotalBytes) - 1; math.Abs(off) > 0.05 {
				t.Errorf("%s: calculated %d, planned %d", id, calculated.TotalBytes, v.Memory.TotalBytes)
			}
		}
	}
	v, _, err := c.Advice.Fit(t.Context(), "smollm2-135m", starter.Quant, advisor.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Advice.Memory(t.Context(), starter, advisor.DefaultContext); !ok || got.TotalBytes != v.Memory.TotalBytes {
		t.Errorf("of the starter: %d, and planned %d", got.TotalBytes, v.Memory.TotalBytes)
	}
}
