package library

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
	"weightroom/backend/library/scan"
)

// How a file of the library came by its bytes, and with whom it shares them.
const (
	HowCopy    = "copy"    // its own
	HowClone   = "clone"   // its own, with disk blocks shared until either file changes
	HowLink    = "link"    // one file with two names: it stays when the other name goes, and changes when it is changed
	HowSymlink = "symlink" // another app's file: gone when that app deletes it
)

// how tells from the disk whether a file shares its bytes with another, and with which.
func (ins *inspector) how(digest string, of layout.FileOrigin) (how, original string) {
	info, err := os.Lstat(ins.store().Blob(digest))
	switch {
	case err != nil:
		return HowCopy, ""
	case info.Mode()&os.ModeSymlink != 0:
		return HowSymlink, ins.store().Original(digest)
	case fsys.Links(info) > 1:
		return HowLink, of.Original
	case of.How == HowClone:
		return HowClone, of.Original
	}
	return HowCopy, ""
}

// keeps says in a sentence what sharing a file means for a person.
func keeps(how string) string {
	return cmp.Or(map[string]string{
		HowClone:   "The library has its own copy, which takes no space until one of the two changes: it stays when the other app deletes or changes its file.",
		HowLink:    "Both apps use one file, so it takes no extra space: the model stays here when the other app deletes it, and its space comes free when both have.",
		HowSymlink: "The library uses the other app's file where it is: if that app deletes or moves it, the model is gone here too.",
	}[how])
}

// ownBytes is what deleting a file gives back to the disk: nothing for a symbolic link, or for a file that has another
// name elsewhere.
func ownBytes(info fs.FileInfo) int64 {
	if !info.Mode().IsRegular() || fsys.Links(info) > 1 {
		return 0
	}
	return info.Size()
}

// best tells how Adopt would take files, without taking them.
func (st *stager) best(files []scan.File) string {
	how := HowClone
	for _, f := range files {
		if kind, _ := layout.MediaType(f.Kind); !layout.HoldsTensors(kind) {
			continue
		}
		switch {
		case fsys.SameDisk(f.Path, st.store().Blobs()) && st.clones(f.Path):
		case fsys.SameDisk(f.Path, st.store().Blobs()) && st.links(f.Path):
			if how == HowClone {
				how = HowLink
			}
		default:
			return HowSymlink
		}
	}
	return how
}

// clones and links try on a file that is deleted at once, since no system says beforehand what it will allow.
func (st *stager) clones(path string) bool {
	src, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = src.Close() }()
	probe, err := os.CreateTemp(st.store().Blobs(), layout.ImportPrefix)
	if err != nil {
		return false
	}
	defer func() { _ = probe.Close(); _ = os.Remove(probe.Name()) }()
	return fsys.Clone(probe, src) == nil
}

func (st *stager) links(path string) bool {
	probe := filepath.Join(st.store().Blobs(), layout.ImportPrefix+rand.Text())
	if err := os.Link(path, probe); err != nil && !errors.Is(err, fs.ErrExist) {
		return false
	}
	return os.Remove(probe) == nil
}
