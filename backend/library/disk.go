package library

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

// Disk is what the library takes, in bytes.
type Disk struct {
	Used      int64 `json:"used"`      // by files that are the library's own
	Free      int64 `json:"free"`      // on its disk, for this user
	Total     int64 `json:"total"`     // size of its disk
	Downloads int64 `json:"downloads"` // in DownloadsDir
	Loose     int64 `json:"loose"`     // by files that no model uses
	Models    []Use `json:"models"`    // most Frees first; adapters too
}

// Use is what one model takes, in bytes.
type Use struct {
	Ref       string    `json:"ref"`
	Name      string    `json:"name"`
	Adapter   bool      `json:"adapter"`
	Bytes     int64     `json:"bytes"`     // all its files
	Shared    int64     `json:"shared"`    // of them, files that other models of the library use too
	Elsewhere int64     `json:"elsewhere"` // of them, files that other apps have as well
	Frees     int64     `json:"frees"`     // what its removal gives back
	Cloned    bool      `json:"cloned"`    // it may give back less, since the disk shares blocks with the original
	LastUsed  time.Time `json:"lastUsed"`  // zero: not known
}

// Disk tells what each model takes. A file that several models use counts once in Used and in no model's Frees.
func (ins *inspector) Disk(ctx context.Context) (Disk, error) {
	used, free, err := ins.Usage()
	if err != nil {
		return Disk{}, err
	}
	_, total, err := fsys.Space(ins.Dir())
	if err != nil {
		return Disk{}, layout.Explain(err)
	}
	d := Disk{Used: used, Free: free, Total: total, Downloads: treeBytes(ins.DownloadsDir()), Models: []Use{}}
	entries, err := ins.entries()
	if err != nil {
		return Disk{}, layout.Explain(err)
	}
	users := map[string]int{}
	for _, e := range entries {
		for digest := range e.Manifest.Digests() {
			users[digest]++
		}
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return Disk{}, layout.Explain(err)
		}
		if e.Bad == nil {
			d.Models = append(d.Models, ins.use(e, users))
		}
	}
	slices.SortFunc(d.Models, func(a, b Use) int { return cmp.Or(cmp.Compare(b.Frees, a.Frees), strings.Compare(a.Ref, b.Ref)) })
	items, _ := os.ReadDir(ins.store().Blobs())
	for _, it := range items {
		sum, ok := strings.CutPrefix(it.Name(), "sha256-")
		if info, err := it.Info(); err == nil && ok && users["sha256:"+sum] == 0 {
			d.Loose += ownBytes(info)
		}
	}
	return d, nil
}

func (ins *inspector) use(e layout.Entry, users map[string]int) Use {
	u := Use{Ref: e.Name.Ref(), Name: e.Name.Model, Bytes: e.Manifest.Bytes(), LastUsed: ins.index.LastUsed(e.Name.Ref())}
	var of layout.Origin
	if c, ok := ins.store().ReadConfig(e.Manifest.Config); ok && c.Ours != nil {
		of = *c.Ours
		u.Name = cmp.Or(of.Name, u.Name)
	}
	u.Adapter = len(e.Manifest.Weights()) == 0 && e.Manifest.Has(layout.TypeAdapter)
	for digest, size := range e.Manifest.Digests() {
		info, err := os.Lstat(ins.store().Blob(digest))
		if err != nil {
			continue
		}
		own := ownBytes(info)
		if users[digest] > 1 {
			u.Shared += size
		} else {
			u.Frees += own
		}
		if own == 0 && size > 0 {
			u.Elsewhere += size
		}
		u.Cloned = u.Cloned || of.Files[digest].How == HowClone
	}
	return u
}

// MarkUsed remembers that a model is in use now, for the order in which people clear up.
func (ins *inspector) MarkUsed(ref string) { ins.index.MarkUsed(ref, time.Now()); ins.saveIndex() }

// treeBytes adds up the files below a folder.
func treeBytes(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, it fs.DirEntry, err error) error {
		if err == nil && it.Type().IsRegular() {
			if info, err := it.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// Usage returns the bytes that the library's own files take, and those still free on its disk.
func (ins *inspector) Usage() (used, free int64, err error) {
	items, err := os.ReadDir(ins.store().Blobs())
	if err != nil && !os.IsNotExist(err) {
		return 0, 0, layout.Explain(err)
	}
	for _, it := range items {
		if info, err := it.Info(); err == nil {
			used += ownBytes(info)
		}
	}
	if free, _, err = fsys.Space(ins.Dir()); err != nil {
		return used, 0, layout.Explain(err)
	}
	return used, free, nil
}
