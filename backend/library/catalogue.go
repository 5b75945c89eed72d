package library

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/library/layout"
)

var errNoWeights = errors.New("manifest names no weights")

// catalogue is what the library has: its models and adapters, by their manifests and what the index knows of their files.
type catalogue struct {
	*folder
	index *layout.Index
}

// Models lists what can be run, by name and then size. A model whose files are damaged is left out, and Verify says
// why; one such model never hides another.
func (cat *catalogue) Models(ctx context.Context) ([]backend.Model, error) {
	entries, err := cat.entries()
	if err != nil {
		return nil, layout.Explain(err)
	}
	models := []backend.Model{}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, layout.Explain(err)
		}
		m, err := cat.model(e)
		if errors.Is(err, errNoWeights) {
			continue // an adapter
		}
		if err != nil {
			slog.Warn("model left out of the list", "ref", e.Name.Ref(), "error", err)
			continue
		}
		models = append(models, m)
	}
	cat.saveIndex()
	slices.SortFunc(models, func(a, b backend.Model) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Bytes, b.Bytes), strings.Compare(a.Ref, b.Ref))
	})
	return models, nil
}

// model turns a manifest into a model, or says why it can't be run.
func (cat *catalogue) model(e layout.Entry) (backend.Model, error) {
	if e.Bad != nil {
		return backend.Model{}, e.Bad
	}
	weights := e.Manifest.Weights()
	if len(weights) == 0 {
		return backend.Model{}, errNoWeights
	}
	var m backend.Model
	for i, w := range weights {
		f, err := cat.index.Facts(cat.store().Blob(w.Digest), w)
		if err != nil {
			return backend.Model{}, err
		}
		if i > 0 {
			m.Parameters += f.Parameters
			continue
		}
		m = f.AsModel()
	}
	m.Ref = e.Name.Ref()
	m.Bytes = e.Manifest.Bytes()
	m.Digest = strings.ToLower(weights[0].Digest)
	m.Path = cat.store().Blob(weights[0].Digest)
	m.Added = e.Added
	m.Source = SourceAdopted
	if l, ok := e.Manifest.First(layout.TypeProjector); ok {
		m.Projector = backend.Projector{Path: cat.store().Blob(l.Digest), Bytes: l.Size}
		if !slices.Contains(m.Capable, "vision") {
			m.Capable = append(m.Capable, "vision")
		}
	}
	if e.Manifest.Has(layout.TypeTemplate) && !slices.Contains(m.Capable, "embedding") {
		m.Template = true
		if !slices.Contains(m.Capable, "chat") {
			m.Capable = append([]string{"chat"}, m.Capable...)
		}
	}
	c, readable := cat.store().ReadConfig(e.Manifest.Config)
	o := c.Ours
	if k, ok := cat.index.Of(e.Name.Ref()); !readable && ok {
		o = k.Origin()
	}
	if o != nil {
		m.Name = cmp.Or(o.Name, m.Name)
		m.Source = cmp.Or(o.Source, m.Source)
		if o.Licence.Name != "" {
			m.Licence = o.Licence
		}
		if !o.Added.IsZero() {
			m.Added = o.Added
		}
		if o.Parent != nil {
			m.Parent = *o.Parent
		}
	}
	m.OwnTemplate = !e.Manifest.Has(layout.TypeTemplate) && c.Renderer == "" && c.Parser == ""
	if m.Name == "" {
		m.Name = e.Name.Model
	}
	if readable {
		cat.remember(e)
	}
	return m, nil
}
