package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/app/core/advice"
	"weightroom/backend"
	"weightroom/backend/advisor"
)

func recommendCommand(s *session) *cobra.Command {
	var (
		ask     advisor.Ask
		machine string
		use     string
		kv      string
		licence string
		prefer  string
	)
	cmd := &cobra.Command{
		Use:   "recommend",
		Short: "Say which models suit this machine, or another",
		Args:  noArgs,
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, _ []string) error {
			ask.Use, ask.KV, ask.Licences = advisor.Use(use), advisor.KVType(kv), advisor.LicenceFilter(licence)
			ask.Prefer = advisor.Preference(prefer)
			other, err := s.machine(machine)
			if err != nil {
				return err
			}
			if other == nil { // advice for this machine rests on it; where it can't be measured, the error is larger
				if err := c.Machine.MeasureBandwidthOnce(ctx); err != nil && ctx.Err() != nil {
					return ctx.Err()
				}
			}
			a, err := c.Advice.Advise(ctx, ask, other)
			if err != nil {
				return err
			}
			if s.json {
				return s.print(a)
			}
			all, err := c.Advice.Catalog()
			if err != nil {
				return err
			}
			return s.showAdvice(a, len(all.Models()))
		}),
	}
	f := cmd.Flags()
	f.StringVar(&use, "use", "", "chat, code, reasoning, vision or long-documents (default chat)")
	f.IntVar(&ask.Context, "context", 0, "context length in tokens (default 8192)")
	f.StringVar(&kv, "kv", "", "type of the KV cache: f16, q8_0 or q4_0 (default f16)")
	ask.MinSpeed = f.Float64("min-speed", advisor.DefaultMinSpeed, "tokens per second to write at least; 0: any")
	f.StringVar(&licence, "licence", "", "any, commercial or open (default any)")
	f.StringVar(&prefer, "prefer", "", "balance, or quality: the best answer, however long it takes (default balance)")
	f.StringVar(&machine, "machine", "", "a file of detect --json, or the name of a profile, to answer for that machine")
	f.IntVar(&ask.Limit, "limit", 0, "most picks to list (default all)")
	return cmd
}

// machine reads a machine's file, or finds a profile of that name; nil: this machine.
func (s *session) machine(name string) (*advisor.Machine, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no other machine is asked for
	}
	if p, ok := advice.FindProfile(name); ok {
		return &p.Machine, nil
	}
	file, err := os.Open(s.path(name))
	if err != nil {
		return nil, backend.Fail(backend.CodeNotFound, err, "There is no machine file or profile called "+name+".", "Make one with detect --json on that machine, or choose a profile: "+profileNames()+".")
	}
	defer file.Close() //nolint:errcheck // read only
	m, err := advisor.ReadMachine(file)
	if err != nil {
		e := backend.Readable(err)
		return nil, backend.Fail(e.Code, err, e.Message, machineHint)
	}
	return &m, nil
}

func profileNames() string {
	profiles, _ := advisor.Profiles() // they ship with the program and are tested
	var names []string
	for _, p := range profiles {
		names = append(names, p.ID)
	}
	return strings.Join(names, ", ")
}

