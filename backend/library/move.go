package library

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

// A library that was moved leaves two copies of a note in its first folder, so that one damaged file does not hide it,
// and while it moves there is a journal beside them.
const (
	movingName = ".moving.json"
	hereName   = ".moving-here" // in the new folder until it is the library
)

// mover takes the library to another folder.
type mover struct {
	*folder
	apart bool // tests move a library as if to another disk
}

// moving is the journal of a move.
type moving struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Rename bool   `json:"rename"` // both are on one disk: files are renamed, and a move that was begun is finished
	Made   bool   `json:"made"`   // the new folder was not there before
}

// owned are the top folders and files of a library. Others that somebody put there stay where they are.
func owned() []string {
	return []string{"blobs", "manifests", layout.SumsFolder, "downloads", layout.IndexName}
}

// Move moves the library to another folder, which has to be new or empty. On the same disk its files are renamed; on
// another they are copied, each copy is read back, and the old files are deleted only once the new folder is the
// library. A process that ends, or a move that fails or is cancelled, at any point leaves one whole library: the next
// New finishes or undoes what was begun. This Library and others on the same folder go on in the new place; what has
// its path, as the engine does, has to be started again. Downloads have to be paused. Links to other apps' files stay
// links. Progress counts bytes.
func (mv *mover) Move(ctx context.Context, to string, progress func(done, total int64)) error {
	if err := mv.move(ctx, to, progress); err != nil {
		return layout.Explain(err)
	}
	slog.Info("library moved", "to", mv.Dir())
	return nil
}

func (mv *mover) move(ctx context.Context, to string, progress func(done, total int64)) error {
	if to != "" && !filepath.IsAbs(to) { // it would be below whatever folder the program was started in
		return backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%q is not the whole path of a folder.", to), "Give it from the root of the disk on, as /home/me/models or D:\\models.")
	}
	free, err := mv.change(ctx)
	if err != nil {
		return err
	}
	defer free()
	j := moving{From: mv.Dir()}
	if j.From != mv.home { // where another process would look for a move that was not finished
		free, ok := lockFolder(mv.home)
		if !ok {
			return backend.Fail(backend.CodeBusy, nil, "The library is being changed just now.", "Wait a moment, then try again.")
		}
		defer free()
	}
	if j.To, j.Made, err = mv.target(to); err != nil {
		return err
	}
	mv.tidyTemporary()
	if left, _ := filepath.Glob(filepath.Join(layout.Escape(mv.store().Blobs()), layout.ImportPrefix+"*")); len(left) > 0 {
		return backend.Fail(backend.CodeBusy, nil, "A model is being imported just now.", "Wait until it is in the library, then move it.")
	}
	j.Rename = fsys.SameDisk(j.From, j.To) && !mv.apart
	err = mv.begin(j)
	if err == nil && j.Rename {
		err = mv.renameTo(j)
	} else if err == nil {
		err = mv.copyTo(ctx, j, progress)
	}
	if err == nil {
		err = mv.writeMovedNotes(j.To)
	}
	if err != nil {
		if mv.resolve() == j.To { // one of the two notes is there: it is done
			mv.endMove(j)
		}
		return errors.Join(err, mv.undoMove(j))
	}
	mv.endMove(j)
	return nil
}

