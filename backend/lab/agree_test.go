package lab

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"
)

func TestAgreementHoldsAnEngineAgainstTheLastOne(t *testing.T) {
	b := newBed(t)
	agreements := NewAgreements(b.lab)
	m := b.model("tiny:Q8_0", "Q8_0", 1e6)
	at := time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC)
	first, second := Stamp{Engine: "1", Machine: "here", At: at}, Stamp{Engine: "2", Machine: "here", At: at.AddDate(0, 1, 0)}
	var compared int
	b.onJob = func(_ context.Context, job Job) (Output, error, bool) {
		if slices.Contains(job.Args, "--kl-divergence") {
			compared++
			if _, err := os.Stat(after(job.Args, "--kl-divergence-base")); err != nil {
				t.Error("it is compared with nothing:", err)
			}
		}
		return Output{}, nil, false
	}
	check := func(now Stamp) error { return agreements.Check(t.Context(), m, now, func(float64) {}) }

	if !agreements.Unchecked(t.Context(), m, first) {
		t.Error("nothing has been looked at, and nothing is to be done")
	}
	if err := check(first); err != nil {
		t.Fatal(err)
	}
	if _, changed := agreements.Last(t.Context()); changed || compared != 0 || agreements.Unchecked(t.Context(), m, first) {
		t.Errorf("the first time there is nothing to compare with: changed %v, compared %d", changed, compared)
	}
	if !agreements.Unchecked(t.Context(), m, second) {
		t.Error("another engine is not looked at")
	}
	if err := check(second); err != nil {
		t.Fatal(err)
	}
	a, changed := agreements.Last(t.Context())
	if !changed || compared != 1 || a.Before != first || a.Now != second || a.Model != m.Ref {
		t.Errorf("%+v, %v, compared %d times", a, changed, compared)
	}

	// One that fails leaves what was known, and is tried again.
	b.onJob = func(context.Context, Job) (Output, error, bool) { return Output{}, errors.New("killed"), true }
	if err := check(Stamp{Engine: "3", Machine: "here"}); err == nil {
		t.Error("it failed, and nothing is said")
	}
	if again, _ := agreements.Last(t.Context()); again != a || !agreements.Unchecked(t.Context(), m, Stamp{Engine: "3", Machine: "here"}) {
		t.Errorf("after a failure %+v", again)
	}
}

func TestAgreementIsTheSameOnlyWhereNothingCanBeTold(t *testing.T) {
	for _, c := range []struct {
		kl, top float64
		same    bool
	}{{0, 1, true}, {KLFloor / 2, 1, true}, {KLFloor, 1, false}, {0, 0.999, false}} {
		a := Agreement{KLDivergence: Estimate{Value: c.kl}, SameTopToken: Estimate{Value: c.top}}
		if a.Same() != c.same {
			t.Errorf("%+v", c)
		}
	}
}
