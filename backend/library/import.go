package library

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/gguf"
)

const (
	// margin stays free on the disk after an import, for chats, logs and the system.
	margin   = 64 << 20
	copySize = 1 << 20
)

// Options says how a file is imported. The zero value takes everything from the file.
type Options struct {
	Ref     string          // reference it should get; empty: from Name
	Name    string          // name for people; empty: the file's own
	Source  string          // empty: SourceImport
	Licence backend.Licence // empty name: the file's own
	Parent  *backend.Parent // of a derived model, which gets its parent's templates, system prompt and sampling too
	SHA256  string          // the file must have this digest (hexadecimal); empty: any
	Link    bool            // a hard link will do where the disk can't share blocks: it costs no space, but a change to the original changes the model
	// Projector is the file that lets the model see (its mmproj), imported with it.
	Projector string
	Progress  func(done, total int64)
}

// Import puts a GGUF file into the library and returns the model it became. The file itself is not changed. Any part of
// a model that is split stands for all of them, which have to lie beside it; a LoRA adapter is kept among the Adapters;
// a folder that Export wrote is imported as what it was exported from. Its header is checked before the first byte is
// copied and once more on the copy; the model appears whole or, when anything fails or ctx ends, not at all. A file whose content is already in the library is that model, whatever
// the options say, and mends its blob should that be damaged. Progress is called from this goroutine, with done
// rising to total.
func (l *Library) Import(ctx context.Context, path string, o Options) (backend.Model, error) {
	m, err := l.importFile(ctx, path, o)
	if err != nil {
		return backend.Model{}, explain(err)
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
	if err := suits(header); err != nil {
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
	if err := suits(header); err != nil {
		return backend.Model{}, err
	}
	return l.commit(ctx, path, header, s, o)
}

// openSource opens a file to import. Devices, pipes and folders, some of which would block, are not opened at all.
func openSource(path string) (*os.File, fs.FileInfo, error) {
	if path == "" {
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "No file was named.", "Choose a file whose name ends in .gguf.")
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, explainSource(err)
	}
	if info.IsDir() {
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "This is a folder, not a file.", "Choose the GGUF file inside it.")
	}
	if !info.Mode().IsRegular() {
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "This is not an ordinary file.", "Choose a file whose name ends in .gguf.")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, explainSource(err)
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, nil, explainSource(errors.Join(err, fs.ErrInvalid))
	}
	return f, info, nil
}

// suits refuses what is a sound GGUF file but not a model on its own.
func suits(f *gguf.File) error {
	switch f.Role() {
	case gguf.RoleProjector:
		return backend.Fail(backend.CodeUnsupported, nil, "This file is the part that lets a model see (an mmproj), not a model.", "Import the folder that holds both it and its model.")
	case gguf.RoleAdapter:
		return backend.Fail(backend.CodeUnsupported, nil, "This file is a LoRA adapter: a change to a model, not a model.", "Import the model it belongs to.")
	case gguf.RoleVocabulary:
		return backend.Fail(backend.CodeUnsupported, nil, "This file holds a vocabulary and no weights.", "Get the file of the model itself; it is much larger.")
	}
	if no, count := f.Split(); count > 1 {
		return backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf("This file is part %d of %d of a model.", no+1, count),
			"Join the parts with llama.cpp's \"llama-gguf-split --merge\", then import the result.")
	}
	return nil
}

// staged is a complete, synced copy under a temporary name. Its lock tells Tidy that someone still wants it.
type staged struct {
	file  *os.File
	path  string
	sum   string   // sha256, hexadecimal
	parts []string // sha256 of each part
	size  int64
	how   string // a How constant
}

func (s *staged) discard() {
	if s == nil {
		return
	}
	_ = s.file.Close()
	if s.path != "" {
		_ = os.Remove(s.path)
	}
}

// stage makes the copy, hashing the bytes as they flow. Blocks are shared with the original where the file system
// can; the hash is then taken from the copy, which no longer changes.
func (l *Library) stage(ctx context.Context, src *os.File, info fs.FileInfo, o Options) (*staged, error) {
	s, err := l.temporary(ctx)
	if err != nil {
		return nil, err
	}
	if err = l.fill(ctx, s, src, info, o); err != nil {
		s.discard()
		return nil, err
	}
	return s, nil
}

