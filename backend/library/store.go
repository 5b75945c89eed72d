package library

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// The first two folders of a manifest's path. Ollama's server fills them into every short model name, so what should
// be "smollm2-135m:Q4_1" to it has to be here. No host is ever contacted by these names.
const (
	layoutHost      = "registry.ollama.ai"
	layoutNamespace = "library"
)

// The media types of the layout.
const (
	typeManifest  = "application/vnd.docker.distribution.manifest.v2+json"
	typeConfig    = "application/vnd.docker.container.image.v1+json"
	typeModel     = "application/vnd.ollama.image.model"
	typeProjector = "application/vnd.ollama.image.projector"
	typeTemplate  = "application/vnd.ollama.image.template"
	typeParams    = "application/vnd.ollama.image.params"
	typeSystem    = "application/vnd.ollama.image.system"
	typeAdapter   = "application/vnd.ollama.image.adapter"
	typeLicence   = "application/vnd.ollama.image.license"
	typeMessages  = "application/vnd.ollama.image.messages"
	typeDraft     = "application/vnd.ollama.image.draft" // a small model that guesses for the large one
)

const (
	importPrefix = ".import-"   // temporary files of an import
	removePrefix = ".removing-" // a manifest whose blobs are being removed
	maxSmall     = 1 << 20      // of a manifest or a config; real ones are under 4 KiB
)

// layer names a blob and says what it is.
type layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// manifest says which blobs make a model.
type manifest struct {
	SchemaVersion int     `json:"schemaVersion"`
	MediaType     string  `json:"mediaType"`
	Config        layer   `json:"config"`
	Layers        []layer `json:"layers"`
}

// config is what the engine wants to know without opening the weights, and what this library remembers that is not
// in the weights.
type config struct {
	ModelFormat   string   `json:"model_format"`
	ModelFamily   string   `json:"model_family"`
	ModelFamilies []string `json:"model_families"`
	ModelType     string   `json:"model_type"` // the number of weights, for people
	FileType      string   `json:"file_type"`  // the quantization
	Renderer      string   `json:"renderer,omitempty"`
	Parser        string   `json:"parser,omitempty"`
	Ours          *origin  `json:"weightroom,omitempty"` // the engine ignores it
}

// origin is where a model came from.
type origin struct {
	Name    string          `json:"name"`
	Source  string          `json:"source"`
	Licence backend.Licence `json:"licence"`
	Added   time.Time       `json:"added"`
	Parent  *backend.Parent `json:"parent,omitempty"`

	Address  string                `json:"address,omitempty"`  // the page or registry it came from
	App      string                `json:"app,omitempty"`      // that keeps it, of an adopted model
	Revision string                `json:"revision,omitempty"` // a commit, or a manifest's digest
	Files    map[string]fileOrigin `json:"files,omitempty"`    // by digest
}

// fileOrigin is where one file of a model came from.
type fileOrigin struct {
	Name    string `json:"name,omitempty"`    // what it was called
	Address string `json:"address,omitempty"` // where to fetch it again

	How      string `json:"how,omitempty"`      // a How constant; empty: a file of the library's own
	Original string `json:"original,omitempty"` // the file that it shares its bytes with
}

func (m manifest) all() []layer { return append([]layer{m.Config}, m.Layers...) }

// weights returns the layers that hold the model itself; more than one only for files split by the engine.
func (m manifest) weights() []layer {
	var out []layer
	for _, l := range m.Layers {
		if l.MediaType == typeModel {
			out = append(out, l)
		}
	}
	return out
}

func (m manifest) bytes() int64 {
	var n int64
	for _, l := range m.all() {
		n += l.Size
	}
	return n
}

func (m manifest) has(mediaType string) bool {
	_, ok := m.first(mediaType)
	return ok
}

// first returns the first layer of a type.
func (m manifest) first(mediaType string) (layer, bool) {
	for _, l := range m.Layers {
		if l.MediaType == mediaType {
			return l, true
		}
	}
	return layer{}, false
}

// entry is a manifest file and what it says.
type entry struct {
	name     name
	path     string
	added    time.Time // when the manifest was written
	manifest manifest
	bad      error // why the file can't be read as a manifest
}

func (l *Library) blobs() string     { return filepath.Join(l.Dir(), "blobs") }
func (l *Library) manifests() string { return filepath.Join(l.Dir(), "manifests") }

// blob returns the path of a blob, or "" for something that is not a digest.
func (l *Library) blob(digest string) string {
	sum, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || !isSHA256(sum) {
		return ""
	}
	return filepath.Join(l.blobs(), "sha256-"+strings.ToLower(sum))
}

func (l *Library) manifestPath(n name) string {
	return filepath.Join(l.manifests(), n.host, n.namespace, n.model, n.tag)
}

func isSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

