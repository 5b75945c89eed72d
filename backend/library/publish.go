package library

import (
	"encoding/json"
	"os"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// publisher changes the catalogue, for callers that hold the right to change the store: files that are in place become a
// model, and those that no model uses any more are deleted.
type publisher struct{ *catalogue }

// resize writes a manifest anew with the true size of a blob.
func (pub *publisher) resize(e layout.Entry, digest string, size int64) error {
	m := e.Manifest
	m.Layers = slices.Clone(m.Layers)
	for i := range m.Layers {
		if strings.EqualFold(m.Layers[i].Digest, digest) {
			m.Layers[i].Size = size
		}
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return pub.store().WriteFile(e.Path, data)
}

// published returns the model of a manifest that was just written or found.
func (pub *publisher) published(e layout.Entry) (backend.Model, error) {
	e.Manifest, e.Added, e.Bad = layout.ReadManifest(e.Path)
	if a, ok := pub.adapter(e); ok {
		pub.index.Write(pub.store())
		return a.model(), nil
	}
	m, err := pub.model(e)
	if err != nil {
		return backend.Model{}, err
	}
	pub.index.Write(pub.store())
	return m, nil
}

// announce notes in the index what a model will be, so that Tidy can write it should this process end between the weights
// and the manifest.
func (pub *publisher) announce(n layout.Name, weights []layout.Layer, from layout.Origin) error {
	expected, err := json.Marshal(layout.Config{Ours: &from})
	if err != nil {
		return err
	}
	pub.index.Remember(n, layout.Manifest{Layers: weights}, expected)
	pub.index.Write(pub.store())
	return nil
}

// withdraw takes back what announce noted of weights.
func (pub *publisher) withdraw(n layout.Name, digest string) {
	pub.index.Forget(digest)
	pub.index.ForgetModel(n.Ref())
	pub.index.Write(pub.store())
}

// publishModel writes what makes a model of weights that are in place.
func (pub *publisher) publishModel(n layout.Name, header *gguf.File, weights []layout.Layer, from layout.Origin) error {
	c, extra := configOf(header, weights[0].Digest)
	layers := slices.Clone(weights)
	if from.Parent != nil {
		inherited := pub.inherit(&c, from.Parent.Digest)
		extra = slices.DeleteFunc(extra, func(e layout.Content) bool {
			return slices.ContainsFunc(inherited, func(i layout.Layer) bool { return i.MediaType == e.MediaType })
		})
		layers = append(layers, inherited...)
	}
	for _, e := range extra {
		blob, err := pub.store().PutBlob(e.MediaType, e.Data)
		layers = append(layers, blob)
		if err != nil {
			pub.undo(layers[len(weights):]...)
			return err
		}
	}
	return pub.publish(n, c, layers, from)
}

// publish writes a config and then the manifest, which makes the model exist.
func (pub *publisher) publish(n layout.Name, c layout.Config, layers []layout.Layer, from layout.Origin) error {
	c.Ours = &from
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	m := layout.Manifest{SchemaVersion: 2, MediaType: layout.TypeManifest, Layers: layers}
	if m.Config, err = pub.store().PutBlob(layout.TypeConfig, data); err != nil {
		pub.undo(append(written(layers), m.Config)...)
		return err
	}
	if data, err = json.Marshal(m); err != nil {
		return err
	}
	path := pub.store().ManifestPath(n)
	_, absent := os.Lstat(path)
	if err = pub.store().WriteFile(path, data); err != nil {
		if absent != nil { // it may have its name already, but not for certain
			_ = os.Remove(path)
		}
		pub.undo(append(written(layers), m.Config)...)
	}
	return err
}

// written returns the layers that were written with a manifest: weights were there before it.
func written(layers []layout.Layer) []layout.Layer {
	return slices.DeleteFunc(slices.Clone(layers), func(x layout.Layer) bool { return layout.HoldsTensors(x.MediaType) })
}

// configOf is the config of weights, and the layers that go with it: the engine's and, for the starter, our own.
func configOf(f *gguf.File, digest string) (c layout.Config, extra []layout.Content) {
	c, extra = layout.ConfigFor(f)
	if digest == starterDigest {
		extra = append(extra, starterLayers()...)
	}
	return c, extra
}

// inherit gives a derived model what its parent has besides weights: templates, system prompt, sampling, the part that
// sees. Only so do a model and its quants answer the same prompt under the same conditions. A parent that has left the
// library leaves nothing.
func (pub *publisher) inherit(c *layout.Config, parentDigest string) []layout.Layer {
	entries, err := pub.entries()
	if err != nil {
		return nil
	}
	for _, e := range entries {
		w := e.Manifest.Weights()
		if e.Bad != nil || len(w) == 0 || !strings.EqualFold(w[0].Digest, parentDigest) {
			continue
		}
		if of, ok := pub.store().ReadConfig(e.Manifest.Config); ok {
			c.Renderer, c.Parser = of.Renderer, of.Parser
		}
		return slices.DeleteFunc(slices.Clone(e.Manifest.Layers), func(x layout.Layer) bool { return x.MediaType == layout.TypeModel })
	}
	return nil
}
