package library

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
	"weightroom/backend/library/scan"
)

// adopter finds models elsewhere on this computer and takes them, shared or as a copy.
type adopter struct {
	*folder
	publisher *publisher
	stager    *stager
	verifier  *verifier
}

// AdoptOptions says how a model of another app is adopted. The zero value takes everything from the model, and shares
// its bytes in the way that keeps it longest.
type AdoptOptions struct {
	Ref      string
	Name     string
	How      string // a How constant; empty: the best that its disk allows, but never a copy
	Progress func(done, total int64)
}

// Adopt makes a model that another app keeps one of the library's, without copying its weights and without changing
// them. Every byte is read once, so that the library knows what it has. Where the disk can share blocks it does
// (HowClone); else the file gets a second name (HowLink); else, on another disk or with files of another user, the
// library points to it (HowSymlink), and the model is gone when the other app deletes it: Broken then says so. Neither
// a removal nor a repair ever touches the other app's file.
func (ad *adopter) Adopt(ctx context.Context, f ForeignModel, o AdoptOptions) (backend.Model, error) {
	m, err := ad.take(ctx, f, o, layout.Origin{Source: SourceAdopted, App: f.App})
	if err != nil {
		return backend.Model{}, layout.Explain(err)
	}
	slog.Info("model adopted", "ref", m.Ref, "app", f.App, "bytes", m.Bytes)
	return m, nil
}

// take makes a model of what a scan found.
func (ad *adopter) take(ctx context.Context, f ForeignModel, o AdoptOptions, from layout.Origin) (backend.Model, error) {
	if f.Problem != nil {
		return backend.Model{}, f.Problem
	}
	files, whole, err := ad.borrow(ctx, f, o)
	defer discard(files)
	if err != nil {
		return backend.Model{}, err
	}
	from.Name = layout.Display(cmp.Or(o.Name, f.Name))
	key, count := files[0].layer.Digest, len(parts(files))
	there := func(e layout.Entry) bool { // whole: nothing is better than to leave it
		if e.Bad != nil || len(e.Manifest.Weights()) != count || e.Manifest.Key() != key || e.Manifest.Has(layout.TypeAdapter) || ad.verifier.quickCheck(e.Manifest.Layers[0]).Reason != "" {
			return false
		}
		_, readable := ad.store().ReadConfig(e.Manifest.Config)
		return readable
	}
	return ad.publisher.land(ctx, arrival{whole: whole, ref: cmp.Or(o.Ref, f.Ref), name: from.Name, origin: from, there: there}, files)
}

func parts(files []*file) []*file {
	return slices.DeleteFunc(slices.Clone(files), func(f *file) bool { return f.layer.MediaType != layout.TypeModel })
}

// borrow reads every file of a ForeignModel, and shares the large ones. The caller discards what is staged.
func (ad *adopter) borrow(ctx context.Context, f ForeignModel, o AdoptOptions) (files []*file, whole *gguf.File, err error) {
	var before int64
	for _, x := range f.Files {
		kind, ok := layout.MediaType(x.Kind)
		if !ok {
			return files, nil, backend.Fail(backend.CodeUnsupported, nil, "This model has a file of a kind the engine can't use.", "Look for a GGUF version of the same model.")
		}
		b, err := ad.borrowOne(ctx, x, kind, o.How, func(done int64) {
			if o.Progress != nil {
				o.Progress(min(before+done, f.Bytes), f.Bytes)
			}
		})
		if err != nil {
			return files, nil, err
		}
		files = append(files, b)
		before += x.Bytes
	}
	if len(files) == 0 {
		return nil, nil, backend.Fail(backend.CodeNotFound, nil, "This model has no files.", "Look for models again.")
	}
	whole, err = assemble(files)
	return files, whole, err
}

func (ad *adopter) borrowOne(ctx context.Context, x scan.File, kind, how string, progress func(int64)) (*file, error) {
	changed := backend.Fail(backend.CodeDamaged, errors.New(x.Path), "A file of this model is not what the other app says it is: its checksum is different.", "Verify or download the model in the other app first.")
	if !layout.HoldsTensors(kind) {
		data, _, err := layout.ReadSmall(x.Path)
		if err != nil {
			return nil, layout.ExplainSource(err)
		}
		f := &file{layer: layout.Layer{MediaType: kind, Digest: layout.DigestOf(data), Size: int64(len(data))}, data: data}
		if x.Digest != "" && x.Digest != f.layer.Digest || layout.CheckSmall(kind, data) != nil {
			return nil, changed
		}
		return f, nil
	}
	src, info, err := openSource(x.Path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.Close() }()
	if _, err := gguf.Read(src, info.Size()); err != nil {
		return nil, err
	}
	var s *staged
	var sum string
	var sums []string
	if how == HowCopy {
		if s, err = ad.stager.stage(ctx, src, info, Options{Progress: func(done, _ int64) { progress(done) }}); err == nil {
			sum, sums = s.sum, s.parts
		}
	} else if s, err = ad.stager.share(ctx, src, how); err == nil {
		sum, sums, err = layout.SumsOf(ctx, s.file, info.Size(), ad.partBytes, progress)
	}
	if err != nil {
		s.discard()
		return nil, err
	}
	after, statErr := src.Stat()
	switch {
	case statErr != nil || after.Size() != info.Size() || !after.ModTime().Equal(info.ModTime()):
		err = backend.Fail(backend.CodeInvalid, statErr, "The file changed while it was being read.", "Wait until the other app has finished with it, then try again.")
	case x.Digest != "" && x.Digest != "sha256:"+sum:
		err = changed
	}
	f := &file{layer: layout.Layer{MediaType: kind, Digest: "sha256:" + sum, Size: info.Size()}, path: x.Path, staged: s, parts: sums}
	if err == nil {
		f.header, err = gguf.Read(s.file, info.Size())
	}
	if err != nil {
		s.discard()
		return nil, err
	}
	s.size, s.sum = info.Size(), sum
	f.origin = originalOf(x.Path, s)
	f.origin.Name = cmp.Or(layout.Display(x.Name), f.origin.Name)
	return f, nil
}

// ImportFolder imports every model below a folder, each as a copy of its own, with its parts and what lets it see. Of
// o, Source, Licence and Progress count. A model that can't be imported does not keep the others from it: failed has its reason.
func (ad *adopter) ImportFolder(ctx context.Context, dir string, o Options) (models []backend.Model, failed []ForeignModel, err error) {
	found, err := ad.ScanFolder(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	var total, before int64
	for _, f := range found {
		total += f.Bytes
	}
	for _, f := range found {
		m, err := ad.take(ctx, f, AdoptOptions{How: HowCopy, Progress: func(done, _ int64) {
			if o.Progress != nil {
				o.Progress(min(before+done, total), total)
			}
		}}, layout.Origin{Source: cmp.Or(o.Source, SourceImport), Licence: o.Licence})
		switch {
		case ctx.Err() != nil:
			return models, failed, layout.Explain(ctx.Err())
		case err != nil:
			f.Problem = backend.Readable(layout.Explain(err))
			failed = append(failed, f)
		default:
			models = append(models, m)
		}
		before += f.Bytes
	}
	if len(found) == 0 {
		return nil, nil, backend.Fail(backend.CodeNotFound, nil, "There is no model in this folder.", "Choose a folder with files whose names end in .gguf.")
	}
	return models, failed, nil
}