// temporary makes an empty file that Tidy leaves alone. The store is locked meanwhile, because Tidy could otherwise
// come between the file and its lock.
func (l *Library) temporary(ctx context.Context) (*staged, error) {
	free, err := l.change(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	if err := makeFolder(l.blobs()); err != nil {
		return nil, err
	}
	if err := l.at("create copy"); err != nil {
		return nil, err
	}
	path := filepath.Join(l.blobs(), importPrefix+rand.Text())
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_ = fsys.TryLock(f, fsys.Shared) // so that Tidy leaves it
	return &staged{file: f, path: path}, nil
}

func (l *Library) fill(ctx context.Context, s *staged, src *os.File, info fs.FileInfo, o Options) error {
	from, to := io.Reader(io.NewSectionReader(src, 0, info.Size())), io.Writer(s.file)
	switch {
	case fsys.Clone(s.file, src) == nil:
		s.how = HowClone
	case o.Link && l.link(s, src) == nil:
		s.how = HowLink
	default:
		if err := l.checkSpace(info.Size()); err != nil {
			return err
		}
		if err := fsys.Reserve(s.file, info.Size()); err != nil {
			return err
		}
	}
	if s.how != "" {
		from, to = io.NewSectionReader(s.file, 0, info.Size()), io.Discard
	}
	if err := l.at("copy"); err != nil {
		return err
	}
	sum := newHasher(l.partBytes)
	n, err := copyWith(ctx, io.MultiWriter(to, sum), from, info.Size(), o.Progress)
	if err != nil {
		return err
	}
	after, err := src.Stat()
	if err != nil {
		return explainSource(err)
	}
	if n != info.Size() || after.Size() != info.Size() || !after.ModTime().Equal(info.ModTime()) {
		return backend.Fail(backend.CodeInvalid, nil, "The file changed while it was being copied.", "Wait until it is completely downloaded or written, then import it again.")
	}
	if err := l.at("sync copy"); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.size, s.sum, s.parts = n, sum.sum(), sum.parts()
	return nil
}

// checkSpace refuses a copy that would fill the disk.
func (l *Library) checkSpace(need int64) error { return checkSpaceAt(l.blobs(), need) }

func checkSpaceAt(dir string, need int64) error {
	free, _, err := fsys.Space(dir)
	if err != nil {
		return err
	}
	if short := need + margin - free; short > 0 {
		return backend.Fail(backend.CodeDiskFull, nil,
			fmt.Sprintf("There is not enough space for this model: the disk is short by %s.", backend.Bytes(short)),
			fmt.Sprintf("It needs %s, and %s must stay free. Free some space and try again.", backend.Bytes(need), backend.Bytes(margin)))
	}
	return nil
}

// link replaces the empty temporary file by a second name for src.
func (l *Library) link(s *staged, src *os.File) error {
	original, err := filepath.EvalSymlinks(src.Name())
	if err != nil {
		return err
	}
	path := s.path + "-link"
	if err := os.Link(original, path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		_ = os.Remove(path)
		return err
	}
	a, errA := src.Stat()
	b, errB := f.Stat()
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		_ = f.Close()
		_ = os.Remove(path)
		return fs.ErrInvalid
	}
	_ = fsys.TryLock(f, fsys.Shared) // so that Tidy leaves it
	s.discard()
	s.file, s.path = f, path
	return nil
}

// copyWith copies up to total bytes, and stops when ctx does.
func copyWith(ctx context.Context, to io.Writer, from io.Reader, total int64, progress func(done, total int64)) (int64, error) {
	buffer := make([]byte, copySize)
	var done int64
	for {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return done, err
			}
			done += int64(n)
			if progress != nil {
				progress(done, total)
			}
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, explainSource(err)
		}
	}
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
		if w := e.manifest.weights(); e.bad == nil && len(w) == 1 && !e.manifest.has(typeAdapter) && strings.EqualFold(w[0].Digest, digest) {
			err := l.placeBlob(s, digest)
			if err == nil && w[0].Size != s.size { // the manifest was the damaged one
				err = l.resize(e, digest, s.size)
			}
			if err != nil {
				return backend.Model{}, err
			}
			l.note(digest, s.parts)
			return l.published(e)
		}
	}
	n, err := l.nameFor(entries, source, digest, header, o)
	if err != nil {
		return backend.Model{}, err
	}
	from := originFor(source, digest, header, o)
	from.Files = map[string]fileOrigin{digest: originalOf(source, s)}
	// Should this process end between the weights and the manifest, Tidy knows from the index what to write.
	expected, err := json.Marshal(config{Ours: &from})
	if err != nil {
		return backend.Model{}, err
	}
	l.cache.remember(n, manifest{Layers: []layer{{typeModel, digest, s.size}}}, expected)
	l.cache.write(l)
	_, missing := os.Lstat(l.blob(digest))
	if err = l.placeBlob(s, digest); err == nil {
		err = l.publishModel(n, header, []layer{{typeModel, digest, s.size}}, from)
	}
	if err != nil {
		if missing != nil { // what was there before stays
			l.undo(layer{Digest: digest})
		}
		l.cache.forget(digest)
		l.cache.forgetModel(n.ref())
		l.cache.write(l)
		return backend.Model{}, err
	}
	l.note(digest, s.parts)
	return l.published(entry{name: n, path: l.manifestPath(n)})
}

// placeBlob gives a staged copy the name of its content. A blob that is there already is replaced: it has the same
// content, or is damaged.
func (l *Library) placeBlob(s *staged, digest string) error {
	if err := l.at("before rename"); err != nil {
		return err
	}
	_ = s.file.Close() // Windows renames no open file; the store's lock keeps Tidy away from here on
	err := l.place(s.path, l.blob(digest))
	if err == nil {
		return nil
	}
	if _, gone := os.Lstat(s.path); gone != nil {
		return err // the copy has its name; to make that last is what failed
	}
	// Windows replaces no file that the engine has open; one that is sound may stay.
	if sum, readErr := sumOf(context.Background(), l.blob(digest)); readErr == nil && "sha256:"+sum == digest {
		return nil
	}
	return err
}

func sumOf(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := copyWith(ctx, sum, f, 0, nil); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
