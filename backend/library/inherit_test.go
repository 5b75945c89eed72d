package library

import (
	"os"
	"path/filepath"
	"testing"

	"weightroom/backend"
	"weightroom/backend/library/layout"
)

// withSystem gives a model of the store a system prompt and a renderer, as the starter and pulled models have.
func withSystem(t *testing.T, l *Library, m backend.Model) {
	t.Helper()
	entries, err := l.entries()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name.Ref() != m.Ref {
			continue
		}
		c, _ := l.store().ReadConfig(e.Manifest.Config)
		c.Renderer, c.Parser = "own", "own"
		system, err := l.store().PutBlob(layout.TypeSystem, []byte("Be brief."))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.publish(e.Name, c, append(e.Manifest.Layers, system), *c.Ours); err != nil {
			t.Fatal(err)
		}
		l.undo(e.Manifest.Config)
	}
}

func entryOf(t *testing.T, l *Library, ref string) layout.Entry {
	t.Helper()
	entries, err := l.entries()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name.Ref() == ref {
			return e
		}
	}
	t.Fatalf("no manifest of %s", ref)
	return layout.Entry{}
}

func derive(t *testing.T, l *Library, parent backend.Model, seed byte, ref string) backend.Model {
	t.Helper()
	return put(t, l, weights(t, seed), Options{
		Ref: ref, Name: parent.Name, Source: SourceDerived,
		Parent: &backend.Parent{Ref: parent.Ref, Digest: parent.Digest, Quant: parent.Quant, SecondHand: true},
	})
}

func wantInherited(t *testing.T, l *Library, ref string) {
	t.Helper()
	e := entryOf(t, l, ref)
	if !e.Manifest.Has(layout.TypeSystem) {
		t.Error("the system prompt is lost")
	}
	if c, ok := l.store().ReadConfig(e.Manifest.Config); !ok || c.Renderer != "own" || c.Parser != "own" {
		t.Errorf("config %+v", c)
	}
}

func TestDerivedModelAnswersAsItsParentDoes(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	parent := put(t, l, weights(t, 1), Options{Ref: "a:F16"})
	withSystem(t, l, parent)
	child := derive(t, l, parent, 2, "a:Q8_0")
	if child.Source != SourceDerived || child.Parent.Ref != "a:F16" || child.Parent.Digest != parent.Digest || !child.Parent.SecondHand {
		t.Errorf("parentage %+v of %s", child.Parent, child.Source)
	}
	wantInherited(t, l, "a:Q8_0")
	t.Run("after its parent is removed", func(t *testing.T) {
		if _, err := l.Remove(t.Context(), "a:F16"); err != nil {
			t.Fatal(err)
		}
		wantInherited(t, l, "a:Q8_0")
		m, err := l.Model(t.Context(), "a:Q8_0")
		if err != nil || m.Parent.Ref != "a:F16" {
			t.Errorf("%+v, %v", m.Parent, err)
		}
		checkSound(t, l)
	})
}

func TestDerivedModelKeepsItsParentageWhenItsManifestIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir)
	parent := put(t, l, weights(t, 1), Options{Ref: "a:F16"})
	withSystem(t, l, parent)
	derive(t, l, parent, 2, "a:Q8_0")
	models(t, l)
	if err := os.Remove(filepath.Join(dir, "manifests", layout.Host, layout.Namespace, "a", "Q8_0")); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	m, err := l.Model(t.Context(), "a:Q8_0")
	if err != nil || m.Source != SourceDerived || m.Parent.Ref != "a:F16" || m.Parent.Digest != parent.Digest {
		t.Fatalf("%+v, %v", m, err)
	}
	wantInherited(t, l, "a:Q8_0")
}
