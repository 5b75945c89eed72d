package library

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

// margin stays free on the disk after an import, for chats, logs and the system.
const margin = 64 << 20

// openSource opens a file to import. Devices, pipes and folders, some of which would block, are not opened at all.
func openSource(path string) (*os.File, fs.FileInfo, error) {
	if path == "" {
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "No file was named.", "Choose a file whose name ends in .gguf.")
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, layout.ExplainSource(err)
	}
	if info.IsDir() {
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "This is a folder, not a file.", "Choose the GGUF file inside it.")
	}
	if !info.Mode().IsRegular() {
		return nil, nil, backend.Fail(backend.CodeInvalid, nil, "This is not an ordinary file.", "Choose a file whose name ends in .gguf.")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, layout.ExplainSource(err)
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, nil, layout.ExplainSource(errors.Join(err, fs.ErrInvalid))
	}
	return f, info, nil
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

// stager makes files of the store that are not yet part of a model, with bytes of their own or shared with another's.
type stager struct{ *folder }

// stage makes the copy, hashing the bytes as they flow. Blocks are shared with the original where the file system
// can; the hash is then taken from the copy, which no longer changes.
func (st *stager) stage(ctx context.Context, src *os.File, info fs.FileInfo, o Options) (*staged, error) {
	s, err := st.temporary(ctx)
	if err != nil {
		return nil, err
	}
	if err = st.fill(ctx, s, src, info, o); err != nil {
		s.discard()
		return nil, err
	}
	return s, nil
}

// temporary makes an empty file that Tidy leaves alone. The store is locked meanwhile, because Tidy could otherwise
// come between the file and its lock.
func (st *stager) temporary(ctx context.Context) (*staged, error) {
	free, err := st.change(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	if err := layout.MakeFolder(st.store().Blobs()); err != nil {
		return nil, err
	}
	if err := st.store().At("create copy"); err != nil {
		return nil, err
	}
	path := filepath.Join(st.store().Blobs(), layout.ImportPrefix+rand.Text())
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_ = fsys.TryLock(f, fsys.Shared) // so that Tidy leaves it
	return &staged{file: f, path: path}, nil
}

func (st *stager) fill(ctx context.Context, s *staged, src *os.File, info fs.FileInfo, o Options) error {
	from, to := io.Reader(io.NewSectionReader(src, 0, info.Size())), io.Writer(s.file)
	switch {
	case fsys.Clone(s.file, src) == nil:
		s.how = HowClone
	case o.Link && link(s, src) == nil:
		s.how = HowLink
	default:
		if err := st.checkSpace(info.Size()); err != nil {
			return err
		}
		if err := fsys.Reserve(s.file, info.Size()); err != nil {
			return err
		}
	}
	if s.how != "" {
		from, to = io.NewSectionReader(s.file, 0, info.Size()), io.Discard
	}
	if err := st.store().At("copy"); err != nil {
		return err
	}
	sum := layout.NewHasher(st.partBytes)
	n, err := layout.Copy(ctx, io.MultiWriter(to, sum), from, info.Size(), o.Progress)
	if err != nil {
		return err
	}
	after, err := src.Stat()
	if err != nil {
		return layout.ExplainSource(err)
	}
	if n != info.Size() || after.Size() != info.Size() || !after.ModTime().Equal(info.ModTime()) {
		return backend.Fail(backend.CodeInvalid, nil, "The file changed while it was being copied.", "Wait until it is completely downloaded or written, then import it again.")
	}
	if err := st.store().At("sync copy"); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.size, s.sum, s.parts = n, sum.Sum(), sum.Parts()
	return nil
}

// checkSpaceAt refuses a copy that would fill the disk of dir.
func checkSpaceAt(dir string, need int64) error {
	free, _, err := fsys.Space(dir)
	if err != nil {
		return err
	}
	if short := need + margin - free; short > 0 {
		return fsys.Short("this model", short, "")
	}
	return nil
}

// link replaces the empty temporary file by a second name for src.
func link(s *staged, src *os.File) error {
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

// point replaces the empty temporary file by a symbolic link to src.
func point(s *staged, src *os.File) error {
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

// share makes a file of the store that takes no space of its own: see Adopt.
func (st *stager) share(ctx context.Context, src *os.File, how string) (*staged, error) {
	s, err := st.temporary(ctx)
	if err != nil {
		return nil, err
	}
	may := func(h string) bool { return how == "" || how == h }
	switch {
	case may(HowClone) && fsys.Clone(s.file, src) == nil:
		s.how = HowClone
		return s, nil
	case may(HowLink) && link(s, src) == nil:
		s.how = HowLink
		return s, nil
	case may(HowSymlink):
		if err = point(s, src); err == nil {
			s.how = HowSymlink
			return s, nil
		}
	}
	s.discard()
	return nil, backend.Fail(backend.CodeUnsupported, err, "This disk can't share the file between two apps.", "Import the model instead: that makes a copy.")
}

// placeBlob gives a staged copy the name of its content. A blob that is there already is replaced: it has the same
// content, or is damaged.
func (st *stager) placeBlob(s *staged, digest string) error {
	if err := st.store().At("before rename"); err != nil {
		return err
	}
	_ = s.file.Close() // Windows renames no open file; the store's lock keeps Tidy away from here on
	err := st.store().Place(s.path, st.store().Blob(digest))
	if err == nil {
		return nil
	}
	if _, gone := os.Lstat(s.path); gone != nil {
		return err // the copy has its name; to make that last is what failed
	}
	// Windows replaces no file that the engine has open; one that is sound may stay.
	if sum, readErr := layout.SumOf(context.Background(), st.store().Blob(digest)); readErr == nil && "sha256:"+sum == digest {
		return nil
	}
	return err
}

// originalOf remembers where a staged file came from; the place only if it still shares its bytes with it.
func originalOf(path string, s *staged) layout.FileOrigin {
	out := layout.FileOrigin{Name: layout.Display(filepath.Base(path)), How: s.how}
	if s.how != "" {
		if abs, err := filepath.Abs(path); err == nil {
			out.Original = abs
		}
	}
	return out
}
