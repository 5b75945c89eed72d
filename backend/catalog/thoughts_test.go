package catalog

import (
	"math"
	"testing"
)

func TestThoughtsAreWhatWasMeasured(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id     string
		use    Use
		tokens float64
		off    float64
	}{
		{"not-in-the-catalog", UseChat, 1004, 0.74}, // between a fact's 285 and a puzzle's 3,540
		{"not-in-the-catalog", UseCode, 1886, 0.74},
		{"not-in-the-catalog", UseReasoning, 4662, 0.74},
		{"not-in-the-catalog", UseLongDocuments, 1004, 0.74},
		{"gpt-oss-20b", UseChat, 121, 0.5},
		{"qwen3-4b", UseChat, 1085, 0.5},
	} {
		tokens, off := c.Thoughts(tt.id, tt.use)
		if math.Abs(tokens-tt.tokens) > 1 || math.Abs(off-tt.off) > 0.005 {
			t.Errorf("%s for %s: %.0f tokens ±%.2f, want %.0f ±%.2f", tt.id, tt.use, tokens, off, tt.tokens, tt.off)
		}
	}
	for _, f := range c.thoughts.Families {
		found := false
		for _, m := range c.Models() {
			found = found || m.Thinking && len(m.ID) > len(f.Prefix) && m.ID[:len(f.Prefix)] == f.Prefix
		}
		if !found || f.Share <= 0 || f.Measured == "" {
			t.Errorf("%+v is of no model that thinks", f)
		}
	}
}
