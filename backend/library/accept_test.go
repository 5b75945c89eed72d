package library

import (
	"bytes"
	"encoding/json"
	"errors"
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

// fetched puts content where a download does, and says what a download knows.
func fetched(t testing.TB, l *Library, kind backend.FileKind, data []byte) IncomingFile {
	t.Helper()
	f, err := os.CreateTemp(must(l.DownloadsDir(), os.MkdirAll(l.DownloadsDir(), 0o755)), "x-")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return IncomingFile{Kind: kind, Name: "file." + string(kind), Path: f.Name(), Digest: layout.DigestOf(data), Bytes: int64(len(data)), Verified: true}
}

func accept(t testing.TB, l *Library, in Incoming) backend.Model {
	t.Helper()
	m, err := l.Accept(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// pulled is what Ollama's registry gives for a model, with content that seed changes.
func pulled(t testing.TB, l *Library, ref string, seed byte) Incoming {
	return Incoming{
		Ref: ref, Address: "registry.ollama.ai", Revision: "sha256:" + strings.Repeat("1", 64),
		Files: []IncomingFile{
			fetched(t, l, backend.KindModel, gguftest.Small(seed).Bytes()),
			fetched(t, l, "application/vnd.ollama.image.template", []byte("{{ .Prompt }}")),
			fetched(t, l, backend.KindLicence, []byte("Do what you like.")),
			fetched(t, l, backend.KindParams, []byte(`{"stop":["<end>"]}`)),
			fetched(t, l, backend.KindConfig, []byte(fmt.Sprintf(`{"model_format":"gguf","model_family":"llama","renderer":"r","os":"linux","rootfs":{"n":%d}}`, seed))),
		},
	}
}

func TestFetchedFilesBecomeAModel(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]struct{ ref, path string }{
		"llama3.1:8b":                        {"llama3.1:8b", "registry.ollama.ai/library/llama3.1/8b"},
		"llama3.1":                           {"llama3.1:Q8_0", "registry.ollama.ai/library/llama3.1/Q8_0"},
		"someone/thing:v1":                   {"someone/thing:v1", "registry.ollama.ai/someone/thing/v1"},
		"hf.co/Owner/Repo-GGUF:Q4_K_M":       {"hf.co/Owner/Repo-GGUF:Q4_K_M", "hf.co/Owner/Repo-GGUF/Q4_K_M"},
		"127.0.0.1:5000/library/tiny:latest": {"127.0.0.1:5000/library/tiny:latest", "127.0.0.1:5000/library/tiny/latest"},
		"hf.co/owner/" + strings.Repeat("r", 90) + ":Q8_0": {strings.Repeat("r", 74) + ":Q8_0", "registry.ollama.ai/library/" + strings.Repeat("r", 74) + "/Q8_0"},
	} {
		t.Run(ref, func(t *testing.T) {
			l := open(t, t.TempDir())
			in := pulled(t, l, ref, 1)
			m := accept(t, l, in)
			if m.Ref != want.ref || m.Source != SourcePull || m.Digest != in.Files[0].Digest || !m.Template {
				t.Errorf("%+v", m)
			}
			if got := models(t, l); len(got) != 1 || got[0].Ref != m.Ref {
				t.Errorf("listed: %+v", got)
			}
			if _, err := os.Stat(filepath.Join(l.store().Manifests(), filepath.FromSlash(want.path))); err != nil {
				t.Error(err)
			}
			for _, f := range in.Files {
				if _, err := os.Stat(f.Path); f.Kind != backend.KindConfig && !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s was not moved: %v", f.Kind, err)
				}
				if f.Kind != backend.KindConfig && !l.Has(t.Context(), f.Digest) {
					t.Errorf("%s is not there", f.Kind)
				}
			}
			var c map[string]any
			e := entryOf(t, l, m.Ref)
			data, _ := os.ReadFile(l.store().Blob(e.Manifest.Config.Digest))
			if err := json.Unmarshal(data, &c); err != nil || c["renderer"] != "r" || c["os"] != "linux" || c["weightroom"] == nil || c["file_type"] != "Q8_0" {
				t.Errorf("config %s", data)
			}
		})
	}
}

func TestFetchedVersionReplacesTheOneBefore(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	first := accept(t, l, pulled(t, l, "tiny:latest", 1))
	second := accept(t, l, pulled(t, l, "tiny:latest", 2))
	if got := models(t, l); len(got) != 1 || got[0].Digest != second.Digest || first.Digest == second.Digest {
		t.Errorf("%+v", got)
	}
	if l.Has(t.Context(), first.Digest) {
		t.Error("the replaced weights are still there")
	}
	imported := put(t, l, weights(t, 3), Options{Ref: "mine:latest"})
	third := accept(t, l, pulled(t, l, "mine:latest", 4))
	if third.Ref != "mine-2:latest" {
		t.Errorf("%s replaced, or hid, %s", third.Ref, imported.Ref)
	}
	clearDownloads(t, l)
	checkSound(t, l)
}

func clearDownloads(t testing.TB, l *Library) {
	t.Helper()
	if err := os.RemoveAll(l.DownloadsDir()); err != nil {
		t.Fatal(err)
	}
}

func TestFileThatIsThereNeedNotCome(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	in := pulled(t, l, "tiny:a", 1)
	accept(t, l, in)
	again := in
	again.Ref = "tiny:b"
	again.Files = slices.Clone(in.Files)
	for i := range again.Files {
		again.Files[i].Path = ""
	}
	again.Files = slices.DeleteFunc(again.Files, func(f IncomingFile) bool { return f.Kind == backend.KindConfig })
	if m := accept(t, l, again); m.Ref != "tiny:b" {
		t.Errorf("%+v", m)
	}
	again.Files[0].Digest = "sha256:" + strings.Repeat("0", 64)
	_, err := l.Accept(t.Context(), again)
	wantProblem(t, err, backend.CodeDamaged, "missing")
}

func TestPlantedFileIsNotTaken(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	good := gguftest.Small(1).Bytes()
	planted := bytes.Clone(good)
	planted[len(planted)-1] ^= 1
	if err := os.WriteFile(l.store().Blob(layout.DigestOf(good)), planted, 0o600); err != nil {
		t.Fatal(err)
	}
	if l.Has(t.Context(), layout.DigestOf(good)) {
		t.Error("taken at its name")
	}
	in := Incoming{Ref: "tiny:v1", Files: []IncomingFile{{Kind: backend.KindModel, Digest: layout.DigestOf(good), Bytes: int64(len(good))}}}
	_, err := l.Accept(t.Context(), in)
	wantProblem(t, err, backend.CodeDamaged, "")
	in.Files[0] = fetched(t, l, backend.KindModel, good)
	accept(t, l, in)
	clearDownloads(t, l)
	checkSound(t, l)
}

func TestWhatIsWrongIsNotAccepted(t *testing.T) {
	t.Parallel()
	small := func(change func(b *gguftest.Builder)) []byte {
		b := gguftest.Small(1)
		change(b)
		return b.Bytes()
	}
	whole := gguftest.Small(1).Bytes()
	type contents = map[backend.FileKind][]byte
	for name, c := range map[string]struct {
		files  contents
		change func(f *IncomingFile)
		code   backend.Code
		says   string
	}{
		"a web page":             {contents{backend.KindModel: []byte("<!doctype html><title>Log in</title>")}, nil, backend.CodeNotGGUF, "web page"},
		"a truncated file":       {contents{backend.KindModel: whole[:len(whole)-4]}, nil, backend.CodeTruncated, "missing"},
		"hostile weights":        {contents{backend.KindModel: small(func(b *gguftest.Builder) { b.Set("general.alignment", uint32(0)) })}, nil, backend.CodeHostileFile, "alignment"},
		"another digest":         {contents{backend.KindModel: whole}, func(f *IncomingFile) { f.Digest = "sha256:" + strings.Repeat("a", 64); f.Verified = false }, backend.CodeDamaged, "checksum"},
		"another size":           {contents{backend.KindModel: whole}, func(f *IncomingFile) { f.Bytes++ }, backend.CodeDamaged, "checksum"},
		"no digest":              {contents{backend.KindModel: whole}, func(f *IncomingFile) { f.Digest = "" }, backend.CodeInvalid, "wrongly"},
		"a path for a digest":    {contents{backend.KindModel: whole}, func(f *IncomingFile) { f.Digest = "sha256:../../../etc/passwd" }, backend.CodeInvalid, "wrongly"},
		"no weights":             {contents{backend.KindTemplate: []byte("x")}, nil, backend.CodeUnsupported, "no weights"},
		"nothing":                {contents{}, nil, backend.CodeUnsupported, "no weights"},
		"safetensors":            {contents{"application/vnd.ollama.image.tensor": whole}, nil, backend.CodeUnsupported, "can't use"},
		"a model as a projector": {contents{backend.KindModel: whole, backend.KindProjector: small(func(b *gguftest.Builder) { b.Set("general.name", "other") })}, nil, backend.CodeInvalid, "not a projector"},
		"two models":             {contents{backend.KindModel: whole, layout.TypeModel: small(func(b *gguftest.Builder) { b.Set("general.name", "other") })}, nil, backend.CodeInvalid, "there twice"},
		"params that are none":   {contents{backend.KindModel: whole, backend.KindParams: []byte("[1]")}, nil, backend.CodeInvalid, "params"},
		"a binary template":      {contents{backend.KindModel: whole, backend.KindTemplate: []byte{0xff, 0xfe}}, nil, backend.CodeInvalid, "template"},
		"another format":         {contents{backend.KindModel: whole, backend.KindConfig: []byte(`{"model_format":"safetensors"}`)}, nil, backend.CodeUnsupported, "safetensors"},
		"one part of two": {contents{backend.KindModel: small(func(b *gguftest.Builder) {
			b.Set("split.no", uint16(0)).Set("split.count", uint16(2)).Set("split.tensors.count", int32(11))
		})}, nil, backend.CodeInvalid, "Part 2 of 2 of this model is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, t.TempDir())
			in := Incoming{Ref: "x:y"}
			for kind, data := range c.files {
				f := fetched(t, l, kind, data)
				if c.change != nil {
					c.change(&f)
				}
				in.Files = append(in.Files, f)
			}
			before := files(t, l.Dir())
			_, err := l.Accept(t.Context(), in)
			wantProblem(t, err, c.code, c.says)
			wantFiles(t, l, before)
		})
	}
}

