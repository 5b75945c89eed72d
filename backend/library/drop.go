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
func (pub *publisher) finishRemoval(journal string) (freed int64, err error) {
	m, _, bad := layout.ReadManifest(journal)
	if bad == nil {
		if freed, err = pub.dropUnused(m.All()); err != nil {
			return freed, err
		}
	}
	if err := pub.store().At("remove journal"); err != nil {
		return freed, err
	}
	if err := layout.ClearAway(journal); err != nil {
		return freed, err
	}
	pub.index.Write(pub.store())
	return freed, fsys.SyncDir(pub.Dir())
}

// dropUnused deletes those of layers that no manifest names.
func (pub *publisher) dropUnused(layers []layout.Layer) (freed int64, err error) {
	used, _, err := pub.used()
	if err != nil {
		return 0, err
	}
	for _, x := range layers {
		digest := strings.ToLower(x.Digest)
		path := pub.store().Blob(digest)
		if path == "" || used[digest] {
			continue
		}
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = pub.store().At("remove blob")
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
		pub.index.Forget(digest)
		_ = os.Remove(pub.store().SumsPath(digest))
		_ = os.Remove(pub.store().MetadataPath(digest))
	}
	return freed, fsys.SyncDir(pub.store().Blobs())
}

// undo deletes what a change that failed has written. What can't be deleted now is left to Tidy.
func (pub *publisher) undo(layers ...layout.Layer) {
	if _, err := pub.dropUnused(layers); err != nil {
		slog.Warn("files of a failed import not deleted", "error", err)
	}
}
