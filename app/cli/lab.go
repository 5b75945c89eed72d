package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/app/core/compare"
	"weightroom/backend"
	"weightroom/backend/lab"
)

func labCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Make quants of a model and compare them on this machine",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(quantizeCommand(s), compareCommand(s), labListCommand(s), labShowCommand(s), labRemoveCommand(s))
	return cmd
}

// withLab opens the app with its history, where the lab keeps its results, around f.
func (s *session) withLab(f handler) func(*cobra.Command, []string) error {
	return s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
		c.Models.FirstStart(ctx)
		return f(ctx, c, args)
	})
}

// derived is a row of "lab quantize".
type derived struct {
	Ref        string         `json:"ref"`
	Quant      string         `json:"quant"`
	Bytes      int64          `json:"bytes"`
	BitsPer    float64        `json:"bitsPerWeight"`
	Parent     string         `json:"parent"`
	SecondHand bool           `json:"secondHand"`
	Matrix     string         `json:"matrix"`
	Existed    bool           `json:"existed"`
	Seconds    float64        `json:"seconds"`
	FallBacks  []lab.FallBack `json:"fallBacks"`
	Refused    string         `json:"refused"`
}

func quantizeCommand(s *session) *cobra.Command {
	var (
		to   []string
		o    lab.DeriveOptions
		plan bool
	)
	cmd := &cobra.Command{
		Use:   "quantize REF --to Q8_0,Q4_K_M",
		Short: "Make quants of a model and put them into the library",
		Args:  argRange(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(to) == 0 {
				return usage(cmd, "--to names no quant")
			}
			if o.MatrixText != "" {
				o.MatrixText = s.path(o.MatrixText)
			}
			return s.withLab(func(ctx context.Context, c *core.Core, args []string) error {
				return s.quantize(ctx, c, args[0], to, o, plan)
			})(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&to, "to", nil, "quants to make: "+strings.Join(lab.Quants(), ", "))
	f.StringVar(&o.MatrixText, "imatrix", "", "text `FILE` to take an importance matrix from")
	f.IntVar(&o.Threads, "threads", 0, "processor threads (default: as many as the machine allows)")
	f.BoolVar(&plan, "plan", false, "only say how large they would be")
	return cmd
}

func (s *session) quantize(ctx context.Context, c *core.Core, ref string, to []string, o lab.DeriveOptions, plan bool) error {
	if _, err := c.Library.One(ctx, ref); err != nil && backend.Readable(err).Code == backend.CodeInvalid {
		return err // a name of several
	}
	m, err := s.resolve(ctx, c, ref)
	if err != nil {
		return err
	}
	_, predictions, err := c.Lab.Predict(ctx, m.Ref, to)
	if err != nil {
		return err
	}
	rows := []derived{}
	for _, p := range predictions {
		row := derived{Quant: p.Quant, Bytes: p.Bytes, BitsPer: p.BitsPer, Parent: m.Ref, SecondHand: p.SecondHand, FallBacks: p.FallBacks, Refused: p.Refused}
		if !plan {
			o.Quant = p.Quant
			made, err := c.Lab.Quantize(ctx, m.Ref, o, s.labProgress())
			if err != nil {
				return err
			}
			d := made.Derivation
			row.Ref, row.Bytes, row.Existed, row.Seconds, row.Matrix = made.Model.Ref, made.Model.Bytes, made.Existed, d.Seconds, d.MatrixText
			if d.FallBacks != nil {
				row.FallBacks = d.FallBacks
			}
		}
		rows = append(rows, row)
	}
	if s.json {
		return s.print(map[string]any{"parent": m.Ref, "models": rows})
	}
	for _, r := range rows {
		s.sayDerived(r, plan)
	}
	return nil
}

func (s *session) sayDerived(r derived, plan bool) {
	switch {
	case r.Refused != "":
		fmt.Fprintf(s.stdout, "%s: %s\n", r.Quant, r.Refused)
		return
	case plan:
		fmt.Fprintf(s.stdout, "%s would take %s, %.2f bits for each weight.\n", r.Quant, backend.Bytes(r.Bytes), r.BitsPer)
	case r.Existed:
		fmt.Fprintf(s.stdout, "%s is in the library already.\n", r.Ref)
	default:
		fmt.Fprintf(s.stdout, "Made %s: %s, %.1f s.\n", r.Ref, backend.Bytes(r.Bytes), r.Seconds)
	}
	if r.SecondHand {
		fmt.Fprintf(s.stdout, "  Requantized: %s was a quant itself, so its losses come on top.\n", r.Parent)
	}
	if n := len(r.FallBacks); n > 0 {
		f := r.FallBacks[0]
		fmt.Fprintf(s.stdout, "  %s can't have the type that %s means, because the width is no multiple of 256: %s is %s instead of %s.\n",
			backend.Plural(n, "tensor"), r.Quant, f.Tensor, f.Got, f.Wanted)
	}
}

// whatIsLeft says why a run is repeated, and how long the rest takes where that is known.
func whatIsLeft(p lab.Progress) (words string) {
	if p.Again.Why != "" {
		words = fmt.Sprintf("  %s Measuring again, %d of %d.", p.Again.Why, p.Again.Try, p.Again.Most)
	}
	if p.Left.Known {
		words += fmt.Sprintf("  %.0f to %.0f min left", math.Floor(p.Left.Least/60), math.Ceil(p.Left.Most/60))
	}
	return words
}

// labProgress shows a percentage on standard error, where somebody watches.
func (s *session) labProgress() func(lab.Progress) {
	file, ok := s.stderr.(*os.File)
	if !ok || s.json {
		return nil
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	var last time.Time
	return func(p lab.Progress) {
		if now := time.Now(); p.Stage == lab.StageDone || now.Sub(last) > 100*time.Millisecond {
			last = now
			fmt.Fprintf(file, "\r\033[K%3.0f%%  %s%s", 100*p.Done, p.Label, whatIsLeft(p))
		}
		if p.Stage == lab.StageDone {
			fmt.Fprint(file, "\r\033[K")
		}
	}
}

func compareCommand(s *session) *cobra.Command {
	var (
		a      compare.Request
		format string
	)
	cmd := &cobra.Command{
		Use:   "compare REF…",
		Short: "Measure models against each other: memory, speed and quality",
		Long: "Measure models against each other: size, load, memory, speed, and how far each strays from the most precise of them.\n" +
			"--derive makes quants of that one first. With several --kv or --context, each is measured with each model.",
		Args: argRange(1, 32),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "" && !slices.Contains(lab.Formats(), format) {
				return usage(cmd, "--format must be one of "+strings.Join(lab.Formats(), ", "))
			}
			a.Refs = args
			if a.Text != "" {
				a.Text = s.path(a.Text)
			}
			return s.withLab(func(ctx context.Context, c *core.Core, _ []string) error {
				err := s.compare(ctx, c, a, format)
				if errors.Is(err, compare.ErrNoRival) {
					return usage(cmd, backend.Readable(err).Message)
				}
				return err
			})(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&a.Make, "derive", nil, "quants to make of the most precise model first")
	f.StringVar(&a.Text, "text", "", "text `FILE` to measure quality on (default: answers that the reference writes)")
	f.IntSliceVar(&a.Contexts, "context", nil, "context length in tokens (default: 4096, or the model's own if shorter)")
	f.StringSliceVar(&a.KV, "kv", nil, "types of the KV cache: "+strings.Join(lab.KVTypes(), ", ")+" (default: f16)")
	f.StringVar(&a.Reference, "reference", "", "model that the others are compared with (default: the most precise)")
	f.IntVar(&a.Settings.Rounds, "rounds", 0, "how often each is timed (default: 3)")
	f.IntSliceVar(&a.Settings.PromptTokens, "prompt", nil, "prompt lengths in tokens (default: 128,512,2048)")
	f.IntSliceVar(&a.Settings.Depths, "depth", nil, "tokens in the context before writing is timed (default: 0,512,2048)")
	f.IntVar(&a.Settings.Generate, "generate", 0, "tokens that are written in each test (default: 32)")
	f.IntVar(&a.Settings.TextChunks, "chunks", 0, "chunks of text to measure quality on (default: 16)")
	f.IntVar(&a.Settings.TextContext, "chunk-tokens", 0, "tokens of one chunk (default: 512)")
	f.IntVar(&a.Settings.Threads, "threads", 0, "processor threads (default: as many as the machine allows)")
	f.Int64Var(&a.Settings.Seed, "seed", 0, "seed of the order of the runs (default: by the clock)")
	f.BoolVar(&a.Settings.SkipQuality, "no-quality", false, "measure memory and speed alone")
	f.BoolVar(&a.Settings.SkipSpeed, "no-speed", false, "measure memory and quality alone")
	f.BoolVar(&a.Settings.Rough, "rough", false, "take figures as they are: don't measure disturbed runs again")
	f.StringVar(&format, "format", "", "write the result as "+strings.Join(lab.Formats(), ", "))
	return cmd
}

func (s *session) compare(ctx context.Context, in *core.Core, a compare.Request, format string) error {
	for i, ref := range a.Refs {
		m, err := s.resolve(ctx, in, ref)
		if err != nil {
			return err
		}
		a.Refs[i] = m.Ref
	}
	if len(a.Make) > 0 {
		of, err := in.Lab.MostPrecise(ctx, a.Refs)
		if err != nil {
			return err
		}
		a.MakeOf = of.Ref
	}
	run, err := in.Lab.Begin(ctx, a)
	if err != nil {
		return err
	}
	watch := compare.Watch{}
	if show := s.labProgress(); show != nil {
		watch.Progress = func(p compare.Progress) { show(p.Progress) }
	}
	c, err := run.Do(watch)
	if c.ID == "" || err != nil && !finished(c) {
		return err
	}
	if printErr := s.printComparison(c, format); printErr != nil {
		return printErr
	}
	if err != nil { // what was finished is shown; the reason comes after it
		var e *backend.Error
		if s.json && errors.As(err, &e) {
			fmt.Fprintln(s.stderr, e.Message)
			return exitError(exitFailed)
		}
		return err
	}
	return nil
}

func finished(c lab.Comparison) bool {
	return slices.ContainsFunc(c.Rows, func(r lab.Row) bool { return r.State == lab.RowDone })
}

// comparedRow is a row of "lab compare": the figures people look at first, then all of them.
type comparedRow struct {
	Ref                     string   `json:"ref"`
	Quant                   string   `json:"quant"`
	Bytes                   int64    `json:"bytes"`
	LoadSeconds             float64  `json:"loadSeconds"`
	PeakMemoryBytes         int64    `json:"peakMemoryBytes"`
	TokensPerSecond         float64  `json:"tokensPerSecond"`
	PromptTokensPerSecond   float64  `json:"promptTokensPerSecond"`
	TimeToFirstTokenSeconds float64  `json:"timeToFirstTokenSeconds"`
	Perplexity              *float64 `json:"perplexity"`
	KLDivergence            *float64 `json:"klDivergence"`
	SameTopToken            *float64 `json:"sameTopToken"`
	KV                      string   `json:"kv"`
	Context                 int      `json:"context"`

	Title          string         `json:"title"`
	Reference      bool           `json:"reference"`
	SecondHand     bool           `json:"secondHand"`
	State          string         `json:"state"`
	Quality        *lab.Quality   `json:"quality"`
	Load           lab.Figure     `json:"load"`
	FirstToken     lab.Figure     `json:"firstToken"`
	Speeds         []lab.Speed    `json:"speeds"`
	Memory         lab.Memory     `json:"memory"`
	JoulesPerToken *float64       `json:"joulesPerToken"`
	Energy         lab.Energy     `json:"energy"`
	Disturbed      []string       `json:"disturbed"`
	Repeated       int            `json:"repeated"`
	Problem        *backend.Error `json:"problem"`
}

func comparedRows(c lab.Comparison) []comparedRow {
	rows := make([]comparedRow, 0, len(c.Rows))
	for i := range c.Rows {
		r := &c.Rows[i]
		write, _ := r.Generation(0)
		read, _ := r.Prompt(512)
		row := comparedRow{
			Ref: r.Rival.Model.Ref, Quant: r.Rival.Model.Quant, Bytes: r.Rival.Model.Bytes, LoadSeconds: r.Load.Median,
			PeakMemoryBytes: r.Memory.PeakBytes, TokensPerSecond: write.Median, PromptTokensPerSecond: read.Median,
			TimeToFirstTokenSeconds: r.FirstToken.Median, KV: r.Rival.KV, Context: r.Rival.Context,
			Title: c.Title(i), Reference: r.Reference, SecondHand: r.SecondHand, State: string(r.State), Quality: r.Quality,
			Load: r.Load, FirstToken: r.FirstToken, Speeds: r.Speeds, Memory: r.Memory, Energy: r.Energy,
			Disturbed: r.Disturbed, Repeated: r.Repeated, Problem: r.Problem,
		}
		if q := r.Quality; q != nil {
			row.Perplexity, row.KLDivergence, row.SameTopToken = &q.Perplexity.Value, &q.KLDivergence.Value, &q.SameTopToken.Value
		}
		if j := r.Energy.JoulesPerToken; j != nil {
			row.JoulesPerToken = &j.Median
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *session) printComparison(c lab.Comparison, format string) error {
	switch {
	case s.json:
		return s.print(map[string]any{
			"id": c.ID, "state": c.State, "seconds": c.Seconds, "reference": c.Reference, "rows": comparedRows(c), "verdict": c.Verdict,
			"text": c.Text, "conditions": c.Conditions, "settings": c.Settings, "begun": c.Begun, "problem": c.Problem,
		})
	case format != "":
		text, _, err := compare.Export(c, format)
		if err == nil {
			_, err = s.stdout.Write(text)
		}
		return err
	}
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "model\tfile\tpeak memory\treads/s (pp)\twrites/s (tg)\tfirst token\tload\tperplexity\tKL divergence\tsame top token\t")
	for _, r := range comparedRows(c) {
		quality := "–\t–\t–\t"
		if q := r.Quality; q != nil {
			quality = fmt.Sprintf("%.4f\t%s\t%.2f%%\t", q.Perplexity.Value, q.Divergence(), 100*q.SameTopToken.Value)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Title, backend.Bytes(r.Bytes), r.Memory.Peak(), known("%.1f", r.PromptTokensPerSecond),
			known("%.1f", r.TokensPerSecond), known("%.2f s", r.TimeToFirstTokenSeconds), known("%.2f s", r.LoadSeconds), quality)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "\n%s\n", c.Verdict.Sentence)
	for _, n := range c.Verdict.Notes {
		fmt.Fprintf(s.stdout, "- %s\n", n)
	}
	fmt.Fprintf(s.stdout, "It took %.0f s. Kept as %s.\n", c.Seconds, c.ID)
	return nil
}

// known writes a figure, or a dash where it was not measured.
func known(format string, v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf(format, v)
}

func labListCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the comparisons that are kept", Args: noArgs,
		RunE: s.withLab(func(ctx context.Context, c *core.Core, _ []string) error {
			all, err := c.Lab.Comparisons(ctx)
			if err != nil {
				return err
			}
			if s.json {
				rows := []map[string]any{}
				for _, c := range all {
					rows = append(rows, map[string]any{"id": c.ID, "begun": c.Begun, "reference": c.Reference, "rows": len(c.Rows), "state": c.State, "verdict": c.Verdict.Sentence})
				}
				return s.print(map[string]any{"comparisons": rows})
			}
			if len(all) == 0 {
				fmt.Fprintln(s.stdout, "No comparisons yet.")
			}
			for _, c := range all {
				fmt.Fprintf(s.stdout, "%s  %s  %s, %s, %s\n", c.ID, c.Begun.Local().Format("2006-01-02 15:04"), c.Reference, backend.Plural(len(c.Rows), "row"), c.State)
			}
			return nil
		}),
	}
}

func labShowCommand(s *session) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show or export a comparison", Args: argRange(1, 1),
		RunE: s.withLab(func(ctx context.Context, c *core.Core, args []string) error {
			one, err := c.Lab.Comparison(ctx, args[0])
			if err != nil {
				return err
			}
			return s.printComparison(one, format)
		}),
	}
	cmd.Flags().StringVar(&format, "format", "", "write it as "+strings.Join(lab.Formats(), ", "))
	return cmd
}

func labRemoveCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "rm ID", Short: "Forget a comparison", Args: argRange(1, 1),
		RunE: s.withLab(func(ctx context.Context, c *core.Core, args []string) error {
			if _, err := c.Lab.Comparison(ctx, args[0]); err != nil {
				return err
			}
			if err := c.Lab.RemoveComparison(ctx, args[0]); err != nil {
				return err
			}
			if s.json {
				return s.print(map[string]any{"id": args[0]})
			}
			fmt.Fprintln(s.stdout, "Removed.")
			return nil
		}),
	}
}
