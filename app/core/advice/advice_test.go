package advice

import (
	"testing"

	"weightroom/app/core/models"
	"weightroom/backend/advisor"
)

func BenchmarkAdvise(b *testing.B) {
	a := New(Options{Catalog: models.NewCatalog("")})
	profile, ok := FindProfile("desktop-nvidia-24gb")
	c, err := a.load()
	if err != nil || !ok {
		b.Fatal(err, ok)
	}
	for b.Loop() {
		machine := profile.Machine
		if _, err := advisor.Advise(c.all, &machine, advisor.Nothing{}, advisor.Ask{}); err != nil {
			b.Fatal(err)
		}
	}
}

// The biggest model that reads along counts on each machine, whatever suits it best, as on the page.
func TestTheBiggestModelThatWritesAtReadingSpeed(t *testing.T) {
	choice := func(name string, params, active int64, speed float64) Choice {
		return Choice{Recommendation: advisor.Recommendation{Name: name, TokensPerSecond: speed}, Params: params, ActiveParams: active}
	}
	got := biggestOf("m", []Choice{
		choice("best", 32e9, 32e9, 9), choice("experts", 120e9, 5e9, 30), choice("slow", 400e9, 400e9, 5.2), choice("dense", 70e9, 0, 5.3), choice("small", 30e9, 30e9, 50),
	})
	if got.Model != "experts" || got.Dense || got.DenseModel != "dense" || got.DenseTokensPerSecond != 5.3 {
		t.Errorf("%+v", got)
	}
}
