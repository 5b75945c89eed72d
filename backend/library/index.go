package library

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

const (
	indexName    = "index.json"
	indexVersion = 1
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

// record is the cache's entry for one weights file. Size and Modified tell whether it still describes the file.
type record struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Facts    facts     `json:"facts"`
	Ref      string    `json:"ref"` // where a manifest named it, and Origin what its config said: to mend either
	Origin   origin    `json:"origin"`
}

// cache keeps header facts, so that a list of models opens no weights. Losing it costs time and nothing else.
type cache struct {
	path    string
	mu      sync.Mutex
	records map[string]record    // by digest
	used    map[string]time.Time // by reference
	changed bool
}

type indexFile struct {
	Version int                  `json:"version"`
	Models  map[string]record    `json:"models"`
	Used    map[string]time.Time `json:"used,omitempty"`
}

func openCache(path string) *cache {
	c := &cache{path: path, records: map[string]record{}, used: map[string]time.Time{}}
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
	for digest, r := range file.Models {
		if sum, ok := strings.CutPrefix(digest, "sha256:"); ok && isSHA256(sum) {
			c.records[digest] = r
		}
	}
	for ref, at := range file.Used {
		c.used[ref] = at
	}
	return c
}

// facts gives the header facts of a weights file, from memory when the file is unchanged.
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
	header, err := readHeader(path)
	if err != nil {
		return facts{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r = c.records[digest]
	r.Size, r.Modified, r.Facts = info.Size(), info.ModTime(), factsOf(header)
	c.records[digest] = r
	c.changed = true
	return r.Facts, nil
}

// origin gives what is remembered of a model whose config is lost.
func (c *cache) origin(digest string) *origin {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.records[digest]; ok && r.Origin.Source != "" {
		return &r.Origin
	}
	return nil
}

// ref gives where a weights file was last named.
func (c *cache) ref(digest string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records[digest].Ref
}

// remember notes where a model is and where it came from: o, where its config says so.
func (c *cache) remember(m backend.Model, o *origin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.records[m.Digest]
	is := origin{Added: m.Added}
	if o != nil {
		is = *o
	}
	is.Name, is.Source, is.Licence = m.Name, m.Source, m.Licence
	if !ok || r.Ref == m.Ref && reflect.DeepEqual(r.Origin, is) {
		return
	}
	r.Ref, r.Origin = m.Ref, is
	c.records[m.Digest] = r
	c.changed = true
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

// expect notes a model that is about to be written.
func (c *cache) expect(digest, ref string, o origin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.records[digest]
	r.Ref, r.Origin = ref, o
	c.records[digest] = r
	c.changed = true
}

// forget drops a weights file that is gone.
func (c *cache) forget(digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.records, digest)
	c.changed = true
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
	data, err := json.Marshal(indexFile{Version: indexVersion, Models: c.records, Used: c.used})
	if err == nil {
		err = l.writeFile(c.path, data)
	}
	if err != nil {
		slog.Debug("library index not written", "error", err)
		return
	}
	c.changed = false
}

// readHeader reads and checks the header of a file on disk.
func readHeader(path string) (*gguf.File, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return gguf.Read(f, info.Size())
}
