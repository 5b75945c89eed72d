package models

import (
	"context"
	"sync"

	"weightroom/backend"
	"weightroom/backend/library"
)

// foreignModels are the models of other apps that the last scans found, by the path of each one's first file.
type foreignModels struct {
	mu    sync.Mutex
	found map[string]library.ForeignModel
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
	return m.opts.Library.Adopt(ctx, f, o)
}
