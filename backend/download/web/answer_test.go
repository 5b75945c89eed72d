package web

import "testing"

// FuzzContentRange holds: what is read from a header is a range inside its file.
func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes 5-9/*", "bytes */10", "bytes 9-5/10", "bytes 0-99999999999999999/999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		from, to, size, ok := contentRange(s)
		if ok && (from < 0 || to <= from || size >= 0 && to > size || size < -1) {
			t.Errorf("%q: %d to %d of %d", s, from, to, size)
		}
	})
}
