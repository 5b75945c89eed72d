package library

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// How much of a folder is looked at.
const (
	maxDepth   = 10
	maxEntries = 100_000
)

// ForeignModel is a model that is on this computer and could be adopted.
type ForeignModel struct {
	App          string           `json:"app"`  // that keeps it; empty: a folder that the person chose
	Name         string           `json:"name"` // for people
	Ref          string           `json:"ref"`  // that it would get
	Kind         backend.FileKind `json:"kind"` // backend.KindModel or backend.KindAdapter
	Quant        string           `json:"quant"`
	Architecture string           `json:"architecture"`
	Parameters   int64            `json:"parameters"`
	Licence      backend.Licence  `json:"licence"`
	Bytes        int64            `json:"bytes"` // all its files
	Files        []ForeignFile    `json:"files"`
	InLibrary    string           `json:"inLibrary"` // reference of the model of the library that it is; empty: none
	How          string           `json:"how"`       // how Adopt would take it, a How constant; empty: it can't without a copy
	Keeps        string           `json:"keeps"`     // what that means, in a sentence
	Problem      *backend.Error   `json:"problem"`   // why it can't be adopted; nil: it can
}

// ForeignFile is one file of a ForeignModel.
type ForeignFile struct {
	Path   string           `json:"path"` // where the file really is, links followed
	Kind   backend.FileKind `json:"kind"`
	Name   string           `json:"name"`
	Bytes  int64            `json:"bytes"`
	Digest string           `json:"digest"` // as the other app's folder says; empty: not known
}

// ScanApps lists the models that other apps keep on this computer, by app and name. It reads headers, not weights, and
// changes nothing. Folders that are not there or can't be read have no models.
func (l *Library) ScanApps(ctx context.Context, env Env) ([]ForeignModel, error) {
	out := []ForeignModel{}
	seen := map[string]bool{}
	for _, p := range Places(env) {
		found, err := l.scan(ctx, p, seen)
		if err != nil {
			return nil, explain(err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// ScanFolder lists the models in a folder that the person chose, as ScanApps does.
func (l *Library) ScanFolder(ctx context.Context, dir string) ([]ForeignModel, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, explainSource(err)
	}
	if !info.IsDir() {
		return nil, backend.Fail(backend.CodeInvalid, nil, "This is a file, not a folder.", "Import the file itself.")
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, explainSource(err)
	}
	_, err = os.Stat(filepath.Join(dir, "manifests"))
	found, err := l.scan(ctx, Place{Dir: dir, store: err == nil}, map[string]bool{})
	if err != nil {
		return nil, explain(err)
	}
	return append([]ForeignModel{}, found...), nil
}

// scan lists the models of one place. seen holds the real paths of weights that were listed before.
func (l *Library) scan(ctx context.Context, p Place, seen map[string]bool) ([]ForeignModel, error) {
	if same, err := filepath.EvalSymlinks(p.Dir); err != nil || same == l.Dir() {
		return nil, nil //nolint:nilerr // a place that is not there, or our own
	}
	var found []ForeignModel
	var err error
	if p.store {
		found, err = l.scanStore(ctx, p)
	} else {
		found, err = l.scanFolder(ctx, p.Dir)
	}
	if err != nil {
		return nil, err
	}
	have := l.inventory()
	out := found[:0]
	for _, f := range found {
		if len(f.Files) == 0 || seen[f.Files[0].Path] {
			continue
		}
		seen[f.Files[0].Path] = true
		f.App = p.App
		f.InLibrary = have.find(f.Files)
		if f.Problem == nil {
			f.How = l.best(f.Files)
			f.Keeps = keeps(f.How)
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b ForeignModel) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Bytes, b.Bytes))
	})
	return out, nil
}

// scanStore lists the models of another store in Ollama's layout.
func (l *Library) scanStore(ctx context.Context, p Place) ([]ForeignModel, error) {
	other := &Library{home: p.Dir}
	other.dir.Store(&p.Dir)
	entries, err := other.entries()
	if err != nil {
		return nil, nil //nolint:nilerr // it can't be read, which is not for us to mend
	}
	var out []ForeignModel
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e.bad != nil {
			continue
		}
		f := ForeignModel{Ref: e.name.ref(), Name: e.name.ref(), Kind: backend.KindModel, Bytes: e.manifest.bytes()}
		var headers []*gguf.File
		for _, x := range e.manifest.all() {
			if x.Digest == "" {
				continue
			}
			path := other.blob(x.Digest)
			if real, err := filepath.EvalSymlinks(path); err == nil {
				path = real
			}
			f.Files = append(f.Files, ForeignFile{Path: path, Kind: kindOfType(x.MediaType), Bytes: x.Size, Digest: strings.ToLower(x.Digest)})
			if _, known := mediaType(backend.FileKind(x.MediaType)); !known {
				f.Problem = backend.Fail(backend.CodeUnsupported, nil, "This model is in a format that this engine can't run.", "Look for a GGUF version of the same model.")
				continue
			}
			if x.MediaType == typeModel {
				h, err := gguf.ReadFile(path)
				if err != nil {
					f.Problem = backend.Readable(cmp.Or(explainSourceOr(err), err))
					continue
				}
				headers = append(headers, h)
			}
		}
		slices.SortStableFunc(f.Files, func(a, b ForeignFile) int { return cmp.Compare(kindRank(a.Kind), kindRank(b.Kind)) })
		f.describe(headers)
		if len(f.Files) > 0 && f.Files[0].Kind == backend.KindModel {
			out = append(out, f)
		}
	}
	return out, nil
}

