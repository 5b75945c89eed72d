package library

import (
	"io/fs"
	"path/filepath"
	"strings"
)

// ownBytes is what deleting a file gives back to the disk: nothing for a symbolic link, or for a file that has another
// name elsewhere.
func ownBytes(info fs.FileInfo) int64 {
	if !info.Mode().IsRegular() || links(info) > 1 {
		return 0
	}
	return info.Size()
}

// metadataPath is where the engine keeps what it read of a file's header (Ollama v0.34.4, server/gguf_metadata.go).
func (l *Library) metadataPath(digest string) string {
	return filepath.Join(l.dir, "metadata", "sha256-"+strings.TrimPrefix(strings.ToLower(digest), "sha256:")+".json")
}
