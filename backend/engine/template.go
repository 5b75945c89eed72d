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

// ErrTemplate means that the engine can't use a chat template.
var ErrTemplate = errors.New("chat template refused")

// templateTime is how long a template may take for one short message.
const templateTime = 10 * time.Second

// CheckTemplate has the engine's own template engine parse a chat template and render a message with it. llama-server does
// that before it looks for a model, so none is given to it. A template that it can't use gives ErrTemplate with the reason.
func (e *Engine) CheckTemplate(ctx context.Context, text string) error {
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
