package advisor

import (
	"slices"
	"testing"
)

// quants are one model at four sizes.
func quants() []Candidate {
	var all []Candidate
	for _, q := range []struct {
		name  string
		bytes int64
	}{{"Q2_K", 2 * gb}, {"Q4_K_M", 4 * gb}, {"Q8_0", 7 * gb}, {"F16", 14 * gb}} {
		c := model()
		c.Quant, c.FileBytes = q.name, q.bytes
		all = append(all, c)
	}
	return all
}

func TestQuantsAreJudgedEachForItself(t *testing.T) {
	m := machine(10 * gb)
	m.DiskFree = 6 * gb
	judge := func(all []Candidate, ask Ask) []QuantVerdict {
		t.Helper()
		verdicts, err := Quants(all, &m, Nothing{}, ask)
		if err != nil {
			t.Fatal(err)
		}
		return verdicts
	}
	causes := func(verdicts []QuantVerdict) (out []Cause) {
		for _, v := range verdicts {
			out = append(out, v.Cause)
			if (v.Cause == "") != (v.Reason == "") {
				t.Errorf("%s: %q, %q", v.Quant, v.Cause, v.Reason)
			}
		}
		return out
	}
	minSpeed := func(s float64) Ask { return Ask{MinSpeed: &s} }
	all := quants()
	got := judge(all, minSpeed(0))
	if want := []Cause{"", "", CauseDisk, CauseMemory}; !slices.Equal(causes(got), want) {
		t.Errorf("%v, want %v", causes(got), want)
	}
	for i, v := range got {
		fits := v.Cause != CauseMemory
		if v.Quant != all[i].Quant || v.Memory.TotalBytes <= all[i].FileBytes || fits != (v.TokensPerSecond > 0) || fits == (v.ShortByBytes > 0) {
			t.Errorf("%+v", v)
		}
		// The verdict is the one that the engine's place and the advice would give.
		if place := all[i].Fit(&m, Ask{}); v.Place != place.Place || v.MaxContext != place.MaxContext && fits {
			t.Errorf("%s: %+v, want %+v", v.Quant, v.Verdict, place)
		}
	}
	if len(got[3].Remedies) == 0 || slices.ContainsFunc(got[3].Remedies, func(r Remedy) bool { return r.Kind == RemedyQuant || !r.Fits }) {
		t.Errorf("remedies of what is short of memory: %+v", got[3].Remedies)
	}
	all[2].Installed = true // it is on the disk already
	if got := causes(judge(all, minSpeed(12))); !slices.Equal(got, []Cause{"", CauseSlow, CauseSlow, CauseMemory}) {
		t.Errorf("at a wished speed: %v", got)
	}
	// What is against the model is said of each quant; its figures stand where they can be had.
	got = judge(all, Ask{Licences: LicenceOpen})
	if !slices.Equal(causes(got), []Cause{CauseLicence, CauseLicence, CauseLicence, CauseLicence}) || got[0].Place != PlaceRAM || got[0].TokensPerSecond == 0 {
		t.Errorf("of another licence: %+v", got)
	}
	got = judge(all, Ask{Context: all[0].MaxContext + 1})
	if got[0].Cause != CauseContext || got[0].Place != "" || got[0].Memory.TotalBytes != 0 {
		t.Errorf("of a longer context than it reads: %+v", got[0])
	}
	if _, err := Quants(all, &m, Nothing{}, Ask{Use: "cooking"}); err == nil {
		t.Error("a wrong use was judged")
	}
}

// Of every model of the catalog that has a pick, the verdict on that quant has the figures of the pick.
func TestQuantsAgreeWithTheAdvice(t *testing.T) {
	all, m := testCandidates(t), testProfile(t, "laptop-nvidia-8gb")
	for _, pick := range mustAdvise(t, all, m, Nothing{}, Ask{}).Picks {
		var of []Candidate
		for _, c := range all {
			if c.ID == pick.Model {
				of = append(of, c)
			}
		}
		verdicts, err := Quants(of, &m, Nothing{}, Ask{})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(verdicts, func(v QuantVerdict) bool { return v.Quant == pick.Quant })
		if v := verdicts[i]; v.Cause != "" || v.Memory != pick.Memory || v.Place != pick.Fit || v.TokensPerSecond != pick.TokensPerSecond || v.MaxContext != pick.MaxContext || v.Error != pick.Error {
			t.Errorf("%s %s: %+v, and the pick %+v", pick.Model, pick.Quant, v, pick)
		}
	}
}
