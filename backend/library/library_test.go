package library

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library/layout"
)

func open(tb testing.TB, dir string) *Library {
	tb.Helper()
	l, err := New(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// weights writes a small sound model to a new file. seed makes its content differ from others.
func weights(tb testing.TB, seed byte, change ...func(b *gguftest.Builder)) string {
	tb.Helper()
	b := gguftest.Small(seed)
	for _, c := range change {
		c(b)
	}
	path := filepath.Join(tb.TempDir(), "tiny.gguf")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func put(tb testing.TB, l *Library, path string, o Options) backend.Model {
	tb.Helper()
	m, err := l.Import(tb.Context(), path, o)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func models(tb testing.TB, l *Library) []backend.Model {
	tb.Helper()
	m, err := l.Models(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func refs(tb testing.TB, l *Library) []string {
	tb.Helper()
	out := []string{}
	for _, m := range models(tb, l) {
		out = append(out, m.Ref)
	}
	slices.Sort(out)
	return out
}

// files lists what is in the store, without the lock, the index and the folders of no file.
func files(tb testing.TB, dir string) []string {
	tb.Helper()
	out := []string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		if err == nil && !d.IsDir() && rel != lockName && rel != layout.IndexName {
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// checkSound fails unless everything in the store belongs to a model that verifies.
func checkSound(tb testing.TB, l *Library) {
	tb.Helper()
	bad, err := l.Verify(tb.Context(), "", nil)
	if err != nil || len(bad) != 0 {
		tb.Errorf("verify: %v %v", bad, err)
	}
	used, entries, err := l.used()
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range files(tb, l.Dir()) {
		digest, isBlob := strings.CutPrefix(filepath.Base(f), "sha256-")
		if of, sums := strings.CutSuffix(digest, ".json"); sums && used["sha256:"+of] {
			continue
		}
		if isBlob && used["sha256:"+digest] || slices.ContainsFunc(entries, func(e layout.Entry) bool { return e.Path == filepath.Join(l.Dir(), f) }) {
			continue
		}
		tb.Errorf("left behind: %s", f)
	}
}

// often gives how many times a trial is repeated: a few, or what the environment asks for.
func often(variable string, few int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return few
}

func wantProblem(tb testing.TB, err error, code backend.Code, says string) {
	tb.Helper()
	var e *backend.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, says) || e.Hint == "" {
		tb.Errorf("%#v, want %s: …%s… and a hint", err, code, says)
	}
}

func TestImportedModelIsListedWithItsFacts(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	path := weights(t, 1)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var last, total int64
	got := put(t, l, path, Options{Progress: func(d, n int64) {
		if d < last {
			t.Error("progress ran backwards")
		}
		last, total = d, n
	}})
	if last != int64(len(data)) || total != last {
		t.Errorf("progress ended at %d of %d, want %d", last, total, len(data))
	}
	if time.Since(got.Added) > time.Minute || got.Bytes <= int64(len(data)) || got.Bytes > int64(len(data))+4096 {
		t.Errorf("added %v, %d bytes", got.Added, got.Bytes)
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(data))
	want := backend.Model{
		Ref: "tiny-llama-1k:Q8_0", Name: "Tiny Llama 1K", Quant: "Q8_0", Family: "llama", Architecture: "llama", Parameters: 9568, Bytes: got.Bytes,
		ContextLength: 256, Digest: "sha256:" + digest, Licence: backend.Licence{Name: "MIT", OpenSource: true, Commercial: true}, Source: SourceImport,
		Capable: []string{"chat"}, Template: true, OwnTemplate: true, Path: filepath.Join(l.Dir(), "blobs", "sha256-"+digest), Added: got.Added,
	}
	for name, l := range map[string]*Library{"the same": l, "opened again": open(t, l.Dir())} {
		if list := models(t, l); len(list) != 1 || !reflect.DeepEqual(list[0], want) {
			t.Errorf("%s: %+v\nwant %+v", name, list, want)
		}
	}
	if stored, err := os.ReadFile(got.Path); err != nil || !slices.Equal(stored, data) {
		t.Error("the stored weights are not the file's")
	}
	if still, err := os.ReadFile(path); err != nil || !slices.Equal(still, data) {
		t.Error("the file was changed")
	}
	checkSound(t, l)
}

// What Ollama v0.34.4 reads of a manifest and a config: manifest/manifest.go, types/model/config.go.
func TestStoreHasTheEnginesLayout(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	m := put(t, l, weights(t, 1), Options{Ref: "tiny:Q8_0"})
	var mf map[string]any
	data, err := os.ReadFile(filepath.Join(l.Dir(), "manifests", "registry.ollama.ai", "library", "tiny", "Q8_0"))
	if err != nil || json.Unmarshal(data, &mf) != nil {
		t.Fatal(err, string(data))
	}
	c, _ := mf["config"].(map[string]any)
	layers, _ := mf["layers"].([]any)
	if mf["schemaVersion"] != 2.0 || mf["mediaType"] != layout.TypeManifest || c["mediaType"] != layout.TypeConfig || len(layers) != 1 {
		t.Fatalf("%s", data)
	}
	if w, _ := layers[0].(map[string]any); w["mediaType"] != layout.TypeModel || w["digest"] != m.Digest || w["size"] != float64(m.Bytes)-c["size"].(float64) {
		t.Errorf("%s", data)
	}
	digest, _ := c["digest"].(string)
	var conf map[string]any
	data, err = os.ReadFile(l.store().Blob(digest))
	if err != nil || json.Unmarshal(data, &conf) != nil || layout.DigestOf(data) != digest {
		t.Fatal(err, string(data))
	}
	for key, want := range map[string]any{"model_format": "gguf", "model_family": "llama", "model_type": "10K", "file_type": "Q8_0"} {
		if conf[key] != want {
			t.Errorf("%s: %v, want %v", key, conf[key], want)
		}
	}
	if families, _ := conf["model_families"].([]any); len(families) != 1 || families[0] != "llama" {
		t.Errorf("model_families: %v", conf["model_families"])
	}
}

func TestSameFileAgainIsTheSameModel(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	path := weights(t, 1)
	first := put(t, l, path, Options{})
	before := files(t, l.Dir())
	for name, o := range map[string]Options{"as before": {}, "by another name": {Ref: "other"}, "linked": {Link: true}} {
		if again := put(t, l, path, o); !reflect.DeepEqual(again, first) {
			t.Errorf("%s: %+v, want %+v", name, again, first)
		}
	}
	if after := files(t, l.Dir()); !slices.Equal(after, before) {
		t.Errorf("%v, want %v", after, before)
	}
}

func TestNamesNeverCollide(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	for i, want := range []string{"tiny-llama-1k:Q8_0", "tiny-llama-1k-2:Q8_0", "tiny-llama-1k-3:Q8_0"} {
		if m := put(t, l, weights(t, byte(i)), Options{}); m.Ref != want {
			t.Errorf("%s, want %s", m.Ref, want)
		}
	}
	if m := put(t, l, weights(t, 9), Options{Ref: "TINY-llama-1k:q8_0"}); m.Ref != "tiny-llama-1k-4:q8_0" {
		t.Errorf("%s differs only in case from another", m.Ref)
	}
	checkSound(t, l)
}

func TestNameRule(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200)
	for name, c := range map[string]struct {
		o          Options
		general    any
		file       string
		ref, shown string
	}{
		"from the header":             {Options{}, "Llama 3.2 3B Instruct", "a.gguf", "llama-3.2-3b-instruct:Q8_0", "Llama 3.2 3B Instruct"},
		"from a header with a path":   {Options{}, "meta-llama/Llama 3", "a.gguf", "llama-3:Q8_0", "Llama 3"},
		"from the file":               {Options{}, nil, "Qwen3-4B-Q8_0.gguf", "qwen3-4b:Q8_0", "Qwen3 4B"},
		"from a file without ending":  {Options{}, "", "model", "model:Q8_0", "model"},
		"from a name in Chinese":      {Options{}, "張庭", "張庭.gguf", "model:Q8_0", "張庭"},
		"from a name of dots":         {Options{}, "../..", "...gguf", "model:Q8_0", ".."},
		"from a name with a newline":  {Options{}, "a\nb", "a.gguf", "a-b:Q8_0", "a b"},
		"from a name with controls":   {Options{}, "\x1b[31mred", "a.gguf", "31mred:Q8_0", "[31mred"},
		"from a long name":            {Options{}, long, "a.gguf", long[:74] + ":Q8_0", long},
		"asked for":                   {Options{Ref: "mine:best"}, "X", "a.gguf", "mine:best", "X"},
		"asked for without a tag":     {Options{Ref: "mine"}, "X", "a.gguf", "mine:Q8_0", "X"},
		"asked for by a shown name":   {Options{Name: "My Model"}, "X", "a.gguf", "my-model:Q8_0", "My Model"},
		"asked for by name and quant": {Options{Name: "mine:Q8_0"}, "X", "a.gguf", "mine:Q8_0", "mine"},
		"asked for with a colon":      {Options{Name: "Llama 3: the 8B"}, "X", "a.gguf", "llama-3-the-8b:Q8_0", "Llama 3: the 8B"},
		"asked for both":              {Options{Ref: "r", Name: "Shown"}, "X", "a.gguf", "r:Q8_0", "Shown"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.file)
			b := gguftest.Small(1).Set("general.name", c.general)
			if c.general == nil {
				b.Drop("general.name")
			}
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			l := open(t, t.TempDir())
			m := put(t, l, path, c.o)
			if m.Ref != c.ref || m.Name != c.shown {
				t.Errorf("%q %q, want %q %q", m.Ref, m.Name, c.ref, c.shown)
			}
			checkSound(t, l)
		})
	}
	for name, ref := range map[string]string{"no usable character": "張庭", "tag with a space": "a:b c", "tag that climbs": "a:..", "long tag": "a:" + long} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			_, err := l.Import(t.Context(), weights(t, 1), Options{Ref: ref})
			wantProblem(t, err, backend.CodeInvalid, "can't be a model's name")
			checkSound(t, l)
		})
	}
}

func TestWhatIsNoModelIsRefusedBeforeACopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	small := func(change func(b *gguftest.Builder)) []byte {
		b := gguftest.Small(1)
		change(b)
		return b.Bytes()
	}
	whole := gguftest.Small(1).Bytes()
	for name, c := range map[string]struct {
		path string
		o    Options
		code backend.Code
		says string
	}{
		"no name":         {"", Options{}, backend.CodeInvalid, "No file"},
		"no file":         {filepath.Join(dir, "none"), Options{}, backend.CodeNotFound, "no such file"},
		"a folder":        {dir, Options{}, backend.CodeInvalid, "folder"},
		"a device":        {os.DevNull, Options{}, backend.CodeInvalid, "ordinary"},
		"a name too long": {filepath.Join(dir, strings.Repeat("n", 300)), Options{}, backend.CodeInvalid, "opened"},
		"not GGUF":        {file("a", []byte("hello, world, this is text")), Options{}, backend.CodeNotGGUF, "not a GGUF"},
		"truncated":       {file("b", whole[:len(whole)-1]), Options{}, backend.CodeTruncated, "1 B of its"},
		"newer": {file("newer", small(func(b *gguftest.Builder) {
			b.Set("tokenizer.ggml.model", "gpt2").Set("tokenizer.ggml.pre", "future-2027")
		})), Options{}, backend.CodeUnsupported, "newer version of Weightroom's engine"},
		"hostile":        {file("c", small(func(b *gguftest.Builder) { b.Set("general.alignment", uint32(0)) })), Options{}, backend.CodeHostileFile, "alignment"},
		"mmproj":         {file("d", small(func(b *gguftest.Builder) { b.Set("general.type", "mmproj") })), Options{}, backend.CodeUnsupported, "mmproj"},
		"LoRA":           {file("e", small(func(b *gguftest.Builder) { b.Set("general.type", "adapter") })), Options{}, backend.CodeUnsupported, "not a LoRA"},
		"part of many":   {file("f", small(func(b *gguftest.Builder) { b.Set("split.no", uint16(1)).Set("split.count", uint16(3)) })), Options{}, backend.CodeInvalid, "Part 1 of 3"},
		"vocabulary":     {file("g", small(func(b *gguftest.Builder) { b.Tensors = nil })), Options{}, backend.CodeUnsupported, "no weights"},
		"wrong checksum": {file("h", whole), Options{SHA256: StarterSHA256}, backend.CodeDamaged, "checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			_, err := l.Import(t.Context(), c.path, c.o)
			wantProblem(t, err, c.code, c.says)
			if left := files(t, l.Dir()); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestReferencesAreResolved(t *testing.T) {
	t.Parallel()
	model := func(ref string) backend.Model { return backend.Model{Ref: ref} }
	have := []backend.Model{
		model("smollm2-135m:Q4_1"), model("llama-3.1-8b:Q4_K_M"), model("llama-3.1-8b:Q8_0"), model("odd:v1"), model("odd:v2"),
		model("hf.co/owner/repo:Q4_0"), model("someone/thing:latest"),
	}
	for name, c := range map[string]struct {
		ref, want string
		code      backend.Code
		says      string
	}{
		"exact":                        {ref: "llama-3.1-8b:Q8_0", want: "llama-3.1-8b:Q8_0"},
		"in another case":              {ref: "Llama-3.1-8B:q8_0", want: "llama-3.1-8b:Q8_0"},
		"a name with one quant":        {ref: "smollm2-135m", want: "smollm2-135m:Q4_1"},
		"with spaces around it":        {ref: " smollm2-135m ", want: "smollm2-135m:Q4_1"},
		"a name with several quants":   {ref: "llama-3.1-8b", want: "llama-3.1-8b:Q4_K_M"},
		"a name that could be several": {ref: "odd", code: backend.CodeInvalid, says: `"odd" names 2 models: odd:v1, odd:v2.`},
		"another host":                 {ref: "hf.co/owner/repo", want: "hf.co/owner/repo:Q4_0"},
		"another namespace":            {ref: "someone/thing", want: "someone/thing:latest"},
		"a quant that is not there":    {ref: "smollm2-135m:Q8_0", code: backend.CodeNotFound, says: "but not as"},
		"a name that is not there":     {ref: "gpt-oss", code: backend.CodeNotFound, says: "no model"},
		"nothing":                      {ref: "", code: backend.CodeNotFound, says: "no model"},
		"a tag alone":                  {ref: ":Q4_1", code: backend.CodeNotFound, says: "no model"},
		"the beginning of a name":      {ref: "smollm2", code: backend.CodeNotFound, says: "no model"},
		"something that is not a name": {ref: "../../etc/passwd", code: backend.CodeNotFound, says: "no model"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := find(have, c.ref)
			if c.code != "" {
				wantProblem(t, err, c.code, c.says)
			} else if err != nil || got.Ref != c.want {
				t.Errorf("%s %v, want %s", got.Ref, err, c.want)
			}
		})
	}
}

func TestRemoveFreesWhatNoOtherModelUses(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	a, b := put(t, l, weights(t, 1), Options{Name: "a"}), put(t, l, weights(t, 2), Options{Name: "b"})
	// A second name for the same weights, as the engine's own copy command makes it.
	src, err := os.ReadFile(l.store().ManifestPath(layout.Name{Host: layout.Host, Namespace: layout.Namespace, Model: "a", Tag: "Q8_0"}))
	if err != nil {
		t.Fatal(err)
	}
	twin := l.store().ManifestPath(layout.Name{Host: layout.Host, Namespace: layout.Namespace, Model: "twin", Tag: "latest"})
	if err := errors.Join(os.MkdirAll(filepath.Dir(twin), 0o755), os.WriteFile(twin, src, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ref   string
		freed int64
		left  []string
	}{
		{"a", 0, []string{"b:Q8_0", "twin:latest"}},
		{"b:Q8_0", b.Bytes, []string{"twin:latest"}},
		{"twin", a.Bytes, []string{}},
	} {
		freed, err := l.Remove(t.Context(), c.ref)
		if err != nil || freed != c.freed || !slices.Equal(refs(t, l), c.left) {
			t.Errorf("%s: freed %d %v, left %v; want %d, %v", c.ref, freed, err, refs(t, l), c.freed, c.left)
		}
		checkSound(t, l)
	}
	_, err = l.Remove(t.Context(), "a")
	wantProblem(t, err, backend.CodeNotFound, "no model")
	if left := files(t, l.Dir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestANameOfSeveralChangesNone(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	put(t, l, weights(t, 1), Options{Name: "a"})
	put(t, l, weights(t, 2, func(b *gguftest.Builder) { b.Set("general.file_type", uint32(3)) }), Options{Name: "a"})
	have := []string{"a:Q4_1", "a:Q8_0"}
	if got := refs(t, l); !slices.Equal(got, have) {
		t.Fatalf("have %v", got)
	}
	refused := func(does string, err error) {
		t.Helper()
		t.Log(does)
		wantProblem(t, err, backend.CodeInvalid, `"a" names 2 models: a:Q4_1, a:Q8_0.`)
		if got := refs(t, l); !slices.Equal(got, have) {
			t.Errorf("%s: left %v", does, got)
		}
	}
	_, err := l.Remove(t.Context(), "a")
	refused("remove", err)
	_, err = l.Rename(t.Context(), "a", "b")
	refused("rename", err)
	_, err = l.SetTemplate(t.Context(), "a", &TemplateChoice{Name: "x", Text: "{{ .Prompt }}"})
	refused("template", err)
	_, err = l.Export(t.Context(), "a", t.TempDir(), nil)
	refused("export", err)
	_, err = l.Attach(t.Context(), "a", "none", "")
	refused("attach", err)
	if m, err := l.Model(t.Context(), "a"); err != nil || m.Ref != "a:Q8_0" {
		t.Errorf("to read: %s %v", m.Ref, err)
	}

	damaged := l.store().ManifestPath(layout.Name{Host: layout.Host, Namespace: layout.Namespace, Model: "a", Tag: "Q4_1"})
	if err := os.WriteFile(damaged, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	have = []string{"a:Q8_0"}
	_, err = l.Remove(t.Context(), "a")
	refused("remove one of which another is damaged", err)
	if _, err := l.Remove(t.Context(), "a:q4_1"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Remove(t.Context(), "a"); err != nil {
		t.Errorf("the only one of the name: %v", err)
	}
}

func TestUsageCountsTheFiles(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	m := put(t, l, weights(t, 1), Options{})
	used, free, err := l.Usage()
	if err != nil || used != m.Bytes || free <= 0 {
		t.Errorf("%d used, %d free, %v; want %d used", used, free, err, m.Bytes)
	}
}

func TestStarterIsFoundByNameAndSize(t *testing.T) {
	t.Parallel()
	empty, wrong, right := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(wrong, StarterFile), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(right, StarterFile)
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, StarterBytes)); err != nil { // a hole
		t.Fatal(err)
	}
	if _, ok := FindStarter([]string{"", empty, wrong}); ok {
		t.Error("found what is not there")
	}
	if got, ok := FindStarter([]string{empty, wrong, right}); !ok || got != path {
		t.Errorf("%q %v", got, ok)
	}
	_, err := open(t, t.TempDir()).Import(t.Context(), path, StarterOptions(nil))
	wantProblem(t, err, backend.CodeNotGGUF, "not a GGUF") // zeros of the right size
}

// TestRealStarter imports the real file where WEIGHTROOM_TEST_STARTER names it.
func TestRealStarter(t *testing.T) {
	t.Parallel()
	path := os.Getenv("WEIGHTROOM_TEST_STARTER")
	if path == "" {
		t.Skip("WEIGHTROOM_TEST_STARTER names no file")
	}
	l := open(t, t.TempDir())
	start := time.Now()
	m := put(t, l, path, StarterOptions(nil))
	t.Logf("imported in %v", time.Since(start))
	if m.Ref != StarterRef || m.Name != StarterName || m.Source != SourceStarter || m.Quant != "Q4_1" || m.Licence != StarterLicence() || m.Digest != starterDigest {
		t.Errorf("%+v", m)
	}
	// The file without its options is still the starter.
	l = open(t, t.TempDir())
	if m = put(t, l, path, Options{}); m.Ref != StarterRef || m.Name != StarterName {
		t.Errorf("%s %s", m.Ref, m.Name)
	}
	checkSound(t, l)
}

func TestListOfManyModelsOpensNoWeights(t *testing.T) {
	t.Parallel()
	const many = 40
	l := open(t, t.TempDir())
	for i := range many {
		put(t, l, weights(t, byte(i)), Options{Ref: fmt.Sprintf("m%d", i)})
	}
	l = open(t, l.Dir())
	// Weights that can't be read would show: the list still has them from the index.
	for _, m := range models(t, l) {
		info, err := os.Stat(m.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(m.Path, make([]byte, info.Size()), 0o600), os.Chtimes(m.Path, info.ModTime(), info.ModTime())); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	if n := len(models(t, l)); n != many {
		t.Errorf("%d models", n)
	}
	t.Logf("%d models listed in %v", many, time.Since(start))
}

func TestEveryWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	path := weights(t, 1)
	put(t, l, path, Options{Ref: "a"})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	free, err := l.change(t.Context()) // somebody else is at work
	if err != nil {
		t.Fatal(err)
	}
	defer free()
	soon, done := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer done()
	for name, call := range map[string]func(context.Context) error{
		"import": func(ctx context.Context) error { _, err := l.Import(ctx, path, Options{}); return err },
		"remove": func(ctx context.Context) error { _, err := l.Remove(ctx, "a"); return err },
		"tidy":   func(ctx context.Context) error { _, err := l.Tidy(ctx); return err },
		"verify": func(context.Context) error { _, err := l.Verify(gone, "", nil); return err },
		"models": func(context.Context) error { _, err := l.Models(gone); return err },
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, call(gone), backend.CodeCancelled, "cancelled")
			wantProblem(t, call(soon), backend.CodeCancelled, "cancelled")
		})
	}
}
