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

	"weightroom/backend/library/layout"
)

// The engine's folders of links to split models (Ollama v0.34.4, llm/model_split.go), which it deletes itself when it
// starts an hour later or more.
const (
	splitPrefix = ".ollama-split-"
	splitAge    = time.Hour
)

// keeper takes out of the library what nobody wants, or can use, any more, and renames what stays.
type keeper struct {
	*publisher
	mender *mender
}

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
func (k *keeper) Tidy(ctx context.Context) (freed int64, err error) {
	free, err := k.change(ctx)
	if err != nil {
		return 0, layout.Explain(err)
	}
	defer free()
	freed = k.tidy()
	return freed + k.tidyBlobs(ctx, math.MaxInt64), layout.Explain(ctx.Err())
}

// tidy is Tidy for a caller that holds the right to change the store. What fails is left for the next time.
func (k *keeper) tidy() (freed int64) {
	k.finishArrivals() // before the temporary files, which they may still need
	freed = k.tidyTemporary()
	journals, _ := filepath.Glob(filepath.Join(layout.Escape(k.Dir()), layout.RemovePrefix+"*"))
	for _, j := range journals {
		n, err := k.finishRemoval(j)
		freed += n
		if err != nil { // mending now would bring the model back
			slog.Warn("removal not finished", "error", err)
			return freed
		}
	}
	if err := k.mender.mend(); err != nil {
		slog.Warn("library not mended", "error", err)
	}
	k.tidyAside()
	return freed + k.tidyBlobs(context.Background(), layout.MaxSmall)
}

// tidyAside deletes what is kept beside blobs that are gone: their sums, and the folders of links that the engine makes
// to load split models and a crash of it leaves, each of which would hold on to the space of its files.
func (k *keeper) tidyAside() {
	items, _ := os.ReadDir(filepath.Join(k.Dir(), layout.SumsFolder))
	for _, it := range items {
		sum, ok := strings.CutPrefix(strings.TrimSuffix(it.Name(), ".json"), "sha256-")
		if !ok || !layout.IsSHA256(sum) {
			continue
		}
		if _, err := os.Lstat(k.store().Blob("sha256:" + sum)); errors.Is(err, fs.ErrNotExist) || it.IsDir() {
			_ = os.RemoveAll(filepath.Join(k.Dir(), layout.SumsFolder, it.Name()))
		}
	}
	items, _ = os.ReadDir(k.store().Blobs())
	for _, it := range items {
		info, err := it.Info()
		if err == nil && it.IsDir() && strings.HasPrefix(it.Name(), splitPrefix) && time.Since(info.ModTime()) > splitAge {
			_ = os.RemoveAll(filepath.Join(k.store().Blobs(), it.Name()))
		}
	}
}

// tidyTemporary deletes temporary files whose import is over: nobody holds their lock.
func (d *folder) tidyTemporary() (freed int64) {
	drop := func(path string, it fs.DirEntry) {
		link := it.Type()&fs.ModeSymlink != 0 // of a model of another app that was to be adopted
		if !strings.HasPrefix(it.Name(), layout.ImportPrefix) || !it.Type().IsRegular() && !link {
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
	for _, dir := range []string{d.Dir(), d.store().Blobs(), filepath.Join(d.Dir(), layout.SumsFolder)} {
		items, _ := os.ReadDir(dir)
		for _, it := range items {
			drop(filepath.Join(dir, it.Name()), it)
		}
	}
	// The manifests' folder is ours alone and small.
	_ = filepath.WalkDir(d.store().Manifests(), func(path string, it fs.DirEntry, err error) error {
		if err == nil {
			drop(path, it)
		}
		return nil
	})
	return freed
}

// tidyBlobs deletes blobs of at most most bytes that no manifest names and that are either configs of ours or not
// what their name says, so that nothing can ever use them.
func (k *keeper) tidyBlobs(ctx context.Context, most int64) (freed int64) {
	used, _, err := k.used()
	if err != nil {
		return 0
	}
	items, _ := os.ReadDir(k.store().Blobs())
	for _, it := range items {
		sum, ok := strings.CutPrefix(it.Name(), "sha256-")
		path := filepath.Join(k.store().Blobs(), it.Name())
		if !ok || !layout.IsSHA256(sum) || used["sha256:"+sum] || ctx.Err() != nil {
			continue
		}
		if it.IsDir() {
			if err := layout.ClearFolder(path); err != nil {
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
		c, readable := k.store().ReadConfig(layout.Layer{Digest: "sha256:" + sum})
		if readable && c.Ours == nil {
			continue
		}
		if !readable {
			if got, err := layout.SumOf(ctx, path); err != nil || got == sum {
				continue
			}
		}
		if os.Remove(path) == nil {
			freed += info.Size()
		}
	}
	return freed
}
