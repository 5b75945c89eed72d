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
