package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"weightroom/app/core"
	"weightroom/backend"
	"weightroom/backend/library"
)

// model is a row of "models".
type model struct {
	Ref           string          `json:"ref"`
	Name          string          `json:"name"`
	Bytes         int64           `json:"bytes"`
	Quant         string          `json:"quant"`
	Family        string          `json:"family"`
	ContextLength int             `json:"contextLength"`
	Digest        string          `json:"digest"`
	Licence       backend.Licence `json:"licence"`
	Source        string          `json:"source"`
}

func modelRow(m backend.Model) model {
	return model{m.Ref, m.Name, m.Bytes, m.Quant, m.Family, m.ContextLength, m.Digest, m.Licence, m.Source}
}

func importCommand(s *session) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Copy a GGUF file, or all in a folder, into the library",
		Long: `Copy a model into the library: a GGUF file, the first part of a split one, a LoRA adapter, a projector beside its
model, a folder with any of them, or the folder of a bundle that models export wrote.`,
		Args: argRange(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, done, err := s.open(cmd.Context(), s, false)
			if err != nil {
				return err
			}
			defer done()
			path, o := s.path(args[0]), library.Options{Name: name, Progress: s.progress("Copying")}
			m, err := c.Models.Import(cmd.Context(), path, name, o.Progress) // a bundle's folder too
			if info, statErr := os.Stat(path); err != nil && statErr == nil && info.IsDir() && !isBundle(path) {
				return s.importFolder(cmd.Context(), c, path, o)
			}
			if err != nil {
				return err
			}
			if err := s.listModels([]backend.Model{m}); err != nil {
				return err
			}
			s.warn(c.Models.TemplateProblem(cmd.Context(), m))
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name in the library (default: what its header says, without the quant)")
	return cmd
}

// warn says beside the output what stands in a model's way.
func (s *session) warn(problem *backend.Error) {
	if problem != nil {
		fmt.Fprintf(s.stderr, "%s\n%s\n", problem.Message, terminalHint(problem.Code, problem.Hint))
	}
}

// isBundle says that a folder was written by "models export", so that what is wrong with it is told of the bundle.
func isBundle(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "weightroom.json"))
	return err == nil
}

// importFolder copies every model of a folder. What can't be used is said, and fails only when nothing else was there.
func (s *session) importFolder(ctx context.Context, c *core.Core, path string, o library.Options) error {
	models, failed, err := c.Library.ImportFolder(ctx, path, o)
	if err != nil {
		return err
	}
	for _, f := range failed {
		if f.Problem != nil {
			fmt.Fprintf(s.stderr, "%s: %s\n", f.Name, f.Problem.Message)
		}
	}
	if len(models) == 0 {
		return backend.Fail(backend.CodeNotFound, nil, "There is no model in this folder that can be used.", "Choose a folder with GGUF files.")
	}
	return s.listModels(models)
}

func modelsCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List the models in the library",
		Args:  noArgs,
		RunE: s.withLibrary(func(ctx context.Context, c *core.Core, _ []string) error {
			models, err := c.Library.Models(ctx)
			if err != nil {
				return err
			}
			return s.listModels(models)
		}),
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "show REF", Short: "Show one model", Args: argRange(1, 1),
			RunE: s.withLibrary(func(ctx context.Context, c *core.Core, args []string) error {
				m, err := c.Library.Model(ctx, args[0])
				if err != nil {
					return err
				}
				return s.listModels([]backend.Model{m})
			}),
		},
		&cobra.Command{
			Use: "rm REF", Short: "Delete a model's weights", Args: argRange(1, 1),
			RunE: s.withLibrary(func(ctx context.Context, c *core.Core, args []string) error {
				ref := one(ctx, c, args[0])
				freed, err := c.Library.Remove(ctx, ref)
				if err != nil {
					return err
				}
				if s.json {
					return s.print(map[string]any{"ref": ref, "freedBytes": freed})
				}
				fmt.Fprintf(s.stdout, "Removed %s. That freed %s.\n", ref, backend.Bytes(freed))
				return nil
			}),
		},
		&cobra.Command{
			Use: "rename REF NAME", Short: "Give a model another name; its reference stays. An empty NAME is the file's own", Args: argRange(2, 2),
			RunE: s.withLibrary(func(ctx context.Context, c *core.Core, args []string) error {
				m, err := c.Library.Rename(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				return s.listModels([]backend.Model{m})
			}),
		},
		templateCommand(s),
		&cobra.Command{
			Use: "adopt [NAME]", Short: "Use models that other apps have, without a copy; without NAME, list them", Args: argRange(0, 1),
			RunE: s.withLibrary(s.adopt),
		},
		&cobra.Command{
			Use: "attach BASE ADAPTER", Short: "Make a model of a base and a LoRA adapter", Args: argRange(2, 2),
			RunE: s.withLibrary(func(ctx context.Context, c *core.Core, args []string) error {
				m, err := c.Library.Attach(ctx, args[0], args[1], "")
				if err != nil {
					return err
				}
				return s.listModels([]backend.Model{m})
			}),
		},
		&cobra.Command{
			Use: "export REF FOLDER", Short: "Write a model with its checksums, licence and settings, for another computer", Args: argRange(2, 2),
			RunE: s.withLibrary(func(ctx context.Context, c *core.Core, args []string) error {
				ref := one(ctx, c, args[0])
				b, err := c.Library.Export(ctx, ref, s.path(args[1]), s.progress("Copying"))
				if err != nil {
					return err
				}
				if s.json {
					return s.print(b)
				}
				fmt.Fprintf(s.stdout, "%s is in %s. There, it comes back with: weightroom import FOLDER\nsha256 of SHA256SUMS: %s\n", ref, b.Dir, b.Sum)
				return nil
			}),
		},
		&cobra.Command{
			Use: "move FOLDER", Short: "Move the library to another folder, on this disk or another", Args: argRange(1, 1),
			RunE: s.withHistory(func(ctx context.Context, c *core.Core, args []string) error {
				if err := c.Models.Move(ctx, s.path(args[0]), s.progress("Moving")); err != nil {
					return err
				}
				if s.json {
					return s.print(map[string]any{"folder": c.Library.Dir()})
				}
				fmt.Fprintf(s.stdout, "The library is in %s now.\n", c.Library.Dir())
				return nil
			}),
		},
		&cobra.Command{
			Use: "repair REF", Short: "Download the damaged parts of a model again, and nothing else of it", Args: argRange(1, 1),
			RunE: s.withHistory(s.repair),
		},
		&cobra.Command{
			Use: "verify [REF]", Short: "Read weights again and compare their checksums", Args: argRange(0, 1),
			RunE: s.withLibrary(s.verify),
		},
	)
	return cmd
}

// withLibrary opens the app without the history around f, beside an open window too.
func (s *session) withLibrary(f handler) func(*cobra.Command, []string) error {
	return s.with(false, f)
}

// one is the full reference of the one model that a name stands for. What stands for none, or for several, stays as it is:
// what is done with it says why not.
func one(ctx context.Context, c *core.Core, name string) (ref string) {
	if m, err := c.Library.One(ctx, name); err == nil {
		return m.Ref
	}
	return name
}

func (s *session) verify(ctx context.Context, c *core.Core, args []string) error {
	ref, intact := "", "All weights are intact."
	if len(args) > 0 {
		ref = args[0]
		if m, err := c.Library.Model(ctx, ref); err == nil {
			ref = m.Ref // of several of a name, the one that run takes
		}
		intact = ref + " is intact."
	}
	bad, err := c.Library.Verify(ctx, ref, s.progress("Checking"))
	if err != nil {
		return err
	}
	if s.json {
		if err := s.print(map[string]any{"ok": len(bad) == 0, "bad": bad}); err != nil {
			return err
		}
		if len(bad) > 0 {
			return exitError(exitFailed)
		}
		return nil
	}
	hint := ""
	for _, b := range bad {
		fmt.Fprintf(s.stdout, "%s: %s\n", b.Ref, b.Reason)
		switch {
		case b.Address != "" && hint == "":
			hint = "Download the damaged parts again: weightroom models repair " + b.Ref
		case hint == "":
			hint = b.Hint
		}
	}
	if len(bad) > 0 {
		return backend.Fail(backend.CodeDamaged, nil, "Some weights are damaged.", hint)
	}
	fmt.Fprintln(s.stdout, intact)
	return nil
}

func (s *session) repair(ctx context.Context, c *core.Core, args []string) error {
	ref := one(ctx, c, args[0])
	fetched, err := c.Models.Repair(ctx, ref, s.progress("Repairing"))
	if err != nil {
		return err
	}
	if s.json {
		return s.print(map[string]any{"ref": ref, "fetchedBytes": fetched})
	}
	if fetched == 0 {
		fmt.Fprintf(s.stdout, "%s is intact.\n", ref)
		return nil
	}
	fmt.Fprintf(s.stdout, "%s is whole again. %d bytes were downloaded.\n", ref, fetched)
	return nil
}

