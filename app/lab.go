package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"weightroom/app/core"
	"weightroom/app/core/compare"
	"weightroom/backend"
	"weightroom/backend/lab"
)

// Lab is the bound service behind the Lab page: comparisons, blind tests, side by side and adapters.
type Lab struct{ host *host }

// usualQuants are the quants that the page offers to make, most precise first.
func usualQuants() []string {
	return []string{"F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "IQ4_XS", "Q3_K_M", "IQ3_XXS", "Q2_K"}
}

// labContexts are the lengths that the page offers, in tokens.
func labContexts() []int { return []int{2048, 4096, 8192, 16384, 32768, 65536} }

// Setup returns what a comparison can be made of.
func (s *Lab) Setup() (LabSetup, error) {
	return withCore(s.host, "Lab.Setup", func(ctx context.Context, c *core.Core) (LabSetup, error) {
		models, err := c.Library.Models(ctx)
		if err != nil {
			return LabSetup{}, err
		}
		setup := LabSetup{Models: []LabModel{}, Uses: lab.Uses(), KV: []string{"f16", "q8_0", "q4_0"}, Contexts: labContexts(), Rounds: compare.Rounds}
		for _, m := range models {
			if !slices.Contains(m.Capable, "embedding") {
				setup.Models = append(setup.Models, labModel(m))
			}
		}
		return setup, nil
	})
}

// Quants returns what could be made from a model.
func (s *Lab) Quants(ref string) ([]LabQuant, error) {
	return withCore(s.host, "Lab.Quants", func(ctx context.Context, c *core.Core) ([]LabQuant, error) {
		parent, err := c.Library.Model(ctx, ref)
		if err != nil {
			return nil, err
		}
		models, err := c.Library.Models(ctx)
		if err != nil {
			return nil, err
		}
		names := slices.DeleteFunc(usualQuants(), func(q string) bool { return q == parent.Quant })
		_, predictions, err := c.Lab.Predict(ctx, parent.Ref, names)
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

// ChooseText lets the person pick a text to measure on; it returns an empty one when they cancelled.
func (s *Lab) ChooseText() (LabText, error) {
	return withCore(s.host, "Lab.ChooseText", func(context.Context, *core.Core) (LabText, error) {
		path, err := s.host.chooseFile("Choose a text", "Texts (*.txt, *.md)", "*.txt;*.md;*.raw")
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
	return withCore(s.host, "Lab.Compare", func(ctx context.Context, c *core.Core) (string, error) {
		run, err := c.Lab.Begin(ctx, compare.Request{
			Refs: ask.Refs, Reference: ask.Reference, Make: ask.Make, Matrix: ask.Matrix, KV: ask.KV, Contexts: ask.Contexts, Text: ask.Text,
			Settings: lab.Settings{Rounds: ask.Rounds},
		})
		if err != nil {
			return "", err
		}
		s.host.tasks.begin(job{kind: "compare", label: "Comparing models"}, func(ctx context.Context, report func(step)) (string, error) {
			defer context.AfterFunc(ctx, func() { c.Lab.Stop(run.ID) })()
			_, err := run.Do(s.watch(report)) // its end is stored and told
			return run.ID, err
		})
		return run.ID, nil
	})
}

// watch tells the page, and the task that it is, how a comparison goes.
func (s *Lab) watch(report func(step)) compare.Watch {
	var mu sync.Mutex
	var last time.Time
	var again string
	return compare.Watch{
		Changed: s.changed,
		Made:    func(m backend.Model) { s.host.libraryChanged(m.Ref) },
		Progress: func(p compare.Progress) {
			out := labProgress(p)
			report(step{done: int64(1000 * p.Done), total: 1000, of: p.Label, left: out.Most})
			mu.Lock()
			now := time.Now()
			quiet := now.Sub(last) < progressEvery && p.Stage != lab.StageDone && out.Again == again
			if !quiet {
				last, again = now, out.Again
			}
			mu.Unlock()
			if !quiet {
				out.Seq = s.host.next()
				s.host.emit(EventLabProgress, out)
			}
		},
	}
}

func (s *Lab) changed(id string) { s.host.emit(EventLab, Changed{ID: id, Seq: s.host.next()}) }

// Stop ends a comparison; what is finished is kept.
func (s *Lab) Stop(id string) error {
	return doCore(s.host, "Lab.Stop", func(_ context.Context, c *core.Core) error {
		c.Lab.Stop(id)
		return nil
	})
}

// Rough has a comparison take its figures as they are: disturbed runs are not repeated any more, and stay marked.
func (s *Lab) Rough(id string) error {
	return doCore(s.host, "Lab.Rough", func(_ context.Context, c *core.Core) error {
		c.Lab.Rough(id)
		return nil
	})
}

// Comparisons returns all that are kept, newest first.
func (s *Lab) Comparisons() ([]LabSummary, error) {
	return withCore(s.host, "Lab.Comparisons", func(ctx context.Context, c *core.Core) ([]LabSummary, error) {
		all, err := c.Lab.Comparisons(ctx)
		return convert(all, func(one lab.Comparison) LabSummary { return labSummary(labComparison(&one)) }), err
	})
}

// Comparison returns one with all its rows.
func (s *Lab) Comparison(id string) (LabComparison, error) {
	return withCore(s.host, "Lab.Comparison", func(ctx context.Context, c *core.Core) (LabComparison, error) {
		one, err := c.Lab.Comparison(ctx, id)
		if err != nil {
			return LabComparison{}, err
		}
		return labComparison(&one), nil
	})
}

// Forget deletes a comparison's figures; the models stay.
func (s *Lab) Forget(id string) error {
	return doCore(s.host, "Lab.Forget", func(ctx context.Context, c *core.Core) error { return c.Lab.RemoveComparison(ctx, id) })
}

// Export writes a comparison's figures to a file that the person chooses: json, csv, markdown or llama-bench.
func (s *Lab) Export(id, format string) (string, error) {
	return withCore(s.host, "Lab.Export", func(ctx context.Context, c *core.Core) (string, error) {
		one, err := c.Lab.Comparison(ctx, id)
		if err != nil {
			return "", err
		}
		data, ending, err := compare.Export(one, format)
		if err != nil {
			return "", err
		}
		return s.host.saveFile("Export the figures", core.FileName(compare.Title(&one))+ending, data)
	})
}

// maxReport is more than any report takes; the page draws it, and the page could be wrong.
const maxReport = 8 << 20

// SaveReport writes a report, which the page has drawn, to a file that the person chooses.
func (s *Lab) SaveReport(id, html string) (string, error) {
	return withCore(s.host, "Lab.SaveReport", func(ctx context.Context, c *core.Core) (string, error) {
		one, err := c.Lab.Comparison(ctx, id)
		if err != nil {
			return "", err
		}
		if len(html) > maxReport || !strings.HasPrefix(html, "<!doctype html>") || strings.Contains(strings.ToLower(html), "<script") {
			return "", backend.Fail(backend.CodeInvalid, nil, "This is not a report.", "Try again.")
		}
		return s.host.saveFile("Save the report", core.FileName(compare.Title(&one))+".html", []byte(html))
	})
}
