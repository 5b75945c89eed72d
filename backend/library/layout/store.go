package layout

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
)

// What names in the store, or beside it, begin with.
const (
	ImportPrefix = ".import-"   // temporary files of an import
	RemovePrefix = ".removing-" // a manifest whose blobs are being removed
	ArrivePrefix = ".arriving-" // a journal: files on their way to being a model
)

// Store is a folder in the layout. The zero value of all but Dir serves to read one.
type Store struct {
	Dir   string
	Parts int64              // bytes of a file that one of its sums is of; 0: PartBytes
	Step  func(string) error // tests fail or end the process at a step of a change; nil outside them
}

// PartBytes returns how much of a file one of its sums is of, in this store.
func (s Store) PartBytes() int64 { return cmp.Or(s.Parts, PartBytes) }

// At marks a step of a change, for tests.
func (s Store) At(step string) error {
	if s.Step == nil {
		return nil
	}
	return s.Step(step)
}

// Blobs returns the folder of the blobs.
func (s Store) Blobs() string { return filepath.Join(s.Dir, "blobs") }

// Manifests returns the folder of the manifests.
func (s Store) Manifests() string { return filepath.Join(s.Dir, "manifests") }

// Blob returns the path of a blob, or "" for something that is not a digest.
func (s Store) Blob(digest string) string {
	sum, ok := strings.CutPrefix(digest, "sha256:")
	if !ok || !IsSHA256(sum) {
		return ""
	}
	return filepath.Join(s.Blobs(), "sha256-"+strings.ToLower(sum))
}

// ManifestPath returns the path of the manifest of a name.
func (s Store) ManifestPath(n Name) string {
	return filepath.Join(s.Manifests(), n.Host, n.Namespace, n.Model, n.Tag)
}

// MetadataPath returns where the engine keeps what it read of a file's header (Ollama v0.34.4, server/gguf_metadata.go).
func (s Store) MetadataPath(digest string) string {
	return filepath.Join(s.Dir, "metadata", "sha256-"+strings.TrimPrefix(strings.ToLower(digest), "sha256:")+".json")
}

// SumsPath returns where the sums of a blob are kept.
func (s Store) SumsPath(digest string) string {
	return filepath.Join(s.Dir, SumsFolder, "sha256-"+strings.TrimPrefix(strings.ToLower(digest), "sha256:")+".json")
}

// Original returns the file of another app that a blob stands for, or "".
func (s Store) Original(digest string) string {
	to, err := os.Readlink(s.Blob(digest))
	if err != nil {
		return ""
	}
	return to
}

// IndexName is the file of the index.
const IndexName = "index.json"

// SumsFolder holds the sums of large blobs.
const SumsFolder = "sums"

// PartBytes is how much of a file one of its sums is of, outside tests.
const PartBytes = 64 << 20