// adopt lists models of other apps, or uses the one that is named.
func (s *session) adopt(ctx context.Context, c *core.Core, args []string) error {
	found, err := c.Models.Others(ctx, "")
	if err != nil {
		return err
	}
	apps := rows(found, rowOfApp)
	if len(args) == 0 {
		return s.listOthers(apps)
	}
	var named []foreignRow
	for i, a := range found {
		for k, f := range a.Models {
			m := apps[i].Models[k]
			full := strings.TrimSpace(m.Name + " " + m.Quant)
			if m.Path == s.path(args[0]) || strings.EqualFold(m.Name, args[0]) || strings.EqualFold(full, args[0]) || strings.EqualFold(f.Ref, args[0]) {
				named = append(named, m)
			}
		}
	}
	switch {
	case len(named) == 0:
		return backend.Fail(backend.CodeNotFound, nil, "No other app has a model called "+args[0]+" here.", "List what they have: weightroom models adopt")
	case len(named) > 1:
		return backend.Fail(backend.CodeInvalid, nil, "Several models of other apps are called "+args[0]+".", "Name one by its path, such as "+named[0].Path+".")
	}
	m, err := c.Models.Adopt(ctx, named[0].Path, s.progress("Checking"))
	if err != nil {
		return err
	}
	return s.listModels([]backend.Model{m})
}

func (s *session) listOthers(apps []appRow) error {
	if s.json {
		return s.print(map[string]any{"apps": apps})
	}
	if len(apps) == 0 {
		fmt.Fprintln(s.stdout, "No other app has models here.")
		return nil
	}
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "APP\tMODEL\tQUANT\tSIZE\tNOTE")
	for _, a := range apps {
		for _, m := range a.Models {
			note := m.Problem
			switch {
			case m.Installed != "":
				note = "in the library as " + m.Installed
			case m.LooksLike != "":
				note = "looks like " + m.LooksLike + " of the library; compared when it is adopted"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Name, m.Name, m.Quant, backend.Bytes(m.Bytes), note)
		}
	}
	return w.Flush()
}

func (s *session) listModels(models []backend.Model) error {
	head := "MODEL\tNAME\tQUANT\tSIZE\tCONTEXT\tLICENCE\tFROM"
	return list(s, "models", rows(models, modelRow), "The library is empty. Import a file: weightroom import FILE.gguf", head, func(m model) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%s\t%s", m.Ref, m.Name, m.Quant, backend.Bytes(m.Bytes), m.ContextLength, m.Licence.Name, m.Source)
	})
}

