package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/app/core/advice"
	"weightroom/backend"
	"weightroom/backend/advisor"
)

func sumsCommand(s *session) *cobra.Command {
	var (
		params, use, api string
		given            advice.Costs
	)
	cmd := &cobra.Command{
		Use:   "sums",
		Short: "Work out what your use costs at an API and on your own machine",
		Long: `Work out what a month of your use costs at an API's price, on your own machine and on one rented by the hour, and when
your own has paid for itself; then what weights take at each precision, and which typical machines run models of more than 30 billion
parameters. It begins with what your chats here used a day, the speed of the model that suits this machine, and a current
price. Every assumption is a flag.`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&params, "parameters", "70B", "parameters of the model: 70B, 1.5B, 135M or a number")
	f.StringVar(&use, "use", "", "own, light, daily, heavy or service (default: own, else daily)")
	f.StringVar(&api, "api", advice.DefaultPrice, "the model whose current price counts")
	costs := []struct {
		name, usage string
		field       func(*advice.Costs) *float64
	}{
		{"input-per-day", "tokens read a day, in place of --use", func(c *advice.Costs) *float64 { return &c.InputPerDay }},
		{"output-per-day", "tokens written a day, in place of --use", func(c *advice.Costs) *float64 { return &c.OutputPerDay }},
		{"input-price", "dollars for a million tokens read, in place of --api", func(c *advice.Costs) *float64 { return &c.InputPrice }},
		{"output-price", "dollars for a million tokens written, in place of --api", func(c *advice.Costs) *float64 { return &c.OutputPrice }},
		{"speed", "tokens per second that your machine writes (default: of the pick for this machine)", func(c *advice.Costs) *float64 { return &c.TokensPerSecond }},
		{"prompt-speed", "tokens per second that your machine reads (default: of the pick for this machine)", func(c *advice.Costs) *float64 { return &c.PromptPerSecond }},
		{"watts", "power that your machine draws while it works", func(c *advice.Costs) *float64 { return &c.Watts }},
		{"kwh-price", "dollars for a kilowatt-hour", func(c *advice.Costs) *float64 { return &c.PricePerKWh }},
		{"hardware-price", "dollars for the machine; 0: it is there anyway", func(c *advice.Costs) *float64 { return &c.HardwarePrice }},
		{"hardware-years", "years that it lasts", func(c *advice.Costs) *float64 { return &c.HardwareYears }},
		{"resale", "share of its price that it still sells for then, 0 to 1", func(c *advice.Costs) *float64 { return &c.ResaleShare }},
		{"rent", "dollars for an hour of a rented machine", func(c *advice.Costs) *float64 { return &c.RentPerHour }},
		{"rent-hours", "hours a day that it is rented; 0: as long as it works", func(c *advice.Costs) *float64 { return &c.RentHoursPerDay }},
		{"rent-speed", "tokens per second that it writes, all requests together", func(c *advice.Costs) *float64 { return &c.RentTokensPerSecond }},
		{"rent-prompt-speed", "tokens per second that it reads, all requests together", func(c *advice.Costs) *float64 { return &c.RentPromptPerSecond }},
	}
	for _, c := range costs {
		f.Float64Var(c.field(&given), c.name, 0, c.usage)
	}
	cmd.RunE = s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error {
		n, err := parameters(params)
		if err != nil {
			return err
		}
		bits, err := advice.WeightBits(n)
		if err != nil {
			return err
		}
		start, err := c.Advice.Start(ctx)
		if err != nil {
			return err
		}
		ask := start.Costs
		if err := choose(c, start, &ask, use, api); err != nil {
			return err
		}
		for _, one := range costs {
			if f.Changed(one.name) {
				*one.field(&ask) = *one.field(&given)
			}
		}
		month, err := ask.Month()
		if err != nil {
			return err
		}
		biggest, err := c.Advice.BiggestModels(ctx)
		if err != nil {
			return err
		}
		if s.json {
			return s.print(map[string]any{
				"parameters": n, "bits": rows(bits, rowOfPrecision), "assumptions": costsRow(ask), "month": monthRow(month), "machines": rows(biggest, rowOfBiggest),
			})
		}
		s.showMonth(ask, month)
		s.showSums(n, bits, biggest)
		return nil
	})
	return cmd
}

// choose puts the use and the price that were named into ask.
func choose(c *core.Core, start advice.Start, ask *advice.Costs, use, api string) error {
	if use != "" {
		i := slices.IndexFunc(start.Usages, func(u advice.Usage) bool { return u.ID == use })
		switch {
		case i < 0 && use == "own":
			return backend.Fail(backend.CodeInvalid, nil, "There are too few chats on this machine to tell how much you use.", "Choose light, daily, heavy or service.")
		case i < 0:
			return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%q is not a use.", use), "Choose own, light, daily, heavy or service.")
		}
		ask.InputPerDay, ask.OutputPerDay = start.Usages[i].InputPerDay, start.Usages[i].OutputPerDay
	}
	all, err := c.Advice.Catalog()
	if err != nil {
		return err
	}
	p, ok := all.Price(api, time.Now())
	if !ok {
		return backend.Fail(backend.CodeNotFound, nil, "No current price is known for "+api+".", "Give one with --input-price and --output-price.")
	}
	ask.InputPrice, ask.OutputPrice = p.Input, p.Output
	return nil
}

