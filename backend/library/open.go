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
	if err := layout.MakeFolder(dir); err != nil {
		return nil, layout.Explain(err)
	}
	folder := newFolder(dir)
	mover := &mover{folder: folder}
	if free, ok := lockFolder(dir); ok {
		mover.finishMove()
		free()
	}
	away := folder.follow() != nil
	l := compose(folder, mover)
	if away {
		return l, nil //nolint:nilerr // every call says so until its disk is back
	}
	for _, d := range []string{l.store().Blobs(), l.store().Manifests()} {
		if err := layout.MakeFolder(d); err != nil && !layout.Unwritable(err) {
			return nil, layout.Explain(err)
		}
	}
	if free, ok := l.tryChange(); ok {
		l.tidy()
		free()
	}
	return l, nil
}

// compose makes the parts of a library, lowest first.
func compose(folder *folder, mover *mover) *Library {
	catalogue := &catalogue{folder: folder, index: layout.OpenIndex(filepath.Join(folder.Dir(), layout.IndexName))}
	stager := &stager{folder}
	verifier := &verifier{catalogue}
	publisher := &publisher{catalogue}
	return &Library{
		folder:    folder,
		catalogue: catalogue,
		inspector: &inspector{catalogue},
		importer:  &importer{folder, publisher, stager},
		acceptor:  &acceptor{folder, publisher, stager},
		adopter:   &adopter{folder, publisher, stager, verifier},
		attacher:  &attacher{folder, catalogue, publisher, stager},
		verifier:  verifier,
		repairer:  &repairer{folder, verifier, stager},
		exporter:  &exporter{catalogue},
		keeper:    &keeper{publisher, &mender{publisher}},
		mover:     mover,
	}
}
