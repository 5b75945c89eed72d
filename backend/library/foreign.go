package library

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
	"weightroom/backend/library/scan"
)

// ForeignModel is a model that is on this computer and could be adopted.
type ForeignModel struct {
	scan.Model
	InLibrary string // reference of the model of the library that it is; empty: none
	Alike     bool   // InLibrary is what it looks like by its size and header; its weights were not compared
	How       string // how Adopt would take it, a How constant; empty: it can't without a copy
	Keeps     string // what that means, in a sentence
}

// ScanEnv is what decides where other apps keep their models.
type ScanEnv = scan.Env

// HostEnv is the ScanEnv of this process.
func HostEnv() ScanEnv { return scan.HostEnv() }

// ScanApps lists the models that other apps keep on this computer, by app and name. It reads headers, not weights, and
// changes nothing.
func (ad *adopter) ScanApps(ctx context.Context, env ScanEnv) ([]ForeignModel, error) {
	found, err := scan.Apps(ctx, env, ad.Dir())
	if err != nil {
		return nil, layout.Explain(err)
	}
	return ad.compare(found), nil
}

// ScanFolder lists the models in a folder that the person chose, as ScanApps does.
func (ad *adopter) ScanFolder(ctx context.Context, dir string) ([]ForeignModel, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, layout.ExplainSource(err)
	}
	if !info.IsDir() {
		return nil, backend.Fail(backend.CodeInvalid, nil, "This is a file, not a folder.", "Import the file itself.")
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, layout.ExplainSource(err)
	}
	found, err := scan.Folder(ctx, dir, ad.Dir())
	if err != nil {
		return nil, layout.Explain(err)
	}
	return ad.compare(found), nil
}

// compare tells what of models the library has, and how it could take the others.
func (ad *adopter) compare(found []scan.Model) []ForeignModel {
	have := ad.inventory()
	out := []ForeignModel{}
	for _, m := range found {
		f := ForeignModel{Model: m}
		f.InLibrary, f.Alike = have.find(m.Files)
		if f.Problem == nil {
			f.How = ad.stager.best(f.Files)
			f.Keeps = keeps(f.How)
		}
		out = append(out, f)
	}
	return out
}

// stock is what the library has, to tell what of it is elsewhere too.
type stock struct {
	*folder
	bySize map[int64][]layout.Layer
	refs   map[string]string // by digest
}

func (ad *adopter) inventory() stock {
	s := stock{ad.folder, map[int64][]layout.Layer{}, map[string]string{}}
	entries, _ := ad.entries()
	for _, e := range entries {
		if e.Bad != nil || e.Manifest.Key() == "" || e.Manifest.Has(layout.TypeAdapter) && len(e.Manifest.Weights()) > 0 {
			continue
		}
		key := strings.ToLower(e.Manifest.Key())
		s.refs[key] = e.Name.Ref()
		for _, x := range e.Manifest.Layers {
			if strings.EqualFold(x.Digest, key) {
				s.bySize[x.Size] = append(s.bySize[x.Size], x)
				break
			}
		}
	}
	return s
}

// find returns the reference of the model whose weights are these files': one file, or the same digest. Without reading
// it all, one of the same size and the same header is alike, and may be another.
func (s stock) find(files []scan.File) (ref string, alike bool) {
	similar := ""
	for _, x := range s.bySize[files[0].Bytes] {
		ref = s.refs[strings.ToLower(x.Digest)]
		blob := s.store().Blob(x.Digest)
		a, errA := os.Stat(blob)
		b, errB := os.Stat(files[0].Path)
		if files[0].Digest == strings.ToLower(x.Digest) || errA == nil && errB == nil && os.SameFile(a, b) {
			return ref, false
		}
		if similar == "" && files[0].Digest == "" && sameHeader(blob, files[0].Path) {
			similar = ref
		}
	}
	return similar, similar != ""
}

func sameHeader(a, b string) bool {
	h, err := gguf.ReadFile(a)
	if err != nil {
		return false
	}
	read := func(path string) []byte {
		f, err := os.Open(path)
		if err != nil {
			return nil
		}
		defer func() { _ = f.Close() }()
		data, err := io.ReadAll(io.LimitReader(f, h.DataOffset+quickCompare))
		if err != nil {
			return nil
		}
		return data
	}
	first := read(a)
	return first != nil && bytes.Equal(first, read(b))
}

// quickCompare is how much of the weights is compared too: two trainings of one model share a header.
const quickCompare = 1 << 20
