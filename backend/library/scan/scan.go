package scan

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// How much of a folder is looked at.
const (
	maxDepth   = 10
	maxEntries = 100_000
)

// Model is a model that is on this computer.
type Model struct {
	App          string           // that keeps it; empty: a folder that the person chose
	Dir          string           // the folder that was looked through
	Name         string           // for people
	Ref          string           // that it would get in the library
	Kind         backend.FileKind // KindModel or KindAdapter
	Quant        string
	Architecture string
	Parameters   int64
	Licence      backend.Licence
	Bytes        int64          // all its files
	Files        []File         // the weights first
	Problem      *backend.Error // why it can't be run; nil: it can
}

// File is one file of a Model.
type File struct {
	Path   string // where the file really is, links followed
	Kind   backend.FileKind
	Name   string
	Bytes  int64
	Digest string // as the other app's folder says; empty: not known
}

// Apps lists the models that other apps keep on this computer, by app and name. own is the library's folder, which is
// left out. Folders that are not there or can't be read have no models.
func Apps(ctx context.Context, env Env, own string) ([]Model, error) {
	var out []Model
	seen := map[string]bool{}
	for _, p := range Places(env) {
		found, err := look(ctx, p, own, seen)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// Folder lists the models in one folder, as Apps does.
func Folder(ctx context.Context, dir, own string) ([]Model, error) {
	_, err := os.Stat(filepath.Join(dir, "manifests"))
	return look(ctx, Place{Dir: dir, store: err == nil}, own, map[string]bool{})
}

// look lists the models of one place. seen holds the real paths of weights that were listed before.
func look(ctx context.Context, p Place, own string, seen map[string]bool) ([]Model, error) {
	if same, err := filepath.EvalSymlinks(p.Dir); err != nil || same == own {
		return nil, nil //nolint:nilerr // a place that is not there, or our own
	}
	var found []Model
	var err error
	if p.store {
		found, err = scanStore(ctx, p.Dir)
	} else {
		found, err = scanFolder(ctx, p.Dir, own)
	}
	if err != nil {
		return nil, err
	}
	out := found[:0]
	for _, f := range found {
		if len(f.Files) == 0 || seen[f.Files[0].Path] {
			continue
		}
		seen[f.Files[0].Path] = true
		f.App, f.Dir = p.App, p.Dir
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Model) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Bytes, b.Bytes))
	})
	return out, nil
}

// scanStore lists the models of another store in Ollama's layout.
func scanStore(ctx context.Context, dir string) ([]Model, error) {
	other := layout.Store{Dir: dir}
	entries, err := other.Entries()
	if err != nil {
		return nil, nil //nolint:nilerr // it can't be read, which is not for us to mend
	}
	var out []Model
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e.Bad != nil {
			continue
		}
		f := Model{Ref: e.Name.Ref(), Name: e.Name.Ref(), Kind: backend.KindModel, Bytes: e.Manifest.Bytes()}
		var headers []*gguf.File
		for _, x := range e.Manifest.All() {
			if x.Digest == "" {
				continue
			}
			path := other.Blob(x.Digest)
			if real, err := filepath.EvalSymlinks(path); err == nil {
				path = real
			}
			f.Files = append(f.Files, File{Path: path, Kind: layout.KindOf(x.MediaType), Bytes: x.Size, Digest: strings.ToLower(x.Digest)})
			if _, known := layout.MediaType(backend.FileKind(x.MediaType)); !known {
				f.Problem = backend.Fail(backend.CodeUnsupported, nil, "This model is in a format that this engine can't run.", "Look for a GGUF version of the same model.")
				continue
			}
			if x.MediaType == layout.TypeModel {
				h, err := gguf.ReadFile(path)
				if err != nil {
					f.Problem = backend.Readable(cmp.Or(explainSourceOr(err), err))
					continue
				}
				headers = append(headers, h)
			}
		}
		slices.SortStableFunc(f.Files, func(a, b File) int { return cmp.Compare(kindRank(a.Kind), kindRank(b.Kind)) })
		f.describe(headers)
		f.Name = nameOf(e.Name, headers)
		if len(f.Files) > 0 && f.Files[0].Kind == backend.KindModel {
			out = append(out, f)
		}
	}
	return out, nil
}

