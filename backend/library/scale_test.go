package library

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/gguf/gguftest"
)

// alphaOf reads how strongly the last adapter of a model is added.
func alphaOf(t *testing.T, l *Library, ref string) float64 {
	t.Helper()
	layers := entryOf(t, l, ref).Manifest.Layers
	header, err := gguf.ReadFile(l.store().Blob(layers[len(layers)-1].Digest))
	if err != nil {
		t.Fatal(err)
	}
	alpha, _ := header.Float(keyAlpha)
	return alpha
}

func TestAdapterIsAttachedAtAStrength(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	base := put(t, l, weights(t, 1), Options{Ref: "base"})
	dir := saved(t, map[string]*gguftest.Builder{"a.gguf": gguftest.Adapter(1)})
	a := put(t, l, filepath.Join(dir, "a.gguf"), Options{})
	trained, err := gguf.ReadFile(a.Path)
	if err != nil {
		t.Fatal(err)
	}
	alpha, _ := trained.Float(keyAlpha)
	if alpha == 0 {
		alpha = float64(rankOf(trained))
	}
	for _, scale := range []float64{0.5, 2, -1} {
		m, err := l.AttachAll(t.Context(), "base", []AdapterUse{{Ref: a.Ref, Scale: scale}}, "")
		if err != nil || m.Digest != base.Digest {
			t.Fatalf("%v: %+v %v", scale, m, err)
		}
		if got := alphaOf(t, l, m.Ref); got != alpha*scale {
			t.Errorf("strength %v: alpha is %v, trained with %v", scale, got, alpha)
		}
		if again, err := l.AttachAll(t.Context(), "base", []AdapterUse{{Ref: a.Ref, Scale: scale}}, ""); err != nil || again.Ref != m.Ref {
			t.Errorf("made twice: %+v %v", again, err)
		}
	}
	// Only the strength differs: every tensor has its bytes.
	layers := entryOf(t, l, "base-tiny-adapter-0.5:Q8_0").Manifest.Layers
	copied := l.store().Blob(layers[len(layers)-1].Digest)
	if want, got := tensorBytes(t, a.Path), tensorBytes(t, copied); !slices.EqualFunc(want, got, slices.Equal) {
		t.Error("the tensors of the copy are others")
	}
	checkSound(t, l)
	before := len(files(t, l.Dir()))
	if m, err := l.AttachAll(t.Context(), "base", []AdapterUse{{Ref: a.Ref, Scale: 0}}, ""); err != nil || m.Ref != base.Ref {
		t.Errorf("at strength 0: %+v %v", m, err)
	}
	for _, scale := range []float64{101, -1000} {
		_, err := l.AttachAll(t.Context(), "base", []AdapterUse{{Ref: a.Ref, Scale: scale}}, "")
		wantProblem(t, err, backend.CodeInvalid, "strength")
	}
	if after := len(files(t, l.Dir())); after != before {
		t.Errorf("%d files became %d", before, after)
	}
	for _, ref := range refs(t, l) {
		if _, err := l.Remove(t.Context(), ref); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Remove(t.Context(), a.Ref); err != nil {
		t.Error(err)
	}
	if left := files(t, l.Dir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAdapterWithoutAStrengthOfItsOwnGetsOne(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	put(t, l, weights(t, 1), Options{Ref: "base"})
	b := gguftest.Adapter(1)
	b.Set(keyAlpha, float32(0)) // the engine then takes alpha / rank for 1
	dir := saved(t, map[string]*gguftest.Builder{"a.gguf": b})
	a := put(t, l, filepath.Join(dir, "a.gguf"), Options{})
	m, err := l.AttachAll(t.Context(), "base", []AdapterUse{{Ref: a.Ref, Scale: 0.25}}, "")
	if err != nil {
		t.Fatal(err)
	}
	header, err := gguf.ReadFile(a.Path)
	if err != nil {
		t.Fatal(err)
	}
	if got := alphaOf(t, l, m.Ref) / float64(rankOf(header)); got != 0.25 {
		t.Errorf("alpha / rank is %v", got)
	}
}

func tensorBytes(t *testing.T, path string) (out [][]byte) {
	t.Helper()
	header, err := gguf.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range header.Tensors {
		out = append(out, sliceOf(data, header, x))
	}
	return out
}

func sliceOf(data []byte, f *gguf.File, x gguf.Tensor) []byte {
	at := f.DataOffset + x.Offset
	return data[at : at+x.Bytes]
}
