package library

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// resize writes a manifest anew with the true size of a blob.
func (l *Library) resize(e entry, digest string, size int64) error {
	m := e.manifest
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
	return l.writeFile(e.path, data)
}

// published returns the model of a manifest that was just written or found.
func (l *Library) published(e entry) (backend.Model, error) {
	e.manifest, e.added, e.bad = readManifest(e.path)
	if a, ok := l.adapter(e); ok {
		l.cache.write(l)
		return a.model(), nil
	}
	m, err := l.model(e)
	if err != nil {
		return backend.Model{}, err
	}
	l.cache.write(l)
	return m, nil
}

// publishModel writes what makes a model of weights that are in place.
func (l *Library) publishModel(n name, header *gguf.File, weights []layer, from origin) error {
	c, extra := configFor(header, weights[0].Digest)
	layers := slices.Clone(weights)
	if from.Parent != nil {
		inherited := l.inherit(&c, from.Parent.Digest)
		extra = slices.DeleteFunc(extra, func(e content) bool {
			return slices.ContainsFunc(inherited, func(i layer) bool { return i.MediaType == e.mediaType })
		})
		layers = append(layers, inherited...)
	}
	for _, e := range extra {
		blob, err := l.putBlob(e.mediaType, e.data)
		layers = append(layers, blob)
		if err != nil {
			l.undo(layers[len(weights):]...)
			return err
		}
	}
	return l.publish(n, c, layers, from)
}

// publish writes a config and then the manifest, which makes the model exist.
func (l *Library) publish(n name, c config, layers []layer, from origin) error {
	c.Ours = &from
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	m := manifest{SchemaVersion: 2, MediaType: typeManifest, Layers: layers}
	if m.Config, err = l.putBlob(typeConfig, data); err != nil {
		l.undo(append(written(layers), m.Config)...)
		return err
	}
	if data, err = json.Marshal(m); err != nil {
		return err
	}
	path := l.manifestPath(n)
	_, absent := os.Lstat(path)
	if err = l.writeFile(path, data); err != nil {
		if absent != nil { // it may have its name already, but not for certain
			_ = os.Remove(path)
		}
		l.undo(append(written(layers), m.Config)...)
	}
	return err
}

// written returns the layers that were written with a manifest: weights were there before it.
func written(layers []layer) []layer {
	return slices.DeleteFunc(slices.Clone(layers), func(x layer) bool { return holdsTensors(x.MediaType) })
}

// undo deletes what a change that failed has written. What can't be deleted now is left to Tidy.
func (l *Library) undo(layers ...layer) {
	if _, err := l.dropUnused(layers); err != nil {
		slog.Warn("files of a failed import not deleted", "error", err)
	}
}

// content is a small layer that is still to be stored.
type content struct {
	mediaType string
	data      []byte
}

// configFor fills a config the way the engine's own import does (Ollama v0.34.4, server/create.go), and returns the
// layers that go with it. There is no template layer: the engine then uses the file's own chat template.
func configFor(f *gguf.File, digest string) (c config, extra []content) {
	arch := f.Architecture()
	c = config{ModelFormat: "gguf", ModelFamily: arch, ModelFamilies: []string{arch}, ModelType: weightCount(f.Parameters()), FileType: f.Quant()}
	switch arch {
	case "gemma4":
		c.Renderer, c.Parser = "gemma4", "gemma4"
		extra = append(extra, content{typeParams, []byte(`{"stop":["<turn|>"]}`)})
	case "laguna":
		c.Renderer, c.Parser = "laguna", "laguna"
	case "nemotron_h", "nemotron_h_moe", "nemotron_h_omni":
		c.Renderer, c.Parser = "nemotron-3-nano", "nemotron-3-nano"
	}
	if digest == starterDigest {
		extra = append(extra, starterLayers()...)
	}
	return c, extra
}

// weightCount writes a number of weights the way models are named: "134.52M", "8.0B".
func weightCount(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1fB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2fM", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.0fK", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

func originFor(source, digest string, f *gguf.File, o Options) origin {
	shown, _ := nameAndTag(o.Name)
	out := origin{Name: display(shown), Source: firstOf(o.Source, SourceImport), Licence: o.Licence, Added: time.Now().UTC().Truncate(time.Second), Parent: o.Parent}
	if out.Name == "" && digest == starterDigest {
		out.Name = StarterName
	}
	out.Name = firstOf(out.Name, display(f.Name()), display(stem(source, f.Quant())))
	if out.Licence.Name == "" {
		out.Licence = licenceOf(f)
	}
	return out
}

// nameFor chooses a name that no other content has: the one asked for, else the file's, with "-2" and so on.
func (l *Library) nameFor(entries []entry, source, digest string, f *gguf.File, o Options) (name, error) {
	n := name{layoutHost, layoutNamespace, "", firstOf(f.Quant(), "latest")}
	wanted := firstOf(o.Ref, o.Name)
	if wanted == "" && digest == starterDigest {
		wanted = StarterRef
	}
	model, tag := backend.SplitRef(wanted)
	if o.Ref == "" {
		model, tag = nameAndTag(wanted)
	}
	n.model = slug(model)
	if wanted != "" && (n.model == "" || tag != "" && !validPart(tag, ".")) {
		return name{}, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%s can't be a model's name.", quoted(wanted)), "Use letters, digits, dots and dashes, with the quantization after a colon if you like.")
	}
	n.tag = firstOf(tag, n.tag)
	if n.model == "" {
		n.model = firstOf(slug(stem(f.Name(), f.Quant())), slug(stem(source, f.Quant())), "model")
	}
	base := n.model
	for i := 2; taken(entries, n); i++ {
		n.model = fmt.Sprintf("%s-%d", base, i)
	}
	return n, nil
}

// taken reports whether a readable manifest has this name. Upper and lower case are one, as on many disks.
func taken(entries []entry, n name) bool {
	for _, e := range entries {
		if e.bad == nil && e.name.local() && strings.EqualFold(e.name.model, n.model) && strings.EqualFold(e.name.tag, n.tag) {
			return true
		}
	}
	return false
}
