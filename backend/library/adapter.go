package library

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/library/layout"
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
func (cat *catalogue) Adapters(ctx context.Context) ([]Adapter, error) {
	entries, err := cat.entries()
	if err != nil {
		return nil, layout.Explain(err)
	}
	out := []Adapter{}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, layout.Explain(err)
		}
		if a, ok := cat.adapter(e); ok {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b Adapter) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Ref, b.Ref))
	})
	return out, nil
}

// adapter reads a manifest that holds an adapter and no weights.
func (cat *catalogue) adapter(e layout.Entry) (Adapter, bool) {
	x, ok := e.Manifest.First(layout.TypeAdapter)
	if e.Bad != nil || !ok || len(e.Manifest.Weights()) > 0 {
		return Adapter{}, false
	}
	f, err := cat.index.Facts(cat.store().Blob(x.Digest), x)
	if err != nil {
		return Adapter{}, false
	}
	a := Adapter{
		Ref: e.Name.Ref(), Name: cmp.Or(f.Name, e.Name.Model), Architecture: f.Architecture, Bytes: e.Manifest.Bytes(),
		Digest: strings.ToLower(x.Digest), Licence: f.Licence, Source: SourceAdopted, Path: cat.store().Blob(x.Digest), Added: e.Added,
	}
	if c, ok := cat.store().ReadConfig(e.Manifest.Config); ok && c.Ours != nil {
		cat.remember(e)
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

func (cat *catalogue) findAdapter(ctx context.Context, ref string) (Adapter, error) {
	adapters, err := cat.Adapters(ctx)
	if err != nil {
		return Adapter{}, err
	}
	var found []Adapter
	for _, a := range adapters {
		name, _ := backend.SplitRef(a.Ref)
		for _, r := range []string{a.Ref, name, strings.TrimPrefix(a.Ref, layout.Adapters+"/"), strings.TrimPrefix(name, layout.Adapters+"/")} {
			if strings.EqualFold(r, strings.TrimSpace(ref)) {
				found = append(found, a)
				break
			}
		}
	}
	switch len(found) {
	case 0:
		return Adapter{}, backend.Fail(backend.CodeNotFound, nil, "There is no adapter "+layout.Quoted(ref)+" in the library.", "Import its GGUF file first.")
	case 1:
		return found[0], nil
	}
	return Adapter{}, backend.Fail(backend.CodeInvalid, nil, "Several adapters are called "+layout.Quoted(ref)+".", "Give its name with its tag, as NAME:TAG.")
}
