package library

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// importer copies files of a person, and what Export wrote, into the library.
type importer struct {
	*folder
	publisher *publisher
	stager    *stager
}

// Import puts a GGUF file into the library and returns the model it became. The file itself is not changed. Any part of
// a model that is split stands for all of them, which have to lie beside it; a LoRA adapter is kept among the Adapters;
// a folder that Export wrote is imported as what it was exported from. Its header is checked before the first byte is
// copied and once more on the copy; the model appears whole or, when anything fails or ctx ends, not at all. A file whose content is already in the library is that model, whatever
// the options say, and mends its blob should that be damaged. Progress is called from this goroutine, with done
// rising to total.
func (im *importer) Import(ctx context.Context, path string, o Options) (backend.Model, error) {
	m, err := im.importFile(ctx, path, o)
	if err != nil {
		return backend.Model{}, layout.Explain(err)
	}
	slog.Info("model imported", "ref", m.Ref, "bytes", m.Bytes, "source", m.Source)
	return m, nil
}

func (im *importer) importFile(ctx context.Context, path string, o Options) (backend.Model, error) {
	for _, dir := range []string{path, filepath.Dir(path)} {
		if base := filepath.Base(path); (dir == path || base == bundleList || base == bundleSums) && isBundle(dir) {
			return im.importBundle(ctx, dir, o)
		}
	}
	src, info, err := openSource(path)
	if err != nil {
		return backend.Model{}, err
	}
	defer func() { _ = src.Close() }()
	header, err := gguf.Read(src, info.Size())
	if err != nil {
		return backend.Model{}, err
	}
	if bad := gguf.CheckHeader(header); bad != nil {
		return backend.Model{}, bad
	}
	if _, count := header.Split(); count > 1 || o.Projector != "" || header.Role() == gguf.RoleAdapter {
		return im.importSet(ctx, path, header, o)
	}
	if err := layout.CheckModel(header); err != nil {
		return backend.Model{}, err
	}
	if err := ctx.Err(); err != nil {
		return backend.Model{}, err
	}
	s, err := im.stager.stage(ctx, src, info, o)
	if err != nil {
		return backend.Model{}, err
	}
	defer s.discard()
	if o.SHA256 != "" && !strings.EqualFold(o.SHA256, s.sum) {
		return backend.Model{}, backend.Fail(backend.CodeDamaged, fmt.Errorf("sha256 is %s", s.sum),
			"This is not the file it should be: its checksum is different.", "Download it again; it was damaged or changed on the way.")
	}
	// What the engine will open is the copy, so the copy is what has to be right.
	if header, err = gguf.Read(s.file, s.size); err != nil {
		return backend.Model{}, err
	}
	if err := layout.CheckModel(header); err != nil {
		return backend.Model{}, err
	}
	return im.commit(ctx, path, header, s, o)
}

// commit gives a staged copy its name, its config and, last, its manifest.
func (im *importer) commit(ctx context.Context, source string, header *gguf.File, s *staged, o Options) (backend.Model, error) {
	entries, free, err := im.changeEntries(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	digest := "sha256:" + s.sum
	for _, e := range entries {
		if w := e.Manifest.Weights(); e.Bad == nil && len(w) == 1 && !e.Manifest.Has(layout.TypeAdapter) && strings.EqualFold(w[0].Digest, digest) {
			err := im.stager.placeBlob(s, digest)
			if err == nil && w[0].Size != s.size { // the manifest was the damaged one
				err = im.publisher.resize(e, digest, s.size)
			}
			if err != nil {
				return backend.Model{}, err
			}
			im.store().Note(digest, s.parts)
			return im.publisher.published(e)
		}
	}
	n, err := nameFor(entries, source, digest, header, o)
	if err != nil {
		return backend.Model{}, err
	}
	from := originFor(source, digest, header, o)
	from.Files = map[string]layout.FileOrigin{digest: originalOf(source, s)}
	weights := []layout.Layer{{MediaType: layout.TypeModel, Digest: digest, Size: s.size}}
	if err := im.publisher.announce(n, weights, from); err != nil {
		return backend.Model{}, err
	}
	_, missing := os.Lstat(im.store().Blob(digest))
	if err = im.stager.placeBlob(s, digest); err == nil {
		err = im.publisher.publishModel(n, header, weights, from)
	}
	if err != nil {
		if missing != nil { // what was there before stays
			im.publisher.undo(layout.Layer{Digest: digest})
		}
		im.publisher.withdraw(n, digest)
		return backend.Model{}, err
	}
	im.store().Note(digest, s.parts)
	return im.publisher.published(layout.Entry{Name: n, Path: im.store().ManifestPath(n)})
}
