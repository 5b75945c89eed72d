package app

import (
	"context"
	"log/slog"

	"weightroom/backend"
	"weightroom/backend/lab"
)

// QuantizePlan says for each quant what it would be, without making it.
func (c *Core) QuantizePlan(ctx context.Context, ref string, quants []string) (backend.Model, []lab.Prediction, error) {
	l, err := c.Lab()
	if err != nil {
		return backend.Model{}, nil, err
	}
	m, err := c.Models.Model(ctx, ref)
	if err != nil {
		return m, nil, err
	}
	predictions, err := l.Predict(ctx, m, quants)
	return m, predictions, err
}

// Quantize makes a quant of a model of the library and puts it beside it.
func (c *Core) Quantize(ctx context.Context, ref string, o lab.DeriveOptions, progress func(lab.Progress)) (lab.Made, error) {
	l, err := c.Lab()
	if err != nil {
		return lab.Made{}, err
	}
	m, err := c.Models.Model(ctx, ref)
	if err != nil {
		return lab.Made{}, err
	}
	return l.Derive(ctx, m, o, progress)
}

// LabAsk is what to compare, by references of the library.
type LabAsk struct {
	Refs      []string
	KV        []string // types of the KV cache, each with every model; empty: f16
	Contexts  []int    // in tokens, each with every model; empty: 4096, or the model's own
	Reference string   // empty: the most precise of Refs
	Text      string   // file; empty: answers that the reference writes
	Settings  lab.Settings
}

// Rivals makes every model, KV-cache type and context of an ask a rival.
func (c *Core) Rivals(ctx context.Context, a LabAsk) ([]lab.Rival, error) {
	kvs, contexts := a.KV, a.Contexts
	if len(kvs) == 0 {
		kvs = []string{""}
	}
	if len(contexts) == 0 {
		contexts = []int{0}
	}
	var rivals []lab.Rival
	for _, ref := range a.Refs {
		m, err := c.Models.Model(ctx, ref)
		if err != nil {
			return nil, err
		}
		for _, contextLength := range contexts {
			for _, kv := range kvs {
				rivals = append(rivals, lab.Rival{Model: m, KV: kv, Context: contextLength})
			}
		}
	}
	return rivals, nil
}

// Compare measures models against each other. A comparison that was cancelled or failed comes back with its error.
func (c *Core) Compare(ctx context.Context, a LabAsk, progress func(lab.Progress)) (lab.Comparison, error) {
	rivals, err := c.Rivals(ctx, a)
	if err != nil {
		return lab.Comparison{}, err
	}
	reference := ""
	if a.Reference != "" {
		m, err := c.Models.Model(ctx, a.Reference)
		if err != nil {
			return lab.Comparison{}, err
		}
		reference = m.Ref
	}
	return c.CompareRivals(ctx, lab.Ask{Rivals: rivals, Reference: reference, Text: a.Text, Settings: a.Settings}, progress)
}

// CompareRivals is Compare for rivals that were chosen one by one.
func (c *Core) CompareRivals(ctx context.Context, ask lab.Ask, progress func(lab.Progress)) (lab.Comparison, error) {
	l, err := c.Lab()
	if err != nil {
		return lab.Comparison{}, err
	}
	comparison, err := l.Compare(ctx, ask, progress)
	if comparison.ID != "" {
		if keepErr := c.keepMeasured(context.WithoutCancel(ctx), &comparison); keepErr != nil {
			slog.Warn("measured speeds not kept", "error", keepErr)
		}
	}
	return comparison, err
}

// keepMeasured keeps the speeds of finished, undisturbed rows as runs of real weights, so that the advisor counts with
// them.
func (c *Core) keepMeasured(ctx context.Context, comparison *lab.Comparison) error {
	for i := range comparison.Rows {
		r := &comparison.Rows[i]
		write, ok := r.Generation(0)
		if r.State != lab.RowDone || len(r.Disturbed) > 0 || !ok || r.Rival.KV != "f16" {
			continue
		}
		id, quant, known := c.catalogued(r.Rival.Model)
		if !known {
			continue
		}
		read, _ := r.Prompt(512)
		k := comparison.Conditions
		err := c.KeepDrive(ctx, backend.Drive{
			Model: id, Quant: quant, Source: backend.SourceMeasured, Architecture: r.Rival.Model.Architecture,
			Bytes: r.Rival.Model.Bytes, PromptTokensPerSecond: read.Median, TokensPerSecond: write.Median,
			Spread: max(write.Spread(), read.Spread()), PeakMemoryBytes: r.Memory.PeakBytes, LoadSeconds: r.Load.Median,
			DiskBytes: r.Rival.Model.Bytes, Seconds: comparison.Seconds, Engine: k.Engine, Device: k.Device, Driver: k.Driver,
			Threads: k.Threads, Power: k.Power, At: comparison.Begun,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// catalogued finds a model of the library in the catalog, by its reference.
func (c *Core) catalogued(m backend.Model) (id, quant string, ok bool) {
	if c.shelf.load() != nil {
		return "", "", false
	}
	name, _ := backend.SplitRef(m.Ref)
	found, err := c.shelf.catalog.Resolve(name)
	if err != nil {
		return "", "", false
	}
	return found.Model.ID, m.Quant, true
}

// MostPrecise is the model of a list that the others would be held against.
func (c *Core) MostPrecise(ctx context.Context, refs []string) (backend.Model, error) {
	var models []backend.Model
	for _, ref := range refs {
		m, err := c.Models.Model(ctx, ref)
		if err != nil {
			return m, err
		}
		models = append(models, m)
	}
	return lab.MostPrecise(models), nil
}

// Comparisons lists what is kept, newest first.
func (c *Core) Comparisons(ctx context.Context) ([]lab.Comparison, error) {
	l, err := c.Lab()
	if err != nil {
		return nil, err
	}
	return l.Comparisons(ctx)
}

// Comparison finds one.
func (c *Core) Comparison(ctx context.Context, id string) (lab.Comparison, error) {
	l, err := c.Lab()
	if err != nil {
		return lab.Comparison{}, err
	}
	return l.Comparison(ctx, id)
}

// RemoveComparison forgets one.
func (c *Core) RemoveComparison(ctx context.Context, id string) error {
	l, err := c.Lab()
	if err != nil {
		return err
	}
	return l.RemoveComparison(ctx, id)
}

// ExportComparison writes one out as json, csv, markdown or llama-bench, and names its file.
func (c *Core) ExportComparison(comparison lab.Comparison, format string) (text []byte, name string, err error) {
	if text, err = comparison.Export(format); err != nil {
		return nil, "", err
	}
	name, _ = backend.SplitRef(comparison.Reference)
	ending := map[string]string{lab.FormatJSON: ".json", lab.FormatCSV: ".csv"}[format]
	if ending == "" {
		ending = ".md"
	}
	return text, fileName(name+" lab "+comparison.Begun.Format("2006-01-02")) + ending, nil
}
