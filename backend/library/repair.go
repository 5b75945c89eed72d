package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"weightroom/backend"
	"weightroom/backend/library/layout"
)

// repairer writes a damaged file anew, of its good parts and what is fetched.
type repairer struct {
	*folder
	verifier *verifier
	stager   *stager
}

// Fetch returns n bytes of a file from off on. Fewer are an error.
type Fetch func(ctx context.Context, off, n int64) (io.ReadCloser, error)

// BadParts reads a file of the library and returns the parts of it that are not what they should be: the whole file in
// one part where it is missing, or where the sums of its parts were never known.
func (re *repairer) BadParts(ctx context.Context, digest string) ([]Part, error) {
	x, err := re.named(digest)
	if err != nil {
		return nil, layout.Explain(err)
	}
	v := verification{verifier: re.verifier, ctx: ctx}
	b, err := v.read(x)
	switch {
	case err != nil:
		return nil, layout.Explain(err)
	case b.Reason == "":
		return []Part{}, nil
	case len(b.Parts) == 0:
		return re.everyPart(x), nil
	}
	return b.Parts, nil
}

// everyPart is a whole file: in parts where their sums are known, so that each is checked as it comes.
func (re *repairer) everyPart(x layout.Layer) []Part {
	if parts := re.verifier.differing(x, nil); len(parts) > 0 {
		return parts
	}
	return []Part{{Offset: 0, Bytes: x.Size, SHA256: strings.TrimPrefix(strings.ToLower(x.Digest), "sha256:")}}
}

// named finds a file that a manifest names.
func (re *repairer) named(digest string) (layout.Layer, error) {
	entries, err := re.entries()
	if err != nil {
		return layout.Layer{}, err
	}
	for _, e := range entries {
		for _, x := range e.Manifest.All() {
			if e.Bad == nil && strings.EqualFold(x.Digest, digest) {
				return x, nil
			}
		}
	}
	return layout.Layer{}, backend.Fail(backend.CodeNotFound, nil, "No model of the library has this file.", "It may just have been removed. Choose another one.")
}

// Repair mends one file: its bad parts are fetched, everything else is taken from the disk, and the result replaces the
// file only if it is what its digest says. It returns the bytes that were fetched. A file of another app is not
// touched: the repaired one is the library's own. Progress counts all bytes of the file.
func (re *repairer) Repair(ctx context.Context, digest string, fetch Fetch, progress func(done, total int64)) (fetched int64, err error) {
	fetched, err = re.repair(ctx, digest, fetch, progress)
	if err != nil {
		return fetched, layout.Explain(err)
	}
	slog.Info("file repaired", "digest", digest, "fetched_bytes", fetched)
	return fetched, nil
}

func (re *repairer) repair(ctx context.Context, digest string, fetch Fetch, progress func(done, total int64)) (int64, error) {
	x, err := re.named(digest)
	if err != nil {
		return 0, err
	}
	bad, err := re.BadParts(ctx, digest)
	if err != nil || len(bad) == 0 {
		return 0, err
	}
	if err := re.checkSpace(x.Size); err != nil {
		return 0, err
	}
	s, err := re.stager.temporary(ctx)
	if err != nil {
		return 0, err
	}
	defer s.discard()
	fetched, sums, err := re.patch(ctx, s, x, bad, fetch, progress)
	if err != nil {
		return fetched, err
	}
	if "sha256:"+s.sum != strings.ToLower(x.Digest) {
		return fetched, backend.Fail(backend.CodeDamaged, fmt.Errorf("sha256 is %s", s.sum), "What came is not what was asked for: its checksum is different.", "Download the model again.")
	}
	free, err := re.change(ctx)
	if err != nil {
		return fetched, err
	}
	defer free()
	if err := re.stager.placeBlob(s, strings.ToLower(x.Digest)); err != nil {
		return fetched, err
	}
	re.store().Note(x.Digest, sums)
	return fetched, nil
}

// patch writes a file anew from what is on the disk and what is fetched.
func (re *repairer) patch(ctx context.Context, s *staged, x layout.Layer, bad []Part, fetch Fetch, progress func(done, total int64)) (fetched int64, parts []string, err error) {
	old, err := os.Open(re.store().Blob(x.Digest))
	if err == nil {
		defer func() { _ = old.Close() }()
	}
	sum := layout.NewHasher(re.partBytes)
	to := io.MultiWriter(s.file, sum)
	step := func(from io.Reader, at, n int64) error {
		got, err := layout.Copy(ctx, to, io.LimitReader(from, n), n, func(done, _ int64) {
			if progress != nil {
				progress(at+done, x.Size)
			}
		})
		if err == nil && got != n {
			err = backend.Fail(backend.CodeTruncated, nil, "A part of the file came incompletely.", "Try again.")
		}
		return err
	}
	var at int64
	for _, p := range append(bad, Part{Offset: x.Size}) {
		if n := p.Offset - at; n > 0 {
			if old == nil {
				return fetched, nil, backend.Fail(backend.CodeDamaged, errors.New("no file to take the good parts from"), "The file can't be repaired in parts.", "Download the model again.")
			}
			if err := step(io.NewSectionReader(old, at, n), at, n); err != nil {
				return fetched, nil, err
			}
		}
		if p.Bytes > 0 {
			in, err := fetch(ctx, p.Offset, p.Bytes)
			if err != nil {
				return fetched, nil, err
			}
			err = step(in, p.Offset, p.Bytes)
			_ = in.Close()
			if err != nil {
				return fetched, nil, err
			}
			fetched += p.Bytes
		}
		at = p.Offset + p.Bytes
	}
	if err := re.store().At("sync copy"); err != nil {
		return fetched, nil, err
	}
	s.size, s.sum = x.Size, sum.Sum()
	return fetched, sum.Parts(), s.file.Sync()
}