// showAdvice prints an advice, known being how many models the catalog has.
func (s *session) showAdvice(a advisor.Advice, known int) error {
	if a.Summary != "" {
		fmt.Fprintln(s.stdout, a.Summary+notJudged(a, known))
	}
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MODEL\tQUANT\tFIT\tMEMORY\tWRITES (TG)\tFIRST WORD\tANSWER\tFROM\tQUALITY\tLICENCE")
	for _, p := range a.Picks {
		quality := "not known"
		if p.QualityKnown {
			quality = fmt.Sprintf("%.0f ±%.0f", p.Quality, p.QualityError)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.1f t/s\t%s\t%s\t%s\t%s\t%s\n",
			p.Name, p.Quant, p.Fit, backend.Bytes(p.Memory.TotalBytes), p.TokensPerSecond, advisor.Wait(p.Times.FirstShort.Value), advisor.Wait(p.Times.Answer.Value), source(p.Source, p.Error, p.Disturbed), quality, p.Licence.Name)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(a.Picks) > 0 {
		fmt.Fprintln(s.stdout)
		for _, why := range a.Picks[0].Why {
			fmt.Fprintln(s.stdout, why)
		}
	}
	return nil
}

// notJudged says how many models of the catalog are in no advice, because no file of them is known.
func notJudged(a advisor.Advice, known int) string {
	judged := map[string]bool{}
	for _, p := range a.Picks {
		judged[p.Model] = true
	}
	for _, r := range a.Rejected {
		judged[r.Model] = true
	}
	if rest := known - len(judged); rest > 0 {
		return fmt.Sprintf(" Of %d more that are known there are no files to judge.", rest)
	}
	return ""
}

// source says where a speed comes from, how far off it may be, and whether other programs slowed the run down.
func source(from backend.Source, err float64, disturbed bool) string {
	if disturbed {
		return advisor.Doubt(from, err) + ", disturbed"
	}
	return advisor.Doubt(from, err)
}

func fitCommand(s *session) *cobra.Command {
	var (
		ask advisor.Ask
		kv  string
	)
	cmd := &cobra.Command{
		Use:   "fit REF",
		Short: "Ask the engine how much memory a model would take",
		Long: `Ask the engine how much memory a model would take. REF is a model of the catalog or of the library, a GGUF file, or
what pull takes: of that, only the file's header is read. No weights are downloaded: the engine plans for a file without.
Of a model of the catalog that is named without a quant, all quants are listed then, each with whether it fits.`,
		Args: argRange(1, 1),
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
			ask.KV = advisor.KVType(kv)
			id, quant, err := c.Advice.Target(ctx, args[0], s.path(args[0]))
			if err != nil {
				return err
			}
			v, err := c.Advice.Fit(ctx, id, quant, ask)
			if err != nil {
				return err
			}
			quants, err := quantsOf(ctx, c, args[0], id, ask)
			if err != nil {
				return err
			}
			if s.json {
				return s.print(map[string]any{"ref": fullRef(id, quant), "quants": quants, "fit": v.Place, "memory": v.Memory, "shortByBytes": v.ShortByBytes, "maxContext": v.MaxContext, "times": v.Times, "remedies": v.Remedies})
			}
			fmt.Fprintf(s.stdout, "%s at %s takes %s: weights %s, context %s, working memory %s.\n", id, quant,
				backend.Bytes(v.Memory.TotalBytes), backend.Bytes(v.Memory.WeightsBytes), backend.Bytes(v.Memory.KVBytes), backend.Bytes(v.Memory.ComputeBytes))
			if n := v.Memory.ProjectorBytes; n > 0 {
				fmt.Fprintf(s.stdout, "Working memory includes the part that sees images: %s.\n", backend.Bytes(n))
			}
			if n := v.Memory.UntouchedBytes; n > 0 {
				fmt.Fprintf(s.stdout, "The engine reserves %s of it and never touches them, so %s have to fit.\n", backend.Bytes(n), backend.Bytes(v.Memory.ResidentBytes()))
			}
			if v.Place == advisor.PlaceNo {
				fmt.Fprintf(s.stdout, "It does not fit: short by %s.\n", backend.Bytes(v.ShortByBytes))
			} else {
				fmt.Fprintf(s.stdout, "It fits (%s), with a context of up to %d tokens.\n", v.Place, v.MaxContext)
				fmt.Fprintln(s.stdout, v.Times)
				if v.Disturbed {
					fmt.Fprintln(s.stdout, "Other programs kept the processor busy in the run that this rests on, so the model may be faster. Close them and run testdrive again.")
				}
			}
			for _, r := range v.Remedies {
				fmt.Fprintln(s.stdout, r.Text)
			}
			if t, name := c.Advice.ChatTemplate(id, quant); t != nil {
				s.warn(t.Problem(ctx, c.Engine, name))
			}
			return showQuants(s.stdout, quants)
		}),
	}
	cmd.Flags().IntVar(&ask.Context, "context", 0, "context length in tokens (default 8192)")
	cmd.Flags().StringVar(&kv, "kv", "", "type of the KV cache: f16, q8_0 or q4_0 (default f16)")
	return cmd
}

// quantsOf judges all quants of a model of the catalog that ref names without one; none of any other.
func quantsOf(ctx context.Context, c *core.Core, ref, id string, ask advisor.Ask) ([]advisor.QuantVerdict, error) {
	if _, tag := backend.SplitRef(ref); tag != "" {
		return []advisor.QuantVerdict{}, nil
	}
	if _, err := c.Advice.Entry(id); err != nil { // a file, or a model from elsewhere
		return []advisor.QuantVerdict{}, nil //nolint:nilerr // that is no fault
	}
	ask.MinSpeed = new(float64) // any: how fast it is stands in the list
	return c.Advice.Quants(ctx, id, ask, "")
}

