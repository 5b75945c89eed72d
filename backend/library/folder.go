package library

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

// folder is where a library is, wherever it was moved to, and who may change it.
type folder struct {
	home string                 // where it was made, and where a note tells where it was moved to
	dir  atomic.Pointer[string] // where it is
	busy chan struct{}          // holds one token while this process changes the store
	step func(string) error     // tests fail or end the process here; nil outside them

	partBytes int64 // PartBytes; tests make it smaller
}

func newFolder(dir string) *folder {
	d := &folder{home: dir, busy: make(chan struct{}, 1), partBytes: layout.PartBytes}
	d.dir.Store(&dir)
	return d
}

// Dir is the store's folder: OLLAMA_MODELS of the engine. Move changes it.
func (d *folder) Dir() string { return *d.dir.Load() }

// DownloadsDir is the folder for files on their way to Accept, on the disk of the library. The library leaves alone
// what is in it.
func (d *folder) DownloadsDir() string { return filepath.Join(d.Dir(), "downloads") }

// store is the folder and how it is changed.
func (d *folder) store() layout.Store {
	return layout.Store{Dir: d.Dir(), Parts: d.partBytes, Step: d.step}
}

// checkSpace refuses a copy that would fill the disk.
func (d *folder) checkSpace(need int64) error { return checkSpaceAt(d.store().Blobs(), need) }

// entries reads every manifest, wherever the library is now.
func (d *folder) entries() ([]layout.Entry, error) {
	if err := d.follow(); err != nil {
		return nil, err
	}
	return d.store().Entries()
}

// moved is a note that says where the library is.
type moved struct {
	To    string `json:"to"`
	Check string `json:"check"` // sha256 of To
}

func movedNames() []string { return []string{"moved.json", ".moved.json"} }

// resolve returns the folder that the library is in.
func (d *folder) resolve() string {
	for _, name := range movedNames() {
		var m moved
		data, _, err := layout.ReadSmall(filepath.Join(d.home, name))
		if err == nil && json.Unmarshal(data, &m) == nil && m.Check == layout.DigestOf([]byte(m.To)) && filepath.IsAbs(m.To) {
			return m.To
		}
	}
	return d.home
}

// follow goes to where the library is, should another process have moved it, and refuses when its disk is not there.
func (d *folder) follow() error {
	dir := d.resolve()
	if dir != d.Dir() {
		d.dir.Store(&dir)
	}
	if dir == d.home {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "manifests")); err != nil {
		return backend.Fail(backend.CodeNotFound, err, fmt.Sprintf("The library was moved to %s, which is not there.", dir), "Connect the disk that it is on, then try again.")
	}
	return nil
}

// writeMovedNotes writes down where the library is now, twice.
func (d *folder) writeMovedNotes(to string) error {
	for _, name := range movedNames() {
		path := filepath.Join(d.home, name)
		if to == d.home {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		data, err := json.Marshal(moved{To: to, Check: layout.DigestOf([]byte(to))})
		if err == nil {
			err = d.store().WriteFile(path, data)
		}
		if err != nil {
			return err
		}
	}
	return fsys.SyncDir(d.home)
}

// used returns the digests that manifests name.
func (d *folder) used() (digests map[string]bool, entries []layout.Entry, err error) {
	if entries, err = d.entries(); err != nil {
		return nil, nil, err
	}
	digests = map[string]bool{}
	for _, e := range entries {
		if e.Bad != nil {
			continue
		}
		for _, x := range e.Manifest.All() {
			digests[strings.ToLower(x.Digest)] = true
		}
	}
	return digests, entries, nil
}
