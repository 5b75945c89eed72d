package layout

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

// SumsOf reads a file and returns its sha256 and those of its parts, hexadecimal.
func SumsOf(ctx context.Context, r io.Reader, size, each int64, progress func(int64)) (sum string, parts []string, err error) {
	h := NewHasher(each)
	_, err = Copy(ctx, h, r, size, func(done, _ int64) {
		if progress != nil {
			progress(done)
		}
	})
	return h.Sum(), h.Parts(), err
}

// SumOf returns the sha256 of a file, hexadecimal.
func SumOf(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := Copy(ctx, sum, f, 0, nil); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// Hasher takes the sha256 of what is written to it, whole and in parts.
type Hasher struct {
	whole, part hash.Hash
	each, left  int64
	done        []string
}

// NewHasher returns a hasher with parts of each bytes.
func NewHasher(each int64) *Hasher {
	return &Hasher{whole: sha256.New(), part: sha256.New(), each: each, left: each}
}

// Write never fails.
func (h *Hasher) Write(p []byte) (int, error) {
	_, _ = h.whole.Write(p) // a hash never fails
	all := len(p)
	for n := len(p); n > 0; n = len(p) {
		if h.left == 0 {
			h.cut()
		}
		k := int(min(int64(n), h.left))
		_, _ = h.part.Write(p[:k])
		h.left -= int64(k)
		p = p[k:]
	}
	return all, nil
}

func (h *Hasher) cut() {
	h.done = append(h.done, fmt.Sprintf("%x", h.part.Sum(nil)))
	h.part.Reset()
	h.left = h.each
}

// Sum returns the sha256 of all that was written.
func (h *Hasher) Sum() string { return fmt.Sprintf("%x", h.whole.Sum(nil)) }

// Parts returns the sha256 of each part; it ends the last one.
func (h *Hasher) Parts() []string {
	if h.left < h.each || len(h.done) == 0 {
		h.cut()
	}
	return h.done
}

const copySize = 1 << 20

// Copy copies up to total bytes, and stops when ctx does.
func Copy(ctx context.Context, to io.Writer, from io.Reader, total int64, progress func(done, total int64)) (int64, error) {
	buffer := make([]byte, copySize)
	var done int64
	for {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return done, err
			}
			done += int64(n)
			if progress != nil {
				progress(done, total)
			}
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, ExplainSource(err)
		}
	}
}
