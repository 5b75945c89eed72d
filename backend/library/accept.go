package library

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
)

// Incoming is a model whose files somebody else has fetched.
type Incoming struct {
	// Ref is the name it should get, with its host where that is not Ollama's: "llama3.1:8b",
	// "hf.co/OWNER/REPO:Q4_K_M", "HOST:PORT/NAMESPACE/NAME:TAG". A model of that name that was fetched too is replaced;
	// one that came otherwise stays, and the new one gets "-2". What the layout can't hold becomes a name of our own.
	Ref      string
	Name     string // for people; empty: the file's own
	Files    []IncomingFile
	Licence  backend.Licence         // empty name: the file's own
	Source   string                  // empty: SourcePull
	Address  string                  // the page or registry it is from, with nothing secret in it
	Revision string                  // a commit, or the digest of a manifest
	Progress func(done, total int64) `json:"-"`
}

// IncomingFile is one file of an Incoming.
type IncomingFile struct {
	Kind    backend.FileKind // or a media type of Ollama's layout
	Name    string           // what it is called where it is from
	Path    string           // where it is now, best in DownloadsDir; empty: the library has it, see Has
	Digest  string           // "sha256:" and 64 hexadecimal digits
	Bytes   int64
	Address string // where to fetch it again, with nothing secret in it

	// Verified says that the caller has hashed what is on disk now, so that it need not be read again.
	Verified bool
	// Parts are the sha256 (hexadecimal) of each PartBytes of the file, the last one shorter, if the caller has
	// computed them. With them a bad part can be found and fetched alone.
	Parts []string
}

// DownloadsDir is the folder for files on their way to Accept, on the disk of the library. The library leaves alone
// what is in it.
func (l *Library) DownloadsDir() string { return filepath.Join(l.Dir(), "downloads") }

// Accept makes a model of files that were fetched. Their headers are checked as strictly as an import's, and those
// that nobody has verified are hashed. The files are moved (renamed, where they are on the library's disk), and the
// model appears whole or, when anything fails, not at all: then every file is where it was. A process that ends half
// way is made good by the next New or Tidy. Errors are *backend.Error; one with CodeDamaged means that a file is not
// what its digest says and has to be fetched again.
func (l *Library) Accept(ctx context.Context, in Incoming) (backend.Model, error) {
	m, err := l.accept(ctx, in)
	if err != nil {
		return backend.Model{}, explain(err)
	}
	slog.Info("model accepted", "ref", m.Ref, "bytes", m.Bytes, "source", m.Source)
	return m, nil
}

