package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// importSet imports what is more than one file, or an adapter.
func (im *importer) importSet(ctx context.Context, path string, header *gguf.File, o Options) (backend.Model, error) {
	paths := []string{path}
	if _, count := header.Split(); count > 1 {
		var err error
		if paths, err = siblings(path, header); err != nil {
			return backend.Model{}, err
		}
	}
	if o.Projector != "" {
		paths = append(paths, o.Projector)
	}
	if o.SHA256 != "" && len(paths) > 1 {
		return backend.Model{}, backend.Fail(backend.CodeInvalid, nil, "A checksum can only be given for a model that is one file.", "Leave it out.")
	}
	files, whole, err := im.stageAll(ctx, paths, o)
	defer discard(files)
	if err != nil {
		return backend.Model{}, err
	}
	return im.commitSet(ctx, path, whole, files, o)
}

// stageAll copies files and reads the headers of the copies, which have to make one model. The caller discards them.
func (im *importer) stageAll(ctx context.Context, paths []string, o Options) (files []*file, whole *gguf.File, err error) {
	var total, before int64
	for _, p := range paths { // all of them are looked at before a byte is copied
		src, info, err := openSource(p)
		if err != nil {
			return nil, nil, err
		}
		_, err = gguf.Read(src, info.Size())
		_ = src.Close()
		if err != nil {
			return nil, nil, err
		}
		total += info.Size()
	}
	one := o
	for _, p := range paths {
		src, info, err := openSource(p)
		if err != nil {
			return files, nil, err
		}
		if o.Progress != nil {
			one.Progress = func(done, _ int64) { o.Progress(before+done, total) }
		}
		s, err := im.stager.stage(ctx, src, info, one)
		_ = src.Close()
		if err != nil {
			return files, nil, err
		}
		f := &file{layer: layout.Layer{MediaType: layout.TypeModel, Digest: "sha256:" + s.sum, Size: s.size}, path: p, staged: s, origin: originalOf(p, s), parts: s.parts}
		files = append(files, f)
		if f.header, err = gguf.Read(s.file, s.size); err != nil {
			return files, nil, err
		}
		switch f.header.Role() {
		case gguf.RoleProjector:
			f.layer.MediaType = layout.TypeProjector
		case gguf.RoleAdapter:
			f.layer.MediaType = layout.TypeAdapter
		}
		before += s.size
	}
	if o.SHA256 != "" && !strings.EqualFold("sha256:"+o.SHA256, files[0].layer.Digest) {
		return files, nil, backend.Fail(backend.CodeDamaged, nil, "This is not the file it should be: its checksum is different.", "Download it again; it was damaged or changed on the way.")
	}
	whole, err = assemble(files)
	return files, whole, err
}

// commitSet gives staged files their names, config and manifest.
func (im *importer) commitSet(ctx context.Context, source string, whole *gguf.File, files []*file, o Options) (backend.Model, error) {
	entries, free, err := im.changeEntries(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	in := arrival{
		whole: whole, ref: cmp.Or(o.Ref, layout.Slug(o.Name)), name: cmp.Or(o.Name, layout.Stem(source, "")),
		origin: originFor(source, files[0].layer.Digest, whole, o),
	}
	p, err := arrange(in, files)
	if err != nil {
		return backend.Model{}, err
	}
	put := im.publisher.install
	same := slices.IndexFunc(entries, func(e layout.Entry) bool { return e.Bad == nil && slices.Equal(e.Manifest.Layers, p.Manifest.Layers) })
	switch {
	case same >= 0: // the files are put in place again, since one of them may be damaged
		p.Name = entries[same].Name
		if _, sound := im.store().ReadConfig(entries[same].Manifest.Config); sound { // else its config comes again too
			put = im.publisher.replace
		}
	case whole.Role() == gguf.RoleAdapter:
		p.Name, err = im.publisher.nameOf(entries, files, in)
	default:
		p.Name, err = nameFor(entries, layout.SplitStem(source), files[0].layer.Digest, whole, o)
	}
	if err != nil {
		return backend.Model{}, err
	}
	return im.publisher.settle(p, files, put)
}

// replace puts the files of a model that is there in place again, where they are not known to be sound.
func (pub *publisher) replace(p *plan) error {
	for _, m := range p.Moves {
		if pub.store().Proven(m.Digest) {
			continue
		}
		if err := pub.store().Place(m.From, pub.store().Blob(m.Digest)); err != nil {
			return err
		}
	}
	return nil
}

// siblings finds all parts of a split model, in order, beside one of them: by their names, or, when they were renamed,
// by what their headers say.
func siblings(path string, header *gguf.File) ([]string, error) {
	dir := filepath.Dir(path)
	_, count := header.Split()
	missing := func(no int) error {
		return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("Part %d of %d of this model is missing.", no, count), "Put all parts into one folder, then choose one of them.")
	}
	var out []string
	if m := layout.PartName().FindStringSubmatch(filepath.Base(path)); m != nil {
		if n, err := strconv.Atoi(m[3]); err != nil || n != count {
			return nil, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("The name of this file says that it is one of %s parts, and the file itself says %d.", m[3], count), "Get all parts of the model again from one place.")
		}
		for i := 1; i <= count; i++ {
			p := filepath.Join(dir, fmt.Sprintf("%s-%05d-of-%s.gguf", m[1], i, m[3]))
			if _, err := os.Stat(p); err != nil {
				return nil, errors.Join(missing(i), err)
			}
			out = append(out, p)
		}
		return out, nil
	}
	found := make([]string, count)
	all, _ := header.Int("split.tensors.count")
	items, err := os.ReadDir(dir)
	if err != nil {
		return nil, layout.ExplainSource(err)
	}
	for _, it := range items {
		p := filepath.Join(dir, it.Name())
		if !strings.EqualFold(filepath.Ext(p), ".gguf") {
			continue
		}
		h, err := gguf.ReadFile(p)
		if err != nil {
			continue
		}
		no, n := h.Split()
		if tensors, _ := h.Int("split.tensors.count"); n != count || tensors != all {
			continue
		}
		if found[no] != "" {
			return nil, backend.Fail(backend.CodeInvalid, nil, "This folder holds parts of several models, and their names don't say which belong together.", "Put the parts of one model into a folder of their own.")
		}
		found[no] = p
	}
	for no, p := range found {
		if p == "" {
			return nil, missing(no + 1)
		}
	}
	return found, nil
}
