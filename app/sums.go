package app

import (
	"context"
	"math"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
)

// WeightBits gives the memory of weights alone at each precision.
func WeightBits(params int64) ([]BitsRow, error) {
	if params < 1 || params > 1e14 {
		return nil, backend.Fail(backend.CodeInvalid, nil, "No model has that many parameters.", "Write 70000000000 for 70 billion.")
	}
	return convert([]int{32, 16, 8, 4}, func(bits int) BitsRow {
		return BitsRow{Bits: bits, Bytes: catalog.WeightBytes(params, float64(bits))}
	}), nil
}

// daysPerMonth is a twelfth of 365 days.
const daysPerMonth = 365.0 / 12

// DefaultSums gives the assumptions that the sums begin with.
func DefaultSums() SumsAsk {
	own := catalog.DefaultOwn()
	return SumsAsk{
		InputPerDay: math.Round(own.MonthlyTokens.Input / daysPerMonth), OutputPerDay: math.Round(own.MonthlyTokens.Output / daysPerMonth),
		InputPrice: 30, OutputPrice: 60, // GPT-4's in March 2023
		TokensPerSecond: own.TokensPerSecond.Value, PromptPerSecond: own.PromptTokensPerSecond.Value,
		Watts: own.Watts.Value, PricePerKWh: own.DollarsPerKWh.Value, HardwarePrice: own.HardwareDollars.Value, HardwareYears: own.LifeMonths.Value / 12,
	}
}

// Month gives what a month costs at an interface's price and on one's own machine.
func Month(a SumsAsk) (SumsAnswer, error) {
	for _, v := range []float64{a.InputPerDay, a.OutputPerDay, a.InputPrice, a.OutputPrice, a.Watts, a.PricePerKWh, a.HardwarePrice} {
		if v < 0 || math.IsNaN(v) || v > 1e15 {
			return SumsAnswer{}, backend.Fail(backend.CodeInvalid, nil, "An amount can't be less than nothing, or endless.", "Write it as a plain number.")
		}
	}
	if !(a.TokensPerSecond > 0) || !(a.PromptPerSecond > 0) || !(a.HardwareYears > 0) {
		return SumsAnswer{}, backend.Fail(backend.CodeInvalid, nil, "Speeds and years must be above zero.", "Write 10 for ten tokens a second.")
	}
	own := catalog.DefaultOwn()
	own.MonthlyTokens = catalog.Tokens{Input: a.InputPerDay * daysPerMonth, Output: a.OutputPerDay * daysPerMonth}
	own.TokensPerSecond.Value, own.PromptTokensPerSecond.Value = a.TokensPerSecond, a.PromptPerSecond
	own.Watts.Value, own.DollarsPerKWh.Value = a.Watts, a.PricePerKWh
	own.HardwareDollars.Value, own.LifeMonths.Value = a.HardwarePrice, a.HardwareYears*12
	own.ShareForModels.Value, own.IdleHours.Value = 1, 0
	price := catalog.Price{Input: a.InputPrice, Output: a.OutputPrice}
	month, even := own.Month(), own.BreakEven(price)
	out := SumsAnswer{
		APIPerMonth: catalog.APIMonth(price, own.MonthlyTokens), ElectricityPerMonth: month.Electricity, HardwarePerMonth: month.Hardware,
		OwnPerMonth: month.Total, HoursPerDay: month.Hours / daysPerMonth, BreakEvenMonths: even.Months,
	}
	if even.Never {
		out.BreakEvenMonths = -1
	}
	return out, nil
}

// The claim that models above 30 billion parameters need enterprise hardware, and how fast one must write to count as
// running: about as fast as people read.
const (
	claimParams = 30e9
	claimSpeed  = 8
)

// Biggest is the best model of more than 30 billion parameters that writes at reading speed on a typical machine.
type Biggest struct {
	Machine         string  `json:"machine"`
	Model           string  `json:"model"` // empty: there is none, so the claim holds there
	Quant           string  `json:"quant"`
	TokensPerSecond float64 `json:"tokensPerSecond"`
	Dense           bool    `json:"dense"` // not a mixture of experts
}

// BiggestModels tries the claim on each of the machine profiles. A dense model counts before a mixture of experts.
func (c *Core) BiggestModels(ctx context.Context) ([]Biggest, error) {
	profiles, err := advisor.Profiles()
	if err != nil {
		return nil, err
	}
	out := []Biggest{}
	for _, p := range profiles {
		page, err := c.AdvicePage(ctx, Ask{Use: string(advisor.UseChat), MinSpeed: claimSpeed, Machine: p.ID})
		if err != nil {
			return nil, err
		}
		row := Biggest{Machine: p.Title}
		for _, choice := range page.Choices {
			dense := choice.ActiveParams == choice.Params
			if choice.Params <= claimParams || choice.TokensPerSecond < claimSpeed || row.Model != "" && (row.Dense || !dense) {
				continue
			}
			row.Model, row.Quant, row.TokensPerSecond, row.Dense = choice.Model, choice.Quant, choice.TokensPerSecond, dense
		}
		out = append(out, row)
	}
	return out, nil
}

// Bits gives the memory of weights alone at each precision.
func (s *Discover) Bits(params int64) ([]BitsRow, error) {
	return call("Discover.Bits", func() ([]BitsRow, error) { return WeightBits(params) })
}

// SumsDefaults gives the assumptions that the sums begin with.
func (s *Discover) SumsDefaults() (SumsAsk, error) {
	return call("Discover.SumsDefaults", func() (SumsAsk, error) { return DefaultSums(), nil })
}

// Sums gives what a month costs at an interface's price and on one's own machine.
func (s *Discover) Sums(a SumsAsk) (SumsAnswer, error) {
	return call("Discover.Sums", func() (SumsAnswer, error) { return Month(a) })
}
