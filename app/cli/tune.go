package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/app/core/advice"
	"weightroom/app/core/machine"
	"weightroom/backend"
	"weightroom/backend/tune"
)

// tunedRow is what tune prints.
type tunedRow struct {
	Threads        int        `json:"threads"` // that are used
	Counted        int        `json:"counted"` // where nothing is measured
	Chosen         int        `json:"chosen"`  // the number in Settings, which goes first; 0: none
	Batch          int        `json:"batch"`   // tokens of a prompt that are read at once; 0: the engine's own choice
	FlashAttention bool       `json:"flashAttention"`
	Off            bool       `json:"off"`
	MeasuredAt     int64      `json:"measuredAt"` // milliseconds since 1970; 0: not measured
	Power          string     `json:"power"`
	Engine         string     `json:"engine"`
	Seconds        float64    `json:"seconds"`
	Thrown         int        `json:"thrown"` // rounds into which other programs came
	Trials         []trialRow `json:"trials"`
}

type trialRow struct {
	Kind   string  `json:"kind"`
	Value  int     `json:"value"`
	Over   int     `json:"over"`
	Gain   float64 `json:"gain"`
	Error  float64 `json:"error"`
	Rounds int     `json:"rounds"`
	Kept   bool    `json:"kept"`
}

func rowOfTuned(t machine.Tuned) tunedRow {
	return tunedRow{
		Threads: t.How.Threads, Counted: t.Counted, Chosen: t.Chosen, Batch: t.How.Batch, FlashAttention: !t.How.NoFlash, Off: t.Off,
		MeasuredAt: millis(t.Result.At), Power: string(t.Power), Engine: t.Engine, Seconds: t.Result.Seconds, Thrown: t.Result.Thrown,
		Trials: rows(t.Result.Trials, func(o tune.Trial) trialRow {
			return trialRow{Kind: string(o.Kind), Value: o.Value, Over: o.Over, Gain: o.Gain.Gain, Error: o.Error, Rounds: o.Rounds, Kept: o.Kept}
		}),
	}
}

func tuneCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "Measure how the engine works fastest on this machine, and use it",
		Long: `Measure how the engine works fastest on this machine: with how many threads, with how much of a prompt at once, and with
or without flash attention. It takes about two minutes on a quiet machine. What is clearly faster than the usual way is
used from then on, by chats, test drives and the lab; else nothing changes. A number of threads in Settings goes first.`,
		Args: noArgs,
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error {
			told := tune.Kind("")
			err := c.Tuner.Now(ctx, func(t advice.Tuning) {
				if t.Tries != told && t.Tries != "" {
					told = t.Tries
					fmt.Fprintf(s.stderr, "Trying %s …\n", triedText(told))
				}
			})
			if err != nil {
				return err
			}
			return s.printTuned(ctx, c)
		}),
	}
	use := func(use bool) func(*cobra.Command, []string) error {
		return s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error {
			if err := c.Machine.Ways.Use(use); err != nil {
				return err
			}
			return s.printTuned(ctx, c)
		})
	}
	cmd.AddCommand(
		&cobra.Command{Use: "show", Short: "Show what was measured and what is used of it", Args: noArgs, RunE: s.withHistory(
			func(ctx context.Context, c *core.Core, _ []string) error { return s.printTuned(ctx, c) },
		)},
		&cobra.Command{Use: "off", Short: "Use the counted number of threads and the engine's own choices", Args: noArgs, RunE: use(false)},
		&cobra.Command{Use: "on", Short: "Use what was measured", Args: noArgs, RunE: use(true)},
	)
	return cmd
}

func triedText(kind tune.Kind) string {
	switch kind {
	case tune.KindThreads:
		return "other numbers of threads"
	case tune.KindBatch:
		return "less of a prompt at once"
	}
	return "without flash attention"
}

func (s *session) printTuned(ctx context.Context, c *core.Core) error {
	t := c.Machine.Ways.Tuned(ctx)
	row := rowOfTuned(t)
	if s.json {
		return s.print(row)
	}
	fmt.Fprintln(s.stdout, tunedText(row, t.Measured))
	for _, trial := range row.Trials {
		fmt.Fprintln(s.stdout, "  "+trial.text())
	}
	return nil
}

func tunedText(r tunedRow, measured bool) string {
	words := []string{backend.Plural(r.Threads, "thread")}
	if r.Batch > 0 {
		words = append(words, fmt.Sprintf("%d tokens of a prompt at once", r.Batch))
	}
	if !r.FlashAttention {
		words = append(words, "no flash attention")
	}
	text := "The engine works with " + strings.Join(words, ", ")
	switch {
	case r.Chosen > 0:
		text += "; the threads are chosen in Settings"
	case r.Off:
		text += ", as counted; what was measured is not used (weightroom tune on)"
	case !measured:
		text += ", as counted; nothing is measured yet (weightroom tune)"
	}
	return text + "."
}

func (r trialRow) text() string {
	gain := fmt.Sprintf("%+.1f%% ± %.1f%%", 100*r.Gain, 100*r.Error)
	if r.Kept {
		gain += ", used"
	}
	switch tune.Kind(r.Kind) {
	case tune.KindThreads:
		return fmt.Sprintf("%s instead of %d: %s", backend.Plural(r.Value, "thread"), r.Over, gain)
	case tune.KindBatch:
		return fmt.Sprintf("%d tokens of a prompt at once instead of %d: %s", r.Value, r.Over, gain)
	}
	return "without flash attention: " + gain
}
