package library

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
	"weightroom/backend/library/layout"
)

// inParts gives a library whose parts are small, with a model of many of them.
func inParts(t testing.TB) (*Library, backend.Model, []byte) {
	t.Helper()
	l := open(t, t.TempDir())
	l.partBytes = 1 << 10
	in := Incoming{Ref: "tiny:v1", Files: []IncomingFile{fetched(t, l, backend.KindModel, gguftest.Small(1).Bytes())}}
	in.Files[0].Verified, in.Files[0].Address = false, "https://example.org/tiny.gguf"
	m := accept(t, l, in)
	clearDownloads(t, l)
	return l, m, must(os.ReadFile(m.Path))
}

// from serves a file, and notes what was asked for.
func from(data []byte, asked *[]Part) Fetch {
	return func(_ context.Context, off, n int64) (io.ReadCloser, error) {
		*asked = append(*asked, Part{Offset: off, Bytes: n})
		return io.NopCloser(bytes.NewReader(data[off : off+n])), nil
	}
}

func TestFlippedBitIsRepairedByItsPartAlone(t *testing.T) {
	t.Parallel()
	l, m, good := inParts(t)
	other := put(t, l, weights(t, 2), Options{Name: "other"})
	seed := uint64(3)
	r := rand.New(rand.NewPCG(seed, 0))
	flips, fetched := often("WEIGHTROOM_FLIPS", 60), int64(0)
	for i := range flips {
		at := r.IntN(len(good))
		rotten := bytes.Clone(good)
		rotten[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(m.Path, rotten, 0o600); err != nil {
			t.Fatal(err)
		}
		bad, err := l.Verify(t.Context(), "", nil)
		want := int64(at) / l.partBytes * l.partBytes
		if err != nil || len(bad) != 1 || len(bad[0].Parts) != 1 || bad[0].Parts[0].Offset != want || bad[0].Address != "https://example.org/tiny.gguf" || bad[0].Hint == "" {
			t.Fatalf("flip %d at %d: %+v %v", i, at, bad, err)
		}
		var asked []Part
		n, err := l.Repair(t.Context(), m.Digest, from(good, &asked), nil)
		if err != nil || n != bad[0].Parts[0].Bytes || len(asked) != 1 || asked[0].Offset != want {
			t.Fatalf("flip %d at %d: %d, %v, %v", i, at, n, asked, err)
		}
		fetched += n
		if got := must(os.ReadFile(m.Path)); !bytes.Equal(got, good) {
			t.Fatal("not repaired")
		}
	}
	if bad, err := l.Verify(t.Context(), other.Ref, nil); err != nil || len(bad) != 0 {
		t.Error(bad, err)
	}
	checkSound(t, l)
	t.Logf("%d of %d flips found in their part and repaired, %d bytes fetched for each of a file of %d", flips, flips, fetched/int64(flips), len(good))
}

func TestDamageOfEveryKindIsRepaired(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(path string, good []byte) error
		most int64 // bytes that a repair may fetch
	}{
		"deleted":         {func(p string, _ []byte) error { return os.Remove(p) }, 1 << 20},
		"emptied":         {func(p string, _ []byte) error { return os.Truncate(p, 0) }, 1 << 20},
		"cut in half":     {func(p string, good []byte) error { return os.Truncate(p, int64(len(good)/2)) }, 7 << 10},
		"cut by one byte": {func(p string, good []byte) error { return os.Truncate(p, int64(len(good)-1)) }, 1 << 10},
		"one byte longer": {func(p string, good []byte) error { return os.WriteFile(p, append(bytes.Clone(good), 0), 0o600) }, 1 << 10},
		"two bits flipped": {func(p string, good []byte) error {
			b := bytes.Clone(good)
			b[100] ^= 1
			b[5000] ^= 1
			return os.WriteFile(p, b, 0o600)
		}, 2 << 10},
		"zeroed":   {func(p string, good []byte) error { return os.WriteFile(p, make([]byte, len(good)), 0o600) }, 1 << 20},
		"a folder": {func(p string, _ []byte) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) }, 1 << 20},
		"sums lost": {func(p string, good []byte) error {
			b := bytes.Clone(good)
			b[100] ^= 1
			return errors.Join(os.WriteFile(p, b, 0o600), os.RemoveAll(filepath.Join(filepath.Dir(filepath.Dir(p)), layout.SumsFolder)))
		}, 1 << 20},
		"nothing is wrong": {func(string, []byte) error { return nil }, 0},
		"the other app's": {func(p string, good []byte) error {
			other := p + ".other"
			b := bytes.Clone(good)
			b[9000] ^= 1
			return errors.Join(os.WriteFile(other, b, 0o600), os.Remove(p), os.Symlink(other, p))
		}, 1 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			l, m, good := inParts(t)
			if err := c.harm(m.Path, good); err != nil {
				t.Fatal(err)
			}
			var asked []Part
			n, err := l.Repair(t.Context(), m.Digest, from(good, &asked), func(done, total int64) {
				if done > total || total != int64(len(good)) {
					t.Errorf("%d of %d", done, total)
				}
			})
			if err != nil || n > c.most || (n == 0) != (c.most == 0) {
				t.Errorf("fetched %d bytes, %v", n, err)
			}
			if info, err := os.Lstat(m.Path); err != nil || !info.Mode().IsRegular() || !bytes.Equal(must(os.ReadFile(m.Path)), good) {
				t.Errorf("not repaired: %v", err)
			}
			if name == "the other app's" {
				if b := must(os.ReadFile(m.Path + ".other")); bytes.Equal(b, good) {
					t.Error("the other app's file was written")
				}
				_ = os.Remove(m.Path + ".other")
			}
			if _, err := l.Tidy(t.Context()); err != nil {
				t.Error(err)
			}
			checkSound(t, l)
		})
	}
}

func TestRepairThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fetch Fetch
		code  backend.Code
	}{
		"wrong bytes": {func(_ context.Context, _, n int64) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(make([]byte, n))), nil
		}, backend.CodeDamaged},
		"too few": {func(_ context.Context, _, n int64) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(make([]byte, n-1))), nil
		}, backend.CodeTruncated},
		"no answer": {func(context.Context, int64, int64) (io.ReadCloser, error) {
			return nil, backend.Fail(backend.CodeBusy, nil, "a", "b")
		}, backend.CodeBusy},
	} {
		t.Run(name, func(t *testing.T) {
			l, m, good := inParts(t)
			good[100] ^= 1
			if err := os.WriteFile(m.Path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			before := files(t, l.Dir())
			_, err := l.Repair(t.Context(), m.Digest, c.fetch, nil)
			if e := backend.Readable(err); e == nil || e.Code != c.code {
				t.Errorf("%v", err)
			}
			wantFiles(t, l, before)
			if !bytes.Equal(must(os.ReadFile(m.Path)), good) {
				t.Error("the file was changed")
			}
		})
	}
	l, _, _ := inParts(t)
	_, err := l.Repair(t.Context(), "sha256:"+strings.Repeat("0", 64), nil, nil)
	wantProblem(t, err, backend.CodeNotFound, "No model")
}

func TestDamagedSumsAccuseNoSoundFile(t *testing.T) {
	t.Parallel()
	l, m, _ := inParts(t)
	path := l.store().SumsPath(m.Digest)
	good := must(os.ReadFile(path))
	r := rand.New(rand.NewPCG(1, 2))
	for range often("WEIGHTROOM_FLIPS", 60) {
		b := bytes.Clone(good)
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if bad, err := l.Verify(t.Context(), "", nil); err != nil || len(bad) != 0 {
			t.Fatalf("%+v %v", bad, err)
		}
	}
	if s, ok := l.store().ReadSums(m.Digest); !ok || len(s.Parts) != 12 {
		t.Errorf("the sums were not written again: %+v", s)
	}
}

