package layout

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weightroom/backend/gguf"
)

// Entry is a manifest file and what it says.
type Entry struct {
	Name     Name
	Path     string
	Added    time.Time // when the manifest was written
	Manifest Manifest
	Bad      error // why the file can't be read as a manifest
}

// Entries reads every manifest. One that can't be read is in the list with its reason; only a store that can't be
// listed at all is an error.
func (s Store) Entries() ([]Entry, error) {
	var out []Entry
	paths, err := below(s.Manifests(), 4)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		rel, err := filepath.Rel(s.Manifests(), p)
		if err != nil {
			continue
		}
		part := strings.Split(rel, string(filepath.Separator))
		n := Name{part[0], part[1], part[2], part[3]}
		if !n.Valid() {
			continue
		}
		e := Entry{Name: n, Path: p}
		e.Manifest, e.Added, e.Bad = ReadManifest(p)
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

// ReadConfig reads a config blob; a damaged one is the zero config and false.
func (s Store) ReadConfig(c Layer) (Config, bool) {
	var out Config
	path := s.Blob(c.Digest)
	if path == "" {
		return out, false
	}
	data, _, err := ReadSmall(path)
	if err != nil || DigestOf(data) != strings.ToLower(c.Digest) || json.Unmarshal(data, &out) != nil {
		return Config{}, false
	}
	return out, true
}

// Header reads the header of a model's weights: of all parts, where it is split.
func (s Store) Header(m Manifest) (*gguf.File, error) {
	var parts []*gguf.File
	for _, w := range m.Weights() {
		p, err := gguf.ReadFile(s.Blob(w.Digest))
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return gguf.Join(parts)
}

// Text joins the small files of a type.
func (s Store) Text(e Entry, mediaType string) string {
	var out []string
	for _, x := range e.Manifest.Layers {
		if x.MediaType != mediaType {
			continue
		}
		if data, _, err := ReadSmall(s.Blob(x.Digest)); err == nil && DigestOf(data) == strings.ToLower(x.Digest) {
			out = append(out, string(data))
		}
	}
	return strings.Join(out, "\n\n")
}

// Find returns the sound entry of a reference.
func Find(entries []Entry, ref string) (Entry, bool) {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Bad == nil && e.Name.Ref() == ref })
	if i < 0 {
		return Entry{}, false
	}
	return entries[i], true
}
