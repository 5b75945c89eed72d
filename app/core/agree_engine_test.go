//go:build engine

package core

import (
	"testing"
)

// The same engine, taken for another one, gives the same words for the same weights.
func TestEngineAgreesWithItself(t *testing.T) {
	c, m := realCore(t)
	ctx := t.Context()
	if !c.Lab.Unchecked(ctx) {
		t.Fatal("nothing has been looked at, and nothing is to be done")
	}
	if err := c.Lab.CheckAgreement(ctx, func(float64) {}); err != nil {
		t.Fatal(err)
	}
	if a, changed := c.Lab.Agreement(ctx); changed || c.Lab.Unchecked(ctx) {
		t.Fatalf("nothing has changed: %+v", a)
	}
	var kept map[string]any
	err := c.History.Update(ctx, "lab/agreement", &kept, func() error {
		kept["stamp"].(map[string]any)["engine"] = "0.34.2"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Lab.Unchecked(ctx) {
		t.Fatal("another engine is not looked at")
	}
	if err := c.Lab.CheckAgreement(ctx, func(float64) {}); err != nil {
		t.Fatal(err)
	}
	a, changed := c.Lab.Agreement(ctx)
	t.Logf("%s: KL divergence %g, same top word %.4f", m.Ref, a.KLDivergence.Value, a.SameTopToken.Value)
	if !changed || !a.Same() || a.Before.Engine != "0.34.2" {
		t.Errorf("%+v, changed %v", a, changed)
	}
	report, err := c.Report(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		if p.Code == "changed" {
			t.Log(p.Title, p.Hint)
			return
		}
	}
	t.Errorf("the report does not tell it: %+v", report.Problems)
}