func kindRank(kind backend.FileKind) int {
	if kind == backend.KindModel {
		return 0
	}
	return 1
}

// explainSourceOr gives a failure to open a file its sentence, and nil for others.
func explainSourceOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return explainSource(err)
	}
	return nil
}

// describe fills in what headers say.
func (f *ForeignModel) describe(headers []*gguf.File) {
	if len(headers) == 0 {
		return
	}
	h, err := gguf.Join(headers)
	if err != nil {
		if f.Problem == nil {
			f.Problem = backend.Readable(err)
		}
		h = headers[0]
	}
	f.Quant, f.Architecture, f.Parameters, f.Licence = h.Quant(), h.Architecture(), h.Parameters(), licenceOf(h)
}

// ggufFile is one file of a folder that is scanned.
type ggufFile struct {
	ForeignFile
	dir    string // where it was found, which may be a folder of links
	header *gguf.File
	bad    error
}

// scanFolder lists the models below a folder.
func (l *Library) scanFolder(ctx context.Context, dir string) ([]ForeignModel, error) {
	files, err := l.walk(ctx, dir)
	if err != nil {
		return nil, err
	}
	byDir := map[string][]*ggufFile{}
	var dirs []string
	for _, f := range files {
		if byDir[f.dir] == nil {
			dirs = append(dirs, f.dir)
		}
		byDir[f.dir] = append(byDir[f.dir], f)
	}
	var out []ForeignModel
	for _, d := range dirs {
		out = append(out, group(byDir[d])...)
	}
	return out, nil
}

// walk finds every GGUF file below a folder, links followed, each real file once.
func (l *Library) walk(ctx context.Context, root string) ([]*ggufFile, error) {
	var out []*ggufFile
	entries := 0
	seen := map[string]bool{}
	var visit func(dir string, depth int) error
	visit = func(dir string, depth int) error {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || seen[real] || depth > maxDepth || real == l.Dir() {
			return nil //nolint:nilerr // a link to nowhere, or round in a circle
		}
		seen[real] = true
		items, err := os.ReadDir(dir)
		if err != nil {
			return nil //nolint:nilerr // a folder that can't be read has no models for us
		}
		for _, it := range items {
			if err := ctx.Err(); err != nil {
				return err
			}
			if entries++; entries > maxEntries {
				return nil
			}
			path := filepath.Join(dir, it.Name())
			info, err := os.Stat(path)
			if err != nil {
				continue
			}
			if info.IsDir() {
				if err := visit(path, depth+1); err != nil {
					return err
				}
				continue
			}
			if !strings.EqualFold(filepath.Ext(path), ".gguf") || !info.Mode().IsRegular() {
				continue
			}
			real, err := filepath.EvalSymlinks(path)
			if err != nil || seen[real] {
				continue
			}
			seen[real] = true
			f := &ggufFile{ForeignFile: ForeignFile{Path: real, Name: it.Name(), Kind: backend.KindModel, Bytes: info.Size()}, dir: dir}
			if sum := filepath.Base(real); isSHA256(sum) { // as the Hugging Face cache names large files
				f.Digest = "sha256:" + strings.ToLower(sum)
			}
			if f.header, f.bad = gguf.ReadFile(real); f.bad != nil {
				f.bad = cmp.Or(explainSourceOr(f.bad), f.bad)
			} else if role := f.header.Role(); role == gguf.RoleProjector {
				f.Kind = backend.KindProjector
			} else if role == gguf.RoleAdapter {
				f.Kind = backend.KindAdapter
			}
			out = append(out, f)
		}
		return nil
	}
	return out, visit(root, 0)
}

