package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weightroom/backend/llama"
)

// What may be wrong with a chat template.
var (
	ErrTemplate = errors.New("chat template refused")               // the engine can't use it
	ErrNoSystem = errors.New("chat template without system prompt") // it can, but not with a system prompt
)

// templateTime is how long a template may take for one short chat.
const templateTime = 10 * time.Second

// The chats that a template is tried with, as Jinja before its text: what is set there hides what the engine would render.
const (
	tryTurns  = `{%- set messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}] -%}`
	trySystem = `{%- set messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}] -%}`
)

// CheckTemplate has the engine's own template engine parse a chat template and render a chat with it, with a system prompt
// and, where it can't, without. llama-server does that before it looks for a model, so none is given to it. A template that
// it can't use gives ErrTemplate with the reason, one that refuses a system prompt ErrNoSystem.
func (e *Engine) CheckTemplate(ctx context.Context, text string) error {
	refused := e.tryTemplate(ctx, trySystem+text)
	if !errors.Is(refused, ErrTemplate) {
		return refused
	}
	if err := e.tryTemplate(ctx, tryTurns+text); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", ErrNoSystem, strings.TrimPrefix(refused.Error(), ErrTemplate.Error()+": "))
}

// tryTemplate has llama-server render a message with a template.
func (e *Engine) tryTemplate(ctx context.Context, text string) error {
	dir, err := os.MkdirTemp("", "weightroom-template-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.jinja")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, templateTime)
	defer cancel()
	t, err := e.Tool(limited, llama.Server, llama.TemplateArgs(path, filepath.Join(dir, "none.gguf"))...)
	if err != nil {
		return err
	}
	var log bytes.Buffer
	t.Stdout, t.Stderr = &log, &log
	err = t.Run()
	switch reason, verdict := llama.ParseTemplate(log.String()); {
	case verdict && reason != "":
		return fmt.Errorf("%w: %s", ErrTemplate, strings.ToValidUTF8(reason, "?"))
	case verdict:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%w: it takes longer than %s", ErrTemplate, templateTime)
	}
	return fmt.Errorf("the engine gave no verdict: %w", err)
}
