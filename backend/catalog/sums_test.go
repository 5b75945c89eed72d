package catalog

import (
	"math"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1) }

func TestTheArticlesSums(t *testing.T) {
	for _, tt := range []struct {
		params int64
		bits   float64
		wantGB float64
	}{
		{70e9, 16, 140}, {70e9, 8, 70}, {70e9, 4, 35}, {30e9, 16, 60}, {7e9, 16, 14}, {7e9, 4.5, 3.9375}, {0, 16, 0},
	} {
		if got := DecimalGB(WeightBytes(tt.params, tt.bits)); !near(got, tt.wantGB) {
			t.Errorf("%d at %v bits: %v GB, want %v", tt.params, tt.bits, got, tt.wantGB)
		}
	}
	for _, tt := range []struct {
		memory      int64
		share, bits float64
		want        int64
	}{
		{24e9, 1, 8, 24e9}, {24e9, 0.5, 4, 24e9}, {24e9, 2, 8, 24e9}, {0, 1, 8, 0}, {24e9, 0, 8, 0}, {24e9, 1, 0, 0},
	} {
		if got := LargestParams(tt.memory, tt.share, tt.bits); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}

func TestAPIMonth(t *testing.T) {
	c := load(t)
	gpt4 := c.Prices()[0]
	if gpt4.Provider != "OpenAI" || gpt4.Input != 30 || gpt4.Output != 60 {
		t.Fatalf("%+v", gpt4)
	}
	for _, tt := range []struct{ input, output, want float64 }{
		{1e6, 1e6, 90}, {1e6, 0, 30}, {0, 1e6, 60}, {0, 0, 0}, {-5, 1e6, 60}, {math.NaN(), 1e6, 60}, {500_000, 100_000, 21},
	} {
		if got := APIMonth(gpt4, Tokens{tt.input, tt.output}); !near(got, tt.want) {
			t.Errorf("%v in, %v out: $%v, want $%v", tt.input, tt.output, got, tt.want)
		}
	}
	for _, p := range c.Prices() {
		if p.Provider == "" || p.Model == "" || p.Source == "" || p.AsOf == "" || p.Input <= 0 || p.Output < p.Input {
			t.Errorf("%+v", p)
		}
	}
}

func TestOwnMonth(t *testing.T) {
	own := DefaultOwn()
	own.PromptTokensPerSecond.Value, own.TokensPerSecond.Value = 1000, 10
	own.MonthlyTokens = Tokens{Input: 3_600_000, Output: 360_000} // an hour of reading and ten of writing
	own.Watts.Value, own.DollarsPerKWh.Value = 100, 0.20
	own.HardwareDollars.Value, own.ResaleShare.Value, own.LifeMonths.Value = 2400, 0, 48
	m := own.Month()
	if !near(m.Hours, 11) || !near(m.KWh, 1.1) || !near(m.Electricity, 0.22) || !near(m.Hardware, 50) || !near(m.Total, 50.22) || !m.Possible {
		t.Errorf("%+v", m)
	}
	own.IdleWatts.Value, own.IdleHours.Value = 10, 111
	if m := own.Month(); !near(m.KWh, 1.1+1) {
		t.Errorf("with 100 idle hours: %+v", m)
	}
	own.ResaleShare.Value, own.ShareForModels.Value = 0.5, 0.5
	if m := own.Month(); !near(m.Hardware, 12.5) {
		t.Errorf("half of half: %+v", m)
	}
	own.LifeMonths.Value = 0
	if m := own.Month(); m.Hardware != 0 {
		t.Errorf("without a life: %+v", m)
	}
	own.TokensPerSecond.Value = 0
	if m := own.Month(); m.Possible {
		t.Errorf("a machine that writes nothing: %+v", m)
	}
}

func TestBreakEven(t *testing.T) {
	own := DefaultOwn()
	own.HardwareDollars.Value, own.ResaleShare.Value, own.DollarsPerKWh.Value = 900, 0, 0
	own.LifeMonths.Value = 10
	own.MonthlyTokens = Tokens{Input: 1e6, Output: 1e6}
	gpt4 := Price{Input: 30, Output: 60}
	b := own.BreakEven(gpt4)
	if b.Never || !near(b.Months, 10) {
		t.Errorf("%+v", b)
	}
	if perWeek := 2e6 / (HoursPerMonth / 168.0); !near(b.TokensPerWeek, perWeek) {
		t.Errorf("both cost the same at %v, want %v", b.TokensPerWeek, perWeek)
	}
	own.HardwareDollars.Value = 0
	if b := own.BreakEven(gpt4); b.Never || b.Months != 0 {
		t.Errorf("hardware that is there already: %+v", b)
	}
	own.DollarsPerKWh.Value = 1e6
	if b := own.BreakEven(gpt4); !b.Never {
		t.Errorf("electricity beyond price: %+v", b)
	}
	if b := DefaultOwn().BreakEven(Price{}); !b.Never {
		t.Errorf("a free interface: %+v", b)
	}
	for _, a := range []Assumption{own.PromptTokensPerSecond, own.TokensPerSecond, own.Watts, own.IdleWatts, own.IdleHours, own.DollarsPerKWh, own.HardwareDollars, own.ResaleShare, own.LifeMonths, own.ShareForModels} {
		if a.Source == "" || a.Unit == "" {
			t.Errorf("%+v has no source or unit", a)
		}
	}
}

// The article says that more than 30 billion weights need enterprise hardware.
func TestWhichMachinesHold70B(t *testing.T) {
	c := load(t)
	weights := WeightBytes(70e9, 4.5)
	kinds := map[string]int{}
	for _, h := range c.Holding(weights, weights, 0.75) {
		kinds[h.Bandwidth.Kind]++
		if h.MemoryGB*(1<<30)*0.75 < float64(weights) || h.TokensPerSecond <= 0 {
			t.Errorf("%+v", h)
		}
	}
	if kinds["apple"] < 5 || kinds["gpu-nvidia"] != 0 {
		t.Errorf("%v", kinds)
	}
	if got := SpeedLimit(100e9, 0); got != 0 {
		t.Errorf("nothing to read: %v", got)
	}
}

func TestRentedMonth(t *testing.T) {
	// A service of 25,000 messages a day, each of which reads 1,200 tokens and gets 350 back.
	work := Tokens{Input: 25_000 * 1200 * HoursPerMonth / 24, Output: 25_000 * 350 * HoursPerMonth / 24}
	rented := DefaultRented()
	if m := rented.Month(work); !near(m.Dollars, 2.50*HoursPerMonth) || !m.Possible {
		t.Errorf("around the clock: %+v", m)
	}
	rented.HoursPerDay.Value = 0
	worked := (work.Input/8000 + work.Output/1500) / 3600
	if m := rented.Month(work); !near(m.Hours, worked) || !near(m.Dollars, 2.50*worked) {
		t.Errorf("only while it works, %g hours: %+v", worked, m)
	}
	rented.TokensPerSecond.Value = 50
	if m := rented.Month(work); m.Possible {
		t.Errorf("the work does not fit into a month: %+v", m)
	}
}

// What is said of one's own engines, 60 to 80% saved, holds for a service at a large model's price on a card of $2.50 an
// hour, and at a small model's price on one of $0.90. It does not for a person's own chats on a card around the clock.
func TestRentSaves60To80PercentWhereItIsBusy(t *testing.T) {
	service := Tokens{Input: 25_000 * 1200 * HoursPerMonth / 24, Output: 25_000 * 350 * HoursPerMonth / 24}
	daily := Tokens{Input: 40 * 1200 * HoursPerMonth / 24, Output: 40 * 350 * HoursPerMonth / 24}
	large, small := DefaultRented(), SmallRented()
	for _, c := range []struct {
		name      string
		price     Price
		rented    Rented
		work      Tokens
		low, high float64 // of the saved share
	}{
		{"gpt-5.4 against a card of 80 GB", Price{Input: 2.5, Output: 15}, large, service, 0.60, 0.80},
		{"gpt-5.4-mini against a card of 24 GB", Price{Input: 0.75, Output: 4.5}, small, service, 0.60, 0.80},
		{"gpt-5.4-mini against a card of 80 GB", Price{Input: 0.75, Output: 4.5}, large, service, 0, 0.10},
		{"a person's chats", Price{Input: 2.5, Output: 15}, large, daily, -300, -100},
	} {
		saved := 1 - c.rented.Month(c.work).Dollars/APIMonth(c.price, c.work)
		if saved < c.low || saved > c.high {
			t.Errorf("%s: %.0f%% saved", c.name, 100*saved)
		}
	}
}
