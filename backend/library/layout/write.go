package layout

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weightroom/backend/fsys"
)

// MakeFolder makes dir a folder. A file in its place, which nothing of ours writes, is moved aside.
func MakeFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		if err := os.Rename(dir, dir+".set-aside-"+time.Now().UTC().Format("20060102-150405")); err != nil {
			return err
		}
	}
	return os.MkdirAll(dir, 0o755)
}

// PutBlob stores small content under its digest.
func (s Store) PutBlob(mediaType string, data []byte) (Layer, error) {
	out := Layer{MediaType: mediaType, Digest: DigestOf(data), Size: int64(len(data))}
	path := s.Blob(out.Digest)
	if have, _, err := ReadSmall(path); err == nil && bytes.Equal(have, data) {
		return out, nil
	}
	return out, s.WriteFile(path, data)
}

// WriteFile puts data at path in one step: a temporary file beside it, synced, renamed, and the folder synced. The
// index, which is only a cache, is not synced: a power cut may take it.
func (s Store) WriteFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temp := filepath.Join(dir, ImportPrefix+rand.Text())
	defer func() { _ = os.Remove(temp) }()
	if err := s.At("create " + kindOf(path)); err != nil {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = s.At("sync " + kindOf(path))
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
	return s.Place(temp, path)
}

// Place renames temp to path and makes the name last.
func (s Store) Place(temp, path string) error {
	if err := s.At("rename " + kindOf(path)); err != nil {
		return err
	}
	if err := ClearFolder(path); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	if err := s.At("sync folder of " + kindOf(path)); err != nil {
		return err
	}
	if strings.HasPrefix(kindOf(path), "index") {
		return nil
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// ClearFolder moves a folder out of the way of a file that belongs at path.
func ClearFolder(path string) error {
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return nil //nolint:nilerr // what is not there is not in the way
	}
	if os.Remove(path) == nil { // it was empty
		return nil
	}
	return os.Rename(path, filepath.Join(filepath.Dir(path), ".set-aside-"+filepath.Base(path)+"-"+rand.Text()))
}

// ClearAway removes a file of ours, or the folder that somebody put in its place.
func ClearAway(path string) error {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return ClearFolder(path)
	}
	return os.Remove(path)
}

// kindOf names a file of the store by its place, for steps and logs.
func kindOf(path string) string {
	switch base := filepath.Base(path); {
	case base == IndexName:
		return "index"
	case strings.HasPrefix(base, "sha256-") && strings.HasSuffix(base, ".json"):
		return "index of sums"
	case strings.HasPrefix(base, "sha256-"):
		return "blob"
	case strings.HasPrefix(base, ArrivePrefix), strings.HasPrefix(base, RemovePrefix):
		return "journal"
	}
	return "manifest"
}

// Escape keeps a folder's own name from being read as a pattern.
func Escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}
