package library

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/library/layout"
)

// Model finds a model by reference. A full reference names one model. A name alone is the model of that name, or,
// where there are several quantizations, the one most people would pick: see preferred.
func (cat *catalogue) Model(ctx context.Context, ref string) (backend.Model, error) {
	models, err := cat.Models(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	return find(models, ref)
}

// One is Model for what changes or removes a model: there a name alone must not stand for one of several, damaged ones
// included.
func (cat *catalogue) One(ctx context.Context, ref string) (backend.Model, error) {
	m, err := cat.Model(ctx, ref)
	if err != nil || strings.EqualFold(m.Ref, strings.TrimSpace(ref)) {
		return m, err
	}
	entries, err := cat.entries()
	if err != nil {
		return backend.Model{}, err
	}
	name, _ := backend.SplitRef(m.Ref)
	var named []string
	for _, e := range entries {
		if n, _ := backend.SplitRef(e.Name.Ref()); strings.EqualFold(n, name) {
			named = append(named, e.Name.Ref())
		}
	}
	if len(named) > 1 {
		return backend.Model{}, several(name, named)
	}
	return m, nil
}

// several refuses a name that more than one model has.
func several(name string, refs []string) error {
	slices.Sort(refs)
	return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%s names %d models: %s.", layout.Quoted(name), len(refs), strings.Join(refs, ", ")), "Say which one.")
}

func find(models []backend.Model, ref string) (backend.Model, error) {
	ref = strings.TrimSpace(ref)
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, m := range models {
			if same(m.Ref, ref) {
				return m, nil
			}
		}
	}
	wantName, wantTag := backend.SplitRef(ref)
	var named []backend.Model
	for _, m := range models {
		if n, _ := backend.SplitRef(m.Ref); strings.EqualFold(n, wantName) {
			named = append(named, m)
		}
	}
	switch {
	case len(named) == 0 || ref == "":
		hint := "Import a GGUF file first."
		if len(models) > 0 {
			hint = "The library has " + list(models) + "."
		}
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "There is no model "+layout.Quoted(ref)+" in the library.", hint)
	case wantTag != "":
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "The library has "+layout.Quoted(wantName)+", but not as "+layout.Quoted(wantTag)+".", "It has "+list(named)+".")
	case len(named) == 1:
		return named[0], nil
	}
	for _, quant := range preferred() {
		for _, m := range named {
			if _, tag := backend.SplitRef(m.Ref); strings.EqualFold(tag, quant) {
				return m, nil
			}
		}
	}
	refs := make([]string, len(named))
	for i, m := range named {
		refs[i] = m.Ref
	}
	return backend.Model{}, several(wantName, refs)
}

// preferred is the order in which a name without a quantization is resolved: the usual compromise first, then what
// is nearest to it, more precise before less.
func preferred() []string {
	return []string{"Q4_K_M", "Q5_K_M", "Q4_K_S", "Q6_K", "Q8_0", "Q4_1", "Q4_0", "IQ4_XS", "IQ4_NL", "MXFP4_MOE", "BF16", "F16", "F32", "latest"}
}

func list(models []backend.Model) string {
	const most = 5
	var refs []string
	for i, m := range models {
		if i == most {
			return strings.Join(refs, ", ") + " and more"
		}
		refs = append(refs, m.Ref)
	}
	return strings.Join(refs, ", ")
}

// Kind says what stands behind a reference: backend.KindModel or backend.KindAdapter.
func (cat *catalogue) Kind(ctx context.Context, ref string) (backend.FileKind, error) {
	if _, err := cat.findAdapter(ctx, ref); err == nil {
		return backend.KindAdapter, nil
	}
	if _, err := cat.Model(ctx, ref); err != nil {
		return "", backend.Readable(err)
	}
	return backend.KindModel, nil
}

// locate finds the one manifest that a reference stands for, sound or not.
func (cat *catalogue) locate(ctx context.Context, ref string) (layout.Entry, error) {
	m, err := cat.One(ctx, ref)
	entries, errEntries := cat.entries()
	if errEntries != nil {
		return layout.Entry{}, errEntries
	}
	for _, e := range entries {
		if err == nil && e.Name.Ref() == m.Ref || err != nil && strings.EqualFold(e.Name.Ref(), strings.TrimSpace(ref)) {
			return e, nil
		}
	}
	if err == nil {
		err = backend.Fail(backend.CodeNotFound, nil, "There is no model "+layout.Quoted(ref)+" in the library.", "It may just have been removed. Choose another one.")
	}
	return layout.Entry{}, err
}
