package library

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// Remove takes a model out of the library, and returns the bytes that this freed: those of its files that no other
// model uses. A model that is damaged, and so not in the list, can be removed by its full reference. A process that
// ends half way is made good by the next New or Tidy.
func (l *Library) Remove(ctx context.Context, ref string) (freed int64, err error) {
	freed, err = l.remove(ctx, ref)
	if err != nil {
		return freed, explain(err)
	}
	slog.Info("model removed", "ref", ref, "freed_bytes", freed)
	return freed, nil
}

func (l *Library) remove(ctx context.Context, ref string) (int64, error) {
	target, err := l.locate(ctx, ref)
	if err != nil {
		return 0, err
	}
	free, err := l.change(ctx)
	if err != nil {
		return 0, err
	}
	defer free()
	// A manifest that can't be read might name the same blobs, so it is mended or dropped before any blob goes.
	if err := l.mend(); err != nil {
		return 0, err
	}
	journal := filepath.Join(l.Dir(), removePrefix+rand.Text())
	if err := l.at("remove manifest"); err != nil {
		return 0, err
	}
	if err := os.Rename(target.path, journal); err != nil {
		return 0, err
	}
	if err := l.at("sync after manifest"); err != nil {
		return 0, err
	}
	if err := errors.Join(fsys.SyncDir(filepath.Dir(target.path)), fsys.SyncDir(l.Dir())); err != nil {
		return 0, err
	}
	l.cache.forgetModel(target.name.ref())
	for dir := filepath.Dir(target.path); dir != l.manifests() && os.Remove(dir) == nil; {
		dir = filepath.Dir(dir)
	}
	return l.finishRemoval(journal)
}

// locate finds the manifest a reference stands for, sound or not.
func (l *Library) locate(ctx context.Context, ref string) (entry, error) {
	m, err := l.Model(ctx, ref)
	entries, errEntries := l.entries()
	if errEntries != nil {
		return entry{}, errEntries
	}
	for _, e := range entries {
		if err == nil && e.name.ref() == m.Ref || err != nil && strings.EqualFold(e.name.ref(), strings.TrimSpace(ref)) {
			return e, nil
		}
	}
	if err == nil {
		err = backend.Fail(backend.CodeNotFound, nil, "There is no model "+quoted(ref)+" in the library.", "It may just have been removed.")
	}
	return entry{}, err
}

// finishRemoval deletes the blobs that a manifest set aside by remove named, unless another one names them too.
func (l *Library) finishRemoval(journal string) (freed int64, err error) {
	m, _, bad := readManifest(journal)
	if bad == nil {
		if freed, err = l.dropUnused(m.all()); err != nil {
			return freed, err
		}
	}
	if err := l.at("remove journal"); err != nil {
		return freed, err
	}
	if err := clearAway(journal); err != nil {
		return freed, err
	}
	l.cache.write(l)
	return freed, fsys.SyncDir(l.Dir())
}

// dropUnused deletes those of layers that no manifest names.
func (l *Library) dropUnused(layers []layer) (freed int64, err error) {
	used, _, err := l.used()
	if err != nil {
		return 0, err
	}
	for _, x := range layers {
		digest := strings.ToLower(x.Digest)
		path := l.blob(digest)
		if path == "" || used[digest] {
			continue
		}
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = l.at("remove blob")
		}
		if err == nil && info.IsDir() { // put there by a hand; what is in it stays
			if err = clearFolder(path); err == nil {
				continue
			}
		}
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			return freed, err
		}
		freed += ownBytes(info)
		l.cache.forget(digest)
		_ = os.Remove(l.sumsPath(digest))
		_ = os.Remove(l.metadataPath(digest))
	}
	return freed, fsys.SyncDir(l.blobs())
}

// used returns the digests that manifests name.
func (l *Library) used() (digests map[string]bool, entries []entry, err error) {
	if entries, err = l.entries(); err != nil {
		return nil, nil, err
	}
	digests = map[string]bool{}
	for _, e := range entries {
		if e.bad != nil {
			continue
		}
		for _, x := range e.manifest.all() {
			digests[strings.ToLower(x.Digest)] = true
		}
	}
	return digests, entries, nil
}
