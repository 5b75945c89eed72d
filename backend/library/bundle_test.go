package library

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library/layout"
)

// exports gives a model of every kind, each exported, and the library it is from.
func exports(t testing.TB) (*Library, map[string]Bundle) {
	t.Helper()
	l := open(t, t.TempDir())
	in := pulled(t, l, "hf.co/owner/repo:Q8_0", 1)
	in.Licence = backend.Licence{Name: "MIT", OpenSource: true, Commercial: true}
	in.Files = append(in.Files, fetched(t, l, backend.KindProjector, gguftest.Projector(1).Bytes()), fetched(t, l, backend.KindSystem, []byte("Be brief.")))
	in.Files[0].Address = "https://example.org/a"
	accept(t, l, in)
	dir, names := split(t, 2, 3)
	put(t, l, filepath.Join(dir, names[0]), Options{Ref: "parts"})
	put(t, l, must(savedOne(t, gguftest.Adapter(1))), Options{Ref: "lora"})
	clearDownloads(t, l)
	out := map[string]Bundle{}
	to := t.TempDir()
	for _, ref := range []string{"hf.co/owner/repo:Q8_0", "parts", "lora"} {
		var done, total int64
		b, err := l.Export(t.Context(), ref, to, func(d, n int64) { done, total = d, n })
		if err != nil || done != total || total == 0 {
			t.Fatalf("%s: %v, %d of %d", ref, err, done, total)
		}
		out[ref] = b
	}
	return l, out
}

func TestExportedModelIsImportedElsewhere(t *testing.T) {
	t.Parallel()
	l, bundles := exports(t)
	to := open(t, t.TempDir())
	for ref, b := range bundles {
		t.Run(ref, func(t *testing.T) {
			m := put(t, to, b.Dir, Options{})
			if ref == "lora" {
				a, was := must(to.Adapters(t.Context())), must(l.Adapters(t.Context()))
				if len(a) != 1 || a[0].Digest != was[0].Digest || a[0].Ref != was[0].Ref {
					t.Errorf("%+v, was %+v", a, was)
				}
				return
			}
			was, got := must(l.Inspect(t.Context(), ref)), must(to.Inspect(t.Context(), m.Ref))
			if m.Ref != was.Model.Ref || m.Name != was.Model.Name || m.Licence != was.Model.Licence || m.Source != SourceImport {
				t.Errorf("%+v, was %+v", m, was.Model)
			}
			if got.LicenceText != was.LicenceText || got.System != was.System || got.Params != was.Params || got.Template != was.Template || len(got.Files) != len(was.Files) || !slices.Equal(got.Mix, was.Mix) || got.Address != was.Address || got.Revision != was.Revision {
				t.Errorf("%+v, was %+v", got, was)
			}
			a, b2 := entryOf(t, l, was.Model.Ref), entryOf(t, to, m.Ref)
			ca, _ := l.store().ReadConfig(a.Manifest.Config)
			cb, _ := to.store().ReadConfig(b2.Manifest.Config)
			if ca.Renderer != cb.Renderer || !slices.Equal(a.Manifest.Weights(), b2.Manifest.Weights()) || cb.Ours.Files[got.Model.Digest].Address != ca.Ours.Files[got.Model.Digest].Address {
				t.Errorf("%+v, was %+v", cb, ca)
			}
			if again := put(t, to, filepath.Join(b.Dir, bundleSums), Options{}); again.Ref != m.Ref {
				t.Errorf("imported twice: %s", again.Ref)
			}
		})
	}
	checkSound(t, to)
}

func TestBundleIsForPeopleAndOtherTools(t *testing.T) {
	t.Parallel()
	_, bundles := exports(t)
	b := bundles["hf.co/owner/repo:Q8_0"]
	if filepath.Base(b.Dir) != "hf.co-owner-repo-q8_0" {
		t.Error(b.Dir)
	}
	want := []string{"LICENCE.txt", "README.txt", "SHA256SUMS", "chat-template.jinja", "hf.co-owner-repo-q8_0.gguf", "mmproj-hf.co-owner-repo-q8_0.gguf", "params.json", "system.txt", "template.txt", "weightroom.json"}
	if got := files(t, b.Dir); !slices.Equal(got, want) || len(b.Files) != len(want) {
		t.Errorf("%v %v", got, b.Files)
	}
	readme := string(must(os.ReadFile(filepath.Join(b.Dir, bundleReadme))))
	for _, w := range []string{"Licence        MIT", "sha256sum -c SHA256SUMS", "registry.ollama.ai", "Quantization   Q8_0", "llama-server -m hf.co-owner-repo-q8_0.gguf"} {
		if !strings.Contains(readme, w) {
			t.Errorf("%q is not in\n%s", w, readme)
		}
	}
	sums := must(os.ReadFile(filepath.Join(b.Dir, bundleSums)))
	if layout.DigestOf(sums) != "sha256:"+b.Sum {
		t.Error("another checksum of the checksums")
	}
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip(err)
	}
	for ref, b := range bundles {
		cmd := exec.Command(tool, "--strict", "-c", bundleSums)
		cmd.Dir = b.Dir
		if out, err := cmd.CombinedOutput(); err != nil || strings.Count(string(out), ": OK") != len(b.Files)-1 {
			t.Errorf("%s: %s %v", ref, out, err)
		}
	}
}

