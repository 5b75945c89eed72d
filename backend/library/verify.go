package library

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// Bad is a file of the library that is not what it should be.
type Bad struct {
	Ref    string `json:"ref"`    // the model it belongs to
	Digest string `json:"digest"` // of the file, as it should be; empty: the manifest itself
	Reason string `json:"reason"` // a sentence
}

// Verify reads every byte of a model, or of all of them for an empty ref, and returns what is damaged: an empty list
// means all is well. Nothing is changed. To mend a model, import or download the same file again. Progress counts
// bytes over all files.
func (l *Library) Verify(ctx context.Context, ref string, progress func(done, total int64)) ([]Bad, error) {
	entries, err := l.entries()
	if err != nil {
		return nil, explain(err)
	}
	if ref != "" {
		e, err := l.locate(ctx, ref)
		if err != nil {
			return nil, explain(err)
		}
		entries = []entry{e}
	}
	v := verification{l: l, ctx: ctx, progress: progress, seen: map[string]string{}}
	for _, e := range entries {
		v.total += e.manifest.bytes()
	}
	bad := []Bad{}
	for _, e := range entries {
		if e.bad != nil {
			bad = append(bad, Bad{Ref: e.name.ref(), Reason: "The file that says what this model is made of can't be read."})
			continue
		}
		for _, x := range e.manifest.all() {
			if x.Digest == "" { // a manifest without a config is allowed
				continue
			}
			reason, err := v.check(x)
			if err != nil {
				return nil, explain(err)
			}
			if reason != "" {
				bad = append(bad, Bad{Ref: e.name.ref(), Digest: x.Digest, Reason: reason})
			}
		}
	}
	return bad, nil
}

type verification struct {
	l           *Library
	ctx         context.Context
	progress    func(done, total int64)
	done, total int64
	seen        map[string]string // reasons by digest: a blob that two models share is read once
}

// check gives the reason why a blob is bad, or "". Its error is the end of ctx.
func (v *verification) check(x layer) (reason string, err error) {
	key := strings.ToLower(x.Digest) + " " + x.MediaType
	if reason, ok := v.seen[key]; ok {
		v.advance(x.Size)
		return reason, nil
	}
	reason, err = v.read(x)
	if err == nil {
		v.seen[key] = reason
	}
	return reason, err
}

func (v *verification) advance(n int64) {
	v.done += n
	if v.progress != nil {
		v.progress(v.done, v.total)
	}
}

func (v *verification) read(x layer) (string, error) {
	before := v.done
	defer func() { v.advance(before + x.Size - v.done) }()
	path := v.l.blob(x.Digest)
	info, err := os.Stat(path)
	switch {
	case path == "" || errors.Is(err, fs.ErrNotExist):
		return "A file of this model is missing.", nil
	case err != nil:
		return "A file of this model can't be read.", nil
	case !info.Mode().IsRegular():
		return "Something that is not a file is in the place of a file of this model.", nil
	case info.Size() != x.Size:
		return fmt.Sprintf("A file of this model is %d bytes long instead of %d.", info.Size(), x.Size), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "A file of this model can't be read.", nil
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	_, err = copyWith(v.ctx, sum, io.LimitReader(f, x.Size+1), x.Size, func(done, _ int64) { v.advance(before + done - v.done) })
	if v.ctx.Err() != nil {
		return "", v.ctx.Err()
	}
	if err != nil {
		return "A file of this model can't be read completely.", nil
	}
	if fmt.Sprintf("sha256:%x", sum.Sum(nil)) != strings.ToLower(x.Digest) {
		return "A file of this model has changed since it was stored: its checksum is different.", nil
	}
	if x.MediaType == typeModel {
		if _, err := gguf.Read(f, info.Size()); err != nil {
			return backend.Readable(err).Message, nil
		}
	}
	return "", nil
}
