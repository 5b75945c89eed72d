package library

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// The files of a bundle besides those of its model.
const (
	bundleList   = "weightroom.json"
	bundleSums   = "SHA256SUMS"
	bundleReadme = "README.txt"

	bundleVersion = 1
)

// Bundle is a model that was exported to a folder.
type Bundle struct {
	Dir   string   `json:"dir"`
	Files []string `json:"files"`
	Bytes int64    `json:"bytes"`
	// Sum is the sha256 of SHA256SUMS: a person who has it from the sender knows that nothing was changed on the way.
	Sum string `json:"sum"`
}

// packing is weightroom.json: what a bundle is made of.
type packing struct {
	Version int              `json:"version"`
	Ref     string           `json:"ref"`
	Kind    backend.FileKind `json:"kind"` // backend.KindModel or backend.KindAdapter
	Config  json.RawMessage  `json:"config"`
	Files   []packed         `json:"files"`
}

type packed struct {
	File   string           `json:"file"`
	Kind   backend.FileKind `json:"kind"`
	Digest string           `json:"digest"`
	Bytes  int64            `json:"bytes"`
}

// exporter writes models for other computers.
type exporter struct{ *catalogue }

// Export writes a model to a new folder inside dir, to be carried to another computer: its files under names that
// people and other programs understand, their checksums as sha256sum reads them, the licence, the template, the
// settings, and a README. Every byte is checked on its way, and the folder appears whole or not at all. Import takes
// the folder back.
func (ex *exporter) Export(ctx context.Context, ref, dir string, progress func(done, total int64)) (Bundle, error) {
	b, err := ex.export(ctx, ref, dir, progress)
	if err != nil {
		return Bundle{}, layout.Explain(err)
	}
	slog.Info("model exported", "ref", ref, "bytes", b.Bytes)
	return b, nil
}

func (ex *exporter) export(ctx context.Context, ref, dir string, progress func(done, total int64)) (Bundle, error) {
	e, header, err := ex.exported(ctx, ref)
	if err != nil {
		return Bundle{}, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return Bundle{}, backend.Fail(backend.CodeNotFound, err, "There is no such folder to export to.", "Choose a folder that is there.")
	}
	if err := checkSpaceAt(dir, e.Manifest.Bytes()); err != nil {
		return Bundle{}, err
	}
	base := layout.Slug(strings.NewReplacer("/", "-", ":", "-").Replace(e.Name.Ref()))
	to := filepath.Join(dir, base)
	for i := 2; ; i++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = filepath.Join(dir, fmt.Sprintf("%s-%d", base, i))
	}
	temp := filepath.Join(dir, "."+base+".partial-"+rand.Text()[:8])
	if err := os.Mkdir(temp, 0o755); err != nil {
		return Bundle{}, err
	}
	p := &packer{cat: ex.catalogue, dir: temp, base: base, total: e.Manifest.Bytes(), progress: progress}
	if err = p.pack(ctx, e, header); err == nil {
		if err = ex.store().At("rename bundle"); err == nil {
			err = os.Rename(temp, to)
		}
	}
	if err != nil {
		_ = os.RemoveAll(temp)
		return Bundle{}, explainExport(err)
	}
	return Bundle{Dir: to, Files: p.names, Bytes: p.done, Sum: layout.DigestOf(p.sums.Bytes())[len("sha256:"):]}, fsys.SyncDir(dir)
}

// exported finds what a reference stands for, a model or an adapter.
func (ex *exporter) exported(ctx context.Context, ref string) (layout.Entry, *gguf.File, error) {
	a, errAdapter := ex.findAdapter(ctx, ref)
	wanted := a.Ref
	if errAdapter != nil {
		m, err := ex.One(ctx, ref)
		if err != nil {
			return layout.Entry{}, nil, err
		}
		wanted = m.Ref
	}
	entries, err := ex.entries()
	if err != nil {
		return layout.Entry{}, nil, err
	}
	e, ok := layout.Find(entries, wanted)
	if !ok {
		return layout.Entry{}, nil, backend.Fail(backend.CodeNotFound, nil, "There is no model "+layout.Quoted(ref)+" in the library.", "It may just have been removed. Choose another one.")
	}
	if errAdapter == nil {
		h, err := gguf.ReadFile(a.Path)
		return e, h, err
	}
	h, err := ex.store().Header(e.Manifest)
	return e, h, err
}

