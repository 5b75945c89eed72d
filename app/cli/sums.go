package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/app/core/advice"
	"weightroom/backend"
)

func sumsCommand(s *session) *cobra.Command {
	params, ask := "70B", advice.DefaultCosts()
	cmd := &cobra.Command{
		Use:   "sums",
		Short: "Work out memory by precision, and an API's price against your own machine",
		Long:  "Work out what weights take at each precision, which typical machines run models of more than 30 billion parameters, and what a month of your tokens costs at an API's price and on your own machine. Every assumption is a flag.",
		Args:  noArgs,
		RunE: s.withLibrary(func(ctx context.Context, c *core.Core, _ []string) error {
			n, err := parameters(params)
			if err != nil {
				return err
			}
			bits, err := advice.WeightBits(n)
			if err != nil {
				return err
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
			s.showSums(n, bits, ask, month, biggest)
			return nil
		}),
	}
	f := cmd.Flags()
	f.StringVar(&params, "parameters", params, "parameters of the model: 70B, 1.5B, 135M or a number")
	f.Float64Var(&ask.InputPerDay, "input-per-day", ask.InputPerDay, "tokens read a day")
	f.Float64Var(&ask.OutputPerDay, "output-per-day", ask.OutputPerDay, "tokens written a day")
	f.Float64Var(&ask.InputPrice, "input-price", ask.InputPrice, "the API's price in dollars for a million tokens read (default: GPT-4's of March 2023)")
	f.Float64Var(&ask.OutputPrice, "output-price", ask.OutputPrice, "the same for tokens written")
	f.Float64Var(&ask.TokensPerSecond, "speed", ask.TokensPerSecond, "tokens per second that your machine writes")
	f.Float64Var(&ask.PromptPerSecond, "prompt-speed", ask.PromptPerSecond, "tokens per second that your machine reads")
	f.Float64Var(&ask.Watts, "watts", ask.Watts, "power that your machine draws while it works")
	f.Float64Var(&ask.PricePerKWh, "kwh-price", ask.PricePerKWh, "dollars for a kilowatt-hour")
	f.Float64Var(&ask.HardwarePrice, "hardware-price", ask.HardwarePrice, "dollars for the machine; 0: it is there anyway")
	f.Float64Var(&ask.HardwareYears, "hardware-years", ask.HardwareYears, "years that it lasts")
	return cmd
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

func (s *session) showSums(n int64, bits []advice.Precision, ask advice.Costs, month advice.Month, biggest []advice.Biggest) {
	fmt.Fprintf(s.stdout, "Weights of %s parameters take", count(n))
	for i, row := range bits {
		fmt.Fprintf(s.stdout, "%s %s at %d bits", []string{"", ","}[min(i, 1)], backend.Bytes(row.Bytes), row.Bits)
	}
	fmt.Fprint(s.stdout, ".\n\nModels of more than 30 billion parameters at reading speed, 8 tokens/s:\n")
	for _, b := range biggest {
		switch {
		case b.Model == "":
			fmt.Fprintf(s.stdout, "  %s: none\n", b.Machine)
		case b.Dense:
			fmt.Fprintf(s.stdout, "  %s: %s at %s, %.0f tokens/s\n", b.Machine, b.Model, b.Quant, b.TokensPerSecond)
		default:
			fmt.Fprintf(s.stdout, "  %s: %s at %s (a mixture of experts), %.0f tokens/s\n", b.Machine, b.Model, b.Quant, b.TokensPerSecond)
		}
	}
	fmt.Fprintf(s.stdout, "\nA month of %.0f tokens read and %.0f written a day: $%.2f at $%g and $%g for a million; $%.2f on your own machine ($%.2f electricity, $%.2f hardware), which works %.1f hours a day.\n",
		ask.InputPerDay, ask.OutputPerDay, month.APIPerMonth, ask.InputPrice, ask.OutputPrice, month.OwnPerMonth, month.ElectricityPerMonth, month.HardwarePerMonth, month.HoursPerDay)
	switch {
	case month.HoursPerDay > 24:
		fmt.Fprintln(s.stdout, "That is more than a day has: a machine of this speed can't keep up.")
	case month.BreakEvenMonths < 0:
		fmt.Fprintln(s.stdout, "The machine never pays for itself.")
	case ask.HardwarePrice > 0:
		fmt.Fprintf(s.stdout, "The machine has paid for itself after %.1f months.\n", month.BreakEvenMonths)
	}
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
