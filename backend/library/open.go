package library

import (
	"path/filepath"

	"weightroom/backend/library/layout"
)

// New opens the store in dir, creating it where there is none, and tidies what an earlier process left when no other
// one is at work. A folder that can't be written still opens, for reading.
func New(dir string) (*Library, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, layout.Explain(err)
	}
	l := &Library{home: dir, busy: make(chan struct{}, 1), partBytes: layout.PartBytes}
	l.dir.Store(&dir)
	if err := layout.MakeFolder(dir); err != nil {
		return nil, layout.Explain(err)
	}
	if free, ok := l.lock(dir); ok {
		l.finishMove()
		free()
	}
	l.index = layout.OpenIndex(filepath.Join(l.Dir(), layout.IndexName))
	if l.follow() != nil {
		return l, nil //nolint:nilerr // every call says so until its disk is back
	}
	for _, d := range []string{l.store().Blobs(), l.store().Manifests()} {
		if err := layout.MakeFolder(d); err != nil && !layout.Unwritable(err) {
			return nil, layout.Explain(err)
		}
	}
	l.index = layout.OpenIndex(filepath.Join(l.Dir(), layout.IndexName))
	if free, ok := l.tryChange(); ok {
		l.tidy()
		free()
	}
	return l, nil
}
