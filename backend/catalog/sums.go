package catalog

import "math"

// Assumption is a number that a person may change, with where its default comes from.
type Assumption struct {
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Source string  `json:"source"`
}

// WeightBytes returns what params weights take at bits each, and nothing else: no cache, no buffers, no metadata.
func WeightBytes(params int64, bits float64) int64 {
	return int64(math.Round(float64(params) * bits / 8))
}

// DecimalGB returns bytes in units of 10⁹, as download pages and the article count them: 70 billion weights at 16 bits
// are 140 GB.
func DecimalGB(bytes int64) float64 { return float64(bytes) / 1e9 }

// LargestParams returns how many weights of bits each fit into memory, in bytes, when share of it may hold weights.
func LargestParams(memory int64, share, bits float64) int64 {
	if memory <= 0 || share <= 0 || bits <= 0 {
		return 0
	}
	return int64(float64(memory) * min(share, 1) * 8 / bits)
}

// SpeedLimit returns the tokens per second that a memory rate cannot exceed when activeBytes are read for each token.
func SpeedLimit(bytesPerSecond float64, activeBytes int64) float64 {
	if activeBytes <= 0 {
		return 0
	}
	return bytesPerSecond / float64(activeBytes)
}

// Holds is a machine on sale whose memory holds a model.
type Holds struct {
	Bandwidth       Bandwidth
	MemoryGB        float64 // the smallest size it is sold with that is enough
	TokensPerSecond float64 // at most, by memory rate alone
}

// Holding returns the rows that are sold with a memory of which share holds weightBytes, in the table's order.
func (c *Catalog) Holding(weightBytes, activeBytes int64, share float64) []Holds {
	var holds []Holds
	for _, b := range c.bandwidths {
		for _, gb := range b.MemoryGB {
			if gb*(1<<30)*share >= float64(weightBytes) {
				holds = append(holds, Holds{b, gb, SpeedLimit(b.BytesPerSecond, activeBytes)})
				break
			}
		}
	}
	return holds
}

// Tokens is a month's work.
type Tokens struct {
	Input  float64 `json:"input"`
	Output float64 `json:"output"`
}

// APIMonth returns what a month's tokens cost at a price, in US dollars.
func APIMonth(p Price, t Tokens) float64 {
	return (p.Input*nonNegative(t.Input) + p.Output*nonNegative(t.Output)) / 1e6
}

// Own is what running models oneself rests on. Each field has a default with a source; a measured speed replaces the
// two rates.
type Own struct {
	PromptTokensPerSecond Assumption `json:"promptTokensPerSecond"`
	TokensPerSecond       Assumption `json:"tokensPerSecond"`
	Watts                 Assumption `json:"watts"`           // drawn while it works, beyond what the machine draws anyway
	IdleWatts             Assumption `json:"idleWatts"`       // drawn for the rest of IdleHours
	IdleHours             Assumption `json:"idleHours"`       // per month that the machine is on for this alone
	DollarsPerKWh         Assumption `json:"dollarsPerKwh"`   // electricity
	HardwareDollars       Assumption `json:"hardwareDollars"` // bought for this; 0: it is there already
	ResaleShare           Assumption `json:"resaleShare"`     // of HardwareDollars, at the end of LifeMonths
	LifeMonths            Assumption `json:"lifeMonths"`      // until it is replaced
	ShareForModels        Assumption `json:"shareForModels"`  // of the hardware's price that models must pay for
	MonthlyTokens         Tokens     `json:"monthlyTokens"`
}

// DefaultOwn returns the defaults. Every one of them is a starting point for the person's own figure.
func DefaultOwn() Own {
	return Own{
		PromptTokensPerSecond: Assumption{200, "tokens per second", "assumed: a 7B at 4 bits on a graphics processor of a laptop; a measured speed replaces it"},
		TokensPerSecond:       Assumption{20, "tokens per second", "assumed: a 7B at 4 bits on a graphics processor of a laptop; a measured speed replaces it"},
		Watts:                 Assumption{60, "watts", "assumed: a laptop under load; read it from a plug meter"},
		IdleWatts:             Assumption{0, "watts", "assumed: the machine is on anyway"},
		IdleHours:             Assumption{0, "hours per month", "assumed: the machine is on anyway"},
		DollarsPerKWh:         Assumption{0.165, "US dollars per kWh", "US households, average of 2024 by the Energy Information Administration, recalled"},
		HardwareDollars:       Assumption{2000, "US dollars", "assumed: a laptop with 32 GB"},
		ResaleShare:           Assumption{0, "share", "assumed: nothing; set what it would sell for"},
		LifeMonths:            Assumption{48, "months", "assumed: four years"},
		ShareForModels:        Assumption{1, "share", "assumed: bought for models alone"},
		MonthlyTokens:         Tokens{Input: 1_000_000, Output: 1_000_000},
	}
}

// OwnMonth is what a month of one's own costs, in US dollars.
type OwnMonth struct {
	Hours       float64 `json:"hours"` // of work
	KWh         float64 `json:"kwh"`
	Electricity float64 `json:"electricity"`
	Hardware    float64 `json:"hardware"` // its loss of value
	Total       float64 `json:"total"`
	Possible    bool    `json:"possible"` // the work fits into a month of 730 hours
}

