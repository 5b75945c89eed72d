package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// Bad is a file of the library that is not what it should be.
type Bad struct {
	Ref    string `json:"ref"`    // the model it belongs to
	Digest string `json:"digest"` // of the file, as it should be; empty: the manifest itself
	Reason string `json:"reason"` // a sentence
	Hint   string `json:"hint"`   // what to do
	File   string `json:"file"`   // what it was called where it came from; may be empty
	Bytes  int64  `json:"bytes"`  // of the file, as it should be

	// Parts are the parts that are bad, for a repair; empty: not known, so that the whole file has to come again.
	Parts   []Part `json:"parts"`
	Address string `json:"address"` // where to fetch it; empty: not known
	// Doubtful files may still be right: another app has changed them since they were last read whole.
	Doubtful bool `json:"doubtful"`
}

// Part is a piece of a file.
type Part struct {
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // as it should be, hexadecimal; empty: not known
}

const (
	hintRepair  = "Repair it, or import or download the same model again."
	hintAdopted = "Put the file back, or remove this model and download it again."
)

// verifier finds files that are not what they should be.
type verifier struct{ *catalogue }

// Verify reads every byte of a model, or of all of them for an empty ref, and returns what is damaged: an empty list
// means all is well. No model is changed. To mend one see Repair; to import the same file again mends it too. Progress
// counts bytes over all files.
func (ver *verifier) Verify(ctx context.Context, ref string, progress func(done, total int64)) ([]Bad, error) {
	entries, err := ver.entries()
	if err != nil {
		return nil, layout.Explain(err)
	}
	if ref != "" {
		e, err := ver.locate(ctx, ref)
		if err != nil {
			return nil, layout.Explain(err)
		}
		entries = []layout.Entry{e}
	}
	v := verification{verifier: ver, ctx: ctx, progress: progress, seen: map[string]Bad{}}
	for _, e := range entries {
		v.total += e.Manifest.Bytes()
	}
	return v.all(entries)
}

// all checks the files of entries, each of them once.
func (v *verification) all(entries []layout.Entry) ([]Bad, error) {
	bad := []Bad{}
	for _, e := range entries {
		if e.Bad != nil {
			bad = append(bad, Bad{Ref: e.Name.Ref(), Reason: "The file that says what this model is made of can't be read.", Hint: hintRepair, Parts: []Part{}})
			continue
		}
		for _, x := range e.Manifest.All() {
			if x.Digest == "" { // a manifest without a config is allowed
				continue
			}
			b, err := v.check(x)
			if err != nil {
				return nil, layout.Explain(err)
			}
			if b.Reason != "" {
				bad = append(bad, v.describe(b, e, x))
			}
		}
	}
	return bad, nil
}

// describe adds what is known of a bad file.
func (ver *verifier) describe(b Bad, e layout.Entry, x layout.Layer) Bad {
	b.Ref, b.Digest, b.Bytes = e.Name.Ref(), x.Digest, x.Size
	b.Hint = cmp.Or(b.Hint, hintRepair)
	if b.Parts == nil {
		b.Parts = []Part{}
	}
	if o := ver.originOf(e); o != nil {
		from := o.Files[strings.ToLower(x.Digest)]
		b.File, b.Address = from.Name, from.Address
	}
	return b
}

type verification struct {
	*verifier
	ctx         context.Context
	progress    func(done, total int64)
	done, total int64
	seen        map[string]Bad // by digest: a blob that two models share is read once
}

// check returns what is wrong with a blob; an empty Reason means nothing. Its error is the end of ctx.
func (v *verification) check(x layout.Layer) (Bad, error) {
	key := strings.ToLower(x.Digest) + " " + x.MediaType
	if b, ok := v.seen[key]; ok {
		v.advance(x.Size)
		return b, nil
	}
	b, err := v.read(x)
	if err == nil {
		v.seen[key] = b
	}
	return b, err
}

func (v *verification) advance(n int64) {
	v.done += n
	if v.progress != nil {
		v.progress(v.done, v.total)
	}
}

