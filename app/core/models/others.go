package models

import (
	"context"
	"os"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/library"
)

// foreignModels are the models of other apps that the last scans found, by the path of each one's first file, and the
// digests of those that were read whole.
type foreignModels struct {
	mu    sync.Mutex
	found map[string]library.ForeignModel
	read  map[string]readFile
}

// readFile is what a file held when it was read.
type readFile struct {
	bytes    int64
	modified time.Time
	digest   string
}

// keepRead notes the digest of a file that was read whole.
func (f *foreignModels) keepRead(path, digest string) {
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.read == nil {
		f.read = map[string]readFile{}
	}
	f.read[path] = readFile{info.Size(), info.ModTime(), digest}
}

// digestOf returns the digest of a file that was read and has not changed since; empty: it was not, or has.
func (f *foreignModels) digestOf(path string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.read[path]
	if info, err := os.Stat(path); !ok || err != nil || info.Size() != r.bytes || !info.ModTime().Equal(r.modified) {
		return ""
	}
	return r.digest
}

// keep notes what was found.
func (f *foreignModels) keep(found []library.ForeignModel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.found == nil {
		f.found = map[string]library.ForeignModel{}
	}
	for _, one := range found {
		if len(one.Files) > 0 {
			f.found[one.Files[0].Path] = one
		}
	}
}

// find returns what was found at a path.
func (f *foreignModels) find(path string) (library.ForeignModel, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one, ok := f.found[path]
	return one, ok
}

// OtherApp is an app whose models were found on this machine.
type OtherApp struct {
	Name   string // "Ollama", "LM Studio"; empty: a folder that the person chose
	Folder string
	Models []library.ForeignModel // each with at least one file
}

// Others lists models that other apps keep on this machine, or those below a folder that the person chose.
func (m *Models) Others(ctx context.Context, folder string) ([]OtherApp, error) {
	var found []library.ForeignModel
	var err error
	if folder != "" {
		found, err = m.opts.Library.ScanFolder(ctx, folder)
	} else {
		found, err = m.opts.Library.ScanApps(ctx, library.HostEnv())
	}
	if err != nil {
		return nil, err
	}
	m.identify(ctx, found)
	var apps []OtherApp
	at := map[string]int{}
	m.foreign.keep(found)
	for _, f := range found {
		if len(f.Files) == 0 {
			continue
		}
		i, ok := at[f.App]
		if !ok {
			i = len(apps)
			at[f.App] = i
			apps = append(apps, OtherApp{Name: f.App, Folder: f.Dir})
		}
		apps[i].Models = append(apps[i].Models, f)
	}
	return apps, nil
}

// identify tells whether those that look like a model of the library are one, where their files were read before.
func (m *Models) identify(ctx context.Context, found []library.ForeignModel) {
	all, err := m.opts.Library.Models(ctx)
	if err != nil {
		return
	}
	refs := map[string]string{}
	for _, one := range all {
		refs[one.Digest] = one.Ref
	}
	for i := range found {
		f := &found[i]
		if !f.Alike {
			continue
		}
		if digest := m.foreign.digestOf(f.Files[0].Path); digest != "" {
			f.InLibrary, f.Alike = refs[digest], false
		}
	}
}

// Adopt makes a model that a scan found one of the library's. One that can't be shared is copied.
func (m *Models) Adopt(ctx context.Context, path string, progress func(done, total int64)) (backend.Model, error) {
	f, ok := m.foreign.find(path)
	if !ok {
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "No such model was found on this machine.", "Look for models of other apps again.")
	}
	o := library.AdoptOptions{Progress: progress}
	if f.How == "" {
		o.How = library.HowCopy
	}
	adopted, err := m.opts.Library.Adopt(ctx, f, o)
	if err == nil {
		m.foreign.keepRead(path, adopted.Digest)
	}
	return adopted, err
}
