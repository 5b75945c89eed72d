package models

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/backend/store"
)

type verdict struct{ err error }

func (v verdict) CheckTemplate(context.Context, string) error { return v.err }

func TestATemplateIsSaidToBeWrongOnlyWhereTheEngineSaysSo(t *testing.T) {
	for _, c := range []struct {
		name     string
		template ChatTemplate
		err      error
		want     backend.Code
	}{
		{"sound", ChatTemplate{Text: "x"}, nil, ""},
		{"refused", ChatTemplate{Text: "x"}, fmt.Errorf("%w: why", engine.ErrTemplate), backend.CodeUnsupported},
		{"no system prompt", ChatTemplate{Text: "x"}, fmt.Errorf("%w: why", engine.ErrNoSystem), backend.CodeInvalid},
		{"engine not asked", ChatTemplate{Text: "x"}, errors.New("no engine"), ""},
		{"none, with the markers of ChatML", ChatTemplate{ChatML: true}, nil, backend.CodeInvalid},
		{"none, and no markers", ChatTemplate{}, nil, backend.CodeUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got backend.Code
			if bad := c.template.Problem(t.Context(), verdict{c.err}, "Tiny"); bad != nil {
				got = bad.Code
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAChoiceOfATemplateIsTriedBeforeItIsKept(t *testing.T) {
	for _, c := range []struct {
		chosen, text string
		ok, caution  bool
	}{
		{OwnTemplate, "", true, false},
		{"gemma", "", true, false},
		{"Llama 3", "", true, false},
		{"nosuch", "", false, false},
		{CustomTemplate, "{{ range .Messages }}{{ .Content }}{{ end }}", true, false},
		{CustomTemplate, "{{ range .Messages }}{{ if ne .Role \"system\" }}{{ .Content }}{{ end }}{{ end }}", true, true},
		{CustomTemplate, "{% for m in messages %}{{ m.content }}{% endfor %}", false, false},
		{CustomTemplate, "", false, false},
	} {
		choice, caution, err := templateChoice(c.chosen, c.text)
		if (err == nil) != c.ok || (caution != "") != c.caution || (choice == nil) != (!c.ok || c.chosen == OwnTemplate) {
			t.Errorf("%s %q: %+v, %q, %v", c.chosen, c.text, choice, caution, err)
		}
	}
}

func TestAVerdictOnATemplateOutlivesARestart(t *testing.T) {
	history, _, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = history.Close() }()
	found := backend.Model{Name: "Tiny", Digest: "sha256:1", OwnTemplate: true, Template: true}
	if bad := New(Options{History: history}, nil).Problem(t.Context(), found); bad != nil {
		t.Fatal("not known yet:", bad)
	}
	if err := history.Put(t.Context(), templateKey(found.Digest), templateVerdict{verdictFault, "why"}); err != nil {
		t.Fatal(err)
	}
	m := New(Options{History: history}, nil)
	if bad := m.Problem(t.Context(), found); bad == nil || bad.Code != backend.CodeUnsupported {
		t.Error(bad)
	}
	found.OwnTemplate = false // another one was chosen
	if bad := m.Problem(t.Context(), found); bad != nil {
		t.Error(bad)
	}
}