func (v *verification) read(x layout.Layer) (Bad, error) {
	before := v.done
	defer func() { v.advance(before + x.Size - v.done) }()
	path := v.store().Blob(x.Digest)
	if b := v.quickCheck(x); b.Reason != "" && b.Parts == nil {
		return b, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return Bad{Reason: "A file of this model can't be read."}, nil
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return Bad{Reason: "A file of this model can't be read."}, nil
	}
	sum, parts, err := layout.SumsOf(v.ctx, f, x.Size, v.partBytes, func(done int64) { v.advance(before + min(done, x.Size) - v.done) })
	if v.ctx.Err() != nil {
		return Bad{}, v.ctx.Err()
	}
	if err != nil {
		return Bad{Reason: "A file of this model can't be read completely.", Hint: "Check the disk, then repair the model."}, nil
	}
	if "sha256:"+sum != strings.ToLower(x.Digest) || info.Size() != x.Size {
		b := v.quickCheck(x)
		if b.Reason == "" || b.Doubtful {
			b = Bad{Reason: "A file of this model has changed since it was stored: its checksum is different."}
			if original := v.store().Original(x.Digest); original != "" {
				b = Bad{Reason: fmt.Sprintf("Another app has changed the file of this model (%s).", original), Hint: "Remove this model and download it again."}
			}
		}
		b.Parts = v.differing(x, parts)
		return b, nil
	}
	if layout.HoldsTensors(x.MediaType) {
		if _, err := gguf.Read(f, info.Size()); err != nil {
			return Bad{Reason: backend.Readable(err).Message, Hint: backend.Readable(err).Hint}, nil
		}
	}
	if s, ok := v.store().ReadSums(x.Digest); !ok || !s.Modified.Equal(info.ModTime()) || len(s.Parts) == 0 {
		if free, ok := v.tryChange(); ok { // only what is known of the file is written, not the file
			v.store().Note(x.Digest, parts)
			free()
		}
	}
	return Bad{}, nil
}

// differing returns the parts of a file whose sums are not those that were noted when it was sound.
func (ver *verifier) differing(x layout.Layer, have []string) []Part {
	s, ok := ver.store().ReadSums(x.Digest)
	if !ok || len(s.Parts) == 0 || s.Bytes != x.Size || s.PartBytes != ver.partBytes {
		return nil
	}
	var out []Part
	for i, want := range s.Parts {
		if i >= len(have) || have[i] != want {
			at := int64(i) * s.PartBytes
			out = append(out, Part{Offset: at, Bytes: min(s.PartBytes, x.Size-at), SHA256: want})
		}
	}
	if len(out) == 0 { // the file has grown: its last part is written again, and what follows is not
		at := int64(len(s.Parts)-1) * s.PartBytes
		out = append(out, Part{Offset: at, Bytes: x.Size - at, SHA256: s.Parts[len(s.Parts)-1]})
	}
	return out
}

// quickCheck finds what is wrong with a blob without reading it. Parts is not nil where reading it says more.
func (ver *verifier) quickCheck(x layout.Layer) Bad {
	path := ver.store().Blob(x.Digest)
	original := ver.store().Original(x.Digest)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && original != "":
		return Bad{Reason: fmt.Sprintf("The file of this model belonged to another app, and is not there any more (%s).", original), Hint: hintAdopted}
	case path == "" || errors.Is(err, fs.ErrNotExist):
		return Bad{Reason: "A file of this model is missing."}
	case err != nil:
		return Bad{Reason: "A file of this model can't be read."}
	case !info.Mode().IsRegular():
		return Bad{Reason: "Something that is not a file is in the place of a file of this model."}
	case info.Size() != x.Size && original != "":
		return Bad{Reason: fmt.Sprintf("Another app has changed the file of this model (%s).", original), Hint: "Remove this model and download it again."}
	case info.Size() != x.Size:
		return Bad{Reason: wrongLength(info.Size(), x.Size), Parts: []Part{}}
	}
	if s, ok := ver.store().ReadSums(x.Digest); ok && original != "" && !s.Modified.Equal(info.ModTime()) {
		return Bad{Reason: fmt.Sprintf("Another app has written to the file of this model (%s) since it was last checked.", original), Hint: "Verify this model to see whether it is still the same.", Doubtful: true, Parts: []Part{}}
	}
	return Bad{}
}

// Broken lists quickly, without reading weights, which models can't be run and why, and which have a file that another
// app has changed: what Models leaves out, or should be looked at. Verify finds more.
func (ver *verifier) Broken(ctx context.Context) ([]Bad, error) {
	entries, err := ver.entries()
	if err != nil {
		return nil, layout.Explain(err)
	}
	bad := []Bad{}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, layout.Explain(err)
		}
		if e.Bad != nil {
			bad = append(bad, Bad{Ref: e.Name.Ref(), Reason: "The file that says what this model is made of can't be read.", Hint: hintRepair, Parts: []Part{}})
			continue
		}
		found := false
		for _, x := range e.Manifest.Layers {
			if b := ver.quickCheck(x); b.Reason != "" {
				b.Parts = nil
				bad, found = append(bad, ver.describe(b, e, x)), found || !b.Doubtful
			}
		}
		if found {
			continue
		}
		if _, err := ver.model(e); err != nil && !errors.Is(err, errNoWeights) {
			says := backend.Readable(err)
			bad = append(bad, ver.describe(Bad{Reason: says.Message, Hint: says.Hint}, e, e.Manifest.Layers[0]))
		}
	}
	return bad, nil
}

// wrongLength says by how much a file is too short or too long.
func wrongLength(is, should int64) string {
	if is < should {
		return fmt.Sprintf("%s of its %s are missing.", backend.Bytes(should-is), backend.Bytes(should))
	}
	return fmt.Sprintf("A file of it is %s too long.", backend.Bytes(is-should))
}
