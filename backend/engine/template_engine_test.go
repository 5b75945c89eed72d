//go:build engine

package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The verdict is the engine's own: what it can render may pass, whatever other readers of Jinja say.
func TestTheEngineJudgesTemplates(t *testing.T) {
	lib, err := filepath.Abs("../../build/bin/weightroom")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(LibDir(lib), "llama-server")); err != nil {
		t.Skip("no engine")
	}
	e := &Engine{opts: Options{Executable: lib, Home: t.TempDir()}}
	const loop = "{% for m in messages %}{{ m.content }}{% endfor %}"
	for _, c := range []struct {
		name, text string
		bad        bool
	}{
		{"plain", loop, false},
		{"generation blocks", strings.ReplaceAll(loop, "{{ m.content }}", "{% generation %}{{ m.content }}{% endgeneration %}"), false},
		{"of a megabyte", "{# " + strings.Repeat("x", 1<<20) + " #}" + loop, false},
		{"an if without a condition", loop + "{% if %}", true},
		{"JSON of what is not defined", "{{ nosuch | tojson }}" + loop, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := e.CheckTemplate(t.Context(), c.text)
			if c.bad != errors.Is(err, ErrTemplate) || !c.bad && err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}
