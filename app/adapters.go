package app

import (
	"context"

	"weightroom/app/core"
	"weightroom/backend/library"
)

// Adapters returns the LoRA adapters of the library.
func (s *Lab) Adapters() ([]Adapter, error) {
	return withCore(s.host, "Lab.Adapters", func(ctx context.Context, c *core.Core) ([]Adapter, error) {
		all, err := c.Models.Adapters(ctx)
		return convert(all, adapterOf), err
	})
}

// AddAdapter lets the person pick an adapter's file and imports it; it returns an empty one when they cancelled.
func (s *Lab) AddAdapter() (Adapter, error) {
	return withCore(s.host, "Lab.AddAdapter", func(ctx context.Context, c *core.Core) (Adapter, error) {
		path, err := s.host.chooseFile("Add an adapter", "Adapters (*.gguf)", "*.gguf")
		if err != nil || path == "" {
			return Adapter{}, err
		}
		a, _, err := c.Models.ImportAdapter(ctx, path)
		if err == nil {
			s.host.libraryChanged(a.Ref)
		}
		return adapterOf(a), err
	})
}

// RemoveAdapter deletes an adapter; models that were made with it keep working.
func (s *Lab) RemoveAdapter(id string) error {
	return doCore(s.host, "Lab.RemoveAdapter", func(ctx context.Context, c *core.Core) error {
		_, err := c.Library.Remove(ctx, id)
		if err == nil {
			s.host.libraryChanged(id)
		}
		return err
	})
}

// Attach makes a model of a base and adapters, and returns its reference.
func (s *Lab) Attach(base string, uses []AdapterUse) (string, error) {
	return withCore(s.host, "Lab.Attach", func(ctx context.Context, c *core.Core) (string, error) {
		m, err := c.Library.AttachAll(ctx, base, convert(uses, func(u AdapterUse) library.AdapterUse { return library.AdapterUse{Ref: u.ID, Scale: u.Scale} }), "")
		if err != nil {
			return "", err
		}
		s.host.libraryChanged(m.Ref)
		return m.Ref, nil
	})
}
