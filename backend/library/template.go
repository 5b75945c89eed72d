package library

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/library/layout"
)

// TemplateChoice is a chat template that a person chose for a model, in the engine's own language.
type TemplateChoice struct {
	Name string // of the choice
	Text string
	Stop []string // what ends an answer, besides what the model brings
}

// passthrough is the engine's reader of answers that leaves them as they are. A model that names a reader is prompted by its
// template layer, whatever the engine thinks of the file's own template (Ollama v0.34.4, server/images.go,
// shouldPreferChatTemplate).
const passthrough = "passthrough"

// SetTemplate has a model use another chat template, or its own again for nil. What it stands in for is kept in the model's
// config, so that the choice goes where the library goes.
func (k *keeper) SetTemplate(ctx context.Context, ref string, choice *TemplateChoice) (backend.Model, error) {
	m, err := k.setTemplate(ctx, ref, choice)
	if err != nil {
		return backend.Model{}, layout.Explain(err)
	}
	slog.Info("chat template chosen", "ref", m.Ref, "own", choice == nil)
	return m, nil
}

func (k *keeper) setTemplate(ctx context.Context, ref string, choice *TemplateChoice) (backend.Model, error) {
	free, err := k.change(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	defer free()
	e, c, from, err := k.configured(ctx, ref, "given a chat template")
	if err != nil {
		return backend.Model{}, err
	}
	own := layout.Chosen{Template: k.store().Text(e, layout.TypeTemplate), Params: k.store().Text(e, layout.TypeParams), Renderer: c.Renderer, Parser: c.Parser}
	if from.Chosen != nil {
		own = *from.Chosen
	}
	if choice == nil {
		if from.Chosen == nil {
			return k.model(e)
		}
		from.Chosen = nil
		return k.prompted(e, own, from)
	}
	header, err := k.store().Header(e.Manifest)
	if err != nil {
		return backend.Model{}, err
	}
	own.Name = choice.Name
	from.Chosen = &own
	now := layout.Chosen{Template: choice.Text, Params: withStop(own.Params, choice.Stop)}
	if header.ChatTemplate() != "" {
		now.Parser = passthrough
	}
	return k.prompted(e, now, from)
}

// withStop adds to what a model brings what ends an answer.
func withStop(params string, stop []string) string {
	fields := map[string]json.RawMessage{}
	if len(stop) == 0 || params != "" && json.Unmarshal([]byte(params), &fields) != nil {
		return params
	}
	var all []string
	_ = json.Unmarshal(fields["stop"], &all) // none
	for _, s := range stop {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	list, err := json.Marshal(all)
	if err != nil {
		return params
	}
	fields["stop"] = list
	out, err := json.Marshal(fields)
	if err != nil {
		return params
	}
	return string(out)
}

// prompted writes how a model is prompted and, last, the manifest that says so. When that fails, the old one is there.
func (k *keeper) prompted(e layout.Entry, now layout.Chosen, from layout.Origin) (backend.Model, error) {
	m := e.Manifest
	m.Layers = slices.DeleteFunc(slices.Clone(m.Layers), func(x layout.Layer) bool {
		return x.MediaType == layout.TypeTemplate || x.MediaType == layout.TypeParams
	})
	var fresh []layout.Layer
	put := func(mediaType, text string) error {
		if text == "" {
			return nil
		}
		x, err := k.store().PutBlob(mediaType, []byte(text))
		fresh = append(fresh, x)
		if mediaType == layout.TypeConfig {
			m.Config = x
		} else {
			m.Layers = append(m.Layers, x)
		}
		return err
	}
	config, err := k.promptedConfig(e.Manifest.Config, now, from)
	if err == nil {
		err = errors.Join(put(layout.TypeTemplate, now.Template), put(layout.TypeParams, now.Params), put(layout.TypeConfig, config))
	}
	var data []byte
	if err == nil {
		data, err = json.Marshal(m)
	}
	if err == nil {
		err = k.store().WriteFile(e.Path, data)
	}
	if err != nil {
		k.undo(fresh...)
		return backend.Model{}, err
	}
	model, err := k.published(e)
	_, dropped := k.dropUnused(written(e.Manifest.All()))
	return model, errors.Join(err, dropped)
}

// promptedConfig is a config with another way to prompt, and with where the model is from.
func (k *keeper) promptedConfig(config layout.Layer, now layout.Chosen, from layout.Origin) (string, error) {
	if from.Added.IsZero() {
		from.Added = time.Now().UTC().Truncate(time.Second)
	}
	data, err := k.withOrigin(config, from)
	if err != nil {
		return "", err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return "", err
	}
	for key, value := range map[string]string{"renderer": now.Renderer, "parser": now.Parser} {
		delete(fields, key)
		if value != "" {
			text, err := json.Marshal(value)
			if err != nil {
				return "", err
			}
			fields[key] = text
		}
	}
	data, err = json.Marshal(fields)
	return string(data), err
}

// Tokens returns which of the tokens asked for a model's vocabulary has.
func (ins *inspector) Tokens(ctx context.Context, ref string, wanted []string) ([]string, error) {
	m, err := ins.Model(ctx, ref)
	if err != nil {
		return nil, err
	}
	header, err := gguf.ReadFile(m.Path)
	if err != nil {
		return nil, layout.Explain(err)
	}
	found, err := gguf.TokensIn(m.Path, header, wanted)
	return found, layout.Explain(err)
}
