package library

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

// finishRemoval deletes the blobs that a manifest set aside by remove named, unless another one names them too.
func (l *Library) finishRemoval(journal string) (freed int64, err error) {
	m, _, bad := layout.ReadManifest(journal)
	if bad == nil {
		if freed, err = l.dropUnused(m.All()); err != nil {
			return freed, err
		}
	}
	if err := l.store().At("remove journal"); err != nil {
		return freed, err
	}
	if err := layout.ClearAway(journal); err != nil {
		return freed, err
	}
	l.index.Write(l.store())
	return freed, fsys.SyncDir(l.Dir())
}

// dropUnused deletes those of layers that no manifest names.
func (l *Library) dropUnused(layers []layout.Layer) (freed int64, err error) {
	used, _, err := l.used()
	if err != nil {
		return 0, err
	}
	for _, x := range layers {
		digest := strings.ToLower(x.Digest)
		path := l.store().Blob(digest)
		if path == "" || used[digest] {
			continue
		}
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = l.store().At("remove blob")
		}
		if err == nil && info.IsDir() { // put there by a hand; what is in it stays
			if err = layout.ClearFolder(path); err == nil {
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
		l.index.Forget(digest)
		_ = os.Remove(l.store().SumsPath(digest))
		_ = os.Remove(l.store().MetadataPath(digest))
	}
	return freed, fsys.SyncDir(l.store().Blobs())
}

// undo deletes what a change that failed has written. What can't be deleted now is left to Tidy.
func (l *Library) undo(layers ...layout.Layer) {
	if _, err := l.dropUnused(layers); err != nil {
		slog.Warn("files of a failed import not deleted", "error", err)
	}
}