func showQuants(out io.Writer, all []advisor.QuantVerdict) error {
	if len(all) == 0 {
		return nil
	}
	fmt.Fprintln(out, "\nAll its quants:")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "QUANT\tDOWNLOAD\tFIT\tMEMORY\tWRITES (TG)\tFROM\tWHY NOT")
	for _, q := range all {
		memory, speed, from := "-", "-", "-"
		if q.Memory.TotalBytes > 0 {
			memory = backend.Bytes(q.Memory.TotalBytes)
		}
		if q.TokensPerSecond > 0 {
			speed, from = fmt.Sprintf("%.1f t/s", q.TokensPerSecond), source(q.Source, q.Error, q.Disturbed)
		}
		place := q.Place
		if place == "" {
			place = advisor.PlaceNo
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", q.Quant, backend.Bytes(q.Bytes), place, memory, speed, from, q.Reason)
	}
	return w.Flush()
}

// fullRef names a model at a quant; a reference that has a tag already says more than its quant.
func fullRef(id, quant string) string {
	if _, tag := backend.SplitRef(id); tag != "" {
		return id
	}
	return id + ":" + quant
}

// drive is the JSON of testdrive.
type drive struct {
	Ref                   string  `json:"ref"`
	PromptTokensPerSecond float64 `json:"promptTokensPerSecond"`
	TokensPerSecond       float64 `json:"tokensPerSecond"`
	Spread                float64 `json:"spread"`
	PeakMemoryBytes       int64   `json:"peakMemoryBytes"`
	LoadSeconds           float64 `json:"loadSeconds"`
	DiskBytes             int64   `json:"diskBytes"`
	Seconds               float64 `json:"seconds"`
	Partial               bool    `json:"partial"`
	Disturbed             bool    `json:"disturbed"`

	KV    string        `json:"kv"`
	Deep  backend.Deep  `json:"deep"` // depth 0: not measured
	Times advisor.Times `json:"times"`
}

func testdriveCommand(s *session) *cobra.Command {
	var (
		ask advisor.Ask
		kv  string
	)
	cmd := &cobra.Command{
		Use:   "testdrive REF",
		Short: "Run a model without its weights, to see its real speed here",
		Long: `Run a model without its weights: the engine runs a file that holds only the header, at the speed that the real one
will have, with an empty context and as deep in the asked one as it can read in a few seconds. REF is a model of the
catalog or of the library, a GGUF file, or what pull takes: of that, only the file's header is read. No weights are
downloaded, and the file is removed.`,
		Args: argRange(1, 1),
		RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
			ask.KV = advisor.KVType(kv)
			id, quant, err := c.Advice.Target(ctx, args[0], s.path(args[0]))
			if err != nil {
				return err
			}
			d, err := c.Advice.TestDrive(ctx, id, quant, ask, nil)
			if err != nil {
				return err
			}
			fitted, err := c.Advice.Fit(ctx, id, quant, ask)
			if err != nil {
				return err
			}
			times := fitted.Times
			if s.json {
				return s.print(drive{
					fullRef(id, quant), d.PromptTokensPerSecond, d.TokensPerSecond, d.Spread, d.PeakMemoryBytes, d.LoadSeconds, d.DiskBytes, d.Seconds, d.Partial, d.Disturbed,
					d.KV, d.Deep, times,
				})
			}
			showDrive(s.stdout, fullRef(id, quant), d, times)
			return nil
		}),
	}
	cmd.Flags().IntVar(&ask.Context, "context", 0, "context length in tokens (default 8192)")
	cmd.Flags().StringVar(&kv, "kv", "", "type of the KV cache: f16, q8_0 or q4_0 (default f16)")
	return cmd
}

func showDrive(w io.Writer, ref string, d backend.Drive, times advisor.Times) {
	fmt.Fprintf(w, "%s writes %.1f tokens/s and reads %.0f tokens/s here, ±%.0f%%. It took %.0f s and %s of disk.\n",
		ref, d.TokensPerSecond, d.PromptTokensPerSecond, 100*d.Spread, d.Seconds, backend.Bytes(d.DiskBytes))
	if deep := d.Deep; deep.Depth > 0 {
		fmt.Fprintf(w, "After %s tokens of context it writes %.1f tokens/s and reads %.0f tokens/s, ±%.0f%%.\n",
			backend.Count(int64(deep.Depth)), deep.TokensPerSecond, deep.PromptTokensPerSecond, 100*deep.Spread)
	}
	if d.Disturbed {
		fmt.Fprintln(w, "Other programs kept the processor busy, so the real speed is higher. Close them and try again.")
	}
	fmt.Fprintln(w, times)
}
