package advice

import (
	"os"
	"path/filepath"
	"testing"

	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
)

// What is attached to a model so that it sees counts wherever the model's memory is said, and nothing else does: not the
// projector that the catalog knows of and that is not here.
func TestAnAttachedProjectorIsInEveryFigure(t *testing.T) {
	a := New(Options{Catalog: models.NewCatalog("")})
	path := filepath.Join(t.TempDir(), "projector")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var known *catalog.Model
	all, err := a.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all.Models() {
		if m.Projector != nil && m.Blueprint != nil {
			known = m
			break
		}
	}
	if known == nil {
		t.Skip("no model of the catalog has a projector")
	}
	m := backend.Model{Ref: known.ID + ":" + known.Quants[0].Name, Quant: known.Quants[0].Name}
	without, ok := a.ofLibrary(m)
	if !ok {
		t.Fatalf("%s is not known", m.Ref)
	}
	if p := without.Memory(8192, advisor.KVF16); p.ProjectorBytes != 0 {
		t.Errorf("a model without a projector here: %+v", p)
	}
	m.Projector = backend.Projector{Path: path, Bytes: 2 << 30}
	with, _ := a.ofLibrary(m)
	before, after := without.Memory(8192, advisor.KVF16), with.Memory(8192, advisor.KVF16)
	if after.ProjectorBytes != 2<<30 || after.TotalBytes-before.TotalBytes != 2<<30 || !with.Vision {
		t.Errorf("%+v, then %+v", before, after)
	}
	engine := backend.MemoryPlan{WeightsBytes: 1 << 30, KVBytes: 1 << 28, ComputeBytes: 1 << 28, TotalBytes: 1<<30 + 1<<29}
	if p := a.Whole(m, 8192, engine); p.TotalBytes != engine.TotalBytes+2<<30 || p.WeightsBytes != engine.WeightsBytes {
		t.Errorf("the engine's plan with a projector: %+v", p)
	}
}
