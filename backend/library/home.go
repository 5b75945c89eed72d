package library

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

// entries reads every manifest, wherever the library is now.
func (l *Library) entries() ([]layout.Entry, error) {
	if err := l.follow(); err != nil {
		return nil, err
	}
	return l.store().Entries()
}

// moved is a note that says where the library is.
type moved struct {
	To    string `json:"to"`
	Check string `json:"check"` // sha256 of To
}

func movedNames() []string { return []string{"moved.json", ".moved.json"} }

// resolve returns the folder that the library is in.
func (l *Library) resolve() string {
	for _, name := range movedNames() {
		var m moved
		data, _, err := layout.ReadSmall(filepath.Join(l.home, name))
		if err == nil && json.Unmarshal(data, &m) == nil && m.Check == layout.DigestOf([]byte(m.To)) && filepath.IsAbs(m.To) {
			return m.To
		}
	}
	return l.home
}

// follow goes to where the library is, should another process have moved it, and refuses when its disk is not there.
func (l *Library) follow() error {
	dir := l.resolve()
	if dir != l.Dir() {
		l.dir.Store(&dir)
	}
	if dir == l.home {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "manifests")); err != nil {
		return backend.Fail(backend.CodeNotFound, err, fmt.Sprintf("The library was moved to %s, which is not there.", dir), "Connect the disk that it is on, then try again.")
	}
	return nil
}

// writeMovedNotes writes down where the library is now, twice.
func (l *Library) writeMovedNotes(to string) error {
	for _, name := range movedNames() {
		path := filepath.Join(l.home, name)
		if to == l.home {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		data, err := json.Marshal(moved{To: to, Check: layout.DigestOf([]byte(to))})
		if err == nil {
			err = l.store().WriteFile(path, data)
		}
		if err != nil {
			return err
		}
	}
	return fsys.SyncDir(l.home)
}

// used returns the digests that manifests name.
func (l *Library) used() (digests map[string]bool, entries []layout.Entry, err error) {
	if entries, err = l.entries(); err != nil {
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
