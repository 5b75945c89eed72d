package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library"
)

// adapterOf adds what only the file itself says.
func adapterOf(a library.Adapter) Adapter {
	out := Adapter{ID: a.Ref, Name: a.Name, Architecture: a.Architecture, Bytes: a.Bytes}
	header, err := gguf.ReadFile(a.Path)
	if err != nil {
		slog.Warn("adapter not read", "error", err)
		return out
	}
	out.Alpha, _ = header.Float("adapter.lora.alpha")
	for _, t := range header.Tensors {
		if strings.HasSuffix(t.Name, ".lora_a") && len(t.Shape) > 1 {
			out.Rank = max(out.Rank, int(t.Shape[1]))
		}
	}
	return out
}

// Adapters gives the LoRA adapters of the library.
func (s *Lab) Adapters() ([]Adapter, error) {
	return call("Lab.Adapters", func() ([]Adapter, error) {
		core, err := s.window.Core()
		if err != nil {
			return nil, err
		}
		all, err := core.Models.Adapters(s.window.ctx)
		return convert(all, adapterOf), err
	})
}

// AddAdapter lets the person pick an adapter's file and imports it; it gives an empty one when they cancelled.
func (s *Lab) AddAdapter() (Adapter, error) {
	return call("Lab.AddAdapter", func() (Adapter, error) {
		core, err := s.window.Core()
		if err != nil {
			return Adapter{}, err
		}
		path, err := runtime.OpenFileDialog(s.window.ctx, runtime.OpenDialogOptions{
			Title:   "Add an adapter",
			Filters: []runtime.FileFilter{{DisplayName: "Adapters (*.gguf)", Pattern: "*.gguf"}, {DisplayName: "All files", Pattern: "*"}},
		})
		if err != nil || path == "" {
			return Adapter{}, err
		}
		a, _, err := core.importAdapter(s.window.ctx, path)
		if err == nil {
			s.window.emit(EventLibrary, Changed{ID: a.Ref, Seq: s.window.next()})
		}
		return adapterOf(a), err
	})
}

// importAdapter puts an adapter's file into the library and says whether it is new there. A file that is no adapter is
// refused before it is copied.
func (c *Core) importAdapter(ctx context.Context, path string) (a library.Adapter, fresh bool, err error) {
	header, err := gguf.ReadFile(path)
	if err != nil {
		return a, false, backend.Fail(backend.CodeNotGGUF, err, filepath.Base(path)+" can't be read as an adapter.", "Choose a LoRA adapter in GGUF.")
	}
	if header.Role() != gguf.RoleAdapter {
		return a, false, backend.Fail(backend.CodeInvalid, nil, filepath.Base(path)+" is not an adapter.", "Import models on the Library page; adapters are much smaller files.")
	}
	before, err := c.Models.Adapters(ctx)
	if err != nil {
		return a, false, err
	}
	m, err := c.Models.Import(ctx, path, library.Options{})
	if err != nil {
		return a, false, err
	}
	fresh = true
	for _, b := range before {
		fresh = fresh && b.Ref != m.Ref
	}
	all, err := c.Models.Adapters(ctx)
	if err != nil {
		return a, fresh, err
	}
	for _, one := range all {
		if one.Ref == m.Ref {
			return one, fresh, nil
		}
	}
	return a, fresh, backend.Fail(backend.CodeNotFound, nil, "The adapter is not in the library.", "Try again.")
}

// RemoveAdapter deletes an adapter; models that were made with it keep working.
func (s *Lab) RemoveAdapter(id string) error {
	return do("Lab.RemoveAdapter", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		_, err = core.Models.Remove(s.window.ctx, id)
		s.window.emit(EventLibrary, Changed{ID: id, Seq: s.window.next()})
		return err
	})
}

// Attach makes a model of a base and adapters, and gives its reference.
func (s *Lab) Attach(base string, uses []AdapterUse) (string, error) {
	return call("Lab.Attach", func() (string, error) {
		core, err := s.window.Core()
		if err != nil {
			return "", err
		}
		m, err := core.Models.AttachAll(s.window.ctx, base, convert(uses, func(u AdapterUse) library.AdapterUse { return library.AdapterUse{Ref: u.ID, Scale: u.Scale} }), "")
		if err != nil {
			return "", err
		}
		s.window.emit(EventLibrary, Changed{ID: m.Ref, Seq: s.window.next()})
		return m.Ref, nil
	})
}

// WithAdapters is a model with adapters from files, for one run: "FILE" or "FILE=STRENGTH". again takes out of the
// library what this put there.
func (c *Core) WithAdapters(ctx context.Context, base backend.Model, files []string) (m backend.Model, again func(), err error) {
	var added []string
	again = func() {
		for i := len(added) - 1; i >= 0; i-- {
			if _, err := c.Models.Remove(context.WithoutCancel(ctx), added[i]); err != nil {
				slog.Warn("adapter of one run not removed", "error", err)
			}
		}
	}
	var uses []library.AdapterUse
	for _, file := range files {
		path, scale := adapterFile(file)
		a, fresh, err := c.importAdapter(ctx, path)
		if err != nil {
			again()
			return m, nil, err
		}
		if fresh {
			added = append(added, a.Ref)
		}
		uses = append(uses, library.AdapterUse{Ref: a.Ref, Scale: scale})
	}
	before, err := c.Models.Models(ctx)
	if err == nil {
		m, err = c.Models.AttachAll(ctx, base.Ref, uses, "")
	}
	if err != nil {
		again()
		return m, nil, err
	}
	fresh := true
	for _, b := range before {
		fresh = fresh && b.Ref != m.Ref
	}
	if fresh {
		added = append(added, m.Ref)
	}
	return m, again, nil
}

// adapterFile cuts a strength off a file's name; a file of the whole name comes first.
func adapterFile(arg string) (path string, scale float64) {
	i := strings.LastIndexByte(arg, '=')
	if i < 0 {
		return arg, 1
	}
	if _, err := os.Stat(arg); err == nil {
		return arg, 1
	}
	scale, err := strconv.ParseFloat(arg[i+1:], 64)
	if err != nil {
		return arg, 1
	}
	return arg[:i], scale
}
