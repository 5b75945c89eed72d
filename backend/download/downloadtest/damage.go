package downloadtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Damage does one thing to what lies at path, as a crash, a disk or a person might, and returns what that was. others
// are files that may come in its place.
func Damage(r *rand.Rand, path string, others map[string][]byte) string {
	data, _ := os.ReadFile(path)
	n := len(data)
	write := func(b []byte) {
		_ = os.RemoveAll(path)
		_ = os.WriteFile(path, b, 0o600)
	}
	switch r.IntN(12) {
	case 0:
		_ = os.RemoveAll(path)
		return "deleted"
	case 1:
		write(nil)
		return "emptied"
	case 2:
		at := r.IntN(n + 1)
		write(data[:at])
		return fmt.Sprint("cut at ", at)
	case 3:
		from := r.IntN(n + 1)
		to := from + r.IntN(n-from+1)
		clear(data[from:to])
		write(data)
		return fmt.Sprint("zeroed ", from, " to ", to)
	case 4:
		clear(data)
		write(data)
		return "zeroed"
	case 5:
		if n > 0 {
			at := r.IntN(n)
			data[at] ^= 1 << r.IntN(8)
			write(data)
			return fmt.Sprint("bit flipped at ", at)
		}
		return "nothing"
	case 6:
		_ = os.RemoveAll(path)
		_ = os.Mkdir(path, 0o755)
		return "replaced by a folder"
	case 7:
		_ = os.RemoveAll(path)
		_ = os.MkdirAll(filepath.Join(path, "inside"), 0o755)
		_ = os.WriteFile(filepath.Join(path, "inside", "x"), []byte("x"), 0o600)
		return "replaced by a folder with something in it"
	case 8:
		write(append(data, make([]byte, 1+r.IntN(5000))...))
		return "longer"
	case 9:
		for _, other := range others {
			write(other)
			return "replaced by another of the files"
		}
		return "nothing"
	case 10:
		_ = os.RemoveAll(path)
		_ = os.Symlink(filepath.Join(filepath.Dir(path), "elsewhere"), path)
		return "replaced by a link to nowhere"
	default:
		from := r.IntN(n + 1)
		to := from + r.IntN(n-from+1)
		write(append(append([]byte(nil), data[:from]...), data[to:]...))
		return fmt.Sprint("bytes ", from, " to ", to, " are gone")
	}
}
