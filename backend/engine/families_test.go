package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/template"
)

func TestEveryFamilysTemplateIsSoundAndLeavesABegunAnswerOpen(t *testing.T) {
	for _, f := range Families() {
		t.Run(f.ID, func(t *testing.T) {
			if err := TryTemplate(f.Text()); err != nil {
				t.Fatal(err)
			}
			if got, ok := FamilyOf(f.Name); !ok || got.ID != f.ID {
				t.Errorf("%s is found as %+v", f.Name, got)
			}
			parsed, err := template.Parse(f.Text())
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			messages := []api.Message{{Role: "system", Content: "Be kind."}, {Role: "user", Content: "Count."}, {Role: "assistant", Content: "One, two"}}
			if err := parsed.Execute(&out, template.Values{Messages: messages}); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(out.String(), "One, two") || strings.Count(out.String(), "Be kind.") != 1 {
				t.Errorf("%q", out.String())
			}
			for _, m := range f.Markers {
				if !strings.Contains(f.Text(), m) && f.ID != "phi" {
					t.Errorf("it doesn't use %s", m)
				}
			}
		})
	}
}

func TestATemplateOfAPersonsOwnIsTried(t *testing.T) {
	for text, want := range map[string]error{
		"{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}": nil,
		"{{ .System }} {{ .Prompt }} {{ .Response }}":                 nil,
		"{{ range .Messages }}{{ .Content }}":                         ErrTemplate,
		"{{ range .Messages }}{{ .Content.Nope }}{{ end }}":           ErrTemplate,
		"Hello": ErrTemplate,
		"{{ range .Messages }}{{ range 100000 }}{{ $ }}{{ end }}{{ end }}":                    ErrTemplate,
		"{{ range .Messages }}{{ if ne .Role \"system\" }}<{{ .Content }}>{{ end }}{{ end }}": ErrNoSystem,
	} {
		if got := TryTemplate(text); !errors.Is(got, want) || (want == nil && got != nil) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