func TestChangedBundleIsRefused(t *testing.T) {
	t.Parallel()
	_, bundles := exports(t)
	seed := uint64(5)
	r := rand.New(rand.NewPCG(seed, 0))
	flips, trials := often("WEIGHTROOM_FLIPS", 60), 0
	refused := func(t *testing.T, name, dir string) {
		t.Helper()
		trials++
		l := open(t, t.TempDir())
		_, err := l.Import(t.Context(), dir, Options{})
		if e := backend.Readable(err); err == nil || e.Code == backend.CodeInternal || e.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if left := files(t, l.Dir()); len(left) != 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
	for ref, b := range bundles {
		names := files(t, b.Dir)
		for _, name := range names {
			path := filepath.Join(b.Dir, name)
			was := must(os.ReadFile(path))
			for way, harm := range map[string]func() error{
				"deleted": func() error { return os.Remove(path) },
				"emptied": func() error { return os.Truncate(path, 0) },
				"cut":     func() error { return os.Truncate(path, int64(len(was)-1)) },
				"longer":  func() error { return os.WriteFile(path, append(bytes.Clone(was), 'x'), 0o600) },
			} {
				if name == bundleSums && way != "longer" && way != "emptied" || name == bundleList && way == "deleted" {
					continue // no bundle any more, or one with fewer checksums: below
				}
				if err := harm(); err != nil {
					t.Fatal(err)
				}
				refused(t, fmt.Sprintf("%s: %s %s", ref, name, way), b.Dir)
				if err := os.WriteFile(path, was, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range flips / len(bundles) {
			path := filepath.Join(b.Dir, names[r.IntN(len(names))])
			was := must(os.ReadFile(path))
			data := bytes.Clone(was)
			at := r.IntN(len(data))
			data[at] ^= 1 << r.IntN(8)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if path == filepath.Join(b.Dir, bundleSums) && bytes.EqualFold(data, was) {
				continue // an upper-case digit is the same digit
			}
			refused(t, fmt.Sprintf("%s: %s, bit at %d", ref, filepath.Base(path), at), b.Dir)
			if err := os.WriteFile(path, was, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d of %d changed folders refused", trials, trials)
}

func TestHostileBundleLeadsNowhere(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret.gguf")
	if err := os.WriteFile(secret, gguftest.Small(9).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"a path": secret, "a path up": "../secret.gguf", "with a backslash": "..\\secret.gguf", "of a device": "C:secret", "no name": "", "with a newline": "a\nb"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			list := []byte(fmt.Sprintf(`{"version":1,"ref":"a:b","kind":"model","config":{},"files":[{"file":%q,"kind":"model","digest":%q,"bytes":12128}]}`, file, layout.DigestOf(gguftest.Small(9).Bytes())))
			sums := fmt.Sprintf("%s  weightroom.json\n%s  %s\n", layout.DigestOf(list)[7:], layout.DigestOf(gguftest.Small(9).Bytes())[7:], file)
			if err := os.WriteFile(filepath.Join(dir, bundleList), list, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, bundleSums), []byte(sums), 0o600); err != nil {
				t.Fatal(err)
			}
			l := open(t, t.TempDir())
			_, err := l.Import(t.Context(), dir, Options{})
			if e := backend.Readable(err); err == nil || e.Code != backend.CodeDamaged {
				t.Errorf("%v", err)
			}
			if left := files(t, l.Dir()); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestExportThatFailsAtAnyStepLeavesNothing(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	put(t, l, weights(t, 1), Options{Ref: "a"})
	for at := 1; ; at++ {
		to, n := t.TempDir(), 0
		l.step = func(string) error {
			if n++; n == at {
				return errInjected
			}
			return nil
		}
		_, err := l.Export(t.Context(), "a", to, nil)
		l.step = nil
		if err == nil {
			t.Logf("%d steps", at-1)
			break
		}
		if left := files(t, to); len(left) != 0 {
			t.Errorf("step %d: left behind: %v", at, left)
		}
	}
	m := must(l.Model(t.Context(), "a"))
	if err := overwrite(m.Path, 9000, "x"); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	_, err := l.Export(t.Context(), "a", to, nil)
	wantProblem(t, err, backend.CodeDamaged, "changed since it was stored")
	_, err = l.Export(t.Context(), "none", to, nil)
	wantProblem(t, err, backend.CodeNotFound, "no model")
	_, err = l.Export(t.Context(), "a", filepath.Join(to, "none"), nil)
	wantProblem(t, err, backend.CodeNotFound, "no such folder")
	if left := files(t, to); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
