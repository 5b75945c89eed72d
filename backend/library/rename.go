package library

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"weightroom/backend"
	"weightroom/backend/library/layout"
)

// Rename sets the name that people see of a model; an empty one is what its file says. Its reference stays. The name is in
// the model's config, so that it outlives the index and goes where the library goes.
func (k *keeper) Rename(ctx context.Context, ref, name string) (backend.Model, error) {
	m, err := k.rename(ctx, ref, layout.Display(name))
	if err != nil {
		return backend.Model{}, layout.Explain(err)
	}
	slog.Info("model renamed", "ref", m.Ref)
	return m, nil
}

func (k *keeper) rename(ctx context.Context, ref, name string) (backend.Model, error) {
	free, err := k.change(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	e, _, from, err := k.configured(ctx, ref, "renamed")
	if err != nil {
		return backend.Model{}, err
	}
	if from.Name = name; name == "" {
		from.Name = k.nameInFile(e)
	}
	data, err := k.withOrigin(e.Manifest.Config, from)
	if err != nil {
		return backend.Model{}, err
	}
	return k.reconfigure(e, data)
}

// configured finds a model with its config, and where it is from, to be changed as a word says: "renamed".
func (k *keeper) configured(ctx context.Context, ref, changed string) (layout.Entry, layout.Config, layout.Origin, error) {
	e, err := k.locate(ctx, ref)
	if err != nil {
		return e, layout.Config{}, layout.Origin{}, err
	}
	c, ok := k.store().ReadConfig(e.Manifest.Config)
	if e.Bad != nil || !ok {
		return e, c, layout.Origin{}, backend.Fail(backend.CodeDamaged, e.Bad, "This model is damaged, so it can't be "+changed+".", "Repair it, or import it again.")
	}
	if c.Ours != nil {
		return e, c, *c.Ours, nil
	}
	return e, c, layout.Origin{Source: SourceAdopted, Added: e.Added}, nil
}

// nameInFile is what the header of a model calls it, else what it was called when it came.
func (k *keeper) nameInFile(e layout.Entry) string {
	weights := e.Manifest.Weights()
	if len(weights) == 0 {
		return e.Name.Model
	}
	if weights[0].Digest == starterDigest {
		return StarterName
	}
	if f, err := k.index.Facts(k.store().Blob(weights[0].Digest), weights[0]); err == nil && f.Name != "" {
		return f.Name
	}
	if title := layout.Title(e.Name.Model); title != "" {
		return title
	}
	return e.Name.Model
}

// withOrigin returns a config with another origin; all else in it stays, also what this app does not know.
func (k *keeper) withOrigin(config layout.Layer, from layout.Origin) ([]byte, error) {
	data, _, err := layout.ReadSmall(k.store().Blob(config.Digest))
	if err != nil {
		return nil, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	if fields[layout.OriginKey], err = json.Marshal(from); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// reconfigure writes a model's config anew and, last, the manifest that names it. When that fails, the old one is there.
func (k *keeper) reconfigure(e layout.Entry, config []byte) (backend.Model, error) {
	m, old := e.Manifest, e.Manifest.Config
	var err error
	if m.Config, err = k.store().PutBlob(layout.TypeConfig, config); err != nil {
		k.undo(m.Config)
		return backend.Model{}, err
	}
	data, err := json.Marshal(m)
	if err == nil {
		err = k.store().WriteFile(e.Path, data)
	}
	if err != nil {
		k.undo(m.Config)
		return backend.Model{}, err
	}
	model, err := k.published(e)
	_, dropped := k.dropUnused([]layout.Layer{old})
	return model, errors.Join(err, dropped)
}
