package library

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weightroom/backend/gguf"

	"weightroom/backend/fsys"
)

// The engine's folders of links to split models (Ollama v0.34.4, llm/model_split.go), which it deletes itself when it
// starts an hour later or more.
const (
	splitPrefix = ".ollama-split-"
	splitAge    = time.Hour
)

const quickRead = 32 << 20 // as much as New reads of one blob without being noticed

// Tidy mends what a process that ended half way, or a damaged file, left behind, and returns the bytes it freed:
//   - temporary files that no running import holds are deleted;
//   - an arrival or a removal that had begun is finished;
//   - a model whose manifest or config is lost gets it back as the index remembers it, or a new one, since its weights
//     say nearly everything;
//   - links to other apps' files that no model uses are deleted, and so is what was kept beside blobs that are gone;
//   - manifests and blobs that mean nothing any more are deleted: those that can't be read, and those that are not
//     what their name says and that no model uses.
//
// It reads such blobs whole, which New leaves out for large ones. Weights that are sound are never deleted, nor is
// anything that the layout does not own.
func (l *Library) Tidy(ctx context.Context) (freed int64, err error) {
	free, err := l.change(ctx)
	if err != nil {
		return 0, explain(err)
	}
	defer free()
	freed = l.tidy()
	return freed + l.tidyBlobs(ctx, math.MaxInt64), explain(ctx.Err())
}

// tidy is Tidy for a caller that holds the right to change the store. What fails is left for the next time.
func (l *Library) tidy() (freed int64) {
	l.finishArrivals() // before the temporary files, which they may still need
	freed = l.tidyTemporary()
	journals, _ := filepath.Glob(filepath.Join(escape(l.Dir()), removePrefix+"*"))
	for _, j := range journals {
		n, err := l.finishRemoval(j)
		freed += n
		if err != nil { // mending now would bring the model back
			slog.Warn("removal not finished", "error", err)
			return freed
		}
	}
	if err := l.mend(); err != nil {
		slog.Warn("library not mended", "error", err)
	}
	l.tidyAside()
	return freed + l.tidyBlobs(context.Background(), maxSmall)
}

// tidyAside deletes what is kept beside blobs that are gone: their sums, and the folders of links that the engine makes
// to load split models and a crash of it leaves, each of which would hold on to the space of its files.
func (l *Library) tidyAside() {
	items, _ := os.ReadDir(filepath.Join(l.Dir(), sumsFolder))
	for _, it := range items {
		sum, ok := strings.CutPrefix(strings.TrimSuffix(it.Name(), ".json"), "sha256-")
		if !ok || !isSHA256(sum) {
			continue
		}
		if _, err := os.Lstat(l.blob("sha256:" + sum)); errors.Is(err, fs.ErrNotExist) || it.IsDir() {
			_ = os.RemoveAll(filepath.Join(l.Dir(), sumsFolder, it.Name()))
		}
	}
	items, _ = os.ReadDir(l.blobs())
	for _, it := range items {
		info, err := it.Info()
		if err == nil && it.IsDir() && strings.HasPrefix(it.Name(), splitPrefix) && time.Since(info.ModTime()) > splitAge {
			_ = os.RemoveAll(filepath.Join(l.blobs(), it.Name()))
		}
	}
}

// escape keeps a folder's own name from being read as a pattern.
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// tidyTemporary deletes temporary files whose import is over: nobody holds their lock.
func (l *Library) tidyTemporary() (freed int64) {
	drop := func(path string, it fs.DirEntry) {
		link := it.Type()&fs.ModeSymlink != 0 // of a model of another app that was to be adopted
		if !strings.HasPrefix(it.Name(), importPrefix) || !it.Type().IsRegular() && !link {
			return
		}
		f, err := os.Open(path)
		if err != nil {
			if link {
				_ = os.Remove(path)
			}
			return
		}
		idle := tryLock(f)
		info, err := f.Stat()
		_ = f.Close()
		if idle && err == nil && os.Remove(path) == nil && !link {
			freed += info.Size()
		}
	}
	for _, dir := range []string{l.Dir(), l.blobs(), filepath.Join(l.Dir(), sumsFolder)} {
		items, _ := os.ReadDir(dir)
		for _, it := range items {
			drop(filepath.Join(dir, it.Name()), it)
		}
	}
	// The manifests' folder is ours alone and small.
	_ = filepath.WalkDir(l.manifests(), func(path string, it fs.DirEntry, err error) error {
		if err == nil {
			drop(path, it)
		}
		return nil
	})
	return freed
}

