package library

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// importBundle takes a model back from a folder that Export wrote. Nothing is imported unless every file that its
// checksums name is there and what they say.
func (im *importer) importBundle(ctx context.Context, dir string, o Options) (backend.Model, error) {
	sums, list, err := readBundle(dir)
	if err != nil {
		return backend.Model{}, err
	}
	files, whole, err := im.unpackAll(ctx, dir, sums, list, o)
	defer discard(files)
	if err != nil {
		return backend.Model{}, err
	}
	var c layout.Config
	if err := json.Unmarshal(list.Config, &c); err != nil || layout.CheckSmall(layout.TypeConfig, list.Config) != nil {
		return backend.Model{}, badBundle(bundleList, err)
	}
	from := layout.Origin{}
	if c.Ours != nil {
		from = *c.Ours
	}
	from.Name, from.Source, from.App = layout.Display(cmp.Or(o.Name, from.Name, layout.Title(whole.Name()))), cmp.Or(o.Source, SourceImport), ""
	for _, f := range files {
		f.origin.Name = cmp.Or(layout.Display(from.Files[f.layer.Digest].Name), f.origin.Name)
		f.origin.Address = from.Files[f.layer.Digest].Address
	}
	return im.publisher.land(ctx, arrival{whole: whole, ref: cmp.Or(o.Ref, list.Ref), name: from.Name, origin: from, config: list.Config}, files)
}

// unpackAll takes every file of a bundle. The caller discards what is staged.
func (im *importer) unpackAll(ctx context.Context, dir string, sums map[string]string, list packing, o Options) (files []*file, whole *gguf.File, err error) {
	var total, before int64
	for _, f := range list.Files {
		total += f.Bytes
	}
	for _, p := range list.Files {
		f, err := im.unpack(ctx, dir, p, sums[p.File], func(done, _ int64) {
			if o.Progress != nil {
				o.Progress(min(before+done, total), total)
			}
		})
		if err != nil {
			return files, nil, err
		}
		files = append(files, f)
		before += p.Bytes
	}
	whole, err = assemble(files)
	return files, whole, err
}

func badBundle(name string, cause error) error {
	return backend.Fail(backend.CodeDamaged, cause, fmt.Sprintf("The file %s of this folder was changed or damaged: its checksum is different.", layout.Quoted(name)), "Nothing was imported. Copy the folder again from where it was exported.")
}

// readBundle reads the lists of a bundle and checks every small file that they name.
func readBundle(dir string) (sums map[string]string, list packing, err error) {
	data, _, err := layout.ReadSmall(filepath.Join(dir, bundleSums))
	if err != nil {
		return nil, list, layout.ExplainSource(err)
	}
	sums = map[string]string{}
	for line := range strings.Lines(string(data)) {
		sum, name, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "  ")
		if !ok || !layout.IsSHA256(sum) || !plainName(name) || sums[name] != "" {
			return nil, list, backend.Fail(backend.CodeDamaged, fmt.Errorf("line %s", layout.Quoted(line)), "The list of checksums of this folder (SHA256SUMS) is damaged.", "Nothing was imported. Copy the folder again from where it was exported.")
		}
		sums[name] = strings.ToLower(sum)
	}
	read, _, err := layout.ReadSmall(filepath.Join(dir, bundleList))
	if err != nil || layout.DigestOf(read) != "sha256:"+sums[bundleList] || json.Unmarshal(read, &list) != nil {
		return nil, list, badBundle(bundleList, err)
	}
	if list.Version != bundleVersion {
		return nil, list, backend.Fail(backend.CodeUnsupported, nil, "This folder was exported by a newer version of Weightroom.", "Update Weightroom, then import it.")
	}
	weights := map[string]bool{}
	for _, p := range list.Files {
		if _, known := layout.MediaType(p.Kind); !known || !plainName(p.File) || weights[p.File] || p.Bytes < 0 || sums[p.File] == "" || "sha256:"+sums[p.File] != strings.ToLower(p.Digest) {
			return nil, list, badBundle(bundleList, fmt.Errorf("%s", layout.Quoted(p.File)))
		}
		weights[p.File] = true
	}
	for name, sum := range sums {
		if weights[name] {
			continue
		}
		data, _, err := layout.ReadSmall(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			return nil, list, backend.Fail(backend.CodeNotFound, err, fmt.Sprintf("The file %s is missing from this folder.", layout.Quoted(name)), "Nothing was imported. Copy the folder again from where it was exported.")
		}
		if err != nil || layout.DigestOf(data) != "sha256:"+sum {
			return nil, list, badBundle(name, err)
		}
	}
	return sums, list, nil
}

// plainName refuses names that lead out of a folder.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) < 256 && !strings.ContainsAny(name, `/\:`) && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' })
}

// unpack takes one file of a bundle.
func (im *importer) unpack(ctx context.Context, dir string, p packed, sum string, progress func(done, total int64)) (*file, error) {
	kind, _ := layout.MediaType(p.Kind)
	path := filepath.Join(dir, p.File)
	f := &file{layer: layout.Layer{MediaType: kind, Digest: "sha256:" + sum, Size: p.Bytes}, origin: layout.FileOrigin{Name: p.File}}
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return nil, backend.Fail(backend.CodeNotFound, err, fmt.Sprintf("The file %s is missing from this folder.", layout.Quoted(p.File)), "Nothing was imported. Copy the folder again from where it was exported.")
	}
	if !layout.HoldsTensors(kind) {
		data, _, err := layout.ReadSmall(path)
		if err != nil || layout.DigestOf(data) != f.layer.Digest || int64(len(data)) != p.Bytes {
			return nil, badBundle(p.File, err)
		}
		f.data = data
		return f, layout.CheckSmall(kind, data)
	}
	src, info, err := openSource(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.Close() }()
	if info.Size() != p.Bytes {
		return nil, badBundle(p.File, fmt.Errorf("%d bytes", info.Size()))
	}
	s, err := im.stager.stage(ctx, src, info, Options{Progress: progress})
	if err != nil {
		return nil, err
	}
	if s.sum != sum {
		s.discard()
		return nil, badBundle(p.File, nil)
	}
	f.staged, f.path, f.parts = s, path, s.parts
	f.origin.How, f.origin.Original = s.how, originalOf(path, s).Original
	if f.header, err = gguf.Read(s.file, s.size); err != nil {
		s.discard()
		return nil, err
	}
	return f, nil
}
