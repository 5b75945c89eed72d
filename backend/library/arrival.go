package library

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"weightroom/backend/library/layout"
)

// move is one file to be renamed to its blob. An empty From means that the blob is there.
type move struct {
	From   string `json:"from"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

// journal is what lets the next process finish an arrival that this one began: what its manifest will say, and where its
// files are until then.
type journal struct {
	layout.Name
	Manifest layout.Manifest
	Moves    []move
}

// plan is a model that is about to be.
type plan struct {
	journal
	contents []layout.Content // small blobs to write
}

// small plans a small blob.
func (p *plan) small(c layout.Content) layout.Layer {
	p.contents = append(p.contents, c)
	return layout.Layer{MediaType: c.MediaType, Digest: layout.DigestOf(c.Data), Size: int64(len(c.Data))}
}

// add plans a small blob as a layer.
func (p *plan) add(c layout.Content) { p.Manifest.Layers = append(p.Manifest.Layers, p.small(c)) }

// install makes a plan a model, for a caller that holds the right to change the store. What it replaces is removed.
// When it fails, every file is back where it was. A file whose blob is there and known to be sound is deleted at the
// end; a blob that is not known to be is replaced, since it is the same or damaged.
func (pub *publisher) install(p *plan) (err error) {
	if err := layout.MakeFolder(pub.store().Blobs()); err != nil {
		return err
	}
	var wrote []layout.Layer
	var moved []move
	path := filepath.Join(pub.Dir(), layout.ArrivePrefix+rand.Text())
	defer func() {
		if err == nil {
			return
		}
		for _, m := range slices.Backward(moved) {
			if e := os.Rename(pub.store().Blob(m.Digest), m.From); e != nil {
				slog.Warn("file of a failed arrival not moved back", "error", e)
			}
		}
		_ = os.Remove(path)
		pub.undo(wrote...)
	}()
	for _, c := range p.contents {
		blob, err := pub.store().PutBlob(c.MediaType, c.Data)
		wrote = append(wrote, blob)
		if err != nil {
			return err
		}
	}
	data, err := json.Marshal(p.journal)
	if err != nil {
		return err
	}
	if err := pub.store().WriteFile(path, data); err != nil {
		return err
	}
	var spare []string
	for _, m := range p.Moves {
		if m.From == "" {
			continue
		}
		if pub.store().Proven(m.Digest) {
			spare = append(spare, m.From)
			continue
		}
		err := pub.store().Place(m.From, pub.store().Blob(m.Digest))
		if _, gone := os.Lstat(m.From); gone != nil {
			moved = append(moved, m)
		}
		if err != nil {
			return err
		}
	}
	if err := pub.reveal(p.Name, p.Manifest, path); err != nil {
		return err
	}
	for _, s := range spare {
		_ = os.Remove(s)
	}
	return nil
}

// reveal writes the manifest of an arrival whose files are in place, drops what it replaces, and then its journal.
func (pub *publisher) reveal(n layout.Name, m layout.Manifest, arriving string) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	removing, err := pub.setAside(n)
	if err != nil {
		return err
	}
	path := pub.store().ManifestPath(n)
	_, absent := os.Lstat(path)
	if err := pub.store().WriteFile(path, data); err != nil {
		switch { // it may have its name already, but not for certain
		case absent != nil:
			_ = os.Remove(path)
		case removing != "":
			_ = os.Rename(removing, path)
		}
		return err
	}
	// The model is there; what is left to do can be done later too.
	if removing != "" {
		if _, err := pub.finishRemoval(removing); err != nil {
			slog.Warn("replaced model not removed yet", "error", err)
		}
	}
	if err := pub.store().At("remove arrival"); err == nil {
		err = os.Remove(arriving)
		if err != nil {
			slog.Warn("journal of an arrival not removed yet", "error", err)
		}
	}
	return nil
}

// setAside notes what a manifest that is about to be replaced names, so that it is removed even if this process ends.
func (pub *publisher) setAside(n layout.Name) (journal string, err error) {
	data, _, err := layout.ReadSmall(pub.store().ManifestPath(n))
	if err != nil {
		return "", nil //nolint:nilerr // nothing to replace, or nothing that could be read
	}
	journal = filepath.Join(pub.Dir(), layout.RemovePrefix+rand.Text())
	if err := pub.store().WriteFile(journal, data); err != nil {
		_ = os.Remove(journal)
		return "", err
	}
	return journal, nil
}

// finishArrivals makes models of what earlier processes were about to, where all their files are whole; else the files
// that no model uses are deleted.
func (pub *publisher) finishArrivals() {
	paths, _ := filepath.Glob(filepath.Join(layout.Escape(pub.Dir()), layout.ArrivePrefix+"*"))
	for _, p := range paths {
		if err := pub.finishArrival(p); err != nil {
			slog.Warn("arrival not finished", "error", err)
		}
	}
}

func (pub *publisher) finishArrival(path string) error {
	var j journal
	data, _, err := layout.ReadSmall(path)
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	n := j.Name
	if err != nil || !n.Valid() || !j.Manifest.Sound() {
		return layout.ClearAway(path)
	}
	for _, m := range j.Moves {
		blob := pub.store().Blob(m.Digest)
		if blob == "" || m.From == "" {
			continue
		}
		if info, err := os.Stat(m.From); err == nil && info.Mode().IsRegular() && info.Size() == m.Size {
			if err := pub.store().Place(m.From, blob); err != nil {
				return err
			}
		}
	}
	for _, x := range j.Manifest.All() {
		if info, err := os.Stat(pub.store().Blob(x.Digest)); err != nil || info.Size() != x.Size || !info.Mode().IsRegular() {
			_, err := pub.dropUnused(j.Manifest.All())
			return errors.Join(err, layout.ClearAway(path))
		}
	}
	if have, _, err := layout.ReadManifest(pub.store().ManifestPath(n)); err == nil && slices.Equal(have.All(), j.Manifest.All()) {
		return layout.ClearAway(path)
	}
	slog.Info("arrival finished", "ref", n.Ref())
	return pub.reveal(n, j.Manifest, path)
}
