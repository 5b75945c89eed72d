package library

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
	"weightroom/backend/library/scan"
)

// Look says what Import would make of a path, without copying anything: of a file, or of each model in a folder. What
// can't be imported has its reason in Problem.
func (ad *adopter) Look(ctx context.Context, path string) ([]ForeignModel, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return []ForeignModel{unusable(path, layout.ExplainSource(err))}, nil
	case info.IsDir() && isBundle(path):
		return []ForeignModel{ad.lookAtBundle(path)}, nil
	case info.IsDir():
		found, err := ad.ScanFolder(ctx, path)
		if err == nil && len(found) == 0 {
			err = backend.Fail(backend.CodeNotFound, nil, "There is no model in this folder.", "Choose a folder with files whose names end in .gguf.")
		}
		if err != nil {
			return []ForeignModel{unusable(path, err)}, nil
		}
		return found, nil
	}
	return []ForeignModel{ad.lookAtFile(path)}, nil
}

// unusable is what can't be imported, and why.
func unusable(path string, err error) ForeignModel {
	return ForeignModel{Model: scan.Model{Name: filepath.Base(path), Files: []scan.File{{Path: path}}, Problem: backend.Readable(layout.Explain(err))}}
}

// lookAtFile reads the header of a file, and finds the other parts of what is split.
func (ad *adopter) lookAtFile(path string) ForeignModel {
	src, info, err := openSource(path)
	if err != nil {
		return unusable(path, err)
	}
	defer func() { _ = src.Close() }()
	header, err := gguf.Read(src, info.Size())
	if err == nil && header.Role() != gguf.RoleAdapter {
		err = layout.CheckModel(header)
	}
	paths := []string{path}
	if err == nil {
		if _, count := header.Split(); count > 1 {
			paths, err = siblings(path, header)
		}
	}
	if err != nil {
		bad := unusable(path, err)
		bad.Bytes = info.Size()
		return bad
	}
	out := scan.Model{Kind: backend.KindModel, Quant: header.Quant(), Architecture: header.Architecture()}
	if header.Role() == gguf.RoleAdapter {
		out.Kind = backend.KindAdapter
	}
	for _, p := range paths {
		f := scan.File{Path: p, Name: filepath.Base(p), Kind: out.Kind}
		if part, err := os.Stat(p); err == nil {
			f.Bytes = part.Size()
		}
		out.Bytes += f.Bytes
		out.Files = append(out.Files, f)
	}
	found := ForeignModel{Model: out}
	found.InLibrary, found.Alike = ad.inventory().find(out.Files)
	found.Name = cmp.Or(layout.Title(header.Name()), layout.StemTitle(path, header.Quant()))
	return found
}

// lookAtBundle reads what a bundle says of itself.
func (ad *adopter) lookAtBundle(dir string) ForeignModel {
	var list packing
	var c layout.Config
	data, _, err := layout.ReadSmall(filepath.Join(dir, bundleList))
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err == nil {
		err = json.Unmarshal(list.Config, &c)
	}
	if err != nil {
		return unusable(dir, badBundle(bundleList, err))
	}
	out := scan.Model{Kind: list.Kind, Quant: c.FileType, Files: []scan.File{{Path: dir}}}
	if c.Ours != nil {
		out.Name = layout.Display(c.Ours.Name)
	}
	name, _ := backend.SplitRef(list.Ref)
	out.Name = cmp.Or(out.Name, layout.Title(name), filepath.Base(dir))
	for _, f := range list.Files {
		out.Bytes += f.Bytes
	}
	return ForeignModel{Model: out}
}