// mend gives weights that no manifest names a manifest, and manifests whose config is lost a config.
func (l *Library) mend() error {
	used, entries, err := l.used()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.bad == nil {
			l.mendConfig(e)
		}
	}
	items, err := os.ReadDir(l.blobs())
	if err != nil {
		return err
	}
	var parts []string
	for _, it := range items {
		sum, ok := strings.CutPrefix(it.Name(), "sha256-")
		digest := "sha256:" + sum
		if !ok || !isSHA256(sum) || it.IsDir() || used[digest] {
			continue
		}
		part, err := l.republishOrphan(entries, digest)
		if err != nil {
			return err
		}
		if part {
			parts = append(parts, digest)
		}
		if used, entries, err = l.used(); err != nil {
			return err
		}
	}
	if err := l.republishParts(entries, parts); err != nil {
		return err
	}
	if entries, err = l.entries(); err != nil {
		return err
	}
	return l.dropManifests(entries)
}

// republishOrphan publishes weights that lost their manifest: as they were, where all that the manifest named is still there,
// else as what their header says. A blob that is not a whole model is left alone; part tells one of a split model.
func (l *Library) republishOrphan(entries []entry, digest string) (part bool, err error) {
	for _, k := range l.cache.named(digest) {
		if done, err := l.restore(entries, k); done || err != nil {
			return false, err
		}
	}
	header, bytes, ok := l.orphan(digest)
	if !ok {
		return false, nil
	}
	if header.Role() == gguf.RoleAdapter {
		n, err := l.nameOf(entries, header, nil, Incoming{})
		if err != nil {
			return false, err
		}
		c, _ := configFor(header, digest)
		return false, l.publish(n, c, []layer{{typeAdapter, digest, bytes}}, originFor("", digest, header, Options{}))
	}
	if _, count := header.Split(); count > 1 {
		return true, nil
	}
	return false, l.republish(entries, header, []layer{{typeModel, digest, bytes}})
}

// restore writes back a manifest that is remembered, if every file it names is there.
func (l *Library) restore(entries []entry, k remembered) (done bool, err error) {
	n := k.Name.name()
	if slices.ContainsFunc(entries, func(e entry) bool { return e.bad == nil && e.name.same(n) }) || k.Manifest.Config.Digest == "" {
		return false, nil
	}
	for _, x := range k.Manifest.Layers {
		if !l.orphanFile(x) {
			return false, nil
		}
	}
	if digestOf(k.Config) != strings.ToLower(k.Manifest.Config.Digest) {
		return false, nil
	}
	if _, err := l.putBlob(typeConfig, k.Config); err != nil {
		return false, err
	}
	data, err := json.Marshal(k.Manifest)
	if err != nil {
		return false, err
	}
	slog.Info("model restored", "ref", n.ref())
	return true, l.writeFile(l.manifestPath(n), data)
}

