package library

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weightroom/backend/gguf"
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
//   - a removal that had begun is finished;
//   - a model whose manifest or config is lost gets a new one, since its weights say nearly everything;
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
	journals, _ := filepath.Glob(filepath.Join(escape(l.dir), removePrefix+"*"))
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
	items, _ := os.ReadDir(filepath.Join(l.dir, sumsFolder))
	for _, it := range items {
		sum, ok := strings.CutPrefix(strings.TrimSuffix(it.Name(), ".json"), "sha256-")
		if !ok || !isSHA256(sum) {
			continue
		}
		if _, err := os.Lstat(l.blob("sha256:" + sum)); errors.Is(err, fs.ErrNotExist) || it.IsDir() {
			_ = os.RemoveAll(filepath.Join(l.dir, sumsFolder, it.Name()))
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
		if !strings.HasPrefix(it.Name(), importPrefix) || !it.Type().IsRegular() {
			return
		}
		f, err := os.Open(path)
		if err != nil {
			return
		}
		idle := tryLock(f, false)
		info, err := f.Stat()
		_ = f.Close()
		if idle && err == nil && os.Remove(path) == nil {
			freed += info.Size()
		}
	}
	for _, dir := range []string{l.dir, l.blobs(), filepath.Join(l.dir, sumsFolder)} {
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
		if e.bad == nil && e.name.local() {
			l.mendConfig(e)
		}
	}
	items, err := os.ReadDir(l.blobs())
	if err != nil {
		return err
	}
	for _, it := range items {
		sum, ok := strings.CutPrefix(it.Name(), "sha256-")
		if !ok || !isSHA256(sum) || !it.Type().IsRegular() || used["sha256:"+sum] {
			continue
		}
		if err := l.adopt(entries, "sha256:"+sum); err != nil {
			return err
		}
		if entries, err = l.entries(); err != nil {
			return err
		}
	}
	return l.dropManifests(entries)
}

// adopt publishes weights that lost their manifest. A blob that is not a whole model is left alone.
func (l *Library) adopt(entries []entry, digest string) error {
	header, bytes, ok := l.orphan(digest)
	if !ok {
		return nil
	}
	o := Options{Ref: l.cache.ref(digest), Source: SourceImport}
	if known := l.cache.origin(digest); known != nil {
		o.Name, o.Source, o.Licence = known.Name, known.Source, known.Licence
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
	from := originFor(header.Name(), digest, header, o)
	if known := l.cache.origin(digest); known != nil {
		from = *known
	}
	slog.Info("model found again", "ref", n.ref())
	return l.publishModel(n, header, layer{typeModel, digest, bytes}, from)
}

// orphan opens a blob that no manifest names, and reports whether it is a whole model.
func (l *Library) orphan(digest string) (header *gguf.File, bytes int64, ok bool) {
	path := l.blob(digest)
	header, err := readHeader(path)
	if err != nil || suits(header) != nil {
		return nil, 0, false
	}
	// Large weights are taken at their name when their length is what the header says: Verify reads the rest.
	if over := header.Size - header.DataOffset - header.DataSize; over >= header.Alignment || header.Size <= quickRead {
		if sum, err := sumOf(context.Background(), path); err != nil || "sha256:"+sum != digest {
			return nil, 0, false
		}
	}
	return header, header.Size, true
}

// mendConfig writes the config of a model anew when it is lost or damaged.
func (l *Library) mendConfig(e entry) {
	if _, ok := l.readConfig(e.manifest.Config); ok {
		return
	}
	weights := e.manifest.weights()
	if len(weights) == 0 {
		return
	}
	info, err := os.Stat(l.blob(weights[0].Digest))
	if err != nil || info.Size() != weights[0].Size {
		return
	}
	header, err := readHeader(l.blob(weights[0].Digest))
	if err != nil {
		return
	}
	digest := strings.ToLower(weights[0].Digest)
	from := originFor(e.name.model, digest, header, Options{})
	if known := l.cache.origin(digest); known != nil {
		from = *known
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
		if e.bad == nil || errors.Is(e.bad, fs.ErrPermission) || isBadDisk(e.bad) {
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