// wantFiles fails when the store's files are others than want, and names those alone.
func wantFiles(t testing.TB, l *Library, want []string) {
	t.Helper()
	got := files(t, l.Dir())
	for _, f := range want {
		if !slices.Contains(got, f) {
			t.Errorf("%s is gone", f)
		}
	}
	for _, f := range got {
		if !slices.Contains(want, f) {
			t.Errorf("%s was left behind", f)
		}
	}
}

func TestAcceptThatFailsAtAnyStepLeavesEveryFileWhereItWas(t *testing.T) {
	t.Parallel()
	prepare := func(t *testing.T, l *Library) Incoming {
		t.Helper()
		put(t, l, weights(t, 9), Options{Name: "other"})
		accept(t, l, pulled(t, l, "new:v1", 1))
		clearDownloads(t, l)
		return pulled(t, l, "new:v1", 2) // replaces the one before
	}
	var all []string
	l := open(t, t.TempDir())
	in := prepare(t, l)
	l.step = func(s string) error { all = append(all, s); return nil }
	accept(t, l, in)
	for i, step := range all {
		t.Run(fmt.Sprintf("%d %s", i, step), func(t *testing.T) {
			t.Parallel()
			l := open(t, t.TempDir())
			in := prepare(t, l)
			before, n := files(t, l.Dir()), 0
			l.step = func(string) error {
				if n++; n == i+1 {
					return errInjected
				}
				return nil
			}
			m, err := l.Accept(t.Context(), in)
			l.step = nil
			if err != nil {
				wantFiles(t, l, before)
				if m, err = l.Accept(t.Context(), in); err != nil {
					t.Fatalf("the next try fails: %v", err)
				}
			}
			if m.Digest != in.Files[0].Digest {
				t.Errorf("%+v", m)
			}
			l = open(t, l.Dir())
			if _, err := l.Tidy(t.Context()); err != nil {
				t.Error(err)
			}
			clearDownloads(t, l)
			if got := refs(t, l); !slices.Equal(got, []string{"new:v1", "other:Q8_0"}) {
				t.Errorf("%v", got)
			}
			checkSound(t, l)
		})
	}
	t.Logf("%d steps", len(all))
}
