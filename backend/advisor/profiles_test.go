package advisor

import (
	"bytes"
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
	for _, name := range []string{"mini-amd-carved", "mini-amd-shared"} {
		profiles = append(profiles, Profile{Title: name, Machine: recordedMini(t, name)})
	}
	var b strings.Builder
	for _, p := range profiles {
		a := mustAdvise(t, all, p.Machine, Nothing{}, Ask{Limit: 6})
		fmt.Fprintf(&b, "%s\n%s\n", strings.ToUpper(p.Title), a.Summary)
		for _, k := range a.Picks {
			fmt.Fprintf(&b, "  pick  %-30s %-7s %-8s %8s %5.0f t/s ±%.0f%%  prompt %5.0f  first %8s  answer %8s  quality %2.0f ±%.0f  context %d\n",
				k.Model, k.Quant, k.Fit, backend.Bytes(k.Memory.TotalBytes), k.TokensPerSecond, k.Error*100, k.PromptTokensPerSecond, Wait(k.Times.FirstShort.Value), Wait(k.Times.Answer.Value), k.Quality, k.QualityError, k.MaxContext)
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

// recordedMini is a machine that hardware recorded, with the backend that the engine would report and the speed of its memory.
func recordedMini(t testing.TB, name string) Machine {
	t.Helper()
	text, err := os.ReadFile("../../hardware/testdata/machines/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadMachine(bytes.NewReader(text))
	if err != nil || len(m.GPUs) != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	m.RAM.BandwidthBytesPerSec, m.GPUs[0].Backend, m.GPUs[0].BandwidthBytesPerSec = 120*gb, "ROCm", 256*gb
	return m
}

// The same 128 GB hold the same models, whether 96 of them were carved out for graphics or 108 may be borrowed, and no byte
// is counted twice.
func TestCarvedOutMemoryCountsOnceAndAsWhatItIs(t *testing.T) {
	for _, tt := range []struct {
		machine string
		bytes   int64
		want    Place
	}{
		{"mini-amd-carved", 64 * gb, PlaceGPU},
		{"mini-amd-shared", 64 * gb, PlaceGPU},
		{"mini-amd-carved", 100 * gb, PlaceGPU},     // a little of it in main memory, as the driver lends it
		{"mini-amd-carved", 135 * gb, PlaceNo},      // 96 + 31 are there, not 112 + 31
		{"mini-amd-shared", 130 * gb, PlaceNo},      // 124 are there, not 108 + 124
		{"mini-amd-shared", 117 * gb, PlacePartial}, // more than graphics may borrow
	} {
		m := recordedMini(t, tt.machine)
		c := model()
		c.FileBytes, c.Layers = tt.bytes, 60
		if v := c.Fit(&m, Ask{}); v.Place != tt.want {
			t.Errorf("%s, %d GB: %+v", tt.machine, tt.bytes/gb, v)
		}
	}
	if m := recordedMini(t, "mini-amd-carved"); m.GPUs[0].Own(m.RAM.AvailableBytes) < 95*gb {
		t.Errorf("carved out and free: %d", m.GPUs[0].Own(m.RAM.AvailableBytes))
	}
	if m := recordedMini(t, "mini-amd-shared"); m.GPUs[0].Own(m.RAM.AvailableBytes) != 0 {
		t.Error("what is borrowed is no memory of its own")
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