// entries reads every manifest. One that can't be read is in the list with its reason; only a store that can't be
// listed at all is an error.
func (l *Library) entries() ([]entry, error) {
	if err := l.follow(); err != nil {
		return nil, err
	}
	var out []entry
	paths, err := below(l.manifests(), 4)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		rel, err := filepath.Rel(l.manifests(), p)
		if err != nil {
			continue
		}
		part := strings.Split(rel, string(filepath.Separator))
		n := name{part[0], part[1], part[2], part[3]}
		if !n.valid() {
			continue
		}
		e := entry{name: n, path: p}
		e.manifest, e.added, e.bad = readManifest(p)
		out = append(out, e)
	}
	return out, nil
}

// below lists what is depth folders down, leaving hidden names and unreadable folders out.
func below(dir string, depth int) ([]string, error) {
	if depth == 0 {
		return []string{dir}, nil
	}
	items, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, it := range items {
		if strings.HasPrefix(it.Name(), ".") {
			continue
		}
		deeper, err := below(filepath.Join(dir, it.Name()), depth-1)
		if err == nil {
			out = append(out, deeper...)
		}
	}
	return out, nil
}

func readManifest(path string) (m manifest, written time.Time, err error) {
	data, written, err := readSmall(path)
	if err != nil {
		return m, written, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, written, err
	}
	if len(m.Layers) == 0 {
		return m, written, fmt.Errorf("manifest has no layers")
	}
	for _, l := range m.Layers {
		if sum, ok := strings.CutPrefix(l.Digest, "sha256:"); !ok || !isSHA256(sum) || l.Size < 0 {
			return m, written, fmt.Errorf("manifest has a layer without a digest or size")
		}
	}
	return m, written, nil
}

// readSmall reads a file that is at most maxSmall long.
func readSmall(path string) ([]byte, time.Time, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSmall {
		return nil, info.ModTime(), fmt.Errorf("%s is not a small file", filepath.Base(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, info.ModTime(), err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxSmall))
	return data, info.ModTime(), err
}

// readConfig reads a config blob; a damaged one is the zero config and false.
func (l *Library) readConfig(c layer) (config, bool) {
	var out config
	path := l.blob(c.Digest)
	if path == "" {
		return out, false
	}
	data, _, err := readSmall(path)
	if err != nil || digestOf(data) != strings.ToLower(c.Digest) || json.Unmarshal(data, &out) != nil {
		return config{}, false
	}
	return out, true
}

// originOf returns where a model came from: what its config says or, where that is lost, what is remembered of it.
func (l *Library) originOf(e entry) *origin {
	if c, ok := l.readConfig(e.manifest.Config); ok {
		return c.Ours
	}
	if k, ok := l.cache.of(e.name.ref()); ok {
		return k.origin()
	}
	return nil
}

// remember notes a manifest and its config, which has to be sound.
func (l *Library) remember(e entry) {
	if data, _, err := readSmall(l.blob(e.manifest.Config.Digest)); err == nil {
		l.cache.remember(e.name, e.manifest, data)
	}
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// putBlob stores small content under its digest.
func (l *Library) putBlob(mediaType string, data []byte) (layer, error) {
	out := layer{MediaType: mediaType, Digest: digestOf(data), Size: int64(len(data))}
	path := l.blob(out.Digest)
	if have, _, err := readSmall(path); err == nil && bytes.Equal(have, data) {
		return out, nil
	}
	return out, l.writeFile(path, data)
}

// writeFile puts data at path in one step: a temporary file beside it, synced, renamed, and the folder synced. The
// index, which is only a cache, is not synced: a power cut may take it.
func (l *Library) writeFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temp := filepath.Join(dir, importPrefix+rand.Text())
	defer func() { _ = os.Remove(temp) }()
	if err := l.at("create " + kindOf(path)); err != nil {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = l.at("sync " + kindOf(path))
	}
	if err == nil && !strings.HasPrefix(kindOf(path), "index") {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return l.place(temp, path)
}

// place renames temp to path and makes the name last.
func (l *Library) place(temp, path string) error {
	if err := l.at("rename " + kindOf(path)); err != nil {
		return err
	}
	if err := clearFolder(path); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	if err := l.at("sync folder of " + kindOf(path)); err != nil {
		return err
	}
	if strings.HasPrefix(kindOf(path), "index") {
		return nil
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// clearFolder moves a folder out of the way of a file that belongs at path.
func clearFolder(path string) error {
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return nil //nolint:nilerr // what is not there is not in the way
	}
	if os.Remove(path) == nil { // it was empty
		return nil
	}
	return os.Rename(path, filepath.Join(filepath.Dir(path), ".set-aside-"+filepath.Base(path)+"-"+rand.Text()))
}

// kindOf names a file of the store by its place, for steps and logs.
func kindOf(path string) string {
	switch base := filepath.Base(path); {
	case base == indexName:
		return "index"
	case strings.HasPrefix(base, "sha256-") && strings.HasSuffix(base, ".json"):
		return "index of sums"
	case strings.HasPrefix(base, "sha256-"):
		return "blob"
	case strings.HasPrefix(base, arrivePrefix), strings.HasPrefix(base, removePrefix):
		return "journal"
	}
	return "manifest"
}
