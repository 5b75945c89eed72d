package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// acceptor takes files that were fetched.
type acceptor struct {
	*folder
	publisher *publisher
	stager    *stager
}

// Accept makes a model of files that were fetched. Their headers are checked as strictly as an import's, and those
// that nobody has verified are hashed. The files are moved (renamed, where they are on the library's disk), and the
// model appears whole or, when anything fails, not at all: then every file is where it was. A process that ends half
// way is made good by the next New or Tidy. Errors are *backend.Error; one with CodeDamaged means that a file is not
// what its digest says and has to be fetched again.
func (ac *acceptor) Accept(ctx context.Context, in Incoming) (backend.Model, error) {
	m, err := ac.accept(ctx, in)
	if err != nil {
		return backend.Model{}, layout.Explain(err)
	}
	slog.Info("model accepted", "ref", m.Ref, "bytes", m.Bytes, "source", m.Source)
	return m, nil
}

func (ac *acceptor) accept(ctx context.Context, in Incoming) (backend.Model, error) {
	files, whole, err := ac.received(ctx, in)
	defer discard(files)
	if err != nil {
		return backend.Model{}, err
	}
	m, err := ac.publisher.land(ctx, arrival{whole: whole, ref: in.Ref, name: in.Name, origin: layout.Origin{
		Name: layout.Display(in.Name), Source: cmp.Or(in.Source, SourcePull), Licence: in.Licence, Address: in.Address, Revision: in.Revision,
	}}, files)
	if err != nil {
		return backend.Model{}, err
	}
	for _, f := range files {
		if f.staged != nil { // it was copied from another disk
			_ = os.Remove(f.path)
		}
	}
	return m, nil
}

// received checks each file of an Incoming by itself, and that they make one model. The caller discards what is staged.
func (ac *acceptor) received(ctx context.Context, in Incoming) (files []*file, whole *gguf.File, err error) {
	var total, done int64
	for _, i := range in.Files {
		total += i.Bytes
	}
	for _, i := range in.Files {
		before := done
		f, err := ac.receive(ctx, i, func(n int64) {
			if done = before + n; in.Progress != nil {
				in.Progress(done, total)
			}
		})
		if err != nil {
			return files, nil, err
		}
		files = append(files, f)
		done = before + i.Bytes
	}
	if in.Progress != nil {
		in.Progress(total, total)
	}
	whole, err = assemble(files)
	return files, whole, err
}

func (ac *acceptor) receive(ctx context.Context, in IncomingFile, progress func(int64)) (*file, error) {
	kind, ok := layout.MediaType(in.Kind)
	if !ok {
		return nil, backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf("This model has a file of a kind the engine can't use (%s).", layout.Quoted(string(in.Kind))), "Look for a GGUF version of the same model.")
	}
	blob := ac.store().Blob(strings.ToLower(in.Digest))
	if blob == "" || in.Bytes < 0 || !layout.HoldsTensors(kind) && in.Bytes > layout.MaxSmall {
		return nil, backend.Fail(backend.CodeInvalid, fmt.Errorf("digest %s, %d bytes", layout.Quoted(in.Digest), in.Bytes), "A file of this model is described wrongly.", "Try again. If it happens again, get the model elsewhere.")
	}
	f := &file{
		layer: layout.Layer{MediaType: kind, Digest: strings.ToLower(in.Digest), Size: in.Bytes}, path: in.Path, parts: in.Parts,
		origin: layout.FileOrigin{Name: layout.Display(in.Name), Address: in.Address},
	}
	path := in.Path
	if _, err := os.Lstat(path); path == "" || errors.Is(err, fs.ErrNotExist) { // it is in the library, or was moved there before
		if !ac.Has(ctx, f.layer.Digest) {
			return nil, cmp.Or(ctx.Err(), error(backend.Fail(backend.CodeDamaged, err, "A file of this model is missing, or not what it should be.", "Download it again.")))
		}
		f.path, path = "", blob
	} else if err := ac.verify(ctx, f, in.Verified, progress); err != nil {
		return nil, err
	}
	if err := f.readContent(path); err != nil {
		f.staged.discard()
		return nil, err
	}
	return f, nil
}

// verify checks that the file at f.path is what its digest says. One on another disk is copied, so that it can be
// renamed into its place.
func (ac *acceptor) verify(ctx context.Context, f *file, verified bool, progress func(int64)) error {
	if info, err := os.Lstat(f.path); err != nil || !info.Mode().IsRegular() {
		return backend.Fail(backend.CodeInvalid, err, "A file of this model is not an ordinary file.", "Download it again.")
	}
	src, info, err := openSource(f.path)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	damaged := backend.Fail(backend.CodeDamaged, fmt.Errorf("%s: %d bytes", f.layer.Digest, info.Size()), "A file of this model is not what it should be: its checksum is different.", "Download it again; it was damaged or changed on the way.")
	if info.Size() != f.layer.Size {
		return damaged
	}
	var sum string
	switch {
	case !fsys.SameDisk(f.path, ac.store().Blobs()):
		s, err := ac.stager.stage(ctx, src, info, Options{Progress: func(done, _ int64) { progress(done) }})
		if err != nil {
			return err
		}
		f.staged, sum = s, s.sum
	case !verified:
		if sum, f.parts, err = layout.SumsOf(ctx, src, info.Size(), ac.partBytes, progress); err != nil {
			return err
		}
	default:
		return fsys.SyncFile(f.path)
	}
	if "sha256:"+sum != f.layer.Digest {
		f.staged.discard()
		return damaged
	}
	return nil
}

// Has reports whether the library has a file with this digest, so that it need not be fetched. One that nobody has
// verified since it was written is read whole.
func (ac *acceptor) Has(ctx context.Context, digest string) bool {
	path := ac.store().Blob(digest)
	if path == "" {
		return false
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if known, ok := ac.store().ReadSums(digest); ok && known.Describes(info) {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	sum, parts, err := layout.SumsOf(ctx, f, info.Size(), ac.partBytes, nil)
	if err != nil || "sha256:"+sum != strings.ToLower(digest) {
		return false
	}
	if free, ok := ac.tryChange(); ok {
		ac.store().Note(digest, parts)
		free()
	}
	return true
}