func TestDiskCountsWhatIsSharedOnce(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	base := put(t, l, weights(t, 1), Options{Ref: "base"})
	a := put(t, l, must(savedOne(t, gguftest.Adapter(1))), Options{Ref: "lora"})
	both := must(l.Attach(t.Context(), "base", "lora", "both"))
	alone := put(t, l, weights(t, 2), Options{Ref: "alone"})
	l.MarkUsed(alone.Ref)
	d, err := l.Disk(t.Context())
	if err != nil || len(d.Models) != 4 || d.Loose != 0 || d.Free <= 0 || d.Total < d.Free {
		t.Fatalf("%+v %v", d, err)
	}
	by := map[string]Use{}
	for _, u := range d.Models {
		by[u.Ref] = u
	}
	if u := by[alone.Ref]; u.Frees != alone.Bytes || u.Shared != 0 || u.LastUsed.IsZero() {
		t.Errorf("%+v", u)
	}
	if u := by[base.Ref]; u.Frees > 1000 || u.Shared != 12128 || !u.LastUsed.IsZero() {
		t.Errorf("%+v", u)
	}
	if u := by[both.Ref]; u.Frees > 1000 || u.Shared < 12128+500 {
		t.Errorf("%+v", u)
	}
	if u := by[a.Ref]; !u.Adapter || u.Frees > 1000 {
		t.Errorf("%+v", u)
	}
	for _, u := range d.Models {
		freed, err := l.Remove(t.Context(), u.Ref)
		if err != nil || u.Shared == 0 && freed != u.Frees {
			t.Errorf("%s freed %d, not %d: %v", u.Ref, freed, u.Frees, err)
		}
	}
	if d, err = l.Disk(t.Context()); err != nil || d.Used != 0 || len(d.Models) != 0 {
		t.Errorf("%+v %v", d, err)
	}
}

func adapterOf(seed byte) *gguftest.Builder { return gguftest.Adapter(seed) }

func savedOne(t testing.TB, b *gguftest.Builder) (string, error) {
	return saved(t, map[string]*gguftest.Builder{"x.gguf": b}) + "/x.gguf", nil
}

func TestInspectTellsWhatAModelIsMadeOf(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	in := pulled(t, l, "tiny:v1", 1)
	in.Files[0] = fetched(t, l, backend.KindModel, gguftest.Small(1).Set("tokenizer.chat_template", "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}").Bytes())
	in.Files[0].Address = "https://example.org/x"
	m := accept(t, l, in)
	d, err := l.Inspect(t.Context(), "tiny")
	if err != nil {
		t.Fatal(err)
	}
	if d.Model.Ref != m.Ref || d.Layers != 1 || d.Embedding != 32 || d.Heads != 4 || d.KVHeads != 2 || d.Tokenizer != (Tokenizer{"llama", "", 8}) {
		t.Errorf("%+v", d)
	}
	if len(d.Mix) != 2 || d.Mix[0].Type != "Q8_0" || d.Mix[0].Tensors != 8 || d.Mix[1] != (TypeUse{"F32", 3, 96, 384}) {
		t.Errorf("%+v", d.Mix)
	}
	if d.Template.Known != "ChatML" || d.Template.Ollama != "{{ .Prompt }}" || len(d.Template.SHA256) != 64 {
		t.Errorf("%+v", d.Template)
	}
	if d.LicenceText != "Do what you like." || d.Params != `{"stop":["<end>"]}` || d.Address != "registry.ollama.ai" || d.Frees != m.Bytes {
		t.Errorf("%+v", d)
	}
	if len(d.Files) != 5 || d.Files[1].Kind != backend.KindModel || d.Files[1].How != HowCopy || d.Files[1].Keeps != "" || d.Files[1].Address != "https://example.org/x" {
		t.Errorf("%+v", d.Files)
	}
	own := put(t, l, weights(t, 2), Options{Ref: "own"})
	if d, err = l.Inspect(t.Context(), own.Ref); err != nil || d.Template.Known != "" || d.Template.Text == "" || d.LicenceText != "" || d.Params != "" {
		t.Errorf("%+v %v", d, err)
	}
	_, err = l.Inspect(t.Context(), "none")
	wantProblem(t, err, backend.CodeNotFound, "no model")
}

func TestLinkedFileSaysWhatItShares(t *testing.T) {
	t.Parallel()
	l := open(t, t.TempDir())
	path := weights(t, 1)
	m := put(t, l, path, Options{Link: true})
	d := must(l.Inspect(t.Context(), m.Ref))
	i := slices.IndexFunc(d.Files, func(f FileUse) bool { return f.Kind == backend.KindModel })
	if f := d.Files[i]; f.How != HowLink && f.How != HowClone || f.Original != path || f.Keeps == "" {
		t.Errorf("%+v", f)
	}
	if d.Files[i].How == HowLink {
		if d.Frees > 1000 {
			t.Errorf("its removal frees %d, though the original keeps the space", d.Frees)
		}
		if err := os.Remove(path); err != nil { // the other app deletes its own
			t.Fatal(err)
		}
		if d = must(l.Inspect(t.Context(), m.Ref)); d.Frees != m.Bytes || d.Files[i].How != HowCopy {
			t.Errorf("%+v", d)
		}
	}
	checkSound(t, l)
}
