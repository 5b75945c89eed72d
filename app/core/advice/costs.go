package advice

import (
	"context"
	"math"
	"time"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
)

// Precision is memory for weights alone at one precision.
type Precision struct {
	Bits  int
	Bytes int64
}

// WeightBits returns the memory of weights alone at each precision.
func WeightBits(params int64) ([]Precision, error) {
	if params < 1 || params > 1e14 {
		return nil, backend.Fail(backend.CodeInvalid, nil, "No model has that many parameters.", "Write 70000000000 for 70 billion.")
	}
	var out []Precision
	for _, bits := range []int{32, 16, 8, 4} {
		out = append(out, Precision{Bits: bits, Bytes: catalog.WeightBytes(params, float64(bits))})
	}
	return out, nil
}

// daysPerMonth is a twelfth of 365 days.
const daysPerMonth = 365.0 / 12

// Costs are the assumptions of the cost calculator; every one can be changed. Money is in US dollars.
type Costs struct {
	InputPerDay     float64 // tokens
	OutputPerDay    float64 // tokens
	InputPrice      float64 // for a million tokens
	OutputPrice     float64 // for a million tokens
	TokensPerSecond float64
	PromptPerSecond float64
	Watts           float64 // while it works
	PricePerKWh     float64
	HardwarePrice   float64 // 0: it is there anyway
	HardwareYears   float64
	ResaleShare     float64 // of HardwarePrice, that it still sells for after HardwareYears

	RentPerHour         float64
	RentHoursPerDay     float64 // less than it works: as long as it works
	RentTokensPerSecond float64 // of the rented machine, with all requests at once
	RentPromptPerSecond float64
}

// Month is what a month costs, in US dollars.
type Month struct {
	APIPerMonth         float64
	ElectricityPerMonth float64
	HardwarePerMonth    float64
	OwnPerMonth         float64
	HoursPerDay         float64 // that the machine works; over 24 it can't keep up
	BreakEvenMonths     float64 // until the hardware has paid for itself; -1: never
	RentPerMonth        float64 // of a machine that is rented by the hour; -1: it can't keep up
}

// DefaultPrice is the model whose price the calculator begins with: one of the small ones of a large provider, because
// that is what a model at home replaces.
const DefaultPrice = "gpt-5.4-mini"

// Start is what the calculator begins with.
type Start struct {
	Costs
	Model    string // whose speeds these are, the pick for a chat on this machine; empty: assumed
	Measured bool   // they were measured here
	Power    string // what measured Watts here, "RAPL package"; empty: assumed
	// ReadingSpeed is from where on a model writes as fast as people read, in tokens per second.
	ReadingSpeed float64
	Usages       []Usage      // the person's own first, where there is one
	Cards        []RentedCard // that can be rented; the first is what Costs say
}

// RentedCard is a machine that can be rented by the hour.
type RentedCard struct {
	ID                  string  // large, small
	RentPerHour         float64 // US dollars
	RentTokensPerSecond float64
	RentPromptPerSecond float64
}

func cards() []RentedCard {
	card := func(id string, r catalog.Rented) RentedCard {
		return RentedCard{id, r.DollarsPerHour.Value, r.TokensPerSecond.Value, r.PromptTokensPerSecond.Value}
	}
	return []RentedCard{card("large", catalog.DefaultRented()), card("small", catalog.SmallRented())}
}

// Start returns what the calculator begins with: the person's own use and the speeds of the pick for this machine, each
// assumed where it is not known.
func (a *Advice) Start(ctx context.Context) (Start, error) {
	all, err := a.Catalog()
	if err != nil {
		return Start{}, err
	}
	own, rented := catalog.DefaultOwn(), catalog.DefaultRented()
	s := Start{Usages: usages(ctx, a.opts.History), Cards: cards(), ReadingSpeed: advisor.ReadingSpeed, Costs: Costs{
		TokensPerSecond: own.TokensPerSecond.Value, PromptPerSecond: own.PromptTokensPerSecond.Value,
		Watts: own.Watts.Value, PricePerKWh: own.DollarsPerKWh.Value,
		HardwarePrice: own.HardwareDollars.Value, HardwareYears: own.LifeMonths.Value / 12, ResaleShare: own.ResaleShare.Value,
		RentPerHour: rented.DollarsPerHour.Value, RentHoursPerDay: rented.HoursPerDay.Value,
		RentTokensPerSecond: rented.TokensPerSecond.Value, RentPromptPerSecond: rented.PromptTokensPerSecond.Value,
	}}
	if watts, source := a.opts.Watts(ctx); watts > 0 {
		s.Watts, s.Power = math.Round(watts), source
	}
	first := s.Usages[0]
	if first.Days == 0 {
		first = s.Usages[1]
	}
	s.InputPerDay, s.OutputPerDay = first.InputPerDay, first.OutputPerDay
	if p, ok := all.Price(DefaultPrice, time.Now()); ok {
		s.InputPrice, s.OutputPrice = p.Input, p.Output
	}
	if r, err := a.Rank(ctx, advisor.Ask{Use: advisor.UseChat}, ""); err == nil && len(r.Choices) > 0 {
		pick := r.Choices[0]
		s.Model, s.TokensPerSecond, s.PromptPerSecond = pick.Name, round2(pick.TokensPerSecond), round2(pick.PromptTokensPerSecond)
		s.Measured = pick.Source != backend.SourceEstimated
	}
	return s, nil
}

// round2 keeps a speed readable in a field.
func round2(v float64) float64 { return math.Round(v*100) / 100 }