// explainExport gives a failure while a bundle is written its sentence. The disk is not the library's but one that the
// person named, so it says more than fsys does.
func explainExport(err error) error {
	var known *backend.Error
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case fsys.IsTooLarge(err):
		return backend.Fail(backend.CodeTooBig, err, "The disk you export to can't hold a file this large.", "A disk in the FAT32 format ends at 4 GB for one file: format it as exFAT, or choose another.")
	case fsys.IsFull(err):
		return backend.Fail(backend.CodeDiskFull, err, "The disk you export to is full.", "Free some space there, or choose another disk.")
	case fsys.IsReadOnly(err), errors.Is(err, fs.ErrPermission):
		return backend.Fail(backend.CodeDenied, err, "The folder you export to can't be written to.", "Choose another folder.")
	}
	return err
}

// packer writes the files of a bundle.
type packer struct {
	cat         *catalogue
	dir, base   string
	sums        bytes.Buffer
	names       []string
	done, total int64
	progress    func(done, total int64)
}

func (p *packer) pack(ctx context.Context, e layout.Entry, header *gguf.File) error {
	list := packing{Version: bundleVersion, Ref: e.Name.Ref(), Kind: backend.KindModel, Files: []packed{}}
	if len(e.Manifest.Weights()) == 0 {
		list.Kind = backend.KindAdapter
	}
	if data, _, err := layout.ReadSmall(p.cat.store().Blob(e.Manifest.Config.Digest)); err == nil && json.Valid(data) {
		list.Config = data
	} else {
		c, _ := configOf(header, "")
		if list.Config, err = json.Marshal(c); err != nil {
			return err
		}
	}
	part, count := 0, map[backend.FileKind]int{}
	for _, x := range e.Manifest.Layers {
		kind := layout.KindOf(x.MediaType)
		if x.MediaType == layout.TypeDraft {
			kind = layout.TypeDraft
		}
		if count[kind]++; x.MediaType == layout.TypeModel {
			part++
		}
		name := p.name(kind, count[kind], part, len(e.Manifest.Weights()))
		if err := p.blob(ctx, name, x); err != nil {
			return err
		}
		list.Files = append(list.Files, packed{name, kind, strings.ToLower(x.Digest), x.Size})
	}
	if t := header.ChatTemplate(); t != "" { // inside the weights too; here for people
		if err := p.text("chat-template.jinja", []byte(t)); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(list, "", "  ")
	if err == nil {
		err = p.text(bundleList, append(data, '\n'))
	}
	if err == nil {
		err = p.text(bundleReadme, p.readme(e, header, list))
	}
	if err == nil {
		sums := bytes.Clone(p.sums.Bytes())
		err = p.text(bundleSums, sums)
		p.sums.Reset()
		p.sums.Write(sums)
	}
	if err != nil {
		return err
	}
	return fsys.SyncDir(p.dir)
}

// name is what a file of a model is called outside the library.
func (p *packer) name(kind backend.FileKind, n, part, parts int) string {
	again := ""
	if n > 1 {
		again = fmt.Sprintf("-%d", n)
	}
	switch kind {
	case backend.KindModel:
		if parts > 1 {
			return fmt.Sprintf("%s-%05d-of-%05d.gguf", p.base, part, parts)
		}
		return p.base + ".gguf"
	case backend.KindProjector:
		return "mmproj-" + p.base + again + ".gguf"
	case backend.KindAdapter:
		return "adapter-" + p.base + again + ".gguf"
	case layout.TypeDraft:
		return "draft-" + p.base + again + ".gguf"
	case backend.KindParams, backend.KindMessages:
		return string(kind) + again + ".json"
	case backend.KindLicence:
		return "LICENCE" + again + ".txt"
	}
	return string(kind) + again + ".txt"
}

// blob copies one file of the library, and fails when it is not what its name says.
func (p *packer) blob(ctx context.Context, name string, x layout.Layer) error {
	src, err := os.Open(p.cat.store().Blob(x.Digest))
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	sum, err := p.write(ctx, name, src)
	if err != nil {
		return err
	}
	if "sha256:"+sum != strings.ToLower(x.Digest) {
		return backend.Fail(backend.CodeDamaged, fmt.Errorf("%s is %s", x.Digest, sum), "A file of this model has changed since it was stored: its checksum is different.", "Verify and repair the model, then export it.")
	}
	return nil
}

func (p *packer) text(name string, data []byte) error {
	_, err := p.write(context.Background(), name, bytes.NewReader(data))
	return err
}

func (p *packer) write(ctx context.Context, name string, from io.Reader) (sum string, err error) {
	if err := p.cat.store().At("export " + name); err != nil {
		return "", err
	}
	f, err := os.OpenFile(filepath.Join(p.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // it is made to be passed on
	if err != nil {
		return "", err
	}
	h, before := layout.NewHasher(layout.PartBytes), p.done
	n, err := layout.Copy(ctx, io.MultiWriter(f, h), from, p.total, func(done, _ int64) {
		if p.progress != nil {
			p.progress(min(before+done, p.total), p.total)
		}
	})
	p.done += n
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	p.names = append(p.names, name)
	fmt.Fprintf(&p.sums, "%s  %s\n", h.Sum(), name)
	return h.Sum(), err
}

// readme tells a person who finds the folder what it is.
func (p *packer) readme(e layout.Entry, header *gguf.File, list packing) []byte {
	var b bytes.Buffer
	from := layout.Origin{Name: e.Name.Model}
	if o := p.cat.originOf(e); o != nil {
		from = *o
	}
	what := "a language model"
	if list.Kind == backend.KindAdapter {
		what = "an adapter: a change to a language model, useless without it"
	}
	fmt.Fprintf(&b, "%s\n%s\n\nThis folder holds %s, exported from Weightroom on %s.\n\n", from.Name, strings.Repeat("=", len([]rune(from.Name))), what, time.Now().UTC().Format("2 January 2006"))
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-14s %s\n", key, value)
		}
	}
	row("Name", list.Ref)
	row("Architecture", header.Architecture())
	row("Quantization", header.Quant())
	row("Weights", layout.WeightCount(header.Parameters()))
	if n := header.ContextLength(); n > 0 {
		row("Context", fmt.Sprintf("%d tokens", n))
	}
	row("From", cmp.Or(from.Address, from.App))
	row("Revision", from.Revision)
	row("Licence", cmp.Or(from.Licence.Name, "not named by its publisher: ask before you use or pass it on"))
	if from.Licence.Name != "" && !from.Licence.Commercial {
		row("", "not known to allow commercial use")
	}
	b.WriteString("\nFiles\n-----\n")
	for _, f := range list.Files {
		fmt.Fprintf(&b, "%-40s %12s  %s\n", f.File, backend.Bytes(f.Bytes), fileIs(f.Kind))
	}
	fmt.Fprintf(&b, "%-40s %12s  what this is made of, for Weightroom\n%-40s %12s  checksums of all files\n", bundleList, "", bundleSums, "")
	fmt.Fprintf(&b, `
To check that nothing was changed or damaged on the way
-------------------------------------------------------
Linux:    sha256sum -c SHA256SUMS
macOS:    shasum -a 256 -c SHA256SUMS
Windows:  Get-FileHash *, and compare with SHA256SUMS
Checksums find damage. Who could change the files could change SHA256SUMS as well, so compare its own checksum with
the one the sender was shown when this was exported.

To use it
---------
In Weightroom: import this folder (weightroom import FOLDER). Every file is checked first; no network is needed.
`)
	if list.Kind == backend.KindModel {
		fmt.Fprintf(&b, "In llama.cpp: llama-server -m %s\n", list.Files[0].File)
	}
	return b.Bytes()
}

func fileIs(kind backend.FileKind) string {
	switch kind {
	case backend.KindModel:
		return "the weights, in GGUF"
	case backend.KindProjector:
		return "the part that lets the model see"
	case backend.KindAdapter:
		return "a LoRA adapter, in GGUF"
	case backend.KindTemplate:
		return "how messages become a prompt, in Ollama's language"
	case backend.KindParams:
		return "the sampling that comes with the model"
	case backend.KindSystem:
		return "the system prompt that comes with the model"
	case backend.KindLicence:
		return "the licence"
	case backend.KindMessages:
		return "messages that every chat begins with"
	}
	return "a part of the model"
}

// isBundle reports whether a folder is what Export wrote.
func isBundle(dir string) bool {
	return slices.IndexFunc([]string{bundleList, bundleSums}, func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err != nil || !info.Mode().IsRegular()
	}) < 0
}
