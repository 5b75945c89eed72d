package downloadtest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
)

// Data is a file that exists only by its seed: any part of it can be had without the rest.
type Data struct {
	Seed uint64
	Size int64
}

// ReadAt returns the bytes at off.
func (d Data) ReadAt(p []byte, off int64) (int, error) {
	if off >= d.Size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), d.Size-off))
	var word [8]byte
	for i := 0; i < n; {
		at := off + int64(i)
		if at%8 == 0 && n-i >= 8 {
			binary.LittleEndian.PutUint64(p[i:], d.word(at/8))
			i += 8
			continue
		}
		binary.LittleEndian.PutUint64(word[:], d.word(at/8))
		i += copy(p[i:n], word[at%8:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// word is splitmix64.
func (d Data) word(i int64) uint64 {
	z := d.Seed*0x2545F4914F6CDD1D + uint64(i+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Bytes returns the part [from, to).
func (d Data) Bytes(from, to int64) []byte {
	p := make([]byte, to-from)
	_, _ = d.ReadAt(p, from) // a part inside the file is always there
	return p
}

// Digest returns "sha256:…" of the whole.
func (d Data) Digest() string {
	h := sha256.New()
	_, _ = io.Copy(h, io.NewSectionReader(d, 0, d.Size)) // neither can fail
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
