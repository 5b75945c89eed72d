package source

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
)

func testBases(t *testing.T) (hub, ollama *url.URL) {
	t.Helper()
	hub, _ = url.Parse(HuggingFaceURL)
	ollama, _ = url.Parse(OllamaURL)
	return hub, ollama
}

func TestReferences(t *testing.T) {
	hub, ollama := testBases(t)
	for ref, want := range map[string]string{
		"llama3.1:8b":                                                  "ollama https registry.ollama.ai library/llama3.1 8b",
		"llama3.1":                                                     "ollama https registry.ollama.ai library/llama3.1 latest",
		"ollama run qwen3:4b":                                          "ollama https registry.ollama.ai library/qwen3 4b",
		"MFDoom/deepseek-r1:7b":                                        "ollama https registry.ollama.ai MFDoom/deepseek-r1 7b",
		"registry.ollama.ai/library/gemma3:1b":                         "ollama https registry.ollama.ai library/gemma3 1b",
		"https://ollama.com/library/gemma3:1b":                         "ollama https registry.ollama.ai library/gemma3 1b",
		"https://ollama.com/someone/model":                             "ollama https registry.ollama.ai someone/model latest",
		"ghcr.io/owner/models/small:Q4_K_M":                            "registry https ghcr.io owner/models/small Q4_K_M",
		"docker.io/ai/smollm2":                                         "registry https index.docker.io ai/smollm2 latest",
		"localhost:5000/library/a:b":                                   "registry http localhost:5000 library/a b",
		"127.0.0.1:5000/library/a:b":                                   "registry http 127.0.0.1:5000 library/a b",
		"[::1]:5000/library/a:b":                                       "registry http [::1]:5000 library/a b",
		"192.168.1.7:5000/library/a:b":                                 "registry https 192.168.1.7:5000 library/a b",
		"registry.local/library/a:b":                                   "registry https registry.local library/a b",
		"127.0.0.1.evil.example/a/b:c":                                 "registry https 127.0.0.1.evil.example a/b c",
		"hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF":                   "huggingface bartowski/Llama-3.2-1B-Instruct-GGUF  ",
		"hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q8_0":              "huggingface bartowski/Llama-3.2-1B-Instruct-GGUF  Q8_0",
		"huggingface.co/a/b@v2:Q8_0":                                   "huggingface a/b v2 Q8_0",
		"https://huggingface.co/a/b":                                   "huggingface a/b  ",
		"https://huggingface.co/a/b/tree/main":                         "huggingface a/b main ",
		"https://huggingface.co/a/b/tree/main/Q4_K_M":                  "huggingface a/b main Q4_K_M",
		"https://huggingface.co/a/b/blob/main/dir/x-Q4_K_M.gguf":       "huggingface a/b main dir/x-Q4_K_M.gguf",
		"https://huggingface.co/a/b/resolve/main/x.gguf?download=true": "huggingface a/b main x.gguf",
		"hf.co/a/b/resolve/main/x.gguf":                                "huggingface a/b main x.gguf",
		"https://example.org/files/x.gguf":                             "address https://example.org/files/x.gguf",
		"http://127.0.0.1:8080/x.gguf":                                 "address http://127.0.0.1:8080/x.gguf",
	} {
		t.Run(ref, func(t *testing.T) {
			r, err := parseReference(ref, hub, ollama)
			if err != nil {
				t.Fatal(err)
			}
			got := r.source + " "
			switch r.source {
			case HuggingFace:
				got += r.hub.repo() + " " + r.hub.revision + " " + r.hub.quant + r.hub.path
			case Address:
				got += r.file.String()
			default:
				got += r.repo.scheme + " " + r.repo.host() + " " + r.repo.path + " " + r.repo.tag
			}
			if got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestWhatIsNoReferenceIsRefused(t *testing.T) {
	hub, ollama := testBases(t)
	for _, ref := range []string{
		"", " ", "a b", "llama3.1:\t8b", "../a:b", "../etc/passwd", "/etc/passwd", "a/b/c:d", "llama:", "-x", ".hidden", "llama@sha256:12",
		"http://example.org/x.gguf", "http://192.168.1.1/x.gguf", "http://127.0.0.1.evil.example/x.gguf", "ftp://example.org/x.gguf", "file:///etc/x.gguf",
		"https://user:secret@example.org/x.gguf", "https:///x.gguf", "https://example.org/x.bin", "https://example.org/",
		"hf.co/a", "hf.co/a/", "hf.co/a/b@../../x", "hf.co/a/..:Q8_0", "https://huggingface.co/datasets/a/b", "https://huggingface.co/a/b/resolve/main/../../../x.gguf",
		"https://huggingface.co/a/b/resolve/main/x.safetensors", "user:pass@ghcr.io/a/b:c", "ghcr.io/A/B:c", "ghcr.io/a/b:c d",
	} {
		t.Run(ref, func(t *testing.T) {
			r, err := parseReference(ref, hub, ollama)
			if err == nil {
				t.Fatalf("taken for %+v", r)
			}
			downloadtest.Plainly(t, err)
		})
	}
}

func TestReferencesKeepTheirMeaning(t *testing.T) {
	s, err := New(Options{Client: web.NewClient(web.ClientOptions{})})
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		"llama3.1": "llama3.1:latest", "a/b:c": "a/b:c", "ghcr.io/a/b": "ghcr.io/a/b:latest", "https://huggingface.co/a/b/blob/main/x.gguf": "hf.co/a/b:x.gguf",
		"hf.co/a/b@v1": "hf.co/a/b@v1",
	} {
		got, err := s.Normal(ref)
		if err != nil || got != want {
			t.Errorf("%s became %q, %v; want %q", ref, got, err, want)
		}
		if again, err := s.Normal(got); err != nil || again != got {
			t.Errorf("%s became %q, %v", got, again, err)
		}
	}
}

func TestQuantsAreFoundInFileNames(t *testing.T) {
	for name, want := range map[string]string{
		"Llama-3.2-1B-Instruct-Q4_K_M.gguf": "Q4_K_M", "model.Q8_0.gguf": "Q8_0", "gemma-3-4b-it-UD-Q4_K_XL.gguf": "UD-Q4_K_XL", "x-IQ2_XXS.gguf": "IQ2_XXS",
		"x-f16.gguf": "F16", "x-fp16.gguf": "F16", "x-BF16-00001-of-00002.gguf": "BF16", "gpt-oss-20b-mxfp4.gguf": "MXFP4", "x-MXFP4_MOE.gguf": "MXFP4_MOE",
		"Q4_0-in-the-name-Q6_K.gguf": "Q6_K", "x-Q4_0_4_4.gguf": "Q4_0_4_4", "x-TQ1_0.gguf": "TQ1_0", "x-Q3_K_L.gguf": "Q3_K_L", "x-q4_k_m.gguf": "Q4_K_M",
		"smollm2.gguf": "", "phi-3.5-mini.gguf": "", "MiniCPM-Q.gguf": "", "x-Q4_K_Mini.gguf": "", "ggml-model-q2_k.gguf": "Q2_K", "Q4_K_M": "Q4_K_M",
	} {
		if got := quantOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func entries(paths ...string) []hubEntry {
	var out []hubEntry
	for i, p := range paths {
		out = append(out, hubEntry{Path: p, Bytes: int64(1000 + i)})
	}
	return out
}

func TestFormsOfARepository(t *testing.T) {
	forms, projectors := formsOf(entries(
		"README.md", "imatrix.gguf", "x-Q4_K_M.gguf", "x-Q8_0.gguf", "mmproj-x-f16.gguf", "mmproj-BF16.gguf", "sub/mmproj-x-Q8_0.gguf",
		"BF16/x-00001-of-00003.gguf", "BF16/x-00003-of-00003.gguf", "BF16/x-00002-of-00003.gguf", "sub/x-Q2_K-00001-of-00002.gguf", "config.json",
	))
	if len(forms) != 4 || len(projectors) != 3 {
		t.Fatalf("%d forms, %d projectors", len(forms), len(projectors))
	}
	by := map[string]*form{}
	for _, f := range forms {
		by[f.quant] = f
	}
	if f := by["BF16"]; f == nil || !f.whole() || f.files[1].Path != "BF16/x-00002-of-00003.gguf" {
		t.Errorf("the parts of BF16: %+v", f)
	}
	if f := by["Q2_K"]; f == nil || f.whole() {
		t.Errorf("half a model counts as whole: %+v", f)
	}
	if e, ok := projectorFor(by["Q8_0"], projectors); !ok || e.Path != "mmproj-x-f16.gguf" {
		t.Errorf("the projector is %s", e.Path)
	}
	if e, ok := projectorFor(by["Q2_K"], projectors); !ok || e.Path != "sub/mmproj-x-Q8_0.gguf" {
		t.Errorf("the projector beside the model is %s", e.Path)
	}
}

func TestPicking(t *testing.T) {
	forms, _ := formsOf(entries("a-Q8_0.gguf", "a-Q4_K_M.gguf", "b-UD-Q5_K_XL.gguf", "one/c-F16.gguf", "two/c-F16.gguf", "nameless.gguf"))
	for want, file := range map[string]string{
		"": "a-Q4_K_M.gguf", "q8_0": "a-Q8_0.gguf", "Q5_K_XL": "b-UD-Q5_K_XL.gguf", "ud-q5_k_xl": "b-UD-Q5_K_XL.gguf", "two/c-F16.gguf": "two/c-F16.gguf",
		"nameless": "nameless.gguf", "nameless.gguf": "nameless.gguf", "one": "one/c-F16.gguf", "fp16": "several", "Q2_K": "none",
	} {
		got := "none"
		if found := pick(forms, want); len(found) == 1 {
			got = found[0].files[0].Path
		} else if len(found) > 1 {
			got = "several"
		}
		if got != file {
			t.Errorf("%q picks %s, want %s", want, got, file)
		}
	}
}

func FuzzReferences(f *testing.F) {
	for _, seed := range []string{"llama3.1:8b", "a/b:c", "hf.co/a/b@c:d", "https://huggingface.co/a/b/resolve/main/x.gguf?y", "[::1]:5/a/b:c", "ghcr.io/a/b@sha256:" + strings.Repeat("0", 64), "https://example.org/x.gguf?token=y"} {
		f.Add(seed)
	}
	hub, _ := url.Parse(HuggingFaceURL)
	ollama, _ := url.Parse(OllamaURL)
	f.Fuzz(func(t *testing.T, ref string) {
		r, err := parseReference(ref, hub, ollama)
		if err != nil {
			return
		}
		again, err := parseReference(r.ref(), hub, ollama)
		if err != nil {
			t.Fatalf("%q became %q: %v", ref, r.ref(), err)
		}
		if again.ref() != r.ref() || again.source != r.source {
			t.Fatalf("%q became %q and then %q", ref, r.ref(), again.ref())
		}
		if r.source == Registry || r.source == Ollama {
			if u, err := url.Parse(r.repo.base()); err != nil || web.CheckAddress(u) != nil || path.Clean(u.Path) != u.Path {
				t.Fatalf("%q leads to %q", ref, r.repo.base())
			}
		}
	})
}

func FuzzForms(f *testing.F) {
	f.Add("x-Q4_K_M.gguf\nBF16/x-00001-of-00002.gguf\nmmproj.gguf", "Q4_K_M")
	f.Fuzz(func(t *testing.T, paths, want string) {
		forms, projectors := formsOf(entries(strings.Split(paths, "\n")...))
		var whole []*form
		for _, form := range forms {
			if form.whole() {
				whole = append(whole, form)
			}
		}
		for _, form := range pick(whole, want) {
			if len(form.files) == 0 {
				t.Fatal("a form without files")
			}
			projectorFor(form, projectors)
			if found := pick(whole, nameFor(form, whole)); !slices.Contains(found, form) {
				t.Fatalf("%q is not what its name %q picks", form.label, nameFor(form, whole))
			}
		}
	})
}