// nameOf is what people call a model of an Ollama store: what its header says, unless the person gave it another name.
func nameOf(n layout.Name, headers []*gguf.File) string {
	letters := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, s)
	}
	if len(headers) > 0 {
		if title := layout.Title(headers[0].Name()); title != "" && strings.Contains(letters(title), letters(n.Model)) {
			return title
		}
	}
	return cmp.Or(layout.Title(n.Model), n.Model)
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
		return layout.ExplainSource(err)
	}
	return nil
}

// describe fills in what headers say.
func (f *Model) describe(headers []*gguf.File) {
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
	f.Quant, f.Architecture, f.Parameters, f.Licence = h.Quant(), h.Architecture(), h.Parameters(), layout.LicenceOf(h)
}

// ggufFile is one file of a folder that is scanned.
type ggufFile struct {
	File
	dir    string // where it was found, which may be a folder of links
	header *gguf.File
	bad    error
}

// scanFolder lists the models below a folder.
func scanFolder(ctx context.Context, dir, own string) ([]Model, error) {
	files, err := walk(ctx, dir, own)
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
	var out []Model
	for _, d := range dirs {
		out = append(out, group(byDir[d])...)
	}
	return out, nil
}

// walk finds every GGUF file below a folder, links followed, each real file once.
func walk(ctx context.Context, root, own string) ([]*ggufFile, error) {
	var out []*ggufFile
	entries := 0
	seen := map[string]bool{}
	var visit func(dir string, depth int) error
	visit = func(dir string, depth int) error {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || seen[real] || depth > maxDepth || real == own {
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
			f := &ggufFile{File: File{Path: real, Name: it.Name(), Kind: backend.KindModel, Bytes: info.Size()}, dir: dir}
			if sum := filepath.Base(real); layout.IsSHA256(sum) { // as the Hugging Face cache names large files
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
func group(files []*ggufFile) []Model {
	var out []Model
	var projectors []*ggufFile
	parts := map[string][]*ggufFile{}
	for _, f := range files {
		m := layout.PartName().FindStringSubmatch(f.Name)
		switch {
		case f.Kind == backend.KindProjector:
			projectors = append(projectors, f)
		case m != nil && f.header != nil && f.header.Role() == gguf.RoleModel:
			key := m[1] + " of " + m[3]
			if parts[key] = append(parts[key], f); len(parts[key]) == 1 {
				out = append(out, Model{Ref: key}) // to be filled in
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
			out[i].Files = append(out[i].Files, p.File)
			out[i].Bytes += p.Bytes
		}
	}
	return out
}

// found makes one model of its file, or of its parts.
func found(files ...*ggufFile) Model {
	first := files[0]
	f := Model{Kind: first.Kind}
	var headers []*gguf.File
	for _, p := range files {
		f.Files = append(f.Files, p.File)
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
			f.Problem = backend.Readable(layout.CheckModel(headers[0]))
		}
		if first.Kind == backend.KindAdapter {
			if err := layout.CheckLoRA(headers[0]); err != nil {
				f.Problem = backend.Readable(err)
			}
		}
		f.Name = layout.Title(headers[0].Name())
	}
	base := layout.Stem(layout.SplitStem(first.Name), f.Quant)
	if strings.EqualFold(base, "model") { // as Jan names every file
		base = filepath.Base(first.dir)
	}
	f.Name = cmp.Or(f.Name, layout.Title(base), layout.Display(base))
	f.Ref = cmp.Or(layout.Slug(base), layout.Slug(f.Name), "model") + ":" + cmp.Or(f.Quant, "latest")
	return f
}

// projectorFor picks what lets a model see from the files beside it: by the name that both carry, or because every
// model of the folder is of one family. Of several precisions, half is the usual choice.
func projectorFor(f Model, all []Model, projectors []*ggufFile) *ggufFile {
	family := func(name string) string {
		name = strings.ToLower(name)
		for _, cut := range []string{"mmproj", ".gguf", "model"} {
			name = strings.ReplaceAll(name, cut, "")
		}
		return layout.Slug(name)
	}
	oneFamily := !slices.ContainsFunc(all, func(o Model) bool {
		return o.Kind == backend.KindModel && (o.Architecture != f.Architecture || !strings.EqualFold(layout.Stem(o.Files[0].Name, o.Quant), layout.Stem(f.Files[0].Name, f.Quant)))
	})
	var fit []*ggufFile
	for _, p := range projectors {
		if p.bad != nil {
			continue
		}
		own := family(layout.Stem(p.Name, p.header.Quant()))
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
