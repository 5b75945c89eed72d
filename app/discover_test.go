package app

import (
	"math"
	"os"
	"strings"
	"testing"

	"weightroom/backend"
)

func TestAdviceForThePage(t *testing.T) {
	w, _ := open(t)
	page, err := w.Discover.Advise(Ask{Use: "chat", Context: 8192, KV: "f16", MinSpeed: 8, Licence: "any", Machine: "desktop-nvidia-24gb"})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Choices) < 20 || !page.Choices[0].Best || page.Considered < 160 || page.GPUFree == 0 {
		t.Errorf("%d choices, %d considered, %d free", len(page.Choices), page.Considered, page.GPUFree)
	}
	models := map[string]bool{}
	for _, c := range page.Choices {
		if models[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		models[c.ID] = true
		if c.Fit == "no" || c.TokensPerSecond <= 0 || c.Memory.TotalBytes <= 0 || len(c.Why) == 0 || c.LicenceName == "" {
			t.Errorf("not a choice: %+v", c)
		}
	}
	for _, r := range page.Rejected {
		if r.Reason == "" {
			t.Errorf("%s is rejected without a reason", r.ID)
		}
	}
	for name, ask := range map[string]Ask{
		"use": {Use: "cooking"}, "context": {Context: -1}, "machine": {Machine: "mainframe"}, "kv": {KV: "q1"}, "speed": {MinSpeed: math.Inf(1)}, "licence": {Licence: "none"},
	} {
		if _, err := w.Discover.Advise(ask); backend.Readable(err).Code == backend.CodeInternal || err == nil {
			t.Errorf("a wrong %s: %v", name, err)
		}
	}
}

// Details say of each quant whether it fits, by the same figures as the ranking.
func TestQuantsForThePage(t *testing.T) {
	w, _ := open(t)
	ask := Ask{Use: "chat", Context: 8192, KV: "f16", MinSpeed: 8, Licence: "any", Machine: "laptop-nvidia-8gb"}
	page, err := w.Discover.Advise(ask)
	if err != nil {
		t.Fatal(err)
	}
	quants, err := w.Discover.Quants("qwen3-8b", ask)
	if err != nil {
		t.Fatal(err)
	}
	model, err := w.Discover.Model("qwen3-8b")
	if err != nil || len(quants) != len(model.Quants) || len(quants) < 5 {
		t.Fatalf("%d quants are judged, the catalog has %d: %v", len(quants), len(model.Quants), err)
	}
	fit, out := 0, 0
	for i, q := range quants {
		if q.Quant != model.Quants[i].Name || q.Bytes < model.Quants[i].Bytes {
			t.Errorf("%s of %d bytes stands where %+v is", q.Quant, q.Bytes, model.Quants[i])
		}
		switch {
		case q.Cause == "" && q.Fit != "no" && q.Memory.TotalBytes > 0 && q.TokensPerSecond >= 8 && q.Error > 0 && q.Source != "" && q.Reason == "":
			fit++
		case q.Cause != "" && q.Reason != "":
			out++
		default:
			t.Errorf("neither fits nor says why not: %+v", q)
		}
		for _, c := range page.Choices {
			if c.ID == "qwen3-8b" && c.Quant == q.Quant && (q.Cause != "" || q.Memory != c.Memory || q.TokensPerSecond != c.TokensPerSecond || q.Fit != c.Fit) {
				t.Errorf("%+v, and in the ranking %+v", q, c)
			}
		}
	}
	if fit == 0 || out == 0 {
		t.Errorf("%d fit and %d do not", fit, out)
	}
	if _, err := w.Discover.Quants("no-such-model", ask); backend.Readable(err).Code != backend.CodeNotFound {
		t.Errorf("an unknown model: %v", err)
	}
	ask.Machine = "mainframe"
	if _, err := w.Discover.Quants("qwen3-8b", ask); backend.Readable(err).Code != backend.CodeNotFound {
		t.Errorf("an unknown machine: %v", err)
	}
}

func TestTheArticlesSums(t *testing.T) {
	w, _ := open(t)
	rows, err := w.Discover.Bits(70e9)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Bits == 16 && r.Bytes != 140e9 || r.Bits == 8 && r.Bytes != 70e9 {
			t.Errorf("70B at %d bits is %d bytes", r.Bits, r.Bytes)
		}
	}
	start, err := w.Discover.SumsStart()
	if err != nil {
		t.Fatal(err)
	}
	ask := start.Ask
	if c := start.Cards; len(c) != 2 || (RentedCard{c[0].ID, ask.RentPerHour, ask.RentTokensPerSecond, ask.RentPromptPerSecond}) != c[0] || c[1].RentPerHour >= c[0].RentPerHour {
		t.Errorf("cards to rent: %+v", start.Cards)
	}
	if ask.InputPrice <= 0 || ask.ResaleShare != 0 || len(start.Usages) < 3 {
		t.Errorf("%+v", start)
	}
	ask.InputPerDay, ask.OutputPerDay, ask.InputPrice, ask.OutputPrice = 1e6, 1e6, 30, 60
	sums, err := w.Discover.Sums(ask)
	if err != nil || math.Abs(sums.APIPerMonth-90*365.0/12) > 0.01 {
		t.Errorf("%+v, %v", sums, err)
	}
	// What stands in the fields is what counts: $2,000 over four years, and what it saves.
	ask.HardwarePrice, ask.HardwareYears, ask.TokensPerSecond, ask.PromptPerSecond = 2000, 4, 100, 1000
	if sums, err = w.Discover.Sums(ask); err != nil || math.Abs(sums.HardwarePerMonth-2000.0/48) > 0.01 ||
		math.Abs(sums.BreakEvenMonths-2000/(sums.APIPerMonth-sums.ElectricityPerMonth)) > 0.01 {
		t.Errorf("%+v, %v", sums, err)
	}
	ask.ResaleShare = 0.2
	if sums, err = w.Discover.Sums(ask); err != nil || math.Abs(sums.HardwarePerMonth-1600.0/48) > 0.01 {
		t.Errorf("a fifth is sold again: %+v, %v", sums, err)
	}
	ask.TokensPerSecond = 0
	if _, err := w.Discover.Sums(ask); backend.Readable(err).Code != backend.CodeInvalid {
		t.Errorf("no speed: %v", err)
	}
}

func TestAPersonsOwnEntriesJoinTheCatalog(t *testing.T) {
	w, _ := open(t)
	c, err := w.Core()
	if err != nil {
		t.Fatal(err)
	}
	dir := c.Catalog.Dir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/broken.json", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	problems := c.DeepProblems(t.Context())
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "broken.json") {
		t.Errorf("%+v", problems)
	}
	if _, err := w.Discover.Model("qwen3-4b"); err != nil {
		t.Errorf("the others are lost: %v", err)
	}
}
