package library

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"weightroom/backend/fsys"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// mender gives back what was lost and can be told from what is left.
type mender struct{ *publisher }

// mend gives weights that no manifest names a manifest, and manifests whose config is lost a config.
func (me *mender) mend() error {
	used, entries, err := me.used()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Bad == nil {
			me.mendConfig(e)
		}
	}
	items, err := os.ReadDir(me.store().Blobs())
	if err != nil {
		return err
	}
	var parts []string
	for _, it := range items {
		sum, ok := strings.CutPrefix(it.Name(), "sha256-")
		digest := "sha256:" + sum
		if !ok || !layout.IsSHA256(sum) || it.IsDir() || used[digest] {
			continue
		}
		part, err := me.republishOrphan(entries, digest)
		if err != nil {
			return err
		}
		if part {
			parts = append(parts, digest)
		}
		if used, entries, err = me.used(); err != nil {
			return err
		}
	}
	if err := me.republishParts(entries, parts); err != nil {
		return err
	}
	if entries, err = me.entries(); err != nil {
		return err
	}
	return me.dropManifests(entries)
}

// republishOrphan publishes weights that lost their manifest: as they were, where all that the manifest named is still there,
// else as what their header says. A blob that is not a whole model is left alone; part tells one of a split model.
func (me *mender) republishOrphan(entries []layout.Entry, digest string) (part bool, err error) {
	for _, k := range me.index.WithWeights(digest) {
		if done, err := me.restore(entries, k); done || err != nil {
			return false, err
		}
	}
	header, bytes, ok := me.orphan(digest)
	if !ok {
		return false, nil
	}
	if header.Role() == gguf.RoleAdapter {
		n, err := me.nameOf(entries, nil, arrival{whole: header})
		if err != nil {
			return false, err
		}
		c, _ := configOf(header, digest)
		return false, me.publish(n, c, []layout.Layer{{MediaType: layout.TypeAdapter, Digest: digest, Size: bytes}}, originFor("", digest, header, Options{}))
	}
	if _, count := header.Split(); count > 1 {
		return true, nil
	}
	return false, me.republish(entries, header, []layout.Layer{{MediaType: layout.TypeModel, Digest: digest, Size: bytes}})
}

// restore writes back a manifest that is remembered, if every file it names is there.
func (me *mender) restore(entries []layout.Entry, k layout.Remembered) (done bool, err error) {
	n := k.Name
	if slices.ContainsFunc(entries, func(e layout.Entry) bool { return e.Bad == nil && e.Name.Same(n) }) || k.Manifest.Config.Digest == "" {
		return false, nil
	}
	for _, x := range k.Manifest.Layers {
		if !me.orphanFile(x) {
			return false, nil
		}
	}
	if layout.DigestOf(k.Config) != strings.ToLower(k.Manifest.Config.Digest) {
		return false, nil
	}
	if _, err := me.store().PutBlob(layout.TypeConfig, k.Config); err != nil {
		return false, err
	}
	data, err := json.Marshal(k.Manifest)
	if err != nil {
		return false, err
	}
	slog.Info("model restored", "ref", n.Ref())
	return true, me.store().WriteFile(me.store().ManifestPath(n), data)
}

// republish makes a model of weights with what their header says, and what is remembered.
func (me *mender) republish(entries []layout.Entry, header *gguf.File, weights []layout.Layer) error {
	digest := weights[0].Digest
	o := Options{Source: SourceImport}
	var from *layout.Origin
	for _, k := range me.index.WithWeights(digest) {
		o.Ref, from = k.Name.Ref(), k.Origin()
		break
	}
	if from != nil {
		o.Name, o.Source, o.Licence, o.Parent = from.Name, from.Source, from.Licence, from.Parent
	}
	if digest == starterDigest {
		o = StarterOptions(nil)
	}
	if strings.ContainsRune(o.Ref, '/') { // of another host: the manifest is rebuilt under a name of ours
		o.Ref = ""
	}
	n, err := nameFor(entries, header.Name(), digest, header, o)
	if err != nil { // the index remembered something that is no name
		o.Ref, o.Name = "", ""
		if n, err = nameFor(entries, header.Name(), digest, header, o); err != nil {
			return err
		}
	}
	if from == nil {
		made := originFor(header.Name(), digest, header, o)
		from = &made
	}
	slog.Info("model found again", "ref", n.Ref())
	return me.publishModel(n, header, weights, *from)
}

