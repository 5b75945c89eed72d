package library

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
)

// Adapter is a LoRA: a change to a model, kept apart from the models until it is attached to one.
type Adapter struct {
	Ref          string          `json:"ref"` // "adapters/name:tag"
	Name         string          `json:"name"`
	Architecture string          `json:"architecture"` // of the models that it fits
	Bytes        int64           `json:"bytes"`
	Digest       string          `json:"digest"`
	Licence      backend.Licence `json:"licence"`
	Source       string          `json:"source"`
	Path         string          `json:"path"`
	Added        time.Time       `json:"added"`
}

// Adapters lists the adapters of the library, by name. One that is damaged is left out, and Verify says why.
func (l *Library) Adapters(ctx context.Context) ([]Adapter, error) {
	entries, err := l.entries()
	if err != nil {
		return nil, explain(err)
	}
	out := []Adapter{}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, explain(err)
		}
		if a, ok := l.adapter(e); ok {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b Adapter) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Ref, b.Ref))
	})
	return out, nil
}

// adapter reads a manifest that holds an adapter and no weights.
func (l *Library) adapter(e entry) (Adapter, bool) {
	x, ok := e.manifest.first(typeAdapter)
	if e.bad != nil || !ok || len(e.manifest.weights()) > 0 {
		return Adapter{}, false
	}
	f, err := l.cache.facts(l.blob(x.Digest), x)
	if err != nil {
		return Adapter{}, false
	}
	a := Adapter{
		Ref: e.name.ref(), Name: cmp.Or(f.Name, e.name.model), Architecture: f.Architecture, Bytes: e.manifest.bytes(),
		Digest: strings.ToLower(x.Digest), Licence: f.Licence, Source: SourceAdopted, Path: l.blob(x.Digest), Added: e.added,
	}
	if c, ok := l.readConfig(e.manifest.Config); ok && c.Ours != nil {
		l.remember(e)
		a.Name, a.Source, a.Added = cmp.Or(c.Ours.Name, a.Name), cmp.Or(c.Ours.Source, a.Source), c.Ours.Added
		if c.Ours.Licence.Name != "" {
			a.Licence = c.Ours.Licence
		}
	}
	return a, true
}

// model returns an adapter as the result of an import: what it has in common with a model.
func (a Adapter) model() backend.Model {
	return backend.Model{
		Ref: a.Ref, Name: a.Name, Architecture: a.Architecture, Bytes: a.Bytes, Digest: a.Digest, Licence: a.Licence,
		Source: a.Source, Capable: []string{}, Path: a.Path, Added: a.Added,
	}
}
