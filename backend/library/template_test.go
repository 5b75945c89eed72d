package library

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library/layout"
)

func TestAChosenTemplateStandsInForItsOwnAndGoesAgain(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	l := open(t, home)
	m := put(t, l, weights(t, 1), Options{Ref: "a:Q8_0"})
	withSystem(t, l, m) // and a renderer, which would go before a template
	was := entryOf(t, l, m.Ref)
	blobs := func() int {
		names, err := os.ReadDir(filepath.Join(home, "blobs"))
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	before := blobs()

	for _, text := range []string{"{{ .Prompt }} one", "{{ .Prompt }} two"} {
		got, err := l.SetTemplate(t.Context(), "a", &TemplateChoice{Name: "mine", Text: text, Stop: []string{"<end>"}})
		if err != nil || got.Ref != m.Ref || !got.Template || got.OwnTemplate {
			t.Fatalf("%+v, %v", got, err)
		}
		d, err := open(t, home).Inspect(t.Context(), "a")
		if err != nil || d.Template.Ollama != text || d.Template.Chosen != "mine" || !strings.Contains(d.Params, "stop") || d.System != "Be brief." {
			t.Fatalf("%+v, %q, %v", d.Template, d.Params, err)
		}
		e := entryOf(t, l, m.Ref)
		c, _ := l.store().ReadConfig(e.Manifest.Config)
		if c.Renderer != "" || c.Parser != passthrough {
			t.Errorf("the engine prompts by %q and reads by %q", c.Renderer, c.Parser)
		}
	}
	if _, err := l.SetTemplate(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	e := entryOf(t, l, m.Ref)
	c, _ := l.store().ReadConfig(e.Manifest.Config)
	if c.Renderer != "own" || c.Parser != "own" || c.Ours.Chosen != nil || e.Manifest.Has(layout.TypeTemplate) || len(e.Manifest.Layers) != len(was.Manifest.Layers) {
		t.Errorf("its own again: %+v, %+v", c, e.Manifest)
	}
	if n := blobs(); n != before {
		t.Errorf("%d files are left, not %d", n, before)
	}
}

func TestWhatEndsAnAnswerIsAddedToWhatAModelBrings(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		"":                                     `{"stop":["a","b"]}`,
		`{"temperature":0.2}`:                  `{"stop":["a","b"],"temperature":0.2}`,
		`{"stop":["b","c"],"temperature":0.2}`: `{"stop":["b","c","a"],"temperature":0.2}`,
		"no JSON":                              "no JSON",
	} {
		if got := withStop(params, []string{"a", "b"}); got != want {
			t.Errorf("%s: %s, want %s", params, got, want)
		}
	}
}

func TestTheMarkersOfAVocabularyAreFound(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "v.gguf")
	tokens := strings.Split(strings.Repeat("x ", 3), " ")
	for i := range tokens {
		tokens[i] = strings.Repeat("t", i+1)
	}
	tokens[2] = "<|im_start|>"
	if err := os.WriteFile(path, gguftest.Small(1).Set("tokenizer.ggml.tokens", tokens).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, t.TempDir())
	m := put(t, l, path, Options{Ref: "a:Q8_0"})
	got, err := l.Tokens(t.Context(), m.Ref, []string{"<|im_start|>", "<start_of_turn>"})
	if err != nil || len(got) != 1 || got[0] != "<|im_start|>" {
		t.Errorf("%q, %v", got, err)
	}
}
