package cli

import (
	"strings"
	"testing"

	"weightroom/app/core/advice"
	"weightroom/backend/advisor"
)

// What the calculator says is what the window says, in frontend/src/lib/sums.ts.
func TestSumsSpeakAsTheWindowDoes(t *testing.T) {
	ask := advice.Costs{InputPerDay: 1, OutputPerDay: 1, HardwarePrice: 2000, HardwareYears: 4}
	for _, c := range []struct {
		months float64
		want   string
	}{
		{693.9, "Your machine would pay for itself after 57.8 years, but lasts 4 years."},
		{7.6, "Your machine has paid for itself after 8 months."},
		{0.4, "Your machine has paid for itself after 12 days."},
		{-1, "It never pays for itself: electricity alone costs more than the API."},
	} {
		if got := paysOff(ask, advice.Month{BreakEvenMonths: c.months}); got != c.want {
			t.Errorf("%g months: %s", c.months, got)
		}
	}
	for cost, want := range map[float64]string{606: ", 610 times the API", 9.125: ", 9.1 times the API", 1.5: ", 50% more than the API"} {
		if got := against(cost, 1); got != want {
			t.Errorf("%g: %s", cost, got)
		}
	}
	if _, err := (advice.Costs{InputPrice: 1, TokensPerSecond: 1, PromptPerSecond: 1, HardwareYears: 1, RentTokensPerSecond: 1, RentPromptPerSecond: 1, RentHoursPerDay: 25}).Month(); err == nil || !strings.Contains(err.Error(), "24 hours") {
		t.Errorf("a day of 25 hours: %v", err)
	}
	var out strings.Builder
	(&session{stdout: &out}).showSums(70e9, nil, []advice.Biggest{{Machine: "This machine", Model: "Big", Quant: "Q4_K_M", TokensPerSecond: advisor.ReadingSpeed, DenseModel: "Small", DenseTokensPerSecond: 6}})
	if got := out.String(); !strings.Contains(got, "writes 5.3 tokens/s or more") || !strings.Contains(got, "Big at Q4_K_M (a mixture of experts), 5.3 tokens/s; without experts Small, 6.0 tokens/s") {
		t.Error(got)
	}
}
