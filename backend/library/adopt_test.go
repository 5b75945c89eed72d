package library

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library/layout"
	"weightroom/backend/library/scan"
)

// tree writes files below a new folder.
func tree(t testing.TB, content map[string][]byte) string {
	t.Helper()
	dir := must(filepath.EvalSymlinks(t.TempDir()))
	for name, data := range content {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func named(seed byte, name string) []byte {
	return gguftest.Small(seed).Set("general.name", name).Bytes()
}

// ollamaHome fills a folder as Ollama does, with one model.
func ollamaStore(t testing.TB, dir, ref string, seed byte) {
	t.Helper()
	other := open(t, t.TempDir())
	accept(t, other, pulled(t, other, ref, seed))
	clearDownloads(t, other)
	for _, sub := range []string{"blobs", "manifests"} {
		if err := os.CopyFS(filepath.Join(dir, sub), os.DirFS(filepath.Join(other.Dir(), sub))); err != nil {
			t.Fatal(err)
		}
	}
}

// huggingFace fills a folder as the hub's client does: files named by their sha256, and links to them.
func huggingFace(t testing.TB, hub, repo, file string, data []byte) {
	t.Helper()
	base := filepath.Join(hub, "models--"+strings.ReplaceAll(repo, "/", "--"))
	blob := filepath.Join(base, "blobs", layout.DigestOf(data)[7:])
	link := filepath.Join(base, "snapshots", "0123abc", file)
	err := errors.Join(os.MkdirAll(filepath.Dir(blob), 0o755), os.MkdirAll(filepath.Dir(link), 0o755), os.WriteFile(blob, data, 0o600), os.Symlink("../../blobs/"+filepath.Base(blob), link))
	if err != nil {
		t.Fatal(err)
	}
}

func TestModelsOfOtherAppsAreFound(t *testing.T) {
	t.Parallel()
	home := tree(t, map[string][]byte{
		".lmstudio/models/pub/repo-GGUF/Aa-Q8_0.gguf":           named(2, "Aa"),
		".lmstudio/models/pub/repo-GGUF/mmproj-Aa-F16.gguf":     gguftest.Projector(1).Bytes(),
		".cache/lm-studio/models/pub/old/Bb.gguf":               named(3, "Bb"),
		".config/Jan/data/llamacpp/models/cc/model.gguf":        named(4, "Cc"),
		".local/share/nomic.ai/GPT4All/Dd.Q8_0.gguf":            named(5, "Dd"),
		".local/share/nomic.ai/GPT4All/incomplete-Xx.gguf.part": named(6, "Xx"),
		".cache/llama.cpp/owner_Ee-GGUF_Ee-Q8_0.gguf":           named(7, "Ee"),
		".cache/llama.cpp/broken.gguf":                          []byte("GGUF"),
	})
	ollamaStore(t, filepath.Join(home, ".ollama", "models"), "ff:8b", 8)
	huggingFace(t, filepath.Join(home, ".cache", "huggingface", "hub"), "owner/Gg-GGUF", "Gg-Q8_0.gguf", named(9, "Gg"))
	for i, p := range gguftest.Split(gguftest.Small(10).Set("general.name", "Hh"), 2) {
		huggingFace(t, filepath.Join(home, ".cache", "huggingface", "hub"), "owner/Hh-GGUF", fmt.Sprintf("Hh-Q8_0-%05d-of-00002.gguf", i+1), p.Bytes())
	}
	env := scan.Env{OS: "linux", Home: home, Get: func(string) string { return "" }}
	l := open(t, t.TempDir())
	put(t, l, must(writeTo(t, named(3, "Bb"))), Options{Ref: "mine"})
	before := contents(t, home)
	found, err := l.ScanApps(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		line := fmt.Sprintf("%s: %s %s, %d files", f.App, f.Ref, f.Kind, len(f.Files))
		if f.InLibrary != "" {
			line += ", is " + f.InLibrary
		}
		if f.Problem != nil {
			line += ", " + string(f.Problem.Code)
		} else if f.Quant != "Q8_0" || f.Architecture != "llama" || f.How == "" || f.Keeps == "" || f.Bytes < 12_000 {
			t.Errorf("%+v", f)
		}
		got = append(got, line)
	}
	want := []string{
		"Ollama: ff:8b model, 5 files", "LM Studio: aa:Q8_0 model, 2 files", "LM Studio: bb:Q8_0 model, 1 files, is mine:Q8_0",
		"Jan: cc:Q8_0 model, 1 files", "Hugging Face: gg:Q8_0 model, 1 files", "Hugging Face: hh:Q8_0 model, 2 files",
		"GPT4All: dd:Q8_0 model, 1 files", "llama.cpp: broken:latest model, 1 files, truncated", "llama.cpp: owner_ee-gguf_ee:Q8_0 model, 1 files",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, f := range found {
		if f.Problem != nil {
			continue
		}
		m, err := l.Adopt(t.Context(), f, AdoptOptions{})
		if err != nil {
			t.Errorf("%s: %v", f.Ref, err)
			continue
		}
		if f.InLibrary != "" && m.Ref != f.InLibrary || f.InLibrary == "" && (m.Ref != f.Ref || m.Source != SourceAdopted) {
			t.Errorf("%s became %+v", f.Ref, m)
		}
	}
	checkSound(t, l)
	if again := must(l.ScanApps(t.Context(), env)); slices.ContainsFunc(again, func(f ForeignModel) bool { return f.InLibrary == "" && f.Problem == nil }) {
		t.Errorf("not recognised: %+v", again)
	}
	for _, m := range models(t, l) {
		if _, err := l.Remove(t.Context(), m.Ref); err != nil {
			t.Error(err)
		}
	}
	if left := files(t, l.Dir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if after := contents(t, home); !slices.Equal(after, before) {
		t.Error("the other apps' files were changed")
	}
}

// contents lists every file below a folder with its content's sum and date.
func contents(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out = append(out, fmt.Sprintf("%s %s %v %v", path, layout.DigestOf(data), info.Mode(), info.ModTime()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func writeTo(t testing.TB, data []byte) (string, error) {
	path := filepath.Join(t.TempDir(), "x.gguf")
	return path, os.WriteFile(path, data, 0o600)
}

func TestPlacesOfEverySystem(t *testing.T) {
	t.Parallel()
	home := tree(t, map[string][]byte{".lmstudio-home-pointer": []byte("/big/lms\n")})
	if runtime.GOOS == "windows" {
		t.Skip("the paths are this system's")
	}
	for name, c := range map[string]struct {
		env  map[string]string
		os   string
		want []string
	}{
		"linux": {nil, "linux", []string{
			"Ollama: ~/.ollama/models", "Ollama: /usr/share/ollama/.ollama/models", "Ollama: /var/lib/ollama/models", "LM Studio: /big/lms/models", "LM Studio: ~/.lmstudio/models", "LM Studio: ~/.cache/lm-studio/models",
			"Jan: ~/.config/Jan/data/llamacpp/models", "Jan: ~/.local/share/Jan/data/llamacpp/models", "Jan: ~/jan/models", "Hugging Face: ~/.cache/huggingface/hub", "GPT4All: ~/.local/share/nomic.ai/GPT4All", "llama.cpp: ~/.cache/llama.cpp",
		}},
		"linux with other folders": {map[string]string{"OLLAMA_MODELS": "/m", "HF_HOME": "/hf", "XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "/d", "LLAMA_CACHE": "/lc"}, "linux", []string{
			"Ollama: /m", "Ollama: ~/.ollama/models", "Hugging Face: /hf/hub", "Hugging Face: /c/huggingface/hub", "GPT4All: /d/nomic.ai/GPT4All", "llama.cpp: /lc", "llama.cpp: /c/llama.cpp",
		}},
		"macOS": {nil, "darwin", []string{
			"Ollama: ~/.ollama/models", "Jan: ~/Library/Application Support/Jan/data/llamacpp/models", "Hugging Face: ~/.cache/huggingface/hub", "GPT4All: ~/Library/Application Support/nomic.ai/GPT4All", "llama.cpp: ~/Library/Caches/llama.cpp",
		}},
		"Windows": {map[string]string{"APPDATA": "/roaming", "LOCALAPPDATA": "/local"}, "windows", []string{
			"Ollama: ~/.ollama/models", "Jan: /roaming/Jan/data/llamacpp/models", "Hugging Face: ~/.cache/huggingface/hub", "GPT4All: /local/nomic.ai/GPT4All", "llama.cpp: /local/llama.cpp", "LM Studio: ~/.lmstudio/models",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range scan.Places(scan.Env{OS: c.os, Home: home, Get: func(k string) string { return c.env[k] }}) {
				got = append(got, p.App+": "+strings.Replace(p.Dir, home, "~", 1))
			}
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("%s is not looked at: %v", w, got)
				}
			}
		})
	}
	for _, p := range scan.Places(scan.Env{OS: "linux", Get: func(string) string { return "" }}) {
		if !filepath.IsAbs(p.Dir) {
			t.Errorf("without a home: %v", p)
		}
	}
}

func TestAdoptedModelTellsWhenItsOriginalIsGoneOrChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm     func(path string) error
		listed   bool
		says     string
		verified string // what Verify says; empty: all is well
	}{
		"deleted":         {os.Remove, false, "not there any more", "not there any more"},
		"moved":           {func(p string) error { return os.Rename(p, p+"2") }, false, "not there any more", "not there any more"},
		"cut":             {func(p string) error { return os.Truncate(p, 100) }, false, "has changed the file", "has changed the file"},
		"another file":    {func(p string) error { return os.WriteFile(p, gguftest.Small(7).Bytes(), 0o600) }, true, "has written to the file", "has changed the file"},
		"no model at all": {func(p string) error { return os.WriteFile(p, make([]byte, 12128), 0o600) }, false, "not a GGUF", "has changed the file"},
		"touched":         {func(p string) error { return os.Chtimes(p, time.Time{}, time.Now().Add(time.Hour)) }, true, "has written to the file", ""},
		"left alone":      {func(string) error { return nil }, true, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, map[string][]byte{"a.gguf": gguftest.Small(1).Bytes()})
			path := filepath.Join(dir, "a.gguf")
			l := open(t, t.TempDir())
			found := must(l.ScanFolder(t.Context(), dir))
			m, err := l.Adopt(t.Context(), found[0], AdoptOptions{How: HowSymlink})
			if err != nil {
				t.Fatal(err)
			}
			d := must(l.Inspect(t.Context(), m.Ref))
			if i := slices.IndexFunc(d.Files, func(f FileUse) bool { return f.Kind == backend.KindModel }); d.Files[i].How != HowSymlink || d.Files[i].Original != path || d.Frees > 1000 {
				t.Errorf("%+v", d.Files[i])
			}
			if broken := must(l.Broken(t.Context())); len(broken) != 0 {
				t.Errorf("%+v", broken)
			}
			if err := c.harm(path); err != nil {
				t.Fatal(err)
			}
			l = open(t, l.Dir())
			if got := len(models(t, l)) == 1; got != c.listed {
				t.Errorf("listed: %v", got)
			}
			broken := must(l.Broken(t.Context()))
			if (len(broken) == 0) != (c.says == "") || len(broken) > 0 && (!strings.Contains(broken[0].Reason+broken[len(broken)-1].Reason, c.says) || broken[0].Hint == "") {
				t.Errorf("%+v, want %q", broken, c.says)
			}
			bad := must(l.Verify(t.Context(), "", nil))
			if (len(bad) == 0) != (c.verified == "") || len(bad) > 0 && !strings.Contains(bad[0].Reason, c.verified) {
				t.Errorf("%+v, want %q", bad, c.verified)
			}
			if c.verified == "" {
				if broken := must(l.Broken(t.Context())); len(broken) != 0 {
					t.Errorf("after it was verified: %+v", broken)
				}
			}
			before := contents(t, dir)
			if _, err := l.Remove(t.Context(), m.Ref); err != nil {
				t.Error(err)
			}
			if after := contents(t, dir); !slices.Equal(after, before) {
				t.Error("the removal touched the other app's file")
			}
			if left := files(t, l.Dir()); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestAdoptedModelSurvivesItsOriginalWhereTheDiskAllows(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"a.gguf": gguftest.Small(1).Bytes()})
	l := open(t, t.TempDir())
	f := must(l.ScanFolder(t.Context(), dir))[0]
	if f.How != HowLink && f.How != HowClone {
		t.Skipf("this disk shares nothing: %s", f.How)
	}
	m, err := l.Adopt(t.Context(), f, AdoptOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := models(t, l); len(got) != 1 || got[0].Ref != m.Ref {
		t.Errorf("%+v", got)
	}
	checkSound(t, l)
}

func TestModelThatChangesWhileItIsAdoptedIsRefused(t *testing.T) {
	t.Parallel()
	for _, how := range []string{HowLink, HowSymlink, HowCopy} {
		t.Run(how, func(t *testing.T) {
			dir := tree(t, map[string][]byte{"a.gguf": gguftest.Small(1).Bytes()})
			l := open(t, t.TempDir())
			f := must(l.ScanFolder(t.Context(), dir))[0]
			_, err := l.Adopt(t.Context(), f, AdoptOptions{How: how, Progress: func(_, _ int64) {
				if err := os.Chtimes(f.Files[0].Path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
			}})
			wantProblem(t, err, backend.CodeInvalid, "changed while")
			if left := files(t, l.Dir()); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestStoreOfAnotherAppThatLiesIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ollamaStore(t, dir, "tiny:v1", 1)
	other := layout.Store{Dir: dir}
	e := must(other.Entries())[0]
	blob := other.Blob(e.Manifest.Weights()[0].Digest)
	data := must(os.ReadFile(blob))
	data[len(data)-1] ^= 1
	if err := os.WriteFile(blob, data, 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, t.TempDir())
	f := must(l.ScanFolder(t.Context(), dir))
	if len(f) != 1 || f[0].Problem != nil {
		t.Fatalf("%+v", f)
	}
	_, err := l.Adopt(t.Context(), f[0], AdoptOptions{})
	wantProblem(t, err, backend.CodeDamaged, "checksum")
	if left := files(t, l.Dir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFolderIsImportedWithPartsAndEyes(t *testing.T) {
	t.Parallel()
	content := map[string][]byte{
		"one/a.gguf": named(1, "Aa"), "one/mmproj-F16.gguf": gguftest.Projector(1).Bytes(), "two/b.gguf": named(2, "Bb"),
		"two/broken.gguf": []byte("not a model"), "two/lora.gguf": gguftest.Adapter(1).Bytes(), "readme.txt": []byte("x"),
	}
	for i, p := range gguftest.Split(gguftest.Small(3).Set("general.name", "Cc"), 2) {
		content[fmt.Sprintf("three/c-%05d-of-00002.gguf", i+1)] = p.Bytes()
	}
	dir := tree(t, content)
	l := open(t, t.TempDir())
	var last, total int64
	got, failed, err := l.ImportFolder(t.Context(), dir, Options{Progress: func(d, n int64) { last, total = d, n }})
	if err != nil || len(got) != 4 || len(failed) != 1 || failed[0].Problem == nil || failed[0].Problem.Code != backend.CodeNotGGUF || last == 0 || last > total {
		t.Fatalf("%+v, %+v, %v, %d of %d", got, failed, err, last, total)
	}
	if list := refs(t, l); !slices.Equal(list, []string{"a:Q8_0", "b:Q8_0", "c:Q8_0"}) {
		t.Errorf("%v", list)
	}
	if m := must(l.Model(t.Context(), "a")); !slices.Contains(m.Capable, "vision") || m.Source != SourceImport {
		t.Errorf("%+v", m)
	}
	if a := must(l.Adapters(t.Context())); len(a) != 1 {
		t.Errorf("%+v", a)
	}
	if err := os.RemoveAll(dir); err != nil { // they are copies
		t.Fatal(err)
	}
	checkSound(t, l)
	_, _, err = l.ImportFolder(t.Context(), t.TempDir(), Options{})
	wantProblem(t, err, backend.CodeNotFound, "no model in this folder")
	_, err = l.ScanFolder(t.Context(), filepath.Join(dir, "none"))
	wantProblem(t, err, backend.CodeNotFound, "no such file")
}

func TestLinksInCirclesEnd(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string][]byte{"a/m.gguf": named(1, "Aa")})
	if err := errors.Join(os.Symlink(dir, filepath.Join(dir, "a", "up")), os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "b")), os.Symlink("nowhere", filepath.Join(dir, "c.gguf"))); err != nil {
		t.Skip(err)
	}
	l := open(t, t.TempDir())
	if found := must(l.ScanFolder(t.Context(), dir)); len(found) != 1 || !bytes.HasSuffix([]byte(found[0].Files[0].Path), []byte("m.gguf")) {
		t.Errorf("%+v", found)
	}
}
