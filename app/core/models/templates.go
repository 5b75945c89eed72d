package models

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/backend/gguf"
)

// ChatTemplate is how a model's file says that messages become a prompt.
type ChatTemplate struct {
	Text   string // in Jinja; empty: it doesn't say
	ChatML bool   // its vocabulary has the markers of ChatML, which the engine uses then
}

// templateChecker is the engine, as far as templates go.
type templateChecker interface {
	CheckTemplate(ctx context.Context, text string) error
}

const templateHint = "Get another conversion of this model, one with a chat template, or pick another model."

// Problem is what is wrong with the template of the model that people call name; nil: nothing, or the engine could not be
// asked. With the code unsupported, no chat is possible; with invalid, answers may be garbled.
func (t ChatTemplate) Problem(ctx context.Context, e templateChecker, name string) *backend.Error {
	switch {
	case t.Text == "" && t.ChatML:
		return backend.Fail(backend.CodeInvalid, nil, name+" has no chat template, so messages are marked the way of ChatML, whose markers its vocabulary has.",
			"If its answers are garbled, get another conversion of this model, one with a chat template.")
	case t.Text == "":
		return backend.Fail(backend.CodeUnsupported, nil, name+" has no chat template: its file doesn't say how to mark who says what.", templateHint)
	}
	err := e.CheckTemplate(ctx, t.Text)
	if err == nil {
		return nil
	}
	var known *backend.Error
	if !errors.Is(err, engine.ErrTemplate) || errors.As(err, &known) {
		slog.Warn("chat template not checked", "error", err)
		return nil
	}
	return backend.Fail(backend.CodeUnsupported, err, "The chat template of "+name+" has a fault, so that the engine can't chat with it.", templateHint)
}

// Problem is why a model can't be run, as far as that is known; nil: it can. It asks nothing.
func (m *Models) Problem(found backend.Model) *backend.Error {
	if found.Problem != nil {
		return found.Problem
	}
	known, _ := m.templates.Load(found.Digest)
	if bad, _ := known.(*backend.Error); bad != nil && bad.Code == backend.CodeUnsupported && found.OwnTemplate {
		return bad
	}
	return nil
}

// Runnable returns why a model can't chat, after a look at its chat template; nil: it can, as far as its header says.
func (m *Models) Runnable(ctx context.Context, found backend.Model) error {
	_ = m.TemplateProblem(ctx, found)
	if bad := m.Problem(found); bad != nil {
		return bad
	}
	return nil
}

// TemplateProblem is ChatTemplate.Problem for a model of the library, unless a template came beside its file.
func (m *Models) TemplateProblem(ctx context.Context, found backend.Model) *backend.Error {
	if !found.OwnTemplate || slices.Contains(found.Capable, "embedding") {
		return nil
	}
	if known, ok := m.templates.Load(found.Digest); ok {
		bad, _ := known.(*backend.Error)
		return bad
	}
	t := ChatTemplate{ChatML: found.ChatML}
	if found.Template {
		f, err := gguf.ReadFile(found.Path)
		if err != nil {
			slog.Warn("chat template not read", "ref", found.Ref, "error", err)
			return nil // its load says why
		}
		t.Text = f.ChatTemplate()
	}
	bad := t.Problem(ctx, m.opts.Engine, found.Name)
	if ctx.Err() == nil {
		m.templates.Store(found.Digest, bad)
	}
	return bad
}
