package core

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"weightroom/backend/advisor"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestRecommendationsForSixMachines holds what the whole catalog gives for the six profiles, in a table to read.
func TestRecommendationsForSixMachines(t *testing.T) {
	c := open(t)
	profiles, err := advisor.Profiles()
	if err != nil || len(profiles) < 6 {
		t.Fatal(len(profiles), err)
	}
	var table strings.Builder
	for _, p := range profiles {
		for _, use := range []advisor.Use{advisor.UseChat, advisor.UseCode} {
			machine := p.Machine
			advice, err := c.Advice.Advise(t.Context(), advisor.Ask{Use: use}, &machine)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&table, "%s, %s: %s\n", p.Title, use, advice.Summary)
			for _, r := range advice.Picks[:min(5, len(advice.Picks))] {
				fmt.Fprintf(&table, "  %-34s %-8s %-8s %6.1f GB %7.1f t/s ±%.0f%%  first %5.1f s  answer %5.0f s  quality %.0f ±%.0f\n",
					r.Name, r.Quant, r.Fit, float64(r.Memory.TotalBytes)/1e9, r.TokensPerSecond, 100*r.Error, r.Times.FirstShort.Value, r.Times.Answer.Value, r.Quality, r.QualityError)
			}
		}
	}
	const golden = "testdata/recommend.golden"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != table.String() {
		t.Errorf("the recommendations have changed; read them, and run go test ./app/core -run SixMachines -update if you would sign them:\n%s", table.String())
	}
}
