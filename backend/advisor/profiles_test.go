package advisor

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"weightroom/backend"
)

func TestProfiles(t *testing.T) {
	profiles, err := Profiles()
	if err != nil {
		t.Fatal(err)
	}
	if len(profiles) != 6 {
		t.Errorf("%d profiles", len(profiles))
	}
	for _, p := range profiles {
		if p.ID == "" || p.Title == "" || len(p.Notes) < 2 || len(p.Machine.Assumed) > 0 || p.Machine.RAM.BandwidthBytesPerSec == 0 {
			t.Errorf("%s: %+v", p.ID, p)
		}
		for _, g := range p.Machine.GPUs {
			if g.BandwidthBytesPerSec == 0 || g.Backend == "" {
				t.Errorf("%s: %+v", p.ID, g)
			}
		}
	}
}

// TestGolden is the table a person reads and would sign. go test ./backend/advisor -run Golden -update writes it.
func TestGolden(t *testing.T) {
	all := testCandidates(t)
	profiles, err := Profiles()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range profiles {
		a := mustAdvise(t, all, p.Machine, Nothing{}, Ask{Limit: 6})
		fmt.Fprintf(&b, "%s\n%s\n", strings.ToUpper(p.Title), a.Summary)
		for _, k := range a.Picks {
			fmt.Fprintf(&b, "  pick  %-30s %-7s %-8s %8s %5.0f t/s ±%.0f%%  prompt %5.0f  quality %2.0f ±%.0f  context %d\n",
				k.Model, k.Quant, k.Fit, backend.Bytes(k.Memory.TotalBytes), k.TokensPerSecond, k.Error*100, k.PromptTokensPerSecond, k.Quality, k.QualityError, k.MaxContext)
			if k.Best {
				for _, why := range k.Why {
					fmt.Fprintf(&b, "          %s\n", why)
				}
			}
		}
		for _, r := range a.Rejected {
			fmt.Fprintf(&b, "  not   %-30s %-7s %s\n", r.Model, r.Quant, r.Reason)
			for _, m := range r.Remedies {
				fmt.Fprintf(&b, "          %s\n", m.Text)
			}
		}
		b.WriteByte('\n')
	}
	const file = "testdata/golden.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("differs from %s; read the difference, then run with -update\n%s", file, b.String())
	}
}

func many(t testing.TB) []Candidate {
	base := testCandidates(t)
	all := make([]Candidate, 1700)
	for i := range all {
		all[i] = base[i%len(base)]
		all[i].ID = fmt.Sprintf("%s-%d", all[i].ID, i/len(base))
	}
	return all
}

// BenchmarkFit1700 is what a slider costs: 170 models at 10 quantizations.
func BenchmarkFit1700(b *testing.B) {
	all, m := many(b), testProfile(b, "desktop-nvidia-2x24gb")
	b.ReportAllocs()
	for b.Loop() {
		for i := range all {
			all[i].Fit(&m, Ask{})
		}
	}
}

// BenchmarkAdvise1700 is what the whole answer costs.
func BenchmarkAdvise1700(b *testing.B) {
	all, m := many(b), testProfile(b, "desktop-nvidia-2x24gb")
	for b.Loop() {
		if _, err := Advise(all, &m, Nothing{}, Ask{}); err != nil {
			b.Fatal(err)
		}
	}
}
