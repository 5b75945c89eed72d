package library

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// Title is a model's name as people would write it, made from what a header, a file or a source calls it; "" where that says
// nothing.
func Title(s string) string { return layout.Title(s) }

func originFor(source, digest string, f *gguf.File, o Options) layout.Origin {
	shown, _ := layout.NameAndTag(o.Name)
	out := layout.Origin{Name: layout.Display(shown), Source: cmp.Or(o.Source, SourceImport), Licence: o.Licence, Added: time.Now().UTC().Truncate(time.Second), Parent: o.Parent}
	if out.Name == "" && digest == starterDigest {
		out.Name = StarterName
	}
	out.Name = cmp.Or(out.Name, layout.Title(f.Name()), layout.StemTitle(source, f.Quant()))
	if out.Licence.Name == "" {
		out.Licence = layout.LicenceOf(f)
	}
	return out
}

// nameFor chooses a name that no other content has: the one asked for, else the file's, with "-2" and so on.
func nameFor(entries []layout.Entry, source, digest string, f *gguf.File, o Options) (layout.Name, error) {
	n := layout.Name{Host: layout.Host, Namespace: layout.Namespace, Model: "", Tag: cmp.Or(f.Quant(), "latest")}
	wanted := cmp.Or(o.Ref, o.Name)
	if wanted == "" && digest == starterDigest {
		wanted = StarterRef
	}
	model, tag := backend.SplitRef(wanted)
	if o.Ref == "" {
		model, tag = layout.NameAndTag(wanted)
	}
	n.Model = layout.Slug(model)
	if wanted != "" && (n.Model == "" || tag != "" && !layout.ValidTag(tag)) {
		return layout.Name{}, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%s can't be a model's name.", layout.Quoted(wanted)), "Use letters, digits, dots and dashes, with the quant after a colon if you like.")
	}
	n.Tag = cmp.Or(tag, n.Tag)
	if n.Model == "" {
		n.Model = cmp.Or(layout.Slug(layout.Title(f.Name())), layout.Slug(layout.Stem(source, f.Quant())), "model")
	}
	base := n.Model
	for i := 2; taken(entries, n); i++ {
		n.Model = fmt.Sprintf("%s-%d", base, i)
	}
	return n, nil
}

// taken reports whether a readable manifest has this name. Upper and lower case are one, as on many disks.
func taken(entries []layout.Entry, n layout.Name) bool {
	for _, e := range entries {
		if e.Bad == nil && e.Name.Local() && strings.EqualFold(e.Name.Model, n.Model) && strings.EqualFold(e.Name.Tag, n.Tag) {
			return true
		}
	}
	return false
}

// nameOf chooses the name of an arrival.
func (pub *publisher) nameOf(entries []layout.Entry, files []*file, a arrival) (layout.Name, error) {
	whole, source := a.whole, a.name
	if len(files) > 0 {
		source = cmp.Or(files[0].origin.Name, source)
	}
	n, ok := layout.ParseRef(a.ref, cmp.Or(whole.Quant(), "latest"))
	if whole.Role() == gguf.RoleAdapter {
		n.Host, n.Namespace, ok = layout.Host, layout.Adapters, ok || a.ref == ""
		n.Model = layout.Slug(cmp.Or(n.Model, whole.Name(), layout.Stem(source, ""), "adapter"))
	}
	if !ok || n.Model == "" {
		model, tag := backend.SplitRef(a.ref)
		o := Options{Ref: model[strings.LastIndexByte(model, '/')+1:], Name: a.name}
		if layout.ValidTag(tag) {
			o.Ref += ":" + tag
		}
		return nameFor(entries, source, "", whole, o)
	}
	base := n.Model
	for i := 2; ; i++ {
		at := slices.IndexFunc(entries, func(e layout.Entry) bool { return e.Name.Same(n) })
		if at < 0 {
			return n, nil
		}
		c, readable := pub.store().ReadConfig(entries[at].Manifest.Config)
		same := entries[at].Bad == nil && equalLayers(entries[at].Manifest.Layers, files)
		pulled := readable && c.Ours != nil && c.Ours.Source == SourcePull && cmp.Or(a.origin.Source, SourcePull) == SourcePull
		if pulled || same || entries[at].Bad != nil {
			return entries[at].Name, nil //nolint:nilerr // in the case that the disk has
		}
		n.Model = fmt.Sprintf("%s-%d", base, i)
	}
}

// equalLayers reports whether a manifest has just these files.
func equalLayers(have []layout.Layer, files []*file) bool {
	n := 0
	for _, f := range files {
		if f.layer.MediaType == layout.TypeConfig {
			continue
		}
		n++
		if !slices.ContainsFunc(have, func(x layout.Layer) bool { return strings.EqualFold(x.Digest, f.layer.Digest) }) {
			return false
		}
	}
	return n == len(have)
}