// HoursPerMonth is a twelfth of 365 days.
const HoursPerMonth = 730

// Month works out a month.
func (o Own) Month() OwnMonth {
	var m OwnMonth
	m.Hours = hours(o.MonthlyTokens.Input, o.PromptTokensPerSecond.Value) + hours(o.MonthlyTokens.Output, o.TokensPerSecond.Value)
	m.Possible = m.Hours <= HoursPerMonth
	idle := max(nonNegative(o.IdleHours.Value)-m.Hours, 0)
	m.KWh = (m.Hours*nonNegative(o.Watts.Value) + idle*nonNegative(o.IdleWatts.Value)) / 1000
	m.Electricity = m.KWh * nonNegative(o.DollarsPerKWh.Value)
	if o.LifeMonths.Value > 0 {
		m.Hardware = o.loss() / o.LifeMonths.Value
	}
	m.Total = m.Electricity + m.Hardware
	return m
}

// loss is what the hardware is worth less at the end of its life.
func (o Own) loss() float64 {
	return nonNegative(o.HardwareDollars.Value) * share(o.ShareForModels.Value) * (1 - share(o.ResaleShare.Value))
}

// BreakEven is when one's own hardware has paid for itself.
type BreakEven struct {
	Months        float64 `json:"months"`        // 0: at once
	TokensPerWeek float64 `json:"tokensPerWeek"` // with this many, in the same mix, both cost the same over LifeMonths
	Never         bool    `json:"never"`         // electricity alone costs as much as the interface, or the work does not fit
}

// BreakEven compares with a price for the same tokens.
func (o Own) BreakEven(p Price) BreakEven {
	month, api := o.Month(), APIMonth(p, o.MonthlyTokens)
	saved := api - month.Electricity
	if saved <= 0 || !month.Possible {
		return BreakEven{Never: true}
	}
	const weeksPerMonth = HoursPerMonth / 168.0
	all := nonNegative(o.MonthlyTokens.Input) + nonNegative(o.MonthlyTokens.Output)
	return BreakEven{
		Months:        o.loss() / saved,
		TokensPerWeek: all * month.Hardware / saved / weeksPerMonth,
	}
}

// Rented is a machine that is rented by the hour. The two rates are those of the whole machine, with all the requests that
// it works on at once.
type Rented struct {
	DollarsPerHour        Assumption `json:"dollarsPerHour"`
	HoursPerDay           Assumption `json:"hoursPerDay"` // that it is rented; less than it works: as long as it works
	PromptTokensPerSecond Assumption `json:"promptTokensPerSecond"`
	TokensPerSecond       Assumption `json:"tokensPerSecond"`
}

// DefaultRented returns a card of 80 GB around the clock, as a service wants that has to answer at any time.
func DefaultRented() Rented {
	return Rented{
		DollarsPerHour:        Assumption{2.50, "US dollars per hour", "assumed: a card of 80 GB (H100 class) in a cloud, on demand"},
		HoursPerDay:           Assumption{24, "hours per day", "assumed: it answers at any time"},
		PromptTokensPerSecond: Assumption{8000, "tokens per second", "assumed: a 70B at 8 bits in vLLM or TGI with many requests at once; measure your own"},
		TokensPerSecond:       Assumption{1500, "tokens per second", "assumed: a 70B at 8 bits in vLLM or TGI with many requests at once; measure your own"},
	}
}

// SmallRented returns a card of 24 GB around the clock.
func SmallRented() Rented {
	return Rented{
		DollarsPerHour:        Assumption{0.90, "US dollars per hour", "assumed: a card of 24 GB (L4 or A10 class) in a cloud, on demand"},
		HoursPerDay:           Assumption{24, "hours per day", "assumed: it answers at any time"},
		PromptTokensPerSecond: Assumption{3000, "tokens per second", "assumed: an 8B to 14B in vLLM or TGI with many requests at once; measure your own"},
		TokensPerSecond:       Assumption{600, "tokens per second", "assumed: an 8B to 14B in vLLM or TGI with many requests at once; measure your own"},
	}
}

// RentedMonth is what a month of a rented machine costs.
type RentedMonth struct {
	Hours    float64 // that are paid
	Dollars  float64
	Possible bool // the work fits into a month of 730 hours
}

// Month works out a month of these tokens.
func (r Rented) Month(t Tokens) RentedMonth {
	work := hours(t.Input, r.PromptTokensPerSecond.Value) + hours(t.Output, r.TokensPerSecond.Value)
	paid := max(min(nonNegative(r.HoursPerDay.Value), 24)*HoursPerMonth/24, work)
	return RentedMonth{Hours: paid, Dollars: paid * nonNegative(r.DollarsPerHour.Value), Possible: work <= HoursPerMonth}
}

func hours(tokens, perSecond float64) float64 {
	if nonNegative(tokens) == 0 {
		return 0
	}
	if !(perSecond > 0) {
		return math.Inf(1)
	}
	return tokens / perSecond / 3600
}

func nonNegative(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return max(x, 0)
}

func share(x float64) float64 { return min(nonNegative(x), 1) }
