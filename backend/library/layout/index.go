package layout

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

	"weightroom/backend/gguf"
)

const (
	indexVersion = 2
	maxIndex     = 16 << 20
)

// record is what the index knows of one weights file. Size and Modified tell whether it still describes the file.
type record struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Facts    Facts     `json:"facts"`
}

// Remembered is what a reference named, to mend its manifest or its config when one is lost.
type Remembered struct {
	Name     Name            `json:"name"`
	Manifest Manifest        `json:"manifest"`
	Config   json.RawMessage `json:"config"`
}

// Origin returns where the model came from, as its config says, or nil.
func (k Remembered) Origin() *Origin {
	var c Config
	if json.Unmarshal(k.Config, &c) != nil {
		return nil
	}
	return c.Ours
}

// Index keeps header facts, so that a list of models opens no weights, and what manifests and configs say, to mend
// them. Losing it costs time, and names and texts of models that are damaged at the same time.
type Index struct {
	mu      sync.Mutex
	records map[string]record     // by digest
	models  map[string]Remembered // by reference
	used    map[string]time.Time
	changed bool
}

type indexFile struct {
	Version int                   `json:"version"`
	Files   map[string]record     `json:"files"`
	Models  map[string]Remembered `json:"models"`
	Used    map[string]time.Time  `json:"used,omitempty"`
}

// OpenIndex reads an index; one that is not there or can't be read is empty.
func OpenIndex(path string) *Index {
	c := &Index{records: map[string]record{}, models: map[string]Remembered{}, used: map[string]time.Time{}}
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
		if sum, ok := strings.CutPrefix(digest, "sha256:"); ok && IsSHA256(sum) {
			c.records[digest] = r
		}
	}
	for ref, k := range file.Models {
		if k.Name.Valid() && k.Name.Ref() == ref && len(k.Manifest.Layers) > 0 {
			c.models[ref] = k
		}
	}
	maps.Copy(c.used, file.Used)
	return c
}

// Facts returns the header facts of a weights file. It opens the file only if that has changed.
func (c *Index) Facts(path string, w Layer) (Facts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Facts{}, err
	}
	if !info.Mode().IsRegular() || info.Size() != w.Size {
		return Facts{}, fmt.Errorf("weights are %d bytes long instead of %d", info.Size(), w.Size)
	}
	digest := strings.ToLower(w.Digest)
	c.mu.Lock()
	r, ok := c.records[digest]
	c.mu.Unlock()
	if ok && r.Size == info.Size() && r.Modified.Equal(info.ModTime()) && r.Facts.Version == factsVersion && (r.Facts.Architecture != "" || r.Facts.Parameters > 0) {
		return r.Facts, nil
	}
	header, err := gguf.ReadFile(path)
	if err != nil {
		return Facts{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r = record{Size: info.Size(), Modified: info.ModTime(), Facts: FactsOf(header)}
	c.records[digest] = r
	c.changed = true
	return r.Facts, nil
}

// Of returns what a reference named.
func (c *Index) Of(ref string) (Remembered, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.models[ref]
	return k, ok
}

// WithWeights returns what the references with these weights named, in the order of their names.
func (c *Index) WithWeights(digest string) []Remembered {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Remembered
	for _, ref := range slices.Sorted(maps.Keys(c.models)) {
		if k := c.models[ref]; strings.EqualFold(k.Manifest.Key(), digest) {
			out = append(out, k)
		}
	}
	return out
}

// Remember notes what a reference names, also before it is written.
func (c *Index) Remember(n Name, m Manifest, conf []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := Remembered{n, m, conf}
	if had, ok := c.models[n.Ref()]; ok && bytes.Equal(had.Config, conf) && slices.Equal(had.Manifest.All(), m.All()) {
		return
	}
	c.models[n.Ref()] = k
	c.changed = true
}

// ForgetModel drops a reference that is gone.
func (c *Index) ForgetModel(ref string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.models[ref]; ok {
		delete(c.models, ref)
		delete(c.used, ref)
		c.changed = true
	}
}

// MarkUsed notes when a model was last used.
func (c *Index) MarkUsed(ref string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used[ref] = at.UTC().Truncate(time.Second)
	c.changed = true
}

// LastUsed returns when a model was last used; zero: not known.
func (c *Index) LastUsed(ref string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used[ref]
}

// Forget drops a weights file that is gone.
func (c *Index) Forget(digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.records[digest]; ok {
		delete(c.records, digest)
		c.changed = true
	}
}

// Unsaved reports whether the index has changed since it was read or written.
func (c *Index) Unsaved() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Write writes the index, for a caller that holds the right to change the store. It may fail: the index is rebuilt from
// the files.
func (c *Index) Write(s Store) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, err := json.Marshal(indexFile{Version: indexVersion, Files: c.records, Models: c.models, Used: c.used})
	if err == nil {
		err = s.WriteFile(filepath.Join(s.Dir, IndexName), data)
	}
	if err != nil {
		slog.Debug("library index not written", "error", err)
		return
	}
	c.changed = false
}
