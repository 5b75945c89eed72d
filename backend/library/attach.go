package library

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// attacher joins adapters to models.
type attacher struct {
	*folder
	catalogue *catalogue
	publisher *publisher
	stager    *stager
}

// Attach makes a model of a base and an adapter, both in the library. It shares the files of both, so it costs next to
// no space, and either may be removed afterwards. The adapter has to fit: its architecture is the base's, and each of
// its tensors changes one of the base's by its shape. Empty ref: a name made of both.
func (at *attacher) Attach(ctx context.Context, base, adapter, ref string) (backend.Model, error) {
	return at.AttachAll(ctx, base, []AdapterUse{{Ref: adapter, Scale: 1}}, ref)
}

// AttachAll is Attach for several adapters, each at its own strength. One at strength 0 is left out; with none left the
// model is the base itself. An adapter at another strength than 1 costs its own size once more.
func (at *attacher) AttachAll(ctx context.Context, base string, uses []AdapterUse, ref string) (backend.Model, error) {
	m, err := at.attach(ctx, base, uses, ref)
	if err != nil {
		return backend.Model{}, layout.Explain(err)
	}
	slog.Info("adapters attached", "ref", m.Ref, "adapters", len(uses))
	return m, nil
}

// attached is an adapter that is about to be part of a model.
type attached struct {
	Adapter
	use    AdapterUse
	layer  layout.Layer
	header *gguf.File
	staged *staged // a copy at another strength; nil: the adapter's own file
}

// readyAll finds adapters and makes the copies at other strengths. The caller discards what is staged.
func (at *attacher) readyAll(ctx context.Context, uses []AdapterUse) ([]attached, error) {
	var out []attached
	for _, u := range uses {
		if err := u.check(); err != nil {
			return out, err
		}
		a, err := at.catalogue.findAdapter(ctx, u.Ref)
		if err != nil {
			return out, err
		}
		if u.Scale == 0 {
			continue
		}
		one := attached{Adapter: a, use: u}
		if u.Scale == 1 {
			if one.header, err = gguf.ReadFile(a.Path); err != nil {
				return out, err
			}
			one.layer = layout.Layer{MediaType: layout.TypeAdapter, Digest: a.Digest, Size: one.header.Size}
		} else {
			if one.staged, one.header, err = at.stager.scaled(ctx, a.Path, u.Scale); err != nil {
				return out, err
			}
			one.layer = layout.Layer{MediaType: layout.TypeAdapter, Digest: "sha256:" + one.staged.sum, Size: one.staged.size}
		}
		out = append(out, one)
	}
	return out, nil
}

func (at *attacher) attach(ctx context.Context, base string, uses []AdapterUse, ref string) (backend.Model, error) {
	m, err := at.catalogue.One(ctx, base)
	if err != nil {
		return backend.Model{}, err
	}
	adapters, err := at.readyAll(ctx, uses)
	defer func() {
		for _, a := range adapters {
			if a.staged != nil {
				a.staged.discard()
			}
		}
	}()
	if err != nil {
		return backend.Model{}, err
	}
	if len(adapters) == 0 {
		return m, nil
	}
	entries, free, err := at.changeEntries(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	of, ok := layout.Find(entries, m.Ref)
	if !ok {
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "There is no model "+layout.Quoted(base)+" in the library.", "It may just have been removed. Choose another one.")
	}
	whole, err := at.store().Header(of.Manifest)
	if err != nil {
		return backend.Model{}, err
	}
	c, _ := at.store().ReadConfig(of.Manifest.Config)
	from := layout.Origin{Name: m.Name, Source: SourceDerived, Licence: m.Licence, Added: time.Now().UTC().Truncate(time.Second), Parent: &backend.Parent{Ref: m.Ref, Digest: m.Digest, Quant: m.Quant}}
	if c.Ours != nil {
		from.Files = c.Ours.Files
	}
	layers := slices.Clone(of.Manifest.Layers)
	for _, a := range adapters {
		if err := fits(a.header, whole); err != nil {
			return backend.Model{}, err
		}
		layers = append(layers, a.layer)
		from.Name += " + " + a.Name
		if label := a.use.label(); label != "" {
			from.Name += " ×" + label
		}
	}
	from.Name = layout.Display(from.Name)
	if i := slices.IndexFunc(entries, func(e layout.Entry) bool { return e.Bad == nil && slices.Equal(e.Manifest.Layers, layers) }); i >= 0 {
		return at.publisher.published(entries[i])
	}
	to, err := nameFor(entries, "", "", whole, Options{Ref: attachedRef(m, adapters, ref)})
	if err != nil {
		return backend.Model{}, err
	}
	for _, a := range adapters {
		if a.staged != nil {
			if err := at.stager.placeBlob(a.staged, a.layer.Digest); err != nil {
				return backend.Model{}, err
			}
		}
	}
	if err := at.publisher.publish(to, c, layers, from); err != nil {
		at.publisher.undo(layers[len(of.Manifest.Layers):]...)
		return backend.Model{}, err
	}
	return at.publisher.published(layout.Entry{Name: to, Path: at.store().ManifestPath(to)})
}

