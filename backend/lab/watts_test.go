package lab

import "testing"

func TestWattsAreJoulesATokenTimesTokensASecond(t *testing.T) {
	row := func(joules, speed float64) Row {
		r := Row{Speeds: []Speed{{Kind: SpeedGeneration, Figure: Figure{Median: speed}}}}
		if joules > 0 {
			r.Energy = Energy{JoulesPerToken: &Figure{Median: joules}, Source: "RAPL package"}
		}
		return r
	}
	c := Comparison{Rows: []Row{row(2, 10), row(0, 100), row(1.5, 20), row(0.5, 50)}}
	if watts, source := c.Watts(); watts != 25 || source != "RAPL package" {
		t.Errorf("%g W by %q, want 25 by the processor's counters", watts, source)
	}
	if watts, source := (&Comparison{Rows: []Row{row(0, 100)}}).Watts(); watts != 0 || source != "" {
		t.Errorf("nothing was read, and it is %g W by %q", watts, source)
	}
}
