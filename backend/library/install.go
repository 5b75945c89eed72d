package library

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	arrivePrefix     = ".arriving-" // a journal: files on their way to being a model
	adapterNamespace = "adapters"
)

// arrival is a model that is about to be: what its manifest will say, and where its files are until then. On disk it is
// the journal that lets the next process finish what this one began.
type arrival struct {
	Name     name
	Manifest manifest
	Moves    []move

	contents []content // small blobs to write
	origin   origin    // as the config says it
}

// move is one file to be renamed to its blob. An empty From means that the blob is there.
type move struct {
	From   string `json:"from"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

type journal struct {
	Host, Namespace, Model, Tag string
	Manifest                    manifest
	Moves                       []move
}

// small plans a small blob.
func (a *arrival) small(c content) layer {
	a.contents = append(a.contents, c)
	return layer{MediaType: c.mediaType, Digest: digestOf(c.data), Size: int64(len(c.data))}
}

// add plans a small blob as a layer.
func (a *arrival) add(c content) { a.Manifest.Layers = append(a.Manifest.Layers, a.small(c)) }

// install makes an arrival a model, for a caller that holds the right to change the store. What it replaces is removed.
// When it fails, every file is back where it was. A file whose blob is there and known to be sound is deleted at the
// end; a blob that is not known to be is replaced, since it is the same or damaged.
func (l *Library) install(a *arrival) (err error) {
	if err := makeFolder(l.blobs()); err != nil {
		return err
	}
	var wrote []layer
	var moved []move
	path := filepath.Join(l.Dir(), arrivePrefix+rand.Text())
	defer func() {
		if err == nil {
			return
		}
		for _, m := range slices.Backward(moved) {
			if e := os.Rename(l.blob(m.Digest), m.From); e != nil {
				slog.Warn("file of a failed arrival not moved back", "error", e)
			}
		}
		_ = os.Remove(path)
		l.undo(wrote...)
	}()
	for _, c := range a.contents {
		blob, err := l.putBlob(c.mediaType, c.data)
		wrote = append(wrote, blob)
		if err != nil {
			return err
		}
	}
	data, err := json.Marshal(journal{a.Name.host, a.Name.namespace, a.Name.model, a.Name.tag, a.Manifest, a.Moves})
	if err != nil {
		return err
	}
	if err := l.writeFile(path, data); err != nil {
		return err
	}
	var spare []string
	for _, m := range a.Moves {
		if m.From == "" {
			continue
		}
		if l.proven(m.Digest) {
			spare = append(spare, m.From)
			continue
		}
		err := l.place(m.From, l.blob(m.Digest))
		if _, gone := os.Lstat(m.From); gone != nil {
			moved = append(moved, m)
		}
		if err != nil {
			return err
		}
	}
	if err := l.reveal(a.Name, a.Manifest, path); err != nil {
		return err
	}
	for _, s := range spare {
		_ = os.Remove(s)
	}
	return nil
}

// reveal writes the manifest of an arrival whose files are in place, drops what it replaces, and then its journal.
func (l *Library) reveal(n name, m manifest, arriving string) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	removing, err := l.setAside(n)
	if err != nil {
		return err
	}
	path := l.manifestPath(n)
	_, absent := os.Lstat(path)
	if err := l.writeFile(path, data); err != nil {
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
		if _, err := l.finishRemoval(removing); err != nil {
			slog.Warn("replaced model not removed yet", "error", err)
		}
	}
	if err := l.at("remove arrival"); err == nil {
		err = os.Remove(arriving)
		if err != nil {
			slog.Warn("journal of an arrival not removed yet", "error", err)
		}
	}
	return nil
}

// setAside notes what a manifest that is about to be replaced names, so that it is removed even if this process ends.
func (l *Library) setAside(n name) (journal string, err error) {
	data, _, err := readSmall(l.manifestPath(n))
	if err != nil {
		return "", nil //nolint:nilerr // nothing to replace, or nothing that could be read
	}
	journal = filepath.Join(l.Dir(), removePrefix+rand.Text())
	if err := l.writeFile(journal, data); err != nil {
		_ = os.Remove(journal)
		return "", err
	}
	return journal, nil
}

// finishArrivals makes models of what earlier processes were about to, where all their files are whole; else the files
// that no model uses are deleted.
func (l *Library) finishArrivals() {
	paths, _ := filepath.Glob(filepath.Join(escape(l.Dir()), arrivePrefix+"*"))
	for _, p := range paths {
		if err := l.finishArrival(p); err != nil {
			slog.Warn("arrival not finished", "error", err)
		}
	}
}

func (l *Library) finishArrival(path string) error {
	var j journal
	data, _, err := readSmall(path)
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	n := name{j.Host, j.Namespace, j.Model, j.Tag}
	if err != nil || !n.valid() || !j.Manifest.sound() {
		return clearAway(path)
	}
	for _, m := range j.Moves {
		blob := l.blob(m.Digest)
		if blob == "" || m.From == "" {
			continue
		}
		if info, err := os.Stat(m.From); err == nil && info.Mode().IsRegular() && info.Size() == m.Size {
			if err := l.place(m.From, blob); err != nil {
				return err
			}
		}
	}
	for _, x := range j.Manifest.all() {
		if info, err := os.Stat(l.blob(x.Digest)); err != nil || info.Size() != x.Size || !info.Mode().IsRegular() {
			_, err := l.dropUnused(j.Manifest.all())
			return errors.Join(err, clearAway(path))
		}
	}
	if have, _, err := readManifest(l.manifestPath(n)); err == nil && slices.Equal(have.all(), j.Manifest.all()) {
		return clearAway(path)
	}
	slog.Info("arrival finished", "ref", n.ref())
	return l.reveal(n, j.Manifest, path)
}

// clearAway removes a file of ours, or the folder that somebody put in its place.
func clearAway(path string) error {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return clearFolder(path)
	}
	return os.Remove(path)
}

// sound reports whether a manifest names blobs as it should.
func (m manifest) sound() bool {
	if len(m.Layers) == 0 {
		return false
	}
	for _, x := range m.all() {
		if sum, ok := strings.CutPrefix(x.Digest, "sha256:"); !ok || !isSHA256(sum) || x.Size < 0 {
			return false
		}
	}
	return true
}