// republish makes a model of weights with what their header says, and what is remembered.
func (l *Library) republish(entries []entry, header *gguf.File, weights []layer) error {
	digest := weights[0].Digest
	o := Options{Source: SourceImport}
	var from *origin
	for _, k := range l.cache.named(digest) {
		o.Ref, from = k.Name.name().ref(), k.origin()
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
	n, err := l.nameFor(entries, header.Name(), digest, header, o)
	if err != nil { // the index remembered something that is no name
		o.Ref, o.Name = "", ""
		if n, err = l.nameFor(entries, header.Name(), digest, header, o); err != nil {
			return err
		}
	}
	if from == nil {
		made := originFor(header.Name(), digest, header, o)
		from = &made
	}
	slog.Info("model found again", "ref", n.ref())
	return l.publishModel(n, header, weights, *from)
}

// republishParts does the same for the parts of split models, where it is clear which belong together.
func (l *Library) republishParts(entries []entry, digests []string) error {
	type key struct{ count, tensors int64 }
	groups := map[key][]layer{}
	for _, d := range digests {
		if h, err := gguf.ReadFile(l.blob(d)); err == nil {
			_, count := h.Split()
			tensors, _ := h.Int("split.tensors.count")
			k := key{int64(count), tensors}
			groups[k] = append(groups[k], layer{typeModel, d, h.Size})
		}
	}
	for k, weights := range groups {
		if int64(len(weights)) != k.count {
			continue
		}
		ordered := make([]layer, k.count)
		for _, w := range weights {
			if h, err := gguf.ReadFile(l.blob(w.Digest)); err == nil {
				no, _ := h.Split()
				ordered[no] = w
			}
		}
		whole, err := l.header(manifest{Layers: ordered})
		if err != nil {
			continue
		}
		if err := l.republish(entries, whole, ordered); err != nil {
			return err
		}
	}
	return nil
}

// orphan opens a blob that no manifest names, and reports whether it is a whole model, or a part of one.
func (l *Library) orphan(digest string) (header *gguf.File, bytes int64, ok bool) {
	header, err := gguf.ReadFile(l.blob(digest))
	if err != nil || header.Role() != gguf.RoleModel && header.Role() != gguf.RoleAdapter {
		return nil, 0, false
	}
	return header, header.Size, l.orphanFile(layer{typeModel, digest, header.Size})
}

// orphanFile reports whether a blob is what its name says. A large one is taken at its name when its length is what its
// header says: Verify reads the rest.
func (l *Library) orphanFile(x layer) bool {
	path := l.blob(x.Digest)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != x.Size {
		return false
	}
	if l.proven(x.Digest) {
		return true
	}
	header, err := gguf.ReadFile(path)
	if err != nil && holdsTensors(x.MediaType) {
		return false
	}
	if header == nil || info.Size() <= quickRead || header.Size-header.DataOffset-header.DataSize >= header.Alignment {
		sum, err := sumOf(context.Background(), path)
		return err == nil && "sha256:"+sum == strings.ToLower(x.Digest)
	}
	return true
}

// mendConfig writes the config of a model anew when it is lost or damaged.
func (l *Library) mendConfig(e entry) {
	if _, ok := l.readConfig(e.manifest.Config); ok || e.manifest.Config.Digest == "" {
		return
	}
	k, remembered := l.cache.of(e.name.ref())
	if remembered && digestOf(k.Config) == strings.ToLower(e.manifest.Config.Digest) {
		if _, err := l.putBlob(typeConfig, k.Config); err != nil {
			slog.Warn("config not mended", "ref", e.name.ref(), "error", err)
		}
		return
	}
	if !e.name.local() && e.name.namespace != adapterNamespace {
		return
	}
	weights := e.manifest.weights()
	if x, ok := e.manifest.first(typeAdapter); ok && len(weights) == 0 {
		weights = []layer{x}
	}
	for _, w := range weights {
		if info, err := os.Stat(l.blob(w.Digest)); err != nil || info.Size() != w.Size {
			return
		}
	}
	header, err := l.header(manifest{Layers: weights})
	if len(weights) == 0 || err != nil {
		return
	}
	digest := strings.ToLower(weights[0].Digest)
	from := originFor(e.name.model, digest, header, Options{})
	if o := k.origin(); remembered && o != nil {
		from = *o
	} else if digest == starterDigest {
		from = originFor(e.name.model, digest, header, StarterOptions(nil))
	}
	c, _ := configFor(header, digest)
	if err := l.publish(e.name, c, e.manifest.Layers, from); err != nil {
		slog.Warn("config not mended", "ref", e.name.ref(), "error", err)
	}
}

// dropManifests puts manifests away that can't be read, after their weights have been given new ones.
func (l *Library) dropManifests(entries []entry) error {
	for _, e := range entries {
		if e.bad == nil || errors.Is(e.bad, fs.ErrPermission) || fsys.IsBadDisk(e.bad) {
			continue
		}
		info, err := os.Lstat(e.path)
		if err == nil && info.IsDir() {
			err = clearFolder(e.path)
		} else if err == nil {
			err = os.Remove(e.path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		slog.Warn("unreadable manifest put away", "ref", e.name.ref(), "error", e.bad)
	}
	return nil
}

// tidyBlobs deletes blobs of at most most bytes that no manifest names and that are either configs of ours or not
// what their name says, so that nothing can ever use them.
func (l *Library) tidyBlobs(ctx context.Context, most int64) (freed int64) {
	used, _, err := l.used()
	if err != nil {
		return 0
	}
	items, _ := os.ReadDir(l.blobs())
	for _, it := range items {
		sum, ok := strings.CutPrefix(it.Name(), "sha256-")
		path := filepath.Join(l.blobs(), it.Name())
		if !ok || !isSHA256(sum) || used["sha256:"+sum] || ctx.Err() != nil {
			continue
		}
		if it.IsDir() {
			if err := clearFolder(path); err != nil {
				slog.Warn("folder in the place of a blob not moved", "error", err)
			}
			continue
		}
		if it.Type()&fs.ModeSymlink != 0 {
			_ = os.Remove(path) // of another app's model that is not in the library: the model stays where it is
			continue
		}
		info, err := it.Info()
		if err != nil || info.Size() > most || !it.Type().IsRegular() {
			continue
		}
		c, readable := l.readConfig(layer{Digest: "sha256:" + sum})
		if readable && c.Ours == nil {
			continue
		}
		if !readable {
			if got, err := sumOf(ctx, path); err != nil || got == sum {
				continue
			}
		}
		if os.Remove(path) == nil {
			freed += info.Size()
		}
	}
	return freed
}
