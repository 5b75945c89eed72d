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
		want       error
	}{
		{"plain", loop, nil},
		{"generation blocks", strings.ReplaceAll(loop, "{{ m.content }}", "{% generation %}{{ m.content }}{% endgeneration %}"), nil},
		{"of a megabyte", "{# " + strings.Repeat("x", 1<<20) + " #}" + loop, nil},
		{"an if without a condition", loop + "{% if %}", ErrTemplate},
		{"roles that have to take turns", `{% for m in messages %}{% if (m.role == "user") != (loop.index0 % 2 == 0) %}{{ raise_exception("turns") }}{% endif %}{{ m.content }}{% endfor %}`, ErrNoSystem},
		{"no system prompt", `{% if messages[0].role == "system" %}{{ raise_exception("none") }}{% endif %}` + loop, ErrNoSystem},
		{"a fault in the second turn", loop + `{% if messages|length > 1 %}{{ raise_exception("two") }}{% endif %}`, ErrTemplate},
		{"JSON of what is not defined", "{{ nosuch | tojson }}" + loop, ErrTemplate},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := e.CheckTemplate(t.Context(), c.text)
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
