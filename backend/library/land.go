package library

import (
	"cmp"
	"context"
	"slices"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// arrival says what checked files are to become.
type arrival struct {
	whole     *gguf.File    // the header of all parts
	ref, name string        // what it should be called; empty: what the files say
	origin    layout.Origin // land adds what it learns of the files, and the day
	config    []byte        // replaces the config that the weights call for; nil: none was given

	// there reports whether an entry is this model, so that nothing is to be done; nil: none is.
	there func(layout.Entry) bool
}

// land makes a model of files. Each is moved from where it is, and its staged copy closed.
func (pub *publisher) land(ctx context.Context, a arrival, files []*file) (backend.Model, error) {
	entries, free, err := pub.changeEntries(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	if a.there != nil {
		if i := slices.IndexFunc(entries, a.there); i >= 0 {
			return pub.published(entries[i])
		}
	}
	n, err := pub.nameOf(entries, files, a)
	if err != nil {
		return backend.Model{}, err
	}
	a.origin.Name = cmp.Or(a.origin.Name, layout.Title(a.whole.Name()), layout.Title(n.Model), n.Model)
	a.origin.Added = time.Now().UTC().Truncate(time.Second)
	p, err := arrange(a, files)
	if err != nil {
		return backend.Model{}, err
	}
	p.Name = n
	return pub.settle(p, files, pub.install)
}

// arrange plans the config and the manifest of files that make a model, which has no name yet.
func arrange(a arrival, files []*file) (*plan, error) {
	p := &plan{journal: journal{Manifest: layout.Manifest{SchemaVersion: 2, MediaType: layout.TypeManifest}}}
	from := a.origin
	from.Files = map[string]layout.FileOrigin{}
	if from.Licence.Name == "" {
		from.Licence = layout.LicenceOf(a.whole)
	}
	c, extra := configOf(a.whole, files[0].layer.Digest)
	var given []byte
	for _, f := range files {
		from.Files[f.layer.Digest] = f.origin
		if f.layer.MediaType == layout.TypeConfig {
			given = f.data
			continue // ours is written in its place
		}
		extra = slices.DeleteFunc(extra, func(e layout.Content) bool { return e.MediaType == f.layer.MediaType })
		if f.data != nil && f.at() == "" {
			p.add(layout.Content{MediaType: f.layer.MediaType, Data: f.data})
			continue
		}
		p.Manifest.Layers = append(p.Manifest.Layers, f.layer)
		p.Moves = append(p.Moves, move{From: f.at(), Digest: f.layer.Digest, Size: f.layer.Size})
	}
	for _, e := range extra {
		p.add(e)
	}
	if a.config != nil {
		c, given = layout.Config{}, a.config
	}
	data, err := layout.MergeConfig(given, c, from)
	if err != nil {
		return nil, err
	}
	p.Manifest.Config = p.small(layout.Content{MediaType: layout.TypeConfig, Data: data})
	return p, nil
}

// settle puts the files of a plan in place, for a caller that holds the right to change the store, and returns the model.
func (pub *publisher) settle(p *plan, files []*file, put func(*plan) error) (backend.Model, error) {
	for _, f := range files {
		if f.staged != nil {
			_ = f.staged.file.Close() // Windows renames no open file; the store's lock keeps Tidy away from here on
		}
	}
	if err := put(p); err != nil {
		return backend.Model{}, err
	}
	for _, f := range files {
		pub.store().Note(f.layer.Digest, f.parts)
	}
	return pub.published(layout.Entry{Name: p.Name, Path: pub.store().ManifestPath(p.Name)})
}
