package catalog

import (
	"slices"
	"testing"
)

func score(t *testing.T, c *Catalog, m *Model, use Use) Score {
	t.Helper()
	s, ok := c.Score(m, use)
	if !ok || !(s.Low <= s.Value && s.Value <= s.High && s.Low > 0 && s.High < 100) || s.Why == "" {
		t.Fatalf("%s for %s: %+v, %v", m.ID, use, s, ok)
	}
	return s
}

func TestBetterScoresNeverLowerAScore(t *testing.T) {
	c := load(t)
	for _, m := range c.Models() {
		for _, use := range []Use{UseChat, UseCode, UseReasoning} {
			if _, ok := c.Score(m, use); !ok {
				continue
			}
			before := score(t, c, m, use)
			for i := range m.Benchmarks {
				better := *m
				better.Benchmarks = slices.Clone(m.Benchmarks)
				better.Benchmarks[i].Value += 3
				if after := score(t, c, &better, use); after.Value < before.Value-1e-9 {
					t.Errorf("%s for %s: more in %s lowers %.2f to %.2f", m.ID, use, m.Benchmarks[i].Name, before.Value, after.Value)
				}
			}
		}
	}
}

func TestScoresOrderWhatIsKnown(t *testing.T) {
	c := load(t)
	for _, tt := range []struct {
		use           Use
		better, worse string
	}{
		{UseChat, "llama-3.1-70b", "llama-3.1-8b"}, {UseChat, "llama-3.1-8b", "llama-3.2-1b"}, {UseChat, "gemma-3-27b", "gemma-3-4b"},
		{UseChat, "qwen3-14b", "qwen3-1.7b"}, {UseReasoning, "gpt-oss-120b", "gpt-oss-20b"}, {UseReasoning, "qwen3-8b", "qwen2.5-7b"},
		{UseCode, "qwen2.5-coder-32b", "qwen2.5-coder-7b"}, {UseChat, "smollm2-1.7b", "smollm2-135m"},
	} {
		if a, b := score(t, c, get(t, c, tt.better), tt.use), score(t, c, get(t, c, tt.worse), tt.use); a.Value <= b.Value {
			t.Errorf("%s: %s %.1f, %s %.1f", tt.use, tt.better, a.Value, tt.worse, b.Value)
		}
	}
}

func TestBaseScoresNeverCount(t *testing.T) {
	c := load(t)
	m := get(t, c, "mixtral-8x7b")
	before := score(t, c, m, UseChat)
	better := *m
	better.Benchmarks = append(slices.Clone(m.Benchmarks), Benchmark{Name: "MMLU", Value: 99, Variant: "base", Source: "test"})
	if after := score(t, c, &better, UseChat); after.Value != before.Value {
		t.Errorf("%v, then %v", before.Value, after.Value)
	}
}

func TestWithoutScoresSizeSaysLittle(t *testing.T) {
	c := load(t)
	guessed := score(t, c, get(t, c, "falcon3-7b"), UseChat)
	if !guessed.FromSize || guessed.High-guessed.Low < 20 || len(guessed.Benchmarks) > 0 {
		t.Errorf("%+v", guessed)
	}
	measured := score(t, c, get(t, c, "llama-3.1-8b"), UseChat)
	if measured.FromSize || measured.High-measured.Low > guessed.High-guessed.Low || len(measured.Benchmarks) < 3 || measured.Known < len(measured.Benchmarks) {
		t.Errorf("%+v", measured)
	}
	if s := score(t, c, get(t, c, "llama-3.1-8b"), UseLongDocuments); !s.Borrowed {
		t.Errorf("%+v", s)
	}
}

func TestNoScoreWhereTheUseDoesNotFit(t *testing.T) {
	c := load(t)
	for id, use := range map[string]Use{
		"bge-m3": UseChat, "gpt-neox-20b": UseChat, "llama-3.1-8b": UseVision, "phi-4": UseLongDocuments, "gemma-2-9b": UseTools, "llama-3.3-70b": UseEmbedding,
	} {
		if s, ok := c.Score(get(t, c, id), use); ok {
			t.Errorf("%s for %s: %+v", id, use, s)
		}
	}
	if _, ok := c.Score(&Model{Context: 1}, UseChat); ok {
		t.Error("a model of which nothing is known has a score")
	}
}
