package app

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/backend"
	"weightroom/backend/lab"
)

// Lab is the bound service behind the Lab page: comparisons, blind tests, side by side and adapters.
type Lab struct {
	window *Window
	sides  sides

	mu       sync.Mutex
	planned  map[string]LabComparison // comparisons whose quants are still being made, and those that never began
	cancel   map[string]context.CancelFunc
	progress map[string]time.Time
}

// withLab runs f with an open Core and its lab.
func withLab[T any](s *Lab, method string, f func(ctx context.Context, core *Core, l *lab.Lab) (T, error)) (T, error) {
	return call(method, func() (T, error) {
		var none T
		core, err := s.window.Core()
		if err != nil {
			return none, err
		}
		l, err := core.Lab()
		if err != nil {
			return none, err
		}
		return f(s.window.ctx, core, l)
	})
}

// usualQuants are the quants that the page offers to make, most precise first.
func usualQuants() []string {
	return []string{"F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "IQ4_XS", "Q3_K_M", "IQ3_XXS", "Q2_K"}
}

// preciseQuants are what other quants can be made from without losing twice.
func preciseQuants() []string { return []string{"F32", "F16", "BF16", "Q8_0"} }

// labContexts are the lengths that the page offers, in tokens.
func labContexts() []int { return []int{2048, 4096, 8192, 16384, 32768, 65536} }

// labRounds is how often each is timed when nothing else is asked.
const labRounds = 3

func labModel(m backend.Model) LabModel {
	return LabModel{
		Ref: m.Ref, Name: m.Name, Quant: m.Quant, Family: labFamily(m), Bytes: m.Bytes, Context: m.ContextLength,
		Parameters: m.Parameters, Precise: slices.Contains(preciseQuants(), m.Quant),
	}
}

// labFamily is the same for the quants of one model: they have as many weights in the same shape.
func labFamily(m backend.Model) string { return fmt.Sprintf("%s/%d", m.Architecture, m.Parameters) }

// Setup gives what a comparison can be made of.
func (s *Lab) Setup() (LabSetup, error) {
	return withLab(s, "Lab.Setup", func(ctx context.Context, core *Core, _ *lab.Lab) (LabSetup, error) {
		models, err := core.Models.Models(ctx)
		if err != nil {
			return LabSetup{}, err
		}
		setup := LabSetup{Models: []LabModel{}, Uses: lab.Uses(), KV: []string{"f16", "q8_0", "q4_0"}, Contexts: labContexts(), Rounds: labRounds}
		for _, m := range models {
			if !slices.Contains(m.Capable, "embedding") {
				setup.Models = append(setup.Models, labModel(m))
			}
		}
		return setup, nil
	})
}

// Quants gives what could be made from a model.
func (s *Lab) Quants(ref string) ([]LabQuant, error) {
	return withLab(s, "Lab.Quants", func(ctx context.Context, core *Core, l *lab.Lab) ([]LabQuant, error) {
		parent, err := core.Models.Model(ctx, ref)
		if err != nil {
			return nil, err
		}
		models, err := core.Models.Models(ctx)
		if err != nil {
			return nil, err
		}
		names := slices.DeleteFunc(usualQuants(), func(q string) bool { return q == parent.Quant })
		predictions, err := l.Predict(ctx, parent, names)
		if err != nil {
			return nil, err
		}
		return convert(predictions, func(p lab.Prediction) LabQuant {
			q := LabQuant{Quant: p.Quant, Bytes: p.Bytes, SecondHand: p.SecondHand, Matrix: p.NeedsMatrix, Refused: p.Refused, Note: fallBackNote(p.FallBacks)}
			for _, m := range models {
				if m.Quant == p.Quant && labFamily(m) == labFamily(parent) {
					q.Ref = m.Ref
				}
			}
			return q
		}), nil
	})
}

// fallBackNote says which tensors can't have the type that the quant means them to have.
func fallBackNote(all []lab.FallBack) string {
	if len(all) == 0 {
		return ""
	}
	got := []string{}
	for _, f := range all {
		if name := strings.ToUpper(f.Got); !slices.Contains(got, name) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	return fmt.Sprintf("%d tensors, such as %s, are too narrow for it and become %s.", len(all), all[0].Tensor, strings.Join(got, " or "))
}

// ChooseText lets the person pick a text to measure on; it gives an empty one when they cancelled.
func (s *Lab) ChooseText() (LabText, error) {
	return call("Lab.ChooseText", func() (LabText, error) {
		if _, err := s.window.Core(); err != nil {
			return LabText{}, err
		}
		path, err := runtime.OpenFileDialog(s.window.ctx, runtime.OpenDialogOptions{
			Title:   "Choose a text",
			Filters: []runtime.FileFilter{{DisplayName: "Texts (*.txt, *.md)", Pattern: "*.txt;*.md;*.raw"}, {DisplayName: "All files", Pattern: "*"}},
		})
		if err != nil || path == "" {
			return LabText{}, err
		}
		info, err := os.Stat(path)
		if err != nil {
			return LabText{}, backend.Fail(backend.CodeNotFound, err, "This file can't be opened.", "Check that you may read it.")
		}
		return LabText{Path: path, Name: filepath.Base(path), Bytes: info.Size()}, nil
	})
}

// Compare makes what is missing and compares. It returns the comparison's id at once.
func (s *Lab) Compare(ask CompareAsk) (string, error) {
	return withLab(s, "Lab.Compare", func(_ context.Context, core *Core, l *lab.Lab) (string, error) {
		plan, err := core.planComparison(s.window.ctx, ask)
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithCancel(s.window.ctx)
		id := core.History.NewID()
		shown := plan.shown(id)
		s.mu.Lock()
		if len(s.cancel) > 0 {
			s.mu.Unlock()
			cancel()
			return "", backend.Fail(backend.CodeBusy, nil, "A comparison is already under way.", "Wait until it is done, or stop it.")
		}
		if s.planned == nil {
			s.planned, s.cancel = map[string]LabComparison{}, map[string]context.CancelFunc{}
		}
		s.planned[id], s.cancel[id] = shown, cancel
		s.mu.Unlock()
		s.window.work.Go(func() {
			defer cancel()
			_, err := call("comparison", func() (struct{}, error) { return struct{}{}, s.run(ctx, core, l, id, plan) })
			s.mu.Lock()
			delete(s.cancel, id)
			if _, stored := l.Comparison(context.WithoutCancel(ctx), id); stored == nil {
				delete(s.planned, id)
			} else if err != nil {
				failed := s.planned[id]
				failed.State, failed.Problem = string(lab.StateFailed), problemOf(backend.Readable(err))
				if ctx.Err() != nil {
					failed.State, failed.Problem = string(lab.StateCancelled), Problem{}
				}
				for i := range failed.Rows {
					failed.Rows[i].State = "cancelled"
				}
				s.planned[id] = failed
			}
			s.mu.Unlock()
			s.changed(id)
		})
		return id, nil
	})
}

func (s *Lab) changed(id string) { s.window.emit(EventLab, Changed{ID: id, Seq: s.window.next()}) }

// labPlan is a comparison that is about to be run.
type comparisonPlan struct {
	ask       CompareAsk
	reference backend.Model
	models    []backend.Model // the reference first
	make      []string
}

// planComparison checks an ask and finds its models.
func (c *Core) planComparison(ctx context.Context, ask CompareAsk) (comparisonPlan, error) {
	if len(ask.KV) == 0 {
		ask.KV = []string{"f16"}
	}
	if len(ask.Contexts) == 0 {
		ask.Contexts = []int{0}
	}
	ask.Rounds = cmp.Or(ask.Rounds, labRounds)
	plan := comparisonPlan{ask: ask}
	var err error
	if plan.reference, err = c.Models.Model(ctx, ask.Reference); err != nil {
		return plan, err
	}
	plan.models = []backend.Model{plan.reference}
	for _, ref := range ask.Refs {
		m, err := c.Models.Model(ctx, ref)
		if err != nil {
			return plan, err
		}
		if !slices.ContainsFunc(plan.models, func(o backend.Model) bool { return o.Ref == m.Ref }) {
			plan.models = append(plan.models, m)
		}
	}
	for _, quant := range ask.Make {
		if !slices.Contains(plan.make, quant) {
			plan.make = append(plan.make, quant)
		}
	}
	return plan, nil
}

// rivals are the models in each way that they are to be compared in.
func (p comparisonPlan) rivals(models []backend.Model) []lab.Rival {
	var out []lab.Rival
	for _, m := range models {
		for _, kv := range p.ask.KV {
			for _, n := range p.ask.Contexts {
				out = append(out, lab.Rival{Model: m, KV: kv, Context: n})
			}
		}
	}
	return out
}

// shown is what the page sees while nothing is measured yet.
func (p comparisonPlan) shown(id string) LabComparison {
	models := slices.Clone(p.models)
	name, _ := backend.SplitRef(p.reference.Ref)
	for _, quant := range p.make {
		models = append(models, backend.Model{Ref: name + ":" + quant, Name: p.reference.Name, Quant: quant})
	}
	c := lab.Comparison{ID: id, Begun: time.Now(), State: lab.StateRunning, Reference: p.reference.Ref, Settings: lab.Settings{Rounds: p.ask.Rounds}}
	for i, r := range p.rivals(models) {
		c.Rows = append(c.Rows, lab.Row{Rival: r, State: lab.RowWaiting, Reference: i == 0})
	}
	return labComparison(&c)
}

// run makes the missing quants and compares, reporting both as one piece of work. A quant takes about as long to make
// as a fourth of what it takes to measure.
func (s *Lab) run(ctx context.Context, core *Core, l *lab.Lab, id string, plan comparisonPlan) error {
	begin := time.Now()
	s.changed(id)
	models := slices.Clone(plan.models)
	whole := float64(len(plan.make)) + 4*float64(len(plan.models)+len(plan.make))
	for i, quant := range plan.make {
		made, err := l.Derive(ctx, plan.reference, lab.DeriveOptions{Quant: quant, MatrixText: plan.ask.Matrix}, func(p lab.Progress) {
			s.report(id, p, "", (float64(i)+p.Done)/whole, begin)
		})
		if err != nil {
			return err
		}
		s.window.emit(EventLibrary, Changed{ID: made.Model.Ref, Seq: s.window.next()})
		models = append(models, made.Model)
	}
	before := float64(len(plan.make)) / whole
	rows, last := []string(nil), -2
	_, err := core.CompareRivals(ctx, lab.Ask{
		ID: id, Rivals: plan.rivals(models), Reference: plan.reference.Ref, Text: plan.ask.Text, Settings: lab.Settings{Rounds: plan.ask.Rounds},
	}, func(p lab.Progress) {
		if p.Row != last || rows == nil { // a new row: something about the others is stored
			last = p.Row
			if c, err := l.Comparison(ctx, id); err == nil {
				rows = convert(c.Rows, func(r lab.Row) string { return labRowID(r.Rival) })
			}
			s.changed(id)
		}
		row := ""
		if p.Row >= 0 && p.Row < len(rows) {
			row = rows[p.Row]
		}
		s.report(id, p, row, before+(1-before)*p.Done, begin)
	})
	return err
}

func (s *Lab) report(id string, p lab.Progress, row string, share float64, begin time.Time) {
	s.mu.Lock()
	if s.progress == nil {
		s.progress = map[string]time.Time{}
	}
	now := time.Now()
	quiet := now.Sub(s.progress[id]) < progressEvery
	if !quiet {
		s.progress[id] = now
	}
	s.mu.Unlock()
	if !quiet || p.Stage == lab.StageDone {
		out := labProgress(id, p, row, share, begin)
		out.Seq = s.window.next()
		s.window.emit(EventLabProgress, out)
	}
}

// Stop ends a comparison; what is finished is kept.
func (s *Lab) Stop(id string) error {
	return do("Lab.Stop", func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if cancel := s.cancel[id]; cancel != nil {
			cancel()
		}
		return nil
	})
}

// Comparisons gives all that are kept, newest first.
func (s *Lab) Comparisons() ([]LabSummary, error) {
	return withLab(s, "Lab.Comparisons", func(ctx context.Context, _ *Core, l *lab.Lab) ([]LabSummary, error) {
		stored, err := l.Comparisons(ctx)
		if err != nil {
			return nil, err
		}
		out, seen := []LabSummary{}, map[string]bool{}
		for i := range stored {
			seen[stored[i].ID] = true
			out = append(out, labSummary(s.live(&stored[i])))
		}
		s.mu.Lock()
		for id, c := range s.planned {
			if !seen[id] {
				out = append(out, labSummary(c))
			}
		}
		s.mu.Unlock()
		slices.SortFunc(out, func(a, b LabSummary) int { return cmp.Compare(b.At, a.At) })
		return out, nil
	})
}

// live is a stored comparison as it is now: one that was running when the app ended runs no more.
func (s *Lab) live(c *lab.Comparison) LabComparison {
	s.mu.Lock()
	running := s.cancel[c.ID] != nil
	s.mu.Unlock()
	if c.State == lab.StateRunning && !running {
		c.State = lab.StateCancelled
	}
	return labComparison(c)
}

// Comparison gives one with all its rows.
func (s *Lab) Comparison(id string) (LabComparison, error) {
	return withLab(s, "Lab.Comparison", func(ctx context.Context, _ *Core, l *lab.Lab) (LabComparison, error) {
		c, err := l.Comparison(ctx, id)
		if err == nil {
			return s.live(&c), nil
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if planned, ok := s.planned[id]; ok {
			return planned, nil
		}
		return LabComparison{}, err
	})
}

// Forget deletes a comparison's figures; the models stay.
func (s *Lab) Forget(id string) error {
	_, err := withLab(s, "Lab.Forget", func(ctx context.Context, _ *Core, l *lab.Lab) (struct{}, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.cancel[id] != nil {
			return struct{}{}, backend.Fail(backend.CodeBusy, nil, "This comparison is under way.", "Stop it first.")
		}
		if _, ok := s.planned[id]; ok {
			delete(s.planned, id)
			return struct{}{}, nil
		}
		return struct{}{}, l.RemoveComparison(ctx, id)
	})
	return err
}

// Export writes a comparison's figures to a file that the person chooses: json, csv, markdown or llama-bench.
func (s *Lab) Export(id, format string) (string, error) {
	return withLab(s, "Lab.Export", func(ctx context.Context, _ *Core, l *lab.Lab) (string, error) {
		c, err := l.Comparison(ctx, id)
		if err != nil {
			return "", err
		}
		data, err := c.Export(format)
		if err != nil {
			return "", err
		}
		end := map[string]string{lab.FormatJSON: ".json", lab.FormatCSV: ".csv", lab.FormatMarkdown: ".md", lab.FormatBench: ".txt"}[format]
		return s.save("Export the figures", fileName(labTitle(&c))+end, data)
	})
}

// maxReport is more than any report takes; the page draws it, and the page could be wrong.
const maxReport = 8 << 20

// SaveReport writes a report, which the page has drawn, to a file that the person chooses.
func (s *Lab) SaveReport(id, html string) (string, error) {
	return withLab(s, "Lab.SaveReport", func(ctx context.Context, _ *Core, l *lab.Lab) (string, error) {
		c, err := l.Comparison(ctx, id)
		if err != nil {
			return "", err
		}
		if len(html) > maxReport || !strings.HasPrefix(html, "<!doctype html>") || strings.Contains(strings.ToLower(html), "<script") {
			return "", backend.Fail(backend.CodeInvalid, nil, "This is not a report.", "Try again.")
		}
		return s.save("Save the report", fileName(labTitle(&c))+".html", []byte(html))
	})
}

// save asks where and writes; an empty path: the person cancelled.
func (s *Lab) save(title, name string, data []byte) (string, error) {
	path, err := runtime.SaveFileDialog(s.window.ctx, runtime.SaveDialogOptions{Title: title, DefaultFilename: name})
	if err != nil || path == "" {
		return "", err
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return "", backend.Fail(backend.CodeDenied, err, filepath.Base(path)+" could not be written.", "Choose another folder.")
	}
	return path, nil
}
