package transfer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"weightroom/backend/download/downloadtest"
	"weightroom/backend/download/web"
)

// leave is what an earlier process has left, by the suffix of the file's name.
type leave map[string][]byte

func leftBy(t *testing.T, path string) leave {
	t.Helper()
	l := leave{}
	for _, suffix := range []string{"", suffixPart, suffixState} {
		if data, err := os.ReadFile(path + suffix); err == nil {
			l[suffix] = data
		}
	}
	return l
}

// TestNoLeftoverHasToBeDeletedByHand damages what an earlier process has left in every way, and then just fetches.
func TestNoLeftoverHasToBeDeletedByHand(t *testing.T) {
	t.Parallel()
	states, r := downloadtest.Trials(t, "WEIGHTROOM_STATES", 150, 5000), downloadtest.Random(t)
	data := downloadtest.Data{Seed: 40, Size: 300<<10 + 77}
	digest := data.Digest()
	s := downloadtest.Serve(t, data)
	f := testFetcher(t, 2)
	f.Piece, f.spans = 16<<10, 64<<10
	var starts []leave
	for _, known := range []string{digest, ""} {
		item, path := itemFor(s, data), downloadtest.Target(t)
		item.Digest = known
		// Interrupted: the journal of a whole fetch, cut to its first records, is that of an interrupted one.
		if _, err := f.Fetch(t.Context(), item, path, nil); err != nil {
			t.Fatal(err)
		}
		whole := leftBy(t, path)
		starts = append(starts, whole)
		starts = append(starts, leave{suffixPart: whole[""], suffixState: whole[suffixState]})
		for _, share := range []int{2, 3} {
			starts = append(starts, leave{suffixPart: whole[""], suffixState: whole[suffixState][:len(whole[suffixState])/share]})
		}
	}
	dir := t.TempDir()
	for i := range states {
		path := filepath.Join(dir, fmt.Sprint(i), "file")
		os.MkdirAll(filepath.Dir(path), 0o755)
		item, which := web.Item{Name: "weights", Bytes: data.Size, Link: fixed(s.URL + "/weights")}, r.IntN(len(starts))
		if which < len(starts)/2 {
			item.Digest = digest
		}
		for suffix, content := range starts[which] {
			os.WriteFile(path+suffix, content, 0o600)
		}
		var what string
		for range 1 + r.IntN(2) {
			suffix := []string{"", suffixPart, suffixState, suffixState + ".new"}[r.IntN(4)]
			what += fmt.Sprintf("file%s %s; ", suffix, downloadtest.Damage(r, path+suffix, starts[which]))
		}
		if _, err := f.Fetch(t.Context(), item, path, nil); err != nil {
			t.Fatalf("state %d (start %d: %s): %v", i, which, what, err)
		}
		if err := downloadtest.SameFile(path, data); err != nil {
			t.Fatalf("state %d (start %d: %s): %v", i, which, what, err)
		}
		if _, err := os.Lstat(filepath.Join(dir, fmt.Sprint(i), "elsewhere")); err == nil {
			t.Fatalf("state %d: a link was followed", i)
		}
		os.RemoveAll(filepath.Dir(path))
	}
	t.Logf("%d states healed alone, 0 left", states)
}

// TestOnlyTheRightBytesGetTheName is promise 10 where it can be broken: at each change of a byte, order or length on
// the way, and with something planted where the file should come to lie.
func TestOnlyTheRightBytesGetTheName(t *testing.T) {
	t.Parallel()
	mutations, r := downloadtest.Trials(t, "WEIGHTROOM_MUTATIONS", 100, 100_000), downloadtest.Random(t)
	data := downloadtest.Data{Seed: 42, Size: 40<<10 + 5}
	right := data.Bytes(0, data.Size)
	s := downloadtest.Serve(t, data)
	f := testFetcher(t, 2)
	f.Piece, f.spans = 4<<10, 8<<10
	dir := t.TempDir()
	refused, mended := 0, 0
	whole := itemFor(s, data)
	for i := range mutations {
		seed, times := r.Uint64(), 1+r.IntN(6)
		if r.IntN(3) == 0 {
			times = 1 << 30
		}
		told := 0
		s.Lie = func(a downloadtest.Ask) *downloadtest.Answer {
			if told++; told > times {
				return nil
			}
			return mutated(s, a, seed)
		}
		f.Streams = 1 // the lie counts without a lock
		path := filepath.Join(dir, fmt.Sprint(i))
		switch r.IntN(4) {
		case 0: // a blob planted under the file's own name
			planted := append([]byte(nil), right...)
			planted[r.IntN(len(planted))] ^= 1
			os.WriteFile(path, planted, 0o600)
		case 1: // and as a part
			os.WriteFile(path+suffixPart, make([]byte, r.IntN(2*len(right))), 0o600)
		}
		_, err := f.Fetch(t.Context(), whole, path, nil)
		if err != nil {
			downloadtest.Plainly(t, err)
			refused++
			if _, statErr := os.Lstat(path); statErr == nil {
				t.Fatalf("mutation %d (seed %d): refused, and there: %v", i, seed, err)
			}
		} else {
			mended++
			if got, _ := os.ReadFile(path); string(got) != string(right) {
				t.Fatalf("mutation %d (seed %d): wrong bytes were accepted", i, seed)
			}
		}
		Remove(path)
	}
	t.Logf("%d mutations: 0 accepted, %d refused plainly, %d ended with the right bytes", mutations, refused, mended)
}

// mutated is an honest answer with one thing changed in its bytes.
func mutated(s *downloadtest.Server, a downloadtest.Ask, seed uint64) *downloadtest.Answer {
	r := rand.New(rand.NewPCG(seed, 1))
	answer := s.Honest(a)
	from, to := a.From, a.To
	if !a.Ranged {
		from, to = 0, s.Size
	}
	body := make([]byte, to-from)
	s.File.ReadAt(body, from)
	switch r.IntN(7) {
	case 0:
		body[r.IntN(len(body))] ^= 1 << r.IntN(8)
	case 1: // two parts swapped
		half := len(body) / 2
		body = append(append([]byte(nil), body[half:]...), body[:half]...)
	case 2: // the part of another place
		s.File.ReadAt(body, r.Int64N(s.Size-int64(len(body))+1))
	case 3:
		body = body[:r.IntN(len(body))]
	case 4:
		body = append(body, byte(r.Uint32()))
		answer.Header[len(answer.Header)-1][1] = fmt.Sprint(len(body))
	case 5:
		clear(body[r.IntN(len(body)):])
	default: // one byte lost, one won
		at := r.IntN(len(body))
		body = append(append(append([]byte(nil), body[:at]...), body[at+1:]...), 0)
	}
	answer.Body = bytes.NewReader(body)
	return answer
}