// progress draws a line on standard error when a person watches it.
func (s *session) progress(label string) func(done, total int64) {
	file, ok := s.stderr.(*os.File)
	if !ok {
		return nil
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	var last time.Time
	return func(done, total int64) {
		if time.Since(last) < 100*time.Millisecond && done < total {
			return
		}
		last = time.Now()
		fmt.Fprintf(file, "\r%s %s of %s", label, backend.Bytes(done), backend.Bytes(total))
		if done >= total {
			fmt.Fprint(file, "\r\033[K")
		}
	}
}

func runCommand(s *session) *cobra.Command {
	var (
		p           backend.Prompt
		temperature float64
		topP        float64
		topK        int
		minP        float64
		penalty     float64
		seed        int64
		lora        []string
		preset      string
		anyway      bool
	)
	cmd := &cobra.Command{
		Use:   "run REF PROMPT",
		Short: "Ask a model one question",
		Long:  `Ask a model one question. PROMPT may be "-" to read it from standard input; REF may be a path to a GGUF file.`,
		Args:  argRange(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			set := cmd.Flags().Changed
			if set("temperature") {
				p.Sampling.Temperature = &temperature
			}
			if set("top-p") {
				p.Sampling.TopP = &topP
			}
			if set("top-k") {
				p.Sampling.TopK = &topK
			}
			if set("min-p") {
				p.Sampling.MinP = &minP
			}
			if set("repeat-penalty") {
				p.Sampling.RepeatPenalty = &penalty
			}
			if set("seed") {
				p.Sampling.Seed = &seed
			}
			if err := p.Sampling.Check(); err != nil {
				return usage(cmd, backend.Readable(err).Message)
			}
			if preset != "" {
				named, err := s.preset(cmd.Context(), preset)
				if err != nil {
					return err
				}
				p.Sampling = p.Sampling.Over(named.Sampling)
				if !set("system") {
					p.System = named.System
				}
			}
			return s.ask(cmd.Context(), p, args[0], args[1], lora, anyway)
		},
	}
	f := cmd.Flags()
	f.StringVar(&preset, "preset", "", "named settings to begin with; the other flags count above it (list them: presets)")
	f.StringVar(&p.System, "system", "", "system prompt")
	f.Int64Var(&seed, "seed", 0, "seed of the random choices")
	f.Float64Var(&temperature, "temperature", 0, "0 always takes the likeliest token (default: the model's own)")
	f.Float64Var(&topP, "top-p", 0, "nucleus sampling (default: the model's own)")
	f.IntVar(&topK, "top-k", 0, "choose among this many of the likeliest tokens; 0: among all (default: the model's own)")
	f.Float64Var(&minP, "min-p", 0, "leave out tokens below this share of the likeliest (default: the model's own)")
	f.Float64Var(&penalty, "repeat-penalty", 1, "above 1, words that were used are less likely (default: the model's own)")
	f.StringArrayVar(&p.Sampling.Stop, "stop", nil, "end the answer at this text (may be repeated)")
	f.StringArrayVar(&lora, "lora", nil, "LoRA adapter to add, as FILE or FILE=STRENGTH; 1 is as it was trained (may be repeated)")
	f.BoolVar(&anyway, "anyway", false, "load the model although it does not fit into memory: the machine may swap and be slow, or end the program")
	f.IntVar(&p.Sampling.MaxTokens, "max-tokens", 0, "end the answer after this many tokens (default: no limit)")
	f.IntVar(&p.Sampling.ContextLength, "context", 0, "context length in tokens (default: 8192, or the model's own if shorter)")
	return cmd
}

// answer is the JSON of run.
type answer struct {
	Text                    string  `json:"text"`
	Thinking                string  `json:"thinking"`
	PromptTokens            int     `json:"promptTokens"`
	Tokens                  int     `json:"tokens"`
	PromptTokensPerSecond   float64 `json:"promptTokensPerSecond"`
	TokensPerSecond         float64 `json:"tokensPerSecond"`
	TimeToFirstTokenSeconds float64 `json:"timeToFirstTokenSeconds"`
	LoadSeconds             float64 `json:"loadSeconds"`
}

func (s *session) ask(ctx context.Context, p backend.Prompt, ref, prompt string, lora []string, anyway bool) error {
	if prompt == "-" {
		text, err := io.ReadAll(io.LimitReader(os.Stdin, 16<<20))
		if err != nil {
			return err
		}
		prompt = string(text)
	}
	if strings.TrimSpace(prompt) == "" {
		return backend.Fail(backend.CodeInvalid, nil, "The prompt is empty.", "Write it in quotes after the model's name.")
	}
	c, done, err := s.open(ctx, s, false)
	if err != nil {
		return err
	}
	defer done()
	c.Models.FirstStart(ctx)
	m, err := s.resolve(ctx, c, ref)
	if err == nil {
		err = c.Models.Runnable(ctx, m)
	}
	if err != nil {
		return err
	}
	if len(lora) > 0 {
		for i := range lora {
			lora[i] = s.path(lora[i])
		}
		with, cleanup, err := c.Models.WithAdapters(ctx, m, lora)
		if err != nil {
			return err
		}
		defer cleanup()
		m = with
	}
	if anyway {
		c.Machine.LoadAnyway(ctx, m, p.Sampling.ContextLength)
	}
	p.Messages = []backend.Message{{Role: backend.RoleUser, Text: prompt}}
	var text, thinking strings.Builder
	metrics, err := c.Machine.Answer(ctx, m, p, func(d backend.Delta) {
		text.WriteString(d.Text)
		thinking.WriteString(d.Thinking)
		if !s.json {
			fmt.Fprint(s.stdout, d.Text)
		}
	})
	if err != nil {
		return err
	}
	if s.json {
		return s.print(answer{
			text.String(), thinking.String(), metrics.PromptTokens, metrics.Tokens, metrics.PromptTokensPerSecond,
			metrics.TokensPerSecond, metrics.TimeToFirstTokenSeconds, metrics.LoadSeconds,
		})
	}
	fmt.Fprintln(s.stdout)
	fmt.Fprintf(s.stderr, "%.1f tokens/s, first token after %.2f s, %d tokens, %s\n",
		metrics.TokensPerSecond, metrics.TimeToFirstTokenSeconds, metrics.Tokens, m.Ref)
	return nil
}

// resolve finds a model by reference, or imports the file that ref is a path of.
func (s *session) resolve(ctx context.Context, c *core.Core, ref string) (backend.Model, error) {
	m, err := c.Models.Resolve(ctx, ref)
	var e *backend.Error
	if err == nil || !errors.As(err, &e) || e.Code != backend.CodeNotFound {
		return m, err
	}
	if info, statErr := os.Stat(s.path(ref)); statErr != nil || info.IsDir() {
		return m, err
	}
	fmt.Fprintf(s.stderr, "Importing %s into the library.\n", ref)
	return c.Library.Import(ctx, s.path(ref), library.Options{Progress: s.progress("Copying")})
}
