package library

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

// Remove takes a model out of the library, and returns the bytes that this freed: those of its files that no other
// model uses. A model that is damaged, and so not in the list, can be removed by its full reference. A process that
// ends half way is made good by the next New or Tidy.
func (k *keeper) Remove(ctx context.Context, ref string) (freed int64, err error) {
	freed, err = k.remove(ctx, ref)
	if err != nil {
		return freed, layout.Explain(err)
	}
	slog.Info("model removed", "ref", ref, "freed_bytes", freed)
	return freed, nil
}

func (k *keeper) remove(ctx context.Context, ref string) (int64, error) {
	target, err := k.locate(ctx, ref)
	if err != nil {
		return 0, err
	}
	free, err := k.change(ctx)
	if err != nil {
		return 0, err
	}
	defer free()
	// A manifest that can't be read might name the same blobs, so it is mended or dropped before any blob goes.
	if err := k.mender.mend(); err != nil {
		return 0, err
	}
	journal := filepath.Join(k.Dir(), layout.RemovePrefix+rand.Text())
	if err := k.store().At("remove manifest"); err != nil {
		return 0, err
	}
	if err := os.Rename(target.Path, journal); err != nil {
		return 0, err
	}
	if err := k.store().At("sync after manifest"); err != nil {
		return 0, err
	}
	if err := errors.Join(fsys.SyncDir(filepath.Dir(target.Path)), fsys.SyncDir(k.Dir())); err != nil {
		return 0, err
	}
	k.index.ForgetModel(target.Name.Ref())
	for dir := filepath.Dir(target.Path); dir != k.store().Manifests() && os.Remove(dir) == nil; {
		dir = filepath.Dir(dir)
	}
	return k.finishRemoval(journal)
}