// attachedRef is the name that was asked for, or one made of the base's and the adapters'.
func attachedRef(base backend.Model, adapters []attached, ref string) string {
	bare := func(ref string) string {
		name, _ := backend.SplitRef(ref)
		return name[strings.LastIndexByte(name, '/')+1:]
	}
	if ref != "" {
		out := layout.Slug(bare(ref))
		if _, tag := backend.SplitRef(ref); tag != "" {
			out += ":" + tag
		}
		return out
	}
	out := bare(base.Ref)
	for _, a := range adapters {
		out += "-" + bare(a.Ref)
		if label := a.use.label(); label != "" {
			out += "-" + label
		}
	}
	return layout.Slug(out)
}

// fits refuses an adapter that doesn't belong to a base, by the rules of llama.cpp b10488 (src/llama-adapter.cpp).
func fits(adapter, base *gguf.File) error {
	no := func(cause string, args ...any) error {
		return backend.Fail(backend.CodeInvalid, fmt.Errorf(cause, args...), "This adapter was made for another model.", "Choose the model that its page names as its base.")
	}
	if adapter.Architecture() != base.Architecture() {
		return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("This adapter changes models of the kind %s, and this one is %s.", layout.Quoted(adapter.Architecture()), layout.Quoted(base.Architecture())), "Choose the model that its page names as its base.")
	}
	shapes := map[string][]int64{}
	for _, t := range base.Tensors {
		shapes[t.Name] = t.Shape
	}
	low, high := map[string][]int64{}, map[string][]int64{}
	for _, t := range adapter.Tensors {
		if name, ok := strings.CutSuffix(t.Name, ".lora_a"); ok {
			low[name] = t.Shape
		} else if name, ok := strings.CutSuffix(t.Name, ".lora_b"); ok {
			high[name] = t.Shape
		} else if !strings.HasSuffix(t.Name, "_norm.weight") { // which the engine leaves out
			return no("unexpected tensor %q", t.Name)
		}
	}
	for name, a := range low {
		b, w := high[name], shapes[name]
		if len(b) < 2 || len(a) < 2 || len(w) < 2 {
			return no("tensor %q is not in both, or not in the base", name)
		}
		if name == "token_embd.weight" { // here the two are turned round
			if w[0] != b[1] || w[1] != a[1] {
				return no("tensor %q", name)
			}
			continue
		}
		if a[0] != w[0] || b[1] != w[1] || a[1] != b[0] {
			return no("tensor %q: %v by %v for %v", name, a, b, w)
		}
	}
	for name := range high {
		if low[name] == nil {
			return no("tensor %q has one half", name)
		}
	}
	if len(low) == 0 {
		return no("no tensors")
	}
	return nil
}
