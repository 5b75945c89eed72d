package core

import (
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/store"
)

func TestPresets(t *testing.T) {
	history, _, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = history.Close() })
	c := &Core{History: history}
	builtIn := len(c.Presets(t.Context()))
	cold := 0.1
	for _, system := range []string{"Be brief.", "Be kind."} {
		all, err := c.SavePreset(t.Context(), Preset{Name: "  My  way ", System: system, Sampling: backend.Sampling{Temperature: &cold, Stop: []string{"END"}}})
		if err != nil || len(all) != builtIn+1 {
			t.Fatalf("%+v, %v", all, err)
		}
	}
	kept := c.Presets(t.Context())[builtIn]
	if kept.Name != "My way" || kept.System != "Be kind." || kept.BuiltIn || *kept.Sampling.Temperature != cold || kept.Sampling.Stop[0] != "END" {
		t.Errorf("%+v", kept)
	}
	for _, name := range []string{"", " ", "precise"} {
		if _, err := c.SavePreset(t.Context(), Preset{Name: name}); backend.Readable(err).Code != backend.CodeInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	if all, err := c.DeletePreset(t.Context(), "my way"); err != nil || len(all) != builtIn {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAPresetIsFoundByItsName(t *testing.T) {
	all := builtInPresets()
	if p, err := FindPreset(all, "  creative "); err != nil || p.Name != "Creative" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err := FindPreset(all, "Wild")
	if e := backend.Readable(err); e.Code != backend.CodeNotFound || !strings.Contains(e.Hint, "Precise, Balanced, Creative") {
		t.Errorf("%+v", e)
	}
}