// Month returns what a month costs at an interface's price and on one's own machine.
func (c Costs) Month() (Month, error) {
	for _, v := range []float64{c.InputPerDay, c.OutputPerDay, c.InputPrice, c.OutputPrice, c.Watts, c.PricePerKWh, c.HardwarePrice, c.ResaleShare, c.RentPerHour, c.RentHoursPerDay} {
		switch {
		case v < 0 || math.IsNaN(v):
			return Month{}, backend.Fail(backend.CodeInvalid, nil, "Enter amounts of zero or more.", "Write them as plain numbers.")
		case v > 1e15:
			return Month{}, backend.Fail(backend.CodeInvalid, nil, "An amount is too large.", "Enter amounts up to 1,000,000,000,000,000.")
		}
	}
	if !(c.TokensPerSecond > 0) || !(c.PromptPerSecond > 0) || !(c.HardwareYears > 0) || !(c.RentTokensPerSecond > 0) || !(c.RentPromptPerSecond > 0) {
		return Month{}, backend.Fail(backend.CodeInvalid, nil, "Speeds and years must be above zero.", "Write 10 for ten tokens a second.")
	}
	if c.RentHoursPerDay > 24 {
		return Month{}, backend.Fail(backend.CodeInvalid, nil, "A machine can't be rented for more than 24 hours a day.", "Enter 24 to have it answer at any time, or 0 for as long as it works.")
	}
	if c.ResaleShare > 1 {
		return Month{}, backend.Fail(backend.CodeInvalid, nil, "A machine does not sell for more than it cost.", "Enter a share between 0 and 1: 0.2 is a fifth of its price.")
	}
	own := catalog.DefaultOwn()
	own.MonthlyTokens = catalog.Tokens{Input: c.InputPerDay * daysPerMonth, Output: c.OutputPerDay * daysPerMonth}
	own.TokensPerSecond.Value, own.PromptTokensPerSecond.Value = c.TokensPerSecond, c.PromptPerSecond
	own.Watts.Value, own.DollarsPerKWh.Value = c.Watts, c.PricePerKWh
	own.HardwareDollars.Value, own.LifeMonths.Value = c.HardwarePrice, c.HardwareYears*12
	own.ResaleShare.Value, own.ShareForModels.Value, own.IdleHours.Value = c.ResaleShare, 1, 0
	price := catalog.Price{Input: c.InputPrice, Output: c.OutputPrice}
	month, even := own.Month(), own.BreakEven(price)
	out := Month{
		APIPerMonth: catalog.APIMonth(price, own.MonthlyTokens), ElectricityPerMonth: month.Electricity, HardwarePerMonth: month.Hardware,
		OwnPerMonth: month.Total, HoursPerDay: month.Hours / daysPerMonth, BreakEvenMonths: even.Months,
	}
	if even.Never {
		out.BreakEvenMonths = -1
	}
	rented := catalog.DefaultRented()
	rented.DollarsPerHour.Value, rented.HoursPerDay.Value = c.RentPerHour, c.RentHoursPerDay
	rented.TokensPerSecond.Value, rented.PromptTokensPerSecond.Value = c.RentTokensPerSecond, c.RentPromptPerSecond
	out.RentPerMonth = -1
	if m := rented.Month(own.MonthlyTokens); m.Possible {
		out.RentPerMonth = m.Dollars
	}
	return out, nil
}

// claimParams is the size over which, so it is said, only enterprise hardware will do.
const claimParams = 30e9

// Biggest is what a machine says to the claim that models of more than 30 billion parameters need enterprise hardware: the
// biggest that writes at reading speed there, and the biggest without experts.
type Biggest struct {
	Machine              string
	Model                string // empty: there is none, so the claim holds there
	Quant                string
	TokensPerSecond      float64
	Dense                bool   // not a mixture of experts
	DenseModel           string // empty: there is none
	DenseTokensPerSecond float64
}

// BiggestModels tries the claim on this machine and on each of the machine profiles.
func (a *Advice) BiggestModels(ctx context.Context) ([]Biggest, error) {
	profiles, err := advisor.Profiles()
	if err != nil {
		return nil, err
	}
	var out []Biggest
	for _, p := range append([]advisor.Profile{{Title: "This machine"}}, profiles...) {
		ranking, err := a.Rank(ctx, advisor.Ask{Use: advisor.UseChat, MinSpeed: new(float64(advisor.ReadingSpeed))}, p.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, biggestOf(p.Title, ranking.Choices))
	}
	return out, nil
}

func biggestOf(machine string, choices []Choice) Biggest {
	row, params, dense := Biggest{Machine: machine}, 0.0, 0.0
	bigger := func(c Choice, than, speed float64) bool {
		return float64(c.Params) > than || float64(c.Params) == than && c.TokensPerSecond > speed
	}
	for _, c := range choices {
		if c.Params <= claimParams || c.TokensPerSecond < advisor.ReadingSpeed {
			continue
		}
		whole := c.ActiveParams == 0 || c.ActiveParams >= c.Params
		if bigger(c, params, row.TokensPerSecond) {
			params, row.Model, row.Quant, row.TokensPerSecond, row.Dense = float64(c.Params), c.Name, c.Quant, c.TokensPerSecond, whole
		}
		if whole && bigger(c, dense, row.DenseTokensPerSecond) {
			dense, row.DenseModel, row.DenseTokensPerSecond = float64(c.Params), c.Name, c.TokensPerSecond
		}
	}
	return row
}
