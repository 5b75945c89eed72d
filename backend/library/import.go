package library

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// Import puts a GGUF file into the library and returns the model it became. The file itself is not changed. Any part of
// a model that is split stands for all of them, which have to lie beside it; a LoRA adapter is kept among the Adapters;
// a folder that Export wrote is imported as what it was exported from. Its header is checked before the first byte is
// copied and once more on the copy; the model appears whole or, when anything fails or ctx ends, not at all. A file whose content is already in the library is that model, whatever
// the options say, and mends its blob should that be damaged. Progress is called from this goroutine, with done
// rising to total.
func (l *Library) Import(ctx context.Context, path string, o Options) (backend.Model, error) {
	m, err := l.importFile(ctx, path, o)
	if err != nil {
		return backend.Model{}, layout.Explain(err)
	}
	slog.Info("model imported", "ref", m.Ref, "bytes", m.Bytes, "source", m.Source)
	return m, nil
}

func (l *Library) importFile(ctx context.Context, path string, o Options) (backend.Model, error) {
	for _, dir := range []string{path, filepath.Dir(path)} {
		if base := filepath.Base(path); (dir == path || base == bundleList || base == bundleSums) && isBundle(dir) {
			return l.importBundle(ctx, dir, o)
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
	if _, count := header.Split(); count > 1 || o.Projector != "" || header.Role() == gguf.RoleAdapter {
		return l.importSet(ctx, path, header, o)
	}
	if err := layout.CheckModel(header); err != nil {
		return backend.Model{}, err
	}
	if err := ctx.Err(); err != nil {
		return backend.Model{}, err
	}
	s, err := l.stage(ctx, src, info, o)
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
	return l.commit(ctx, path, header, s, o)
}

// commit gives a staged copy its name, its config and, last, its manifest.
func (l *Library) commit(ctx context.Context, source string, header *gguf.File, s *staged, o Options) (backend.Model, error) {
	free, err := l.change(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	digest := "sha256:" + s.sum
	entries, err := l.entries()
	if err != nil {
		return backend.Model{}, err
	}
	for _, e := range entries {
		if w := e.Manifest.Weights(); e.Bad == nil && len(w) == 1 && !e.Manifest.Has(layout.TypeAdapter) && strings.EqualFold(w[0].Digest, digest) {
			err := l.placeBlob(s, digest)
			if err == nil && w[0].Size != s.size { // the manifest was the damaged one
				err = l.resize(e, digest, s.size)
			}
			if err != nil {
				return backend.Model{}, err
			}
			l.store().Note(digest, s.parts)
			return l.published(e)
		}
	}
	n, err := l.nameFor(entries, source, digest, header, o)
	if err != nil {
		return backend.Model{}, err
	}
	from := originFor(source, digest, header, o)
	from.Files = map[string]layout.FileOrigin{digest: originalOf(source, s)}
	// Should this process end between the weights and the manifest, Tidy knows from the index what to write.
	expected, err := json.Marshal(layout.Config{Ours: &from})
	if err != nil {
		return backend.Model{}, err
	}
	l.index.Remember(n, layout.Manifest{Layers: []layout.Layer{{MediaType: layout.TypeModel, Digest: digest, Size: s.size}}}, expected)
	l.index.Write(l.store())
	_, missing := os.Lstat(l.store().Blob(digest))
	if err = l.placeBlob(s, digest); err == nil {
		err = l.publishModel(n, header, []layout.Layer{{MediaType: layout.TypeModel, Digest: digest, Size: s.size}}, from)
	}
	if err != nil {
		if missing != nil { // what was there before stays
			l.undo(layout.Layer{Digest: digest})
		}
		l.index.Forget(digest)
		l.index.ForgetModel(n.Ref())
		l.index.Write(l.store())
		return backend.Model{}, err
	}
	l.store().Note(digest, s.parts)
	return l.published(layout.Entry{Name: n, Path: l.store().ManifestPath(n)})
}