// parameters reads "70B", "1.5B", "135M" and plain numbers.
func parameters(s string) (int64, error) {
	number, unit := strings.ToUpper(strings.TrimSpace(s)), 1.0
	for suffix, size := range map[string]float64{"M": 1e6, "B": 1e9, "T": 1e12} {
		if cut, ok := strings.CutSuffix(number, suffix); ok {
			number, unit = cut, size
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n*unit >= 1) || n*unit > 1e14 {
		return 0, backend.Fail(backend.CodeInvalid, err, fmt.Sprintf("%q is not a number of parameters.", s), "Write it like 70B, 1.5B or 135M.")
	}
	return int64(n * unit), nil
}

func (s *session) showMonth(ask advice.Costs, month advice.Month) {
	fmt.Fprintf(s.stdout, "A month of %.0f tokens read and %.0f written a day: $%.2f at $%g and $%g for a million; $%.2f on your own machine ($%.2f electricity, $%.2f hardware), which works %.1f hours a day.\n",
		ask.InputPerDay, ask.OutputPerDay, month.APIPerMonth, ask.InputPrice, ask.OutputPrice, month.OwnPerMonth, month.ElectricityPerMonth, month.HardwarePerMonth, month.HoursPerDay)
	fmt.Fprintln(s.stdout, paysOff(ask, month))
	if month.RentPerMonth < 0 {
		fmt.Fprintf(s.stdout, "A rented machine that writes %g tokens a second can't keep up.\n", ask.RentTokensPerSecond)
		return
	}
	fmt.Fprintf(s.stdout, "Rented at $%.2f an hour: $%.2f a month%s.\n", ask.RentPerHour, month.RentPerMonth, against(month.RentPerMonth, month.APIPerMonth))
}

// paysOff says whether a machine pays for itself, in the words of the window.
func paysOff(ask advice.Costs, month advice.Month) string {
	life := ask.HardwareYears * 12
	switch {
	case ask.InputPerDay+ask.OutputPerDay <= 0:
		return "At no messages there is nothing to compare."
	case month.HoursPerDay > 24:
		return "That is more than a day has: a machine of this speed can't keep up."
	case ask.HardwarePrice <= 0:
		return "That is electricity alone; you have the machine anyway."
	case month.BreakEvenMonths < 0:
		return "It never pays for itself: electricity alone costs more than the API."
	case month.BreakEvenMonths > life:
		return fmt.Sprintf("Your machine would pay for itself after %s, but lasts %s.", stretch(month.BreakEvenMonths), stretch(life))
	}
	return fmt.Sprintf("Your machine has paid for itself after %s.", stretch(month.BreakEvenMonths))
}

// stretch writes months as people say them: 12 days, 8 months, 2.5 years.
func stretch(months float64) string {
	n, unit := math.Round(months), "month"
	switch {
	case months < 1:
		n, unit = max(1, math.Round(months*30.44)), "day"
	case months >= 24:
		n, unit = math.Round(months/12*10)/10, "year"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%g %s", n, unit)
}

// against says how much less or more than the interface something costs.
func against(cost, api float64) string {
	switch share := cost/api - 1; {
	case !(api > 0):
		return ""
	case math.Abs(share) < 0.005:
		return ", as much as the API"
	case share < 0:
		return fmt.Sprintf(", %.0f%% less than the API", -share*100)
	case share < 1:
		return fmt.Sprintf(", %.0f%% more than the API", share*100)
	default:
		digits := math.Pow10(1 - int(math.Floor(math.Log10(share+1)))) // two figures count
		return fmt.Sprintf(", %g times the API", math.Round((share+1)*digits)/digits)
	}
}

func (s *session) showSums(n int64, bits []advice.Precision, biggest []advice.Biggest) {
	fmt.Fprintf(s.stdout, "\nWeights of %s parameters take", count(n))
	for i, row := range bits {
		fmt.Fprintf(s.stdout, "%s %s at %d bits", []string{"", ","}[min(i, 1)], backend.Bytes(row.Bytes), row.Bits)
	}
	fmt.Fprintf(s.stdout, ".\n\nThe biggest model of more than 30 billion parameters that writes %.1f tokens/s or more, about as fast as you read:\n", advisor.ReadingSpeed)
	for _, b := range biggest {
		switch {
		case b.Model == "":
			fmt.Fprintf(s.stdout, "  %s: none\n", b.Machine)
		case b.Dense:
			fmt.Fprintf(s.stdout, "  %s: %s at %s, %.1f tokens/s\n", b.Machine, b.Model, b.Quant, b.TokensPerSecond)
		default:
			fmt.Fprintf(s.stdout, "  %s: %s at %s (a mixture of experts), %.1f tokens/s; without experts %s\n", b.Machine, b.Model, b.Quant, b.TokensPerSecond, withoutExperts(b))
		}
	}
}

func withoutExperts(b advice.Biggest) string {
	if b.DenseModel == "" {
		return "none"
	}
	return fmt.Sprintf("%s, %.1f tokens/s", b.DenseModel, b.DenseTokensPerSecond)
}

// count writes a number of parameters the way models are named.
func count(n int64) string {
	switch {
	case n >= 1e12:
		return fmt.Sprintf("%gT", float64(n)/1e12)
	case n >= 1e9:
		return fmt.Sprintf("%gB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%gM", float64(n)/1e6)
	}
	return strconv.FormatInt(n, 10)
}
