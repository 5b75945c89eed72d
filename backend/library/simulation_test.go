package library

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
)

// TestRandomOperationsAgreeWithAMap does anything to a library, in any order, and compares it after each step with a
// plain map from references to the digests of weights.
func TestRandomOperationsAgreeWithAMap(t *testing.T) {
	t.Parallel()
	seed := uint64(often("WEIGHTROOM_SEED", 11))
	steps := often("WEIGHTROOM_STEPS", 120)
	r := rand.New(rand.NewPCG(seed, 0))
	s := &simulation{l: open(t, t.TempDir()), want: map[string]string{}, adapters: map[string]string{}, theirs: tree(t, map[string][]byte{}), out: t.TempDir()}
	for i := range steps {
		did := s.step(t, r)
		s.compare(t)
		if t.Failed() {
			t.Fatalf("seed %d, step %d: %s", seed, i, did)
		}
	}
	checkSound(t, s.l)
	for _, ref := range append(slices.Collect(maps.Keys(s.want)), slices.Collect(maps.Keys(s.adapters))...) {
		if _, err := s.l.Remove(t.Context(), ref); err != nil {
			t.Error(err)
		}
	}
	if left := files(t, s.l.Dir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("%d operations, seed %d: %v", steps, seed, s.count)
}

type simulation struct {
	l        *Library
	want     map[string]string // weights by reference
	adapters map[string]string
	theirs   string // the folder of another app
	out      string // exported models
	moves    int
	count    [9]int
}

// step does one operation, on the library and on the maps.
func (s *simulation) step(t *testing.T, r *rand.Rand) string {
	what := r.IntN(len(s.count))
	s.count[what]++
	seed := byte(r.IntN(6))
	some := slices.Sorted(maps.Keys(s.want))
	switch what {
	case 0:
		m := put(t, s.l, weights(t, seed), Options{Ref: fmt.Sprintf("own-%d", seed)})
		s.want[m.Ref] = m.Digest
		return "import " + m.Ref
	case 1: // the next version of what was fetched under this name
		ref := fmt.Sprintf("hf.co/owner/r%d:v", r.IntN(3))
		m := accept(t, s.l, pulled(t, s.l, ref, seed))
		clearDownloads(t, s.l)
		if _, here := s.want[ref]; m.Ref != ref && !here {
			t.Errorf("%s became %s", ref, m.Ref)
		}
		s.want[m.Ref] = m.Digest
		return "accept " + m.Ref
	case 2:
		dir, names := split(t, 100+seed, 2)
		m := put(t, s.l, filepath.Join(dir, names[r.IntN(2)]), Options{Ref: fmt.Sprintf("split-%d", seed)})
		s.want[m.Ref] = m.Digest
		return "import parts " + m.Ref
	case 3:
		a := put(t, s.l, must(savedOne(t, gguftest.Adapter(seed%2))), Options{Ref: fmt.Sprintf("lora-%d", seed%2)})
		s.adapters[a.Ref] = a.Digest
		if len(some) > 0 {
			m, err := s.l.Attach(t.Context(), some[r.IntN(len(some))], a.Ref, "")
			if err != nil && backend.Readable(err).Code == backend.CodeInternal {
				t.Error(err)
			} else if err == nil {
				s.want[m.Ref] = m.Digest
			}
		}
		return "adapter " + a.Ref
	case 4:
		path := filepath.Join(s.theirs, fmt.Sprintf("t%d.gguf", seed))
		if _, err := os.Stat(path); err != nil {
			if err := os.WriteFile(path, named(50+seed, "T"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found := must(s.l.ScanFolder(t.Context(), s.theirs))
		how := []string{HowSymlink, "", HowCopy}[r.IntN(3)]
		m, err := s.l.Adopt(t.Context(), found[r.IntN(len(found))], AdoptOptions{How: how})
		if err != nil {
			t.Fatal(err)
		}
		s.want[m.Ref] = m.Digest
		return "adopt " + m.Ref + " " + how
	case 5, 6:
		if len(some) == 0 {
			return "nothing"
		}
		ref := some[r.IntN(len(some))]
		if what == 6 {
			if _, err := s.l.Remove(t.Context(), ref); err != nil {
				t.Error(err)
			}
			delete(s.want, ref)
			return "remove " + ref
		}
		b, err := s.l.Export(t.Context(), ref, s.out, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.IntN(2) == 0 {
			if _, err := s.l.Remove(t.Context(), ref); err != nil {
				t.Error(err)
			}
			delete(s.want, ref)
		}
		m := put(t, s.l, b.Dir, Options{})
		s.want[m.Ref] = m.Digest
		return "export and import " + ref + " as " + m.Ref
	case 7:
		s.moves++
		s.l.apart = r.IntN(2) == 0
		if err := s.l.Move(t.Context(), filepath.Join(s.out, fmt.Sprintf("moved-%d", s.moves)), nil); err != nil {
			t.Error(err)
		}
		return "move"
	}
	s.l = open(t, s.l.home)
	if _, err := s.l.Tidy(t.Context()); err != nil {
		t.Error(err)
	}
	return "open again"
}

func (s *simulation) compare(t *testing.T) {
	t.Helper()
	have := map[string]string{}
	for _, m := range models(t, s.l) {
		have[m.Ref] = m.Digest
	}
	if !maps.Equal(have, s.want) {
		t.Errorf("the library has %v, not %v", have, s.want)
	}
	adapters := map[string]string{}
	for _, a := range must(s.l.Adapters(t.Context())) {
		adapters[a.Ref] = a.Digest
	}
	if !maps.Equal(adapters, s.adapters) {
		t.Errorf("the library has %v, not %v", adapters, s.adapters)
	}
	if b := must(s.l.Broken(t.Context())); len(b) != 0 {
		t.Errorf("broken: %+v", b)
	}
}
