package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// folder is where the history is: history.db and the files beside it.
type folder struct {
	dir  string // real folder of path
	path string // of history.db, symbolic links resolved
	opts Options
}

// place makes the folder and finds the file in it.
func (f *folder) place(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		if info, statErr := os.Stat(dir); statErr == nil && !info.IsDir() {
			return backend.Fail(backend.CodeInvalid, err, "There is a file where the folder of the chat history belongs.",
				"Move that file away, or start Weightroom with another data folder.")
		}
		return err
	}
	f.path = filepath.Join(dir, fileName)
	if info, err := os.Lstat(f.path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		target, err := filepath.EvalSymlinks(f.path)
		if err != nil {
			return backend.Fail(backend.CodeNotFound, err, "The chat history is a link to a file that is not there.",
				"Connect the disk that it is on, or remove the link to start anew.")
		}
		f.path = target
	}
	f.dir = filepath.Dir(f.path)
	return nil
}

// sibling is a path beside history.db.
func (f *folder) sibling(name string) string { return filepath.Join(f.dir, name) }

// now is the time as it is stored.
func (f *folder) now() time.Time { return f.opts.Now().UTC().Round(0) }

// adopt puts a finished file in the history's place, durably.
func (f *folder) adopt(tmp string) error {
	if err := os.Rename(tmp, f.path); err != nil {
		return err
	}
	return fsys.SyncDir(f.dir)
}

// setAside lists the damaged files that were kept, oldest first.
func (f *folder) setAside() []string {
	list, _ := filepath.Glob(filepath.Join(globSafe(f.dir), "history.damaged-*.db")) // the pattern is sound
	slices.Sort(list)
	return list
}

// globSafe escapes a folder's name for Glob.
func globSafe(dir string) string {
	if filepath.Separator == '\\' {
		return dir // Windows has no escapes; brackets in a folder's name only hide files set aside
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// keepDamaged gives the damaged file a second name, so that the history's own name always leads to a file.
func (f *folder) keepDamaged() (string, error) {
	stamp := f.opts.Now().Format("20060102-150405")
	for n := 1; ; n++ {
		name := fmt.Sprintf("history.damaged-%s.db", stamp)
		if n > 1 {
			name = fmt.Sprintf("history.damaged-%s-%d.db", stamp, n)
		}
		aside := f.sibling(name)
		if _, err := os.Lstat(aside); err == nil {
			continue
		}
		err := os.Link(f.path, aside)
		if err != nil { // a file system without links: a crash now leaves no history.db, which Open also mends
			err = os.Rename(f.path, aside)
		}
		return aside, err
	}
}
