package app

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"weightroom/backend"
	"weightroom/backend/library"
)

// othersCell holds what the last looks found, by the path of each model's first file.
type othersCell struct {
	mu    sync.Mutex
	found map[string]library.ForeignModel
}

// Others lists models that other apps keep on this machine, or those below a folder that the person chose.
func (c *Core) Others(ctx context.Context, folder string) ([]OtherApp, error) {
	var found []library.ForeignModel
	var err error
	dirs := map[string]string{}
	if folder != "" {
		found, err = c.Models.ScanFolder(ctx, folder)
		dirs[""] = folder
	} else {
		env := library.HostEnv()
		for _, p := range library.Places(env) {
			if dirs[p.App] == "" || !isFolder(dirs[p.App]) {
				dirs[p.App] = p.Dir
			}
		}
		found, err = c.Models.ScanApps(ctx, env)
	}
	if err != nil {
		return nil, err
	}
	apps := []OtherApp{}
	at := map[string]int{}
	c.others.mu.Lock()
	defer c.others.mu.Unlock()
	if c.others.found == nil {
		c.others.found = map[string]library.ForeignModel{}
	}
	for _, f := range found {
		if len(f.Files) == 0 {
			continue
		}
		i, ok := at[f.App]
		if !ok {
			i = len(apps)
			at[f.App] = i
			apps = append(apps, OtherApp{Name: f.App, Folder: dirs[f.App], Models: []OtherModel{}})
		}
		m := otherOf(f)
		c.others.found[m.Path] = f
		apps[i].Models = append(apps[i].Models, m)
	}
	return apps, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func otherOf(f library.ForeignModel) OtherModel {
	m := OtherModel{
		Path: f.Files[0].Path, Name: f.Name, Quant: f.Quant, Bytes: f.Bytes, Installed: f.InLibrary, Keeps: f.Keeps,
		Copies: f.Problem == nil && f.How == "", Adapter: f.Kind == backend.KindAdapter,
	}
	if f.Problem != nil {
		m.Problem = f.Problem.Message
	}
	return m
}

// Adopt makes a model that a look found one of the library's. One that can't be shared is copied.
func (c *Core) Adopt(ctx context.Context, path string, progress func(done, total int64)) (backend.Model, error) {
	c.others.mu.Lock()
	f, ok := c.others.found[path]
	c.others.mu.Unlock()
	if !ok {
		return backend.Model{}, backend.Fail(backend.CodeNotFound, nil, "No such model was found on this machine.", "Look for models of other apps again.")
	}
	o := library.AdoptOptions{Progress: progress}
	if f.How == "" {
		o.How = library.HowCopy
	}
	return c.Models.Adopt(ctx, f, o)
}

// Others lists models that other apps keep on this machine, or those below a folder.
func (s *Library) Others(folder string) ([]OtherApp, error) {
	return call("Library.Others", func() ([]OtherApp, error) {
		core, err := s.window.Core()
		if err != nil {
			return nil, err
		}
		return core.Others(s.window.ctx, folder)
	})
}

// Adopt uses a model of another app as a task; its file is not touched.
func (s *Library) Adopt(path string) (Task, error) {
	return s.job("adopt", "Checking "+filepath.Base(path), func(ctx context.Context, core *Core, progress func(done, total int64)) (string, error) {
		m, err := core.Adopt(ctx, path, progress)
		return m.Ref, err
	})
}
