package library

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

const (
	indexName    = "index.json"
	indexVersion = 2
	maxIndex     = 16 << 20
)

// facts are what the header of a weights file says.
type facts struct {
	Name         string          `json:"name"`
	Family       string          `json:"family"`
	Architecture string          `json:"architecture"`
	Quant        string          `json:"quant"`
	Parameters   int64           `json:"parameters"`
	Context      int             `json:"context"`
	Licence      backend.Licence `json:"licence"`
	Capable      []string        `json:"capable"`
	Template     bool            `json:"template"`
}

func factsOf(f *gguf.File) facts {
	return facts{
		Name: display(f.Name()), Family: firstOf(display(f.BaseName()), f.Architecture()), Architecture: f.Architecture(),
		Quant: f.Quant(), Parameters: f.Parameters(), Context: f.ContextLength(), Licence: licenceOf(f),
		Capable: f.Capable(), Template: f.ChatTemplate() != "",
	}
}

func (f facts) model() backend.Model {
	return backend.Model{
		Name: f.Name, Family: f.Family, Architecture: f.Architecture, Quant: f.Quant, Parameters: f.Parameters,
		ContextLength: f.Context, Licence: f.Licence, Capable: append([]string{}, f.Capable...), Template: f.Template,
	}
}

// record is what the cache knows of one weights file. Size and Modified tell whether it still describes the file.
type record struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Facts    facts     `json:"facts"`
}

// remembered is what a reference named, to mend its manifest or its config when one is lost.
type remembered struct {
	Name     nameJSON        `json:"name"`
	Manifest manifest        `json:"manifest"`
	Config   json.RawMessage `json:"config"`
}

// nameJSON is a name on disk.
type nameJSON struct{ Host, Namespace, Model, Tag string }

func (n name) json() nameJSON { return nameJSON{n.host, n.namespace, n.model, n.tag} }
func (n nameJSON) name() name { return name{n.Host, n.Namespace, n.Model, n.Tag} }

// origin is where the model came from, as its config says.
func (k remembered) origin() *origin {
	var c config
	if json.Unmarshal(k.Config, &c) != nil {
		return nil
	}
	return c.Ours
}

// cache keeps header facts, so that a list of models opens no weights, and what manifests and configs say, to mend
// them. Losing it costs time, and names and texts of models that are damaged at the same time.
type cache struct {
	mu      sync.Mutex
	records map[string]record     // by digest
	models  map[string]remembered // by reference
	used    map[string]time.Time
	changed bool
}

type indexFile struct {
	Version int                   `json:"version"`
	Files   map[string]record     `json:"files"`
	Models  map[string]remembered `json:"models"`
	Used    map[string]time.Time  `json:"used,omitempty"`
}

func openCache(path string) *cache {
	c := &cache{records: map[string]record{}, models: map[string]remembered{}, used: map[string]time.Time{}}
	f, err := os.Open(path)
	if err != nil {
		return c
	}
	defer func() { _ = f.Close() }()
	var file indexFile
	if err := json.NewDecoder(io.LimitReader(f, maxIndex)).Decode(&file); err != nil || file.Version != indexVersion {
		slog.Info("library index is rebuilt", "error", err)
		c.changed = true
		return c
	}
	for digest, r := range file.Files {
		if sum, ok := strings.CutPrefix(digest, "sha256:"); ok && isSHA256(sum) {
			c.records[digest] = r
		}
	}
	for ref, k := range file.Models {
		if k.Name.name().valid() && k.Name.name().ref() == ref && len(k.Manifest.Layers) > 0 {
			c.models[ref] = k
		}
	}
	maps.Copy(c.used, file.Used)
	return c
}

// facts returns the header facts of a weights file, from memory when the file is unchanged.
func (c *cache) facts(path string, w layer) (facts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return facts{}, err
	}
	if !info.Mode().IsRegular() || info.Size() != w.Size {
		return facts{}, fmt.Errorf("weights are %d bytes long instead of %d", info.Size(), w.Size)
	}
	digest := strings.ToLower(w.Digest)
	c.mu.Lock()
	r, ok := c.records[digest]
	c.mu.Unlock()
	if ok && r.Size == info.Size() && r.Modified.Equal(info.ModTime()) && (r.Facts.Architecture != "" || r.Facts.Parameters > 0) {
		return r.Facts, nil
	}
	header, err := gguf.ReadFile(path)
	if err != nil {
		return facts{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r = record{Size: info.Size(), Modified: info.ModTime(), Facts: factsOf(header)}
	c.records[digest] = r
	c.changed = true
	return r.Facts, nil
}

// of returns what a reference named.
func (c *cache) of(ref string) (remembered, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.models[ref]
	return k, ok
}

// named returns what the references with these weights named, in the order of their names.
func (c *cache) named(digest string) []remembered {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []remembered
	for _, ref := range slices.Sorted(maps.Keys(c.models)) {
		if k := c.models[ref]; strings.EqualFold(k.Manifest.key(), digest) {
			out = append(out, k)
		}
	}
	return out
}

// remember notes what a reference names, also before it is written.
func (c *cache) remember(n name, m manifest, conf []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := remembered{n.json(), m, conf}
	if had, ok := c.models[n.ref()]; ok && bytes.Equal(had.Config, conf) && slices.Equal(had.Manifest.all(), m.all()) {
		return
	}
	c.models[n.ref()] = k
	c.changed = true
}

// forgetModel drops a reference that is gone.
func (c *cache) forgetModel(ref string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.models[ref]; ok {
		delete(c.models, ref)
		delete(c.used, ref)
		c.changed = true
	}
}

// markUsed notes when a model was last used.
func (c *cache) markUsed(ref string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used[ref] = at.UTC().Truncate(time.Second)
	c.changed = true
}

func (c *cache) lastUsed(ref string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used[ref]
}

// forget drops a weights file that is gone.
func (c *cache) forget(digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.records[digest]; ok {
		delete(c.records, digest)
		c.changed = true
	}
}

// save writes the cache when it changed and no one else is writing. It may fail: the cache is rebuilt from the files.
func (c *cache) save(l *Library) {
	c.mu.Lock()
	if !c.changed {
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	free, ok := l.tryChange()
	if !ok {
		return
	}
	defer free()
	c.write(l)
}

// write is save for a caller that holds the right to change the store.
func (c *cache) write(l *Library) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, err := json.Marshal(indexFile{Version: indexVersion, Files: c.records, Models: c.models, Used: c.used})
	if err == nil {
		err = l.writeFile(filepath.Join(l.Dir(), indexName), data)
	}
	if err != nil {
		slog.Debug("library index not written", "error", err)
		return
	}
	c.changed = false
}
