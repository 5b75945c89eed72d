package advice

import (
	"maps"
	"math"
	"testing"

	"weightroom/app/core/models"
	"weightroom/backend/advisor"
	"weightroom/backend/testdrive"
)

// A file outside the catalog is judged by its header alone. Of every architecture that the catalog knows, a header says the
// same cache as the catalog, whose figures are held to the engine's plans: whole attention, heads of a layer's own (Laguna,
// LFM2), latent attention (DeepSeek), sliding windows (Gemma, gpt-oss, Llama 4), shared and recurrent layers.
func TestAHeaderSaysTheContextsMemoryAsTheCatalogDoes(t *testing.T) {
	a := New(Options{Catalog: models.NewCatalog("")})
	all, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, m := range all.catalog.Models() {
		if m.Blueprint == nil || len(m.Cache) == 0 {
			continue
		}
		if len(m.Quants) == 0 {
			continue
		}
		known, ok := all.find(m.ID, m.Quants[0].Name)
		if !ok {
			t.Fatal(m.ID)
		}
		header, err := testdrive.Plan(*m.Blueprint, "Q8_0")
		if err != nil {
			t.Fatal(err)
		}
		x, err := targetOf(all.catalog, header.File, m.ID, "Q8_0", header.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		tried[m.Blueprint.Architecture] = true
		if got, want := sum(x.candidate.Cache), sum(known.Cache); !maps.Equal(got, want) {
			t.Errorf("%s (%s): its header says %+v, the catalog %+v", m.ID, m.Blueprint.Architecture, x.candidate.Cache, known.Cache)
		}
		for _, context := range []int{2048, 131072} {
			got, want := x.candidate.Memory(context, advisor.KVF16).KVBytes, known.Memory(context, advisor.KVF16).KVBytes
			if math.Abs(float64(got)-float64(want)) > 0.01*float64(want) {
				t.Errorf("%s with %d tokens: its header says %d bytes, the catalog %d", m.ID, context, got, want)
			}
		}
	}
	for _, arch := range []string{"llama", "gemma2", "gemma3", "gemma3n", "gemma4", "gpt-oss", "llama4", "exaone4", "deepseek2", "qwen35", "granitehybrid", "nemotron_h", "lfm2"} {
		if !tried[arch] {
			t.Errorf("no model of %s was tried", arch)
		}
	}
}

func sum(groups []advisor.CacheGroup) map[[2]int]int {
	out := map[[2]int]int{}
	for _, g := range groups {
		out[[2]int{g.Values, g.Window}] += g.Layers
	}
	return out
}