func (l *Library) accept(ctx context.Context, in Incoming) (backend.Model, error) {
	files, err := l.received(ctx, in)
	if err != nil {
		return backend.Model{}, err
	}
	defer func() {
		for _, f := range files {
			f.staged.discard()
		}
	}()
	whole, err := assemble(files)
	if err != nil {
		return backend.Model{}, err
	}
	free, err := l.change(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	entries, err := l.entries()
	if err != nil {
		return backend.Model{}, err
	}
	n, err := l.nameOf(entries, whole, files, in)
	if err != nil {
		return backend.Model{}, err
	}
	a, err := l.arrange(whole, files, origin{
		Name: firstOf(display(in.Name), display(whole.Name()), n.model), Source: firstOf(in.Source, SourcePull), Licence: in.Licence,
		Added: time.Now().UTC().Truncate(time.Second), Address: in.Address, Revision: in.Revision,
	})
	if err != nil {
		return backend.Model{}, err
	}
	a.Name = n
	if err := l.install(a); err != nil {
		return backend.Model{}, err
	}
	for _, f := range files {
		if f.staged != nil { // it was copied from another disk
			_ = os.Remove(f.path)
		}
		l.note(f.layer.Digest, f.parts)
	}
	return l.published(entry{name: a.Name, path: l.manifestPath(a.Name)})
}

// file is one file of a model to be: checked, and on the library's disk.
type file struct {
	layer  layer
	origin fileOrigin
	path   string  // empty: the blob is there
	staged *staged // a copy on the library's disk; nil: path itself is on it
	header *gguf.File
	data   []byte // of a small file
	parts  []string
}

// at returns where the file can be moved from; "" when it need not be.
func (f *file) at() string {
	if f.staged != nil {
		return f.staged.path
	}
	return f.path
}

// received checks each file of an Incoming by itself.
func (l *Library) received(ctx context.Context, in Incoming) (files []*file, err error) {
	defer func() {
		if err != nil {
			for _, f := range files {
				f.staged.discard()
			}
		}
	}()
	var total, done int64
	for _, i := range in.Files {
		total += i.Bytes
	}
	for _, i := range in.Files {
		before := done
		f, err := l.receive(ctx, i, func(n int64) {
			if done = before + n; in.Progress != nil {
				in.Progress(done, total)
			}
		})
		if err != nil {
			return files, err
		}
		files = append(files, f)
		done = before + i.Bytes
	}
	if in.Progress != nil {
		in.Progress(total, total)
	}
	return files, nil
}

func (l *Library) receive(ctx context.Context, in IncomingFile, progress func(int64)) (*file, error) {
	kind, ok := mediaType(in.Kind)
	if !ok {
		return nil, backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf("This model has a file of a kind the engine can't use (%s).", quoted(string(in.Kind))), "Look for a GGUF version of the same model.")
	}
	blob := l.blob(strings.ToLower(in.Digest))
	if blob == "" || in.Bytes < 0 || !holdsTensors(kind) && in.Bytes > maxSmall {
		return nil, backend.Fail(backend.CodeInvalid, fmt.Errorf("digest %s, %d bytes", quoted(in.Digest), in.Bytes), "A file of this model is described wrongly.", "Try again. If it happens again, get the model elsewhere.")
	}
	f := &file{
		layer: layer{MediaType: kind, Digest: strings.ToLower(in.Digest), Size: in.Bytes}, path: in.Path, parts: in.Parts,
		origin: fileOrigin{Name: display(in.Name), Address: in.Address},
	}
	path := in.Path
	if _, err := os.Lstat(path); path == "" || errors.Is(err, fs.ErrNotExist) { // it is in the library, or was moved there before
		if !l.Has(ctx, f.layer.Digest) {
			return nil, cmp.Or(ctx.Err(), error(backend.Fail(backend.CodeDamaged, err, "A file of this model is missing, or not what it should be.", "Download it again.")))
		}
		f.path, path = "", blob
	} else if err := l.verify(ctx, f, in.Verified, progress); err != nil {
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
func (l *Library) verify(ctx context.Context, f *file, verified bool, progress func(int64)) error {
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
	case !fsys.SameDisk(f.path, l.blobs()):
		s, err := l.stage(ctx, src, info, Options{Progress: func(done, _ int64) { progress(done) }})
		if err != nil {
			return err
		}
		f.staged, sum = s, s.sum
	case !verified:
		if sum, f.parts, err = sumsOf(ctx, src, info.Size(), l.partBytes, progress); err != nil {
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

// readContent reads what has to be known of a file: a header, or all of a small one.
func (f *file) readContent(path string) (err error) {
	if f.staged != nil {
		path = f.staged.path
	}
	if holdsTensors(f.layer.MediaType) {
		f.header, err = gguf.ReadFile(path)
		return err
	}
	if f.data, _, err = readSmall(path); err == nil {
		err = checkSmall(f.layer.MediaType, f.data)
	}
	wrong := "can't be read"
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNotText):
		wrong = "is not text"
	case f.data != nil:
		wrong = "is not the JSON that it should be"
	}
	return backend.Fail(backend.CodeInvalid, err, fmt.Sprintf("A file of this model (%s) %s.", kindOfType(f.layer.MediaType), wrong), "Look for another version of the same model.")
}

// assemble checks that files make one model, puts its parts in order, and returns the header of the whole.
func assemble(files []*file) (*gguf.File, error) {
	var parts []*gguf.File
	adapters := 0
	for _, f := range files {
		want := gguf.RoleModel
		switch f.layer.MediaType {
		case typeModel:
			parts = append(parts, f.header)
		case typeProjector:
			want = gguf.RoleProjector
		case typeAdapter:
			want = gguf.RoleAdapter
			adapters++
			if err := isLoRA(f.header); err != nil && f.header.Role() == want {
				return nil, err
			}
		case typeDraft:
		default:
			continue
		}
		if got := f.header.Role(); got != want {
			return nil, backend.Fail(backend.CodeInvalid, fmt.Errorf("%s in the place of %s", got, want), fmt.Sprintf("A file of this model is a %s and not a %s.", got, want), "Look for another version of the same model.")
		}
	}
	if len(parts) == 0 && adapters == 1 && len(files) == 1 {
		return files[0].header, nil
	}
	if len(parts) == 0 {
		return nil, backend.Fail(backend.CodeUnsupported, nil, "There are no weights in GGUF among the files of this model.", "Look for a GGUF version of the same model.")
	}
	slices.SortStableFunc(files, func(a, b *file) int {
		if a.layer.MediaType != typeModel || b.layer.MediaType != typeModel {
			return cmp.Compare(rank(a.layer.MediaType), rank(b.layer.MediaType))
		}
		no, _ := a.header.Split()
		other, _ := b.header.Split()
		return cmp.Compare(no, other)
	})
	return gguf.Join(parts)
}

// rank puts the weights first: the engine takes the first model layer as the model's own.
func rank(mediaType string) int {
	if mediaType == typeModel {
		return 0
	}
	return 1
}

// arrange makes the config and the manifest of files that make a model.
func (l *Library) arrange(whole *gguf.File, files []*file, from origin) (*arrival, error) {
	a := &arrival{Manifest: manifest{SchemaVersion: 2, MediaType: typeManifest}}
	from.Files = map[string]fileOrigin{}
	if from.Licence.Name == "" {
		from.Licence = licenceOf(whole)
	}
	c, extra := configFor(whole, files[0].layer.Digest)
	var given []byte
	for _, f := range files {
		from.Files[f.layer.Digest] = f.origin
		if f.layer.MediaType == typeConfig {
			given = f.data
			continue // ours is written in its place
		}
		extra = slices.DeleteFunc(extra, func(e content) bool { return e.mediaType == f.layer.MediaType })
		if f.data != nil && f.at() == "" {
			a.add(content{f.layer.MediaType, f.data})
			continue
		}
		a.Manifest.Layers = append(a.Manifest.Layers, f.layer)
		a.Moves = append(a.Moves, move{From: f.at(), Digest: f.layer.Digest, Size: f.layer.Size})
	}
	for _, e := range extra {
		a.add(e)
	}
	a.origin = from
	data, err := mergeConfig(given, c, from)
	if err != nil {
		return nil, err
	}
	a.Manifest.Config = a.small(content{typeConfig, data})
	return a, nil
}

// nameOf chooses the name of an Incoming.
func (l *Library) nameOf(entries []entry, whole *gguf.File, files []*file, in Incoming) (name, error) {
	source := in.Name
	if len(files) > 0 {
		source = firstOf(files[0].origin.Name, source)
	}
	n, ok := parseRef(in.Ref, firstOf(whole.Quant(), "latest"))
	if whole.Role() == gguf.RoleAdapter {
		n.host, n.namespace, ok = layoutHost, adapterNamespace, ok || in.Ref == ""
		n.model = slug(firstOf(n.model, whole.Name(), stem(source, ""), "adapter"))
	}
	if !ok || n.model == "" {
		model, tag := backend.SplitRef(in.Ref)
		o := Options{Ref: model[strings.LastIndexByte(model, '/')+1:], Name: in.Name}
		if validPart(tag, ".") {
			o.Ref += ":" + tag
		}
		return l.nameFor(entries, source, "", whole, o)
	}
	base := n.model
	for i := 2; ; i++ {
		at := slices.IndexFunc(entries, func(e entry) bool { return e.name.same(n) })
		if at < 0 {
			return n, nil
		}
		c, readable := l.readConfig(entries[at].manifest.Config)
		same := entries[at].bad == nil && equalLayers(entries[at].manifest.Layers, files)
		pulled := readable && c.Ours != nil && c.Ours.Source == SourcePull && firstOf(in.Source, SourcePull) == SourcePull
		if pulled || same || entries[at].bad != nil {
			return entries[at].name, nil //nolint:nilerr // in the case that the disk has
		}
		n.model = fmt.Sprintf("%s-%d", base, i)
	}
}

// equalLayers reports whether a manifest has just these files.
func equalLayers(have []layer, files []*file) bool {
	n := 0
	for _, f := range files {
		if f.layer.MediaType == typeConfig {
			continue
		}
		n++
		if !slices.ContainsFunc(have, func(x layer) bool { return strings.EqualFold(x.Digest, f.layer.Digest) }) {
			return false
		}
	}
	return n == len(have)
}

// mergeConfig writes a config: what the source's own says, what it leaves out, and what is remembered here.
func mergeConfig(given []byte, c config, from origin) ([]byte, error) {
	merged := map[string]json.RawMessage{}
	c.Ours = &from
	own, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(own, &merged)
	}
	if err != nil || len(given) == 0 {
		return own, err
	}
	var theirs map[string]json.RawMessage
	if err := json.Unmarshal(given, &theirs); err != nil {
		return nil, err
	}
	var format string
	if raw, ok := theirs["model_format"]; ok && json.Unmarshal(raw, &format) == nil && format != "gguf" && format != "" {
		return nil, backend.Fail(backend.CodeUnsupported, nil, fmt.Sprintf("This model is in the format %s, which this engine can't run.", quoted(format)), "Look for a GGUF version of the same model.")
	}
	for key, value := range theirs {
		if key != "weightroom" {
			merged[key] = value
		}
	}
	return json.Marshal(merged)
}