// target checks the folder that the library is to move to, and makes it.
func (mv *mover) target(to string) (dir string, made bool, err error) {
	dir, err = filepath.Abs(to)
	if to == "" || err != nil {
		return "", false, backend.Fail(backend.CodeInvalid, err, "No folder was named.", "Choose a new or empty folder.")
	}
	from := mv.Dir()
	inside := func(a, b string) bool {
		rel, err := filepath.Rel(b, a)
		return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
	}
	if sameFolder(dir, mv.home) {
		dir = mv.home // however it was named
	}
	switch {
	case sameFolder(dir, from):
		return "", false, backend.Fail(backend.CodeInvalid, nil, "The library is in this folder already.", "Choose another folder.")
	case dir == mv.home: // back to where it began
	case inside(dir, from) || inside(from, dir) || inside(dir, mv.home):
		return "", false, backend.Fail(backend.CodeInvalid, nil, "The library can't be moved into itself.", "Choose a folder elsewhere.")
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		made = true
	case err == nil && !info.IsDir():
		return "", false, backend.Fail(backend.CodeInvalid, nil, "This is a file, not a folder.", "Choose a new or empty folder.")
	case err == nil:
		items, err := os.ReadDir(dir)
		if err != nil {
			return "", false, layout.ExplainSource(err)
		}
		others := slices.DeleteFunc(items, func(it os.DirEntry) bool {
			return dir == mv.home && (it.Name() == lockName || slices.Contains(movedNames(), it.Name()) || it.Name() == movingName) || emptyFolder(filepath.Join(dir, it.Name()))
		})
		if len(others) > 0 && (dir != mv.home || slices.ContainsFunc(others, func(it os.DirEntry) bool { return slices.Contains(owned(), it.Name()) })) {
			return "", false, backend.Fail(backend.CodeInvalid, nil, "There are other files in this folder.", "Choose a new or empty folder.")
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", false, backend.Fail(backend.CodeDenied, err, "This folder can't be made, or not be written to.", "Choose a folder on a disk that you may write to.")
	}
	probe, err := os.CreateTemp(dir, layout.ImportPrefix)
	if err != nil {
		if made {
			_ = os.Remove(dir)
		}
		return "", false, backend.Fail(backend.CodeDenied, err, "This folder can't be written to.", "Choose a folder on a disk that you may write to.")
	}
	_ = probe.Close()
	return dir, made, os.Remove(probe.Name())
}

// sameFolder reports whether two paths name one folder.
func sameFolder(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return a == b || errX == nil && errY == nil && os.SameFile(x, y)
}

func emptyFolder(path string) bool {
	items, err := os.ReadDir(path)
	return err == nil && len(items) == 0
}

// begin notes that a move is under way.
func (mv *mover) begin(j moving) error {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := mv.store().WriteFile(filepath.Join(mv.home, movingName), data); err != nil {
		return err
	}
	return mv.store().WriteFile(filepath.Join(j.To, hereName), data)
}

// renameTo moves what is the library's to a folder on the same disk. It may be called again.
func (mv *mover) renameTo(j moving) error {
	for _, item := range owned() {
		from, to := filepath.Join(j.From, item), filepath.Join(j.To, item)
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := mv.store().At("move " + item); err != nil {
			return err
		}
		if emptyFolder(to) {
			_ = os.Remove(to)
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	return errors.Join(fsys.SyncDir(j.To), fsys.SyncDir(j.From))
}

// copyTo copies what is the library's to a folder on another disk.
func (mv *mover) copyTo(ctx context.Context, j moving, progress func(done, total int64)) error {
	paths, total, err := belongings(j.From)
	if err != nil {
		return err
	}
	if err := checkSpaceAt(j.To, total); err != nil {
		return err
	}
	var done int64
	for _, rel := range paths {
		if err := mv.store().At("copy " + rel); err != nil {
			return err
		}
		n, err := copyFile(ctx, filepath.Join(j.From, rel), filepath.Join(j.To, rel), func(n int64) {
			if progress != nil {
				progress(min(done+n, total), total)
			}
		})
		if err != nil {
			return err
		}
		done += n
	}
	return syncFolders(j.To, paths)
}

// belongings lists the files of a library, by their path in it.
func belongings(dir string) (paths []string, total int64, err error) {
	for _, item := range owned() {
		err := filepath.WalkDir(filepath.Join(dir, item), func(path string, it fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || err == nil && it.IsDir() {
				return nil
			}
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			info, err := it.Info()
			if err == nil && info.Mode().IsRegular() {
				total += info.Size()
			}
			paths = append(paths, rel)
			return err
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return paths, total, nil
}

// copyFile copies one file, date and all, and reads the copy back. A symbolic link is made anew.
func copyFile(ctx context.Context, from, to string, progress func(int64)) (n int64, err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return 0, err
	}
	info, err := os.Lstat(from)
	if err != nil {
		return 0, err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return 0, err
		}
		return 0, os.Symlink(target, to)
	}
	if !info.Mode().IsRegular() {
		return 0, nil
	}
	src, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { _ = dst.Close() }()
	if err := fsys.Reserve(dst, info.Size()); err != nil {
		return 0, err
	}
	read := layout.NewHasher(layout.PartBytes)
	if n, err = layout.Copy(ctx, io.MultiWriter(dst, read), src, info.Size(), func(done, _ int64) { progress(done) }); err != nil {
		return n, err
	}
	if err := dst.Sync(); err != nil {
		return n, err
	}
	fsys.DropCache(dst)
	back, _, err := layout.SumsOf(ctx, io.NewSectionReader(dst, 0, n+1), n, layout.PartBytes, nil)
	if err != nil {
		return n, err
	}
	if back != read.Sum() || n != info.Size() {
		return n, backend.Fail(backend.CodeDisk, fmt.Errorf("%s read back differently", to), "The other disk did not keep what was written to it.", "Check that disk before you trust it with models.")
	}
	return n, os.Chtimes(to, info.ModTime(), info.ModTime())
}

// syncFolders makes the names of copied files last.
func syncFolders(dir string, paths []string) error {
	folders := map[string]bool{dir: true}
	for _, p := range paths {
		for d := filepath.Dir(p); d != "."; d = filepath.Dir(d) {
			folders[filepath.Join(dir, d)] = true
		}
	}
	for _, sub := range []string{"blobs", "manifests"} { // a library without models has them too
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	for d := range folders {
		if err := fsys.SyncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// endMove deletes what a finished move left behind.
func (mv *mover) endMove(j moving) {
	to := j.To
	mv.dir.Store(&to)
	_ = mv.writeMovedNotes(j.To) // the second note, should only the first be there
	_ = mv.store().At("end of move")
	_ = os.Remove(filepath.Join(j.To, hereName))
	if !j.Rename {
		paths, _, _ := belongings(j.From)
		for _, rel := range paths { // only what has arrived
			a, errA := os.Lstat(filepath.Join(j.From, rel))
			b, errB := os.Lstat(filepath.Join(j.To, rel))
			arrived := errA == nil && errB == nil && a.Size() == b.Size()
			if rel == layout.IndexName || strings.HasPrefix(rel, layout.SumsFolder) || arrived {
				_ = mv.store().At("delete " + rel)
				_ = os.Remove(filepath.Join(j.From, rel))
			}
		}
	}
	sweep(j.From)
	dropDrafts(j.From)
	dropDrafts(mv.home)
	if j.From != mv.home {
		_ = os.Remove(filepath.Join(j.From, lockName))
		_ = os.Remove(j.From)
	}
	_ = os.Remove(filepath.Join(mv.home, movingName))
}

// dropDrafts deletes the notes and journals that were being written to a folder when a process ended.
func dropDrafts(dir string) {
	drafts, _ := filepath.Glob(filepath.Join(layout.Escape(dir), layout.ImportPrefix+"*"))
	for _, d := range drafts {
		_ = os.Remove(d)
	}
}

// sweep deletes the empty folders of a library that is not there any more, and what the engine noted beside it.
func sweep(dir string) {
	_ = os.RemoveAll(filepath.Join(dir, "metadata"))
	for _, item := range owned() {
		var folders []string
		_ = filepath.WalkDir(filepath.Join(dir, item), func(path string, it fs.DirEntry, err error) error {
			if err == nil && it.IsDir() {
				folders = append(folders, path)
			}
			return nil
		})
		for _, f := range slices.Backward(folders) {
			_ = os.Remove(f)
		}
	}
}

// undoMove takes a move back that was begun and not finished.
func (mv *mover) undoMove(j moving) error {
	if mv.resolve() == j.To {
		return nil
	}
	var first error
	if j.Rename {
		back := moving{From: j.To, To: j.From}
		step := mv.step
		mv.step = nil
		first = mv.renameTo(back)
		mv.step = step
	} else {
		for _, item := range owned() { // the folder was empty when the move began
			first = cmp.Or(first, os.RemoveAll(filepath.Join(j.To, item)))
		}
	}
	if first != nil {
		return first // the journal stays, and the next New tries again
	}
	_ = os.Remove(filepath.Join(j.To, hereName))
	if j.Made {
		_ = os.Remove(j.To)
	}
	return os.Remove(filepath.Join(mv.home, movingName))
}

// finishMove does what a process that ended in the middle of a move left to do. The caller holds the right to change
// the store, or is the only one who knows it.
func (mv *mover) finishMove() {
	var j moving
	path := filepath.Join(mv.home, movingName)
	data, _, err := layout.ReadSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil || json.Unmarshal(data, &j) != nil || !filepath.IsAbs(j.From) || !filepath.IsAbs(j.To) {
		_ = layout.ClearAway(path)
		return
	}
	if _, err := os.Stat(j.To); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return
	}
	switch {
	case mv.resolve() == j.To:
		mv.endMove(j)
	case j.Rename:
		if err = mv.renameTo(j); err == nil {
			err = mv.writeMovedNotes(j.To)
		}
		if err == nil {
			mv.endMove(j)
		}
	default:
		var here moving
		mark, _, errMark := layout.ReadSmall(filepath.Join(j.To, hereName))
		if errMark == nil && json.Unmarshal(mark, &here) == nil && here == j {
			err = mv.undoMove(j)
		} else if errors.Is(errMark, fs.ErrNotExist) { // it had not begun to copy
			dropDrafts(j.To)
			if j.Made {
				_ = os.Remove(j.To)
			}
			err = os.Remove(path)
		}
	}
	if err != nil {
		slog.Warn("move of the library not finished", "error", err)
	}
}
