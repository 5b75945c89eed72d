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

// templateHint has a sentence that the command line says in its own way.
const templateHint = "Choose a chat template for it in its details on the Library page, or get another conversion of this model."

// templateVerdict is what was found of a chat template, as it is kept.
type templateVerdict struct {
	Kind   string `json:"kind"` // a verdict constant
	Reason string `json:"reason,omitempty"`
}

const (
	verdictSound    = "sound"
	verdictFault    = "fault"    // the engine can't use it
	verdictNoSystem = "noSystem" // it refuses a system prompt
	verdictNone     = "none"     // there is none
	verdictChatML   = "chatml"   // there is none, and the vocabulary has the markers of ChatML
)

// verdict judges a template; ok is false where the engine could not be asked.
func (t ChatTemplate) verdict(ctx context.Context, e templateChecker) (v templateVerdict, ok bool) {
	switch {
	case t.Text == "" && t.ChatML:
		return templateVerdict{Kind: verdictChatML}, true
	case t.Text == "":
		return templateVerdict{Kind: verdictNone}, true
	}
	err := e.CheckTemplate(ctx, t.Text)
	var known *backend.Error
	switch {
	case err == nil:
		return templateVerdict{Kind: verdictSound}, true
	case errors.As(err, &known):
	case errors.Is(err, engine.ErrTemplate):
		return templateVerdict{verdictFault, err.Error()}, true
	case errors.Is(err, engine.ErrNoSystem):
		return templateVerdict{verdictNoSystem, err.Error()}, true
	}
	slog.Warn("chat template not checked", "error", err)
	return templateVerdict{}, false
}

// problem says a verdict of the model that people call name; nil: nothing to say.
func (v templateVerdict) problem(name string) *backend.Error {
	var cause error
	if v.Reason != "" {
		cause = errors.New(v.Reason)
	}
	switch v.Kind {
	case verdictChatML:
		return backend.Fail(backend.CodeInvalid, nil, name+" has no chat template, so messages are marked the way of ChatML, whose markers its vocabulary has.",
			"If its answers are garbled, choose another chat template in its details on the Library page.")
	case verdictNone:
		return backend.Fail(backend.CodeUnsupported, nil, name+" has no chat template: its file doesn't say how to mark who says what.", templateHint)
	case verdictFault:
		return backend.Fail(backend.CodeUnsupported, cause, "The chat template of "+name+" has a fault, so that the engine can't chat with it.", templateHint)
	case verdictNoSystem:
		return backend.Fail(backend.CodeInvalid, cause, "The chat template of "+name+" takes no system prompt, so the engine puts it before the first message.",
			"If answers don't heed it, choose another chat template in its details on the Library page.")
	}
	return nil
}

// Problem is what is wrong with the template of the model that people call name; nil: nothing, or the engine could not be
// asked. With the code unsupported, no chat is possible; with invalid, some chats go wrong.
func (t ChatTemplate) Problem(ctx context.Context, e templateChecker, name string) *backend.Error {
	v, _ := t.verdict(ctx, e)
	return v.problem(name)
}

// Problem is why a model can't be run, as far as that is known; nil: it can. It asks nothing.
func (m *Models) Problem(ctx context.Context, found backend.Model) *backend.Error {
	if found.Problem != nil {
		return found.Problem
	}
	if bad := m.knownTemplate(ctx, found); bad != nil && bad.Code == backend.CodeUnsupported {
		return bad
	}
	return nil
}

// Caution is what may go wrong in a chat with a model that can be run, as far as that is known; nil: nothing. It asks nothing.
func (m *Models) Caution(ctx context.Context, found backend.Model) *backend.Error {
	if bad := m.knownTemplate(ctx, found); bad != nil && bad.Code == backend.CodeInvalid {
		return bad
	}
	return nil
}

// Runnable returns why a model can't chat, after a look at its chat template; nil: it can, as far as its header says.
func (m *Models) Runnable(ctx context.Context, found backend.Model) error {
	_ = m.TemplateProblem(ctx, found)
	if bad := m.Problem(ctx, found); bad != nil {
		return bad
	}
	return nil
}

// ownTemplate reports whether a model is prompted by what its file says.
func ownTemplate(found backend.Model) bool {
	return found.OwnTemplate && !slices.Contains(found.Capable, "embedding")
}

// templateKey holds the verdict on the template in a file. A number in it changes with what is asked of a template.
func templateKey(digest string) string { return "template1/" + digest }

// knownTemplate is TemplateProblem as far as it is known.
func (m *Models) knownTemplate(ctx context.Context, found backend.Model) *backend.Error {
	if !ownTemplate(found) {
		return nil
	}
	if !found.Template {
		v, _ := ChatTemplate{ChatML: found.ChatML}.verdict(ctx, nil)
		return v.problem(found.Name)
	}
	v, _ := m.keptVerdict(ctx, found.Digest)
	return v.problem(found.Name)
}

func (m *Models) keptVerdict(ctx context.Context, digest string) (v templateVerdict, ok bool) {
	if known, ok := m.templates.Load(digest); ok {
		v, _ := known.(templateVerdict)
		return v, true
	}
	if m.opts.History == nil {
		return v, false
	}
	ok, err := m.opts.History.Get(ctx, templateKey(digest), &v)
	if err != nil {
		slog.Warn("verdict on a chat template not read", "error", err)
	}
	if ok = ok && err == nil; ok {
		m.templates.Store(digest, v)
	}
	return v, ok
}

// TemplateProblem is ChatTemplate.Problem for a model of the library, unless a template came beside its file.
func (m *Models) TemplateProblem(ctx context.Context, found backend.Model) *backend.Error {
	if !ownTemplate(found) || !found.Template {
		return m.knownTemplate(ctx, found)
	}
	if v, ok := m.keptVerdict(ctx, found.Digest); ok {
		return v.problem(found.Name)
	}
	f, err := gguf.ReadFile(found.Path)
	if err != nil {
		slog.Warn("chat template not read", "ref", found.Ref, "error", err)
		return nil // its load says why
	}
	v, ok := ChatTemplate{Text: f.ChatTemplate()}.verdict(ctx, m.opts.Engine)
	if !ok || ctx.Err() != nil {
		return nil //nolint:nilerr // it was not asked to the end
	}
	m.templates.Store(found.Digest, v)
	if m.opts.History != nil {
		if err := m.opts.History.Put(ctx, templateKey(found.Digest), v); err != nil {
			slog.Warn("verdict on a chat template not stored", "error", err)
		}
	}
	return v.problem(found.Name)
}
