package models

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library"
)

// Adapter is a LoRA adapter of the library with what only its file says.
type Adapter struct {
	library.Adapter
	Rank  int     // 0: not known
	Alpha float64 // 0: not known
}

// Adapters returns the LoRA adapters of the library.
func (m *Models) Adapters(ctx context.Context) ([]Adapter, error) {
	all, err := m.opts.Library.Adapters(ctx)
	var out []Adapter
	for _, a := range all {
		out = append(out, adapterOf(a))
	}
	return out, err
}

func adapterOf(a library.Adapter) Adapter {
	out := Adapter{Adapter: a}
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

// ImportAdapter puts an adapter's file into the library and reports whether it is new there. A file that is no adapter
// is refused before it is copied.
func (m *Models) ImportAdapter(ctx context.Context, path string) (a Adapter, fresh bool, err error) {
	header, err := gguf.ReadFile(path)
	if err != nil {
		return a, false, backend.Fail(backend.CodeNotGGUF, err, filepath.Base(path)+" can't be read as an adapter.", "Choose a LoRA adapter in GGUF.")
	}
	if header.Role() != gguf.RoleAdapter {
		return a, false, backend.Fail(backend.CodeInvalid, nil, filepath.Base(path)+" is not an adapter.", "Import models on the Library page; adapters are much smaller files.")
	}
	before, err := m.opts.Library.Adapters(ctx)
	if err != nil {
		return a, false, err
	}
	imported, err := m.opts.Library.Import(ctx, path, library.Options{})
	if err != nil {
		return a, false, err
	}
	fresh = true
	for _, b := range before {
		fresh = fresh && b.Ref != imported.Ref
	}
	all, err := m.opts.Library.Adapters(ctx)
	if err != nil {
		return a, fresh, err
	}
	for _, one := range all {
		if one.Ref == imported.Ref {
			return adapterOf(one), fresh, nil
		}
	}
	return a, fresh, backend.Fail(backend.CodeNotFound, nil, "The adapter is not in the library.", "Try again.")
}

// WithAdapters is a model with adapters from files, for one run: "FILE" or "FILE=STRENGTH". cleanup takes out of the
// library what this put there.
func (m *Models) WithAdapters(ctx context.Context, base backend.Model, files []string) (with backend.Model, cleanup func(), err error) {
	var added []string
	cleanup = func() {
		for i := len(added) - 1; i >= 0; i-- {
			if _, err := m.opts.Library.Remove(context.WithoutCancel(ctx), added[i]); err != nil {
				slog.Warn("adapter of one run not removed", "error", err)
			}
		}
	}
	var uses []library.AdapterUse
	for _, file := range files {
		path, scale := adapterFile(file)
		a, fresh, err := m.ImportAdapter(ctx, path)
		if err != nil {
			cleanup()
			return with, nil, err
		}
		if fresh {
			added = append(added, a.Ref)
		}
		uses = append(uses, library.AdapterUse{Ref: a.Ref, Scale: scale})
	}
	before, err := m.opts.Library.Models(ctx)
	if err == nil {
		with, err = m.opts.Library.AttachAll(ctx, base.Ref, uses, "")
	}
	if err != nil {
		cleanup()
		return with, nil, err
	}
	fresh := true
	for _, b := range before {
		fresh = fresh && b.Ref != with.Ref
	}
	if fresh {
		added = append(added, with.Ref)
	}
	return with, cleanup, nil
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