// republishParts does the same for the parts of split models, where it is clear which belong together.
func (me *mender) republishParts(entries []layout.Entry, digests []string) error {
	type key struct{ count, tensors int64 }
	groups := map[key][]layout.Layer{}
	for _, d := range digests {
		if h, err := gguf.ReadFile(me.store().Blob(d)); err == nil {
			_, count := h.Split()
			tensors, _ := h.Int("split.tensors.count")
			k := key{int64(count), tensors}
			groups[k] = append(groups[k], layout.Layer{MediaType: layout.TypeModel, Digest: d, Size: h.Size})
		}
	}
	for k, weights := range groups {
		if int64(len(weights)) != k.count {
			continue
		}
		ordered := make([]layout.Layer, k.count)
		for _, w := range weights {
			if h, err := gguf.ReadFile(me.store().Blob(w.Digest)); err == nil {
				no, _ := h.Split()
				ordered[no] = w
			}
		}
		whole, err := me.store().Header(layout.Manifest{Layers: ordered})
		if err != nil {
			continue
		}
		if err := me.republish(entries, whole, ordered); err != nil {
			return err
		}
	}
	return nil
}

// orphan opens a blob that no manifest names, and reports whether it is a whole model, or a part of one.
func (me *mender) orphan(digest string) (header *gguf.File, bytes int64, ok bool) {
	header, err := gguf.ReadFile(me.store().Blob(digest))
	if err != nil || header.Role() != gguf.RoleModel && header.Role() != gguf.RoleAdapter {
		return nil, 0, false
	}
	return header, header.Size, me.orphanFile(layout.Layer{MediaType: layout.TypeModel, Digest: digest, Size: header.Size})
}

// orphanFile reports whether a blob is what its name says. A large one is taken at its name when its length is what its
// header says: Verify reads the rest.
func (me *mender) orphanFile(x layout.Layer) bool {
	path := me.store().Blob(x.Digest)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != x.Size {
		return false
	}
	if me.store().Proven(x.Digest) {
		return true
	}
	header, err := gguf.ReadFile(path)
	if err != nil && layout.HoldsTensors(x.MediaType) {
		return false
	}
	if header == nil || info.Size() <= quickRead || header.Size-header.DataOffset-header.DataSize >= header.Alignment {
		sum, err := layout.SumOf(context.Background(), path)
		return err == nil && "sha256:"+sum == strings.ToLower(x.Digest)
	}
	return true
}

// mendConfig writes the config of a model anew when it is lost or damaged.
func (me *mender) mendConfig(e layout.Entry) {
	if _, ok := me.store().ReadConfig(e.Manifest.Config); ok || e.Manifest.Config.Digest == "" {
		return
	}
	k, remembered := me.index.Of(e.Name.Ref())
	if remembered && layout.DigestOf(k.Config) == strings.ToLower(e.Manifest.Config.Digest) {
		if _, err := me.store().PutBlob(layout.TypeConfig, k.Config); err != nil {
			slog.Warn("config not mended", "ref", e.Name.Ref(), "error", err)
		}
		return
	}
	if !e.Name.Local() && e.Name.Namespace != layout.Adapters {
		return
	}
	weights := e.Manifest.Weights()
	if x, ok := e.Manifest.First(layout.TypeAdapter); ok && len(weights) == 0 {
		weights = []layout.Layer{x}
	}
	for _, w := range weights {
		if info, err := os.Stat(me.store().Blob(w.Digest)); err != nil || info.Size() != w.Size {
			return
		}
	}
	header, err := me.store().Header(layout.Manifest{Layers: weights})
	if len(weights) == 0 || err != nil {
		return
	}
	digest := strings.ToLower(weights[0].Digest)
	from := originFor(e.Name.Model, digest, header, Options{})
	if o := k.Origin(); remembered && o != nil {
		from = *o
	} else if digest == starterDigest {
		from = originFor(e.Name.Model, digest, header, StarterOptions(nil))
	}
	c, _ := configOf(header, digest)
	if err := me.publish(e.Name, c, e.Manifest.Layers, from); err != nil {
		slog.Warn("config not mended", "ref", e.Name.Ref(), "error", err)
	}
}

// dropManifests puts manifests away that can't be read, after their weights have been given new ones.
func (me *mender) dropManifests(entries []layout.Entry) error {
	for _, e := range entries {
		if e.Bad == nil || errors.Is(e.Bad, fs.ErrPermission) || fsys.IsBadDisk(e.Bad) {
			continue
		}
		info, err := os.Lstat(e.Path)
		if err == nil && info.IsDir() {
			err = layout.ClearFolder(e.Path)
		} else if err == nil {
			err = os.Remove(e.Path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		slog.Warn("unreadable manifest put away", "ref", e.Name.Ref(), "error", e.Bad)
	}
	return nil
}

const quickRead = 32 << 20 // as much as New reads of one blob without being noticed
