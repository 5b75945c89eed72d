package library

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library/layout"
)

// saved writes files named as given into a new folder.
func saved(t testing.TB, content map[string]*gguftest.Builder) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range content {
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// split writes a model in n parts, with the names that llama-gguf-split gives.
func split(t testing.TB, seed byte, n int) (dir string, names []string) {
	t.Helper()
	content := map[string]*gguftest.Builder{}
	for i, p := range gguftest.Split(gguftest.Small(seed), n) {
		name := fmt.Sprintf("tiny-Q8_0-%05d-of-%05d.gguf", i+1, n)
		names = append(names, name)
		content[name] = p
	}
	return saved(t, content), names
}

func TestAnyPartOfASplitModelStandsForAll(t *testing.T) {
	t.Parallel()
	dir, names := split(t, 1, 3)
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			m := put(t, l, filepath.Join(dir, name), Options{})
			whole := put(t, open(t, t.TempDir()), weights(t, 1), Options{})
			if m.Ref != "tiny-llama-1k:Q8_0" || m.Parameters != whole.Parameters || m.Architecture != "llama" || m.Quant != "Q8_0" || !m.Template {
				t.Errorf("%+v", m)
			}
			e := entryOf(t, l, m.Ref)
			if w := e.Manifest.Weights(); len(w) != 3 || w[0].Digest != m.Digest {
				t.Errorf("%+v", w)
			}
			if again := put(t, l, filepath.Join(dir, names[(i+1)%3]), Options{Ref: "other"}); again.Ref != m.Ref {
				t.Errorf("imported twice, as %s and %s", m.Ref, again.Ref)
			}
			checkSound(t, l)
			l = open(t, l.Dir())
			if got := models(t, l); len(got) != 1 || got[0].Parameters != whole.Parameters {
				t.Errorf("%+v", got)
			}
			if _, err := l.Remove(t.Context(), m.Ref); err != nil {
				t.Fatal(err)
			}
			if left := files(t, l.Dir()); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestPartsThatWereRenamedAreFoundByTheirHeaders(t *testing.T) {
	t.Parallel()
	parts := gguftest.Split(gguftest.Small(1), 3)
	dir := saved(t, map[string]*gguftest.Builder{"x.gguf": parts[2], "y.gguf": parts[0], "z.gguf": parts[1], "other.gguf": gguftest.Small(2)})
	l := open(t, t.TempDir())
	put(t, l, filepath.Join(dir, "x.gguf"), Options{Name: "tiny"})
	checkSound(t, l)
}

func TestPartsThatDontMakeAModelAreRefused(t *testing.T) {
	t.Parallel()
	three := func(change func(p []*gguftest.Builder)) map[string]*gguftest.Builder {
		p := gguftest.Split(gguftest.Small(1), 3)
		change(p)
		out := map[string]*gguftest.Builder{}
		for i, b := range p {
			if b != nil {
				out[fmt.Sprintf("m-%05d-of-00003.gguf", i+1)] = b
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		content map[string]*gguftest.Builder
		code    backend.Code
		says    string
	}{
		"one is missing":      {three(func(p []*gguftest.Builder) { p[1] = nil }), backend.CodeInvalid, "Part 2 of 3 of this model is missing"},
		"one is there twice":  {three(func(p []*gguftest.Builder) { p[1] = p[2] }), backend.CodeInvalid, "there twice"},
		"one is of another":   {three(func(p []*gguftest.Builder) { p[1].Set("split.tensors.count", int32(99)) }), backend.CodeInvalid, "another model"},
		"one has a tensor of": {three(func(p []*gguftest.Builder) { p[1].Tensors[0].Name = p[0].Tensors[0].Name }), backend.CodeHostileFile, "there twice"},
		"one lacks a tensor":  {three(func(p []*gguftest.Builder) { p[1].Tensors = p[1].Tensors[:1] }), backend.CodeHostileFile, "tensors instead of"},
		"the number is wide":  {three(func(p []*gguftest.Builder) { p[2].Set("split.no", uint32(2)) }), backend.CodeHostileFile, "split.no"},
		"one is no GGUF":      {three(func(p []*gguftest.Builder) { p[2].Magic = "GGUX" }), backend.CodeNotGGUF, ""},
		"the name lies":       {map[string]*gguftest.Builder{"m-00001-of-00002.gguf": gguftest.Split(gguftest.Small(1), 3)[0]}, backend.CodeInvalid, "one of 00002 parts"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := saved(t, c.content)
			l := open(t, t.TempDir())
			first := slices.Min(must(filepath.Glob(filepath.Join(dir, "*"))))
			_, err := l.Import(t.Context(), first, Options{})
			wantProblem(t, err, c.code, c.says)
			if left := files(t, l.Dir()); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestModelIsImportedWithWhatLetsItSee(t *testing.T) {
	t.Parallel()
	dir := saved(t, map[string]*gguftest.Builder{"m.gguf": gguftest.Small(1), "mmproj-f16.gguf": gguftest.Projector(1)})
	l := open(t, t.TempDir())
	m := put(t, l, filepath.Join(dir, "m.gguf"), Options{Projector: filepath.Join(dir, "mmproj-f16.gguf")})
	if !slices.Contains(m.Capable, "vision") || !slices.Contains(m.Capable, "chat") {
		t.Errorf("%+v", m)
	}
	e := entryOf(t, l, m.Ref)
	if len(e.Manifest.Layers) != 2 || e.Manifest.Layers[0].MediaType != layout.TypeModel || e.Manifest.Layers[1].MediaType != layout.TypeProjector {
		t.Errorf("%+v", e.Manifest)
	}
	checkSound(t, l)
	_, err := l.Import(t.Context(), filepath.Join(dir, "mmproj-f16.gguf"), Options{})
	wantProblem(t, err, backend.CodeUnsupported, "lets a model see")
	_, err = l.Import(t.Context(), filepath.Join(dir, "m.gguf"), Options{Projector: filepath.Join(dir, "m.gguf")})
	wantProblem(t, err, backend.CodeInvalid, "there twice")
}

func TestAdapterIsKeptApartAndAttached(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	base := put(t, l, weights(t, 1), Options{Ref: "base"})
	dir := saved(t, map[string]*gguftest.Builder{"a.gguf": gguftest.Adapter(1)})
	path := filepath.Join(dir, "a.gguf")
	a := put(t, l, path, Options{})
	if a.Ref != "adapters/tiny-adapter:F32" {
		t.Errorf("%+v", a)
	}
	if again := put(t, l, path, Options{Name: "twice"}); again.Ref != a.Ref {
		t.Errorf("%s is there twice", again.Ref)
	}
	if got := refs(t, l); !slices.Equal(got, []string{base.Ref}) {
		t.Errorf("listed among the models: %v", got)
	}
	list, err := l.Adapters(t.Context())
	if err != nil || len(list) != 1 || list[0].Ref != a.Ref || list[0].Architecture != "llama" || list[0].Name != "Tiny Adapter" {
		t.Fatalf("%+v %v", list, err)
	}
	m, err := l.Attach(t.Context(), "base", "tiny-adapter", "")
	if err != nil || m.Ref != "base-tiny-adapter:Q8_0" || m.Parent.Ref != base.Ref || m.Digest != base.Digest {
		t.Fatalf("%+v %v", m, err)
	}
	e := entryOf(t, l, m.Ref)
	if x := e.Manifest.Layers[len(e.Manifest.Layers)-1]; x.MediaType != layout.TypeAdapter || x.Digest != a.Digest {
		t.Errorf("%+v", e.Manifest)
	}
	if again, err := l.Attach(t.Context(), "base", a.Ref, "x"); err != nil || again.Ref != m.Ref {
		t.Errorf("%+v %v", again, err)
	}
	checkSound(t, l)
	// The base's own file is still the base, and the attached model outlives both.
	if again := put(t, l, weights(t, 1), Options{}); again.Ref != base.Ref {
		t.Errorf("%+v", again)
	}
	for _, ref := range []string{base.Ref, a.Ref} {
		if freed, err := l.Remove(t.Context(), ref); err != nil || freed > 1000 {
			t.Errorf("%s: freed %d, %v", ref, freed, err)
		}
	}
	if got := refs(t, l); !slices.Equal(got, []string{m.Ref}) {
		t.Errorf("%v", got)
	}
	checkSound(t, l)
	if freed, err := l.Remove(t.Context(), m.Ref); err != nil || freed < 12_000 {
		t.Errorf("freed %d, %v", freed, err)
	}
	if left := files(t, l.Dir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAdapterOfAnotherModelIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *gguftest.Builder){
		"another architecture": func(b *gguftest.Builder) { b.Set("general.architecture", "qwen2") },
		"another width":        func(b *gguftest.Builder) { b.Tensors[0].Shape = []uint64{64, 1} },
		"another rank":         func(b *gguftest.Builder) { b.Tensors[1].Shape = []uint64{4, 16} },
		"a tensor of no layer": func(b *gguftest.Builder) {
			b.Tensors[0].Name, b.Tensors[1].Name = "blk.9.attn_q.weight.lora_a", "blk.9.attn_q.weight.lora_b"
		},
		"half a change":          func(b *gguftest.Builder) { b.Tensors = b.Tensors[:1] },
		"a tensor of its own":    func(b *gguftest.Builder) { b.Tensors[1].Name = "x" },
		"nothing but a norm":     func(b *gguftest.Builder) { b.Tensors = b.Tensors[:1]; b.Tensors[0].Name = "output_norm.weight" },
		"the other half is lost": func(b *gguftest.Builder) { b.Tensors = b.Tensors[1:]; b.Tensors[0].Offset = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			put(t, l, weights(t, 1), Options{Ref: "base"})
			b := gguftest.Adapter(1)
			change(b)
			dir := saved(t, map[string]*gguftest.Builder{"a.gguf": b})
			put(t, l, filepath.Join(dir, "a.gguf"), Options{Ref: "a"})
			_, err := l.Attach(t.Context(), "base", "a", "")
			e := backend.Readable(err)
			if err == nil || e.Code == backend.CodeInternal || !strings.Contains(e.Message, "adapter") {
				t.Errorf("%v", err)
			}
			if got := refs(t, l); len(got) != 1 {
				t.Errorf("%v", got)
			}
			checkSound(t, l)
		})
	}
}

func TestFetchedPartsBecomeOneModel(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	in := Incoming{Ref: "hf.co/owner/repo:Q8_0"}
	for _, p := range slices.Backward(gguftest.Split(gguftest.Small(1), 3)) { // in any order
		in.Files = append(in.Files, fetched(t, l, backend.KindModel, p.Bytes()))
	}
	in.Files = append(in.Files, fetched(t, l, backend.KindProjector, gguftest.Projector(1).Bytes()))
	m := accept(t, l, in)
	if m.Ref != in.Ref || m.Digest != in.Files[2].Digest || !slices.Contains(m.Capable, "vision") {
		t.Errorf("%+v", m)
	}
	a := accept(t, l, Incoming{Ref: "hf.co/owner/lora", Files: []IncomingFile{fetched(t, l, backend.KindAdapter, gguftest.Adapter(1).Bytes())}})
	if a.Ref != "adapters/lora:F32" {
		t.Errorf("%+v", a)
	}
	clearDownloads(t, l)
	checkSound(t, l)
}