// group makes models of the files of one folder: parts belong together by their names, and what lets a model see
// belongs to the models it was made for.
func group(files []*ggufFile) []ForeignModel {
	var out []ForeignModel
	var projectors []*ggufFile
	parts := map[string][]*ggufFile{}
	for _, f := range files {
		m := partName().FindStringSubmatch(f.Name)
		switch {
		case f.Kind == backend.KindProjector:
			projectors = append(projectors, f)
		case m != nil && f.header != nil && f.header.Role() == gguf.RoleModel:
			key := m[1] + " of " + m[3]
			if parts[key] = append(parts[key], f); len(parts[key]) == 1 {
				out = append(out, ForeignModel{Ref: key}) // to be filled in
			}
		default:
			out = append(out, found(f))
		}
	}
	for i := range out {
		if p := parts[out[i].Ref]; p != nil {
			slices.SortFunc(p, func(a, b *ggufFile) int { return strings.Compare(a.Name, b.Name) })
			out[i] = found(p...)
		}
	}
	for i := range out {
		if p := projectorFor(out[i], out, projectors); p != nil && out[i].Kind == backend.KindModel && out[i].Problem == nil {
			out[i].Files = append(out[i].Files, p.ForeignFile)
			out[i].Bytes += p.Bytes
		}
	}
	return out
}

// found makes one model of its file, or of its parts.
func found(files ...*ggufFile) ForeignModel {
	first := files[0]
	f := ForeignModel{Kind: first.Kind}
	var headers []*gguf.File
	for _, p := range files {
		f.Files = append(f.Files, p.ForeignFile)
		f.Bytes += p.Bytes
		if p.bad != nil {
			f.Problem = backend.Readable(p.bad)
		} else {
			headers = append(headers, p.header)
		}
	}
	f.describe(headers)
	if len(headers) > 0 {
		if err := headers[0].Role(); err == gguf.RoleVocabulary {
			f.Problem = backend.Readable(suits(headers[0]))
		}
		if first.Kind == backend.KindAdapter {
			if err := isLoRA(headers[0]); err != nil {
				f.Problem = backend.Readable(err)
			}
		}
		f.Name = display(headers[0].Name())
	}
	base := stem(splitStem(first.Name), f.Quant)
	if strings.EqualFold(base, "model") { // as Jan names every file
		base = filepath.Base(first.dir)
	}
	f.Name = firstOf(f.Name, display(base))
	f.Ref = firstOf(slug(base), slug(f.Name), "model") + ":" + firstOf(f.Quant, "latest")
	return f
}

// projectorFor picks what lets a model see from the files beside it: by the name that both carry, or because every
// model of the folder is of one family. Of several precisions, half is the usual choice.
func projectorFor(f ForeignModel, all []ForeignModel, projectors []*ggufFile) *ggufFile {
	family := func(name string) string {
		name = strings.ToLower(name)
		for _, cut := range []string{"mmproj", ".gguf", "model"} {
			name = strings.ReplaceAll(name, cut, "")
		}
		return slug(name)
	}
	oneFamily := !slices.ContainsFunc(all, func(o ForeignModel) bool {
		return o.Kind == backend.KindModel && (o.Architecture != f.Architecture || !strings.EqualFold(stem(o.Files[0].Name, o.Quant), stem(f.Files[0].Name, f.Quant)))
	})
	var fit []*ggufFile
	for _, p := range projectors {
		if p.bad != nil {
			continue
		}
		own := family(stem(p.Name, p.header.Quant()))
		if oneFamily || own != "" && strings.Contains(family(f.Files[0].Name), own) {
			fit = append(fit, p)
		}
	}
	for _, quant := range []string{"F16", "BF16", "F32", "Q8_0"} {
		for _, p := range fit {
			if p.header.Quant() == quant {
				return p
			}
		}
	}
	if len(fit) > 0 {
		return fit[0]
	}
	return nil
}

// stock is what the library has, to tell what of it is elsewhere too.
type stock struct {
	l      *Library
	bySize map[int64][]layer
	refs   map[string]string // by digest
}

func (l *Library) inventory() stock {
	s := stock{l, map[int64][]layer{}, map[string]string{}}
	entries, _ := l.entries()
	for _, e := range entries {
		if e.bad != nil || e.manifest.key() == "" || e.manifest.has(typeAdapter) && len(e.manifest.weights()) > 0 {
			continue
		}
		key := strings.ToLower(e.manifest.key())
		s.refs[key] = e.name.ref()
		for _, x := range e.manifest.Layers {
			if strings.EqualFold(x.Digest, key) {
				s.bySize[x.Size] = append(s.bySize[x.Size], x)
				break
			}
		}
	}
	return s
}

// find returns the reference of the model whose weights are these files': one file, the same digest, or, without reading
// it all, the same size and the same header.
func (s stock) find(files []ForeignFile) string {
	for _, x := range s.bySize[files[0].Bytes] {
		ref := s.refs[strings.ToLower(x.Digest)]
		blob := s.l.blob(x.Digest)
		a, errA := os.Stat(blob)
		b, errB := os.Stat(files[0].Path)
		if files[0].Digest == strings.ToLower(x.Digest) || errA == nil && errB == nil && os.SameFile(a, b) {
			return ref
		}
		if files[0].Digest == "" && sameHeader(blob, files[0].Path) {
			return ref
		}
	}
	return ""
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
