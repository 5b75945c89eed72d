package library

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/gguf"
)

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
func (l *Library) Adopt(ctx context.Context, f ForeignModel, o AdoptOptions) (backend.Model, error) {
	m, err := l.take(ctx, f, o, origin{Source: SourceAdopted, App: f.App})
	if err != nil {
		return backend.Model{}, explain(err)
	}
	slog.Info("model adopted", "ref", m.Ref, "app", f.App, "bytes", m.Bytes)
	return m, nil
}

// take makes a model of what a scan found.
func (l *Library) take(ctx context.Context, f ForeignModel, o AdoptOptions, from origin) (backend.Model, error) {
	if f.Problem != nil {
		return backend.Model{}, f.Problem
	}
	files, err := l.borrow(ctx, f, o)
	defer func() {
		for _, x := range files {
			x.staged.discard()
		}
	}()
	if err != nil {
		return backend.Model{}, err
	}
	whole, err := assemble(files)
	if err != nil {
		return backend.Model{}, err
	}
	from.Name, from.Added = display(firstOf(o.Name, f.Name)), time.Now().UTC().Truncate(time.Second)
	a, err := l.arrange(whole, files, from)
	if err != nil {
		return backend.Model{}, err
	}
	free, err := l.change(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	entries, err := l.entries()
	if err != nil {
		return backend.Model{}, err
	}
	key := files[0].layer.Digest
	for _, e := range entries { // whole and there already: nothing is better than to leave it
		if e.bad == nil && len(e.manifest.weights()) == len(parts(files)) && e.manifest.key() == key && !e.manifest.has(typeAdapter) && l.quickCheck(e.manifest.Layers[0]).Reason == "" {
			if _, ok := l.readConfig(e.manifest.Config); ok {
				return l.published(e)
			}
		}
	}
	if a.Name, err = l.nameOf(entries, whole, files, Incoming{Ref: firstOf(o.Ref, f.Ref), Name: from.Name, Source: from.Source}); err != nil {
		return backend.Model{}, err
	}
	for _, x := range files {
		if x.staged != nil {
			_ = x.staged.file.Close()
		}
	}
	if err := l.install(a); err != nil {
		return backend.Model{}, err
	}
	for _, x := range files {
		l.note(x.layer.Digest, x.parts)
	}
	return l.published(entry{name: a.Name, path: l.manifestPath(a.Name)})
}

func parts(files []*file) []*file {
	return slices.DeleteFunc(slices.Clone(files), func(f *file) bool { return f.layer.MediaType != typeModel })
}

// borrow reads every file of a ForeignModel, and shares the large ones.
func (l *Library) borrow(ctx context.Context, f ForeignModel, o AdoptOptions) (files []*file, err error) {
	var before int64
	for _, x := range f.Files {
		kind, ok := mediaType(x.Kind)
		if !ok {
			return files, backend.Fail(backend.CodeUnsupported, nil, "This model has a file of a kind the engine can't use.", "Look for a GGUF version of the same model.")
		}
		b, err := l.borrowOne(ctx, x, kind, o.How, func(done int64) {
			if o.Progress != nil {
				o.Progress(min(before+done, f.Bytes), f.Bytes)
			}
		})
		if err != nil {
			return files, err
		}
		files = append(files, b)
		before += x.Bytes
	}
	if len(files) == 0 {
		return nil, backend.Fail(backend.CodeNotFound, nil, "This model has no files.", "Look for models again.")
	}
	return files, nil
}

func (l *Library) borrowOne(ctx context.Context, x ForeignFile, kind, how string, progress func(int64)) (*file, error) {
	changed := backend.Fail(backend.CodeDamaged, errors.New(x.Path), "A file of this model is not what the other app says it is: its checksum is different.", "Verify or download the model in the other app first.")
	if !holdsTensors(kind) {
		data, _, err := readSmall(x.Path)
		if err != nil {
			return nil, explainSource(err)
		}
		f := &file{layer: layer{kind, digestOf(data), int64(len(data))}, data: data}
		if x.Digest != "" && x.Digest != f.layer.Digest || checkSmall(kind, data) != nil {
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
		if s, err = l.stage(ctx, src, info, Options{Progress: func(done, _ int64) { progress(done) }}); err == nil {
			sum, sums = s.sum, s.parts
		}
	} else if s, err = l.share(ctx, src, how); err == nil {
		sum, sums, err = sumsOf(ctx, s.file, info.Size(), l.partBytes, progress)
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
	f := &file{layer: layer{kind, "sha256:" + sum, info.Size()}, path: x.Path, staged: s, parts: sums}
	if err == nil {
		f.header, err = gguf.Read(s.file, info.Size())
	}
	if err != nil {
		s.discard()
		return nil, err
	}
	s.size, s.sum = info.Size(), sum
	f.origin = originalOf(x.Path, s)
	f.origin.Name = firstOf(display(x.Name), f.origin.Name)
	return f, nil
}

// share makes a file of the store that takes no space of its own: see Adopt.
func (l *Library) share(ctx context.Context, src *os.File, how string) (*staged, error) {
	s, err := l.temporary(ctx)
	if err != nil {
		return nil, err
	}
	may := func(h string) bool { return how == "" || how == h }
	switch {
	case may(HowClone) && fsys.Clone(s.file, src) == nil:
		s.how = HowClone
		return s, nil
	case may(HowLink) && l.link(s, src) == nil:
		s.how = HowLink
		return s, nil
	case may(HowSymlink):
		if err = l.point(s, src); err == nil {
			s.how = HowSymlink
			return s, nil
		}
	}
	s.discard()
	return nil, backend.Fail(backend.CodeUnsupported, err, "This disk can't share the file between two apps.", "Import the model instead: that makes a copy.")
}

// point replaces the empty temporary file by a symbolic link to src.
func (l *Library) point(s *staged, src *os.File) error {
	original, err := filepath.EvalSymlinks(src.Name())
	if err != nil {
		return err
	}
	if original, err = filepath.Abs(original); err != nil {
		return err
	}
	path := s.path + "-link"
	if err := os.Symlink(original, path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		_ = os.Remove(path)
		return err
	}
	_ = fsys.TryLock(f, fsys.Shared) // so that Tidy leaves it
	s.discard()
	s.file, s.path = f, path
	return nil
}

// best tells how Adopt would take files, without taking them.
func (l *Library) best(files []ForeignFile) string {
	how := HowClone
	for _, f := range files {
		if kind, _ := mediaType(f.Kind); !holdsTensors(kind) {
			continue
		}
		switch {
		case fsys.SameDisk(f.Path, l.blobs()) && l.clones(f.Path):
		case fsys.SameDisk(f.Path, l.blobs()) && l.links(f.Path):
			if how == HowClone {
				how = HowLink
			}
		default:
			return HowSymlink
		}
	}
	return how
}

// clones and links try on a file that is deleted at once, since no system says beforehand what it will allow.
func (l *Library) clones(path string) bool {
	src, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = src.Close() }()
	probe, err := os.CreateTemp(l.blobs(), importPrefix)
	if err != nil {
		return false
	}
	defer func() { _ = probe.Close(); _ = os.Remove(probe.Name()) }()
	return fsys.Clone(probe, src) == nil
}

func (l *Library) links(path string) bool {
	probe := filepath.Join(l.blobs(), importPrefix+rand.Text())
	if err := os.Link(path, probe); err != nil && !errors.Is(err, fs.ErrExist) {
		return false
	}
	return os.Remove(probe) == nil
}

// ImportFolder imports every model below a folder, each as a copy of its own, with its parts and what lets it see. Of
// o, Source, Licence and Progress count. A model that can't be imported does not keep the others from it: failed has its reason.
func (l *Library) ImportFolder(ctx context.Context, dir string, o Options) (models []backend.Model, failed []ForeignModel, err error) {
	found, err := l.ScanFolder(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	var total, before int64
	for _, f := range found {
		total += f.Bytes
	}
	for _, f := range found {
		m, err := l.take(ctx, f, AdoptOptions{How: HowCopy, Progress: func(done, _ int64) {
			if o.Progress != nil {
				o.Progress(min(before+done, total), total)
			}
		}}, origin{Source: firstOf(o.Source, SourceImport), Licence: o.Licence})
		switch {
		case ctx.Err() != nil:
			return models, failed, explain(ctx.Err())
		case err != nil:
			f.Problem = backend.Readable(explain(err))
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
