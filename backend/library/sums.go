package library

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// PartBytes is how much of a file one sum of IncomingFile.Parts is of.
const PartBytes = 64 << 20

const sumsFolder = "sums"

// sums are what is known of a large blob's content: when it was last found to be what its name says, and the sums of
// its parts. They are kept beside the store, may be lost, and then cost a read.
type sums struct {
	Bytes     int64     `json:"bytes"`
	Modified  time.Time `json:"modified"` // of the file when it was sound
	PartBytes int64     `json:"partBytes,omitempty"`
	Parts     []string  `json:"parts,omitempty"` // sha256, hexadecimal
	Check     string    `json:"check"`           // sha256 of the other fields: a rotten list of sums must not accuse a sound file
}

func (s sums) check() string {
	return digestOf([]byte(fmt.Sprintf("%d %d %d %s", s.Bytes, s.Modified.UnixNano(), s.PartBytes, strings.Join(s.Parts, " "))))
}

func (l *Library) sumsPath(digest string) string {
	return filepath.Join(l.Dir(), sumsFolder, "sha256-"+strings.TrimPrefix(strings.ToLower(digest), "sha256:")+".json")
}

func (l *Library) readSums(digest string) (sums, bool) {
	var s sums
	data, _, err := readSmall(l.sumsPath(digest))
	if err != nil || json.Unmarshal(data, &s) != nil || s.Check != s.check() {
		return sums{}, false
	}
	return s, true
}

// note writes down that a blob is sound now, with the sums of its parts if they are known.
func (l *Library) note(digest string, parts []string) {
	info, err := os.Stat(l.blob(digest))
	if err != nil || info.Size() <= maxSmall && len(parts) < 2 && l.original(digest) == "" {
		return // small enough to be read whenever its content matters
	}
	s := sums{Bytes: info.Size(), Modified: info.ModTime()}
	if had, ok := l.readSums(digest); ok && len(parts) == 0 {
		parts = had.Parts
	}
	if int64(len(parts)) == (info.Size()+l.partBytes-1)/l.partBytes && allSums(parts) {
		s.PartBytes, s.Parts = l.partBytes, parts
	}
	s.Check = s.check()
	data, err := json.Marshal(s)
	if err == nil {
		_ = l.writeFile(l.sumsPath(digest), data)
	}
}

func allSums(parts []string) bool {
	for _, p := range parts {
		if !isSHA256(p) {
			return false
		}
	}
	return len(parts) > 0
}

// proven reports whether a blob is there and known to be what its name says: unchanged since it was last read whole, or
// small enough to be read now.
func (l *Library) proven(digest string) bool {
	path := l.blob(digest)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if info.Size() <= maxSmall {
		data, _, err := readSmall(path)
		return err == nil && digestOf(data) == strings.ToLower(digest)
	}
	s, ok := l.readSums(digest)
	return ok && s.Bytes == info.Size() && s.Modified.Equal(info.ModTime())
}

// Has reports whether the library has a file with this digest, so that it need not be fetched. One that nobody has
// verified since it was written is read whole.
func (l *Library) Has(ctx context.Context, digest string) bool {
	path := l.blob(digest)
	if path == "" {
		return false
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if s, ok := l.readSums(digest); ok && s.Bytes == info.Size() && s.Modified.Equal(info.ModTime()) {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	sum, parts, err := sumsOf(ctx, f, info.Size(), l.partBytes, nil)
	if err != nil || "sha256:"+sum != strings.ToLower(digest) {
		return false
	}
	if free, ok := l.tryChange(); ok {
		l.note(digest, parts)
		free()
	}
	return true
}

// sumsOf reads a file and returns its sha256 and those of its parts, hexadecimal.
func sumsOf(ctx context.Context, r io.Reader, size, each int64, progress func(int64)) (sum string, parts []string, err error) {
	h := newHasher(each)
	_, err = copyWith(ctx, h, r, size, func(done, _ int64) {
		if progress != nil {
			progress(done)
		}
	})
	return h.sum(), h.parts(), err
}

// hasher takes the sha256 of what is written to it, whole and in parts.
type hasher struct {
	whole, part hash.Hash
	each, left  int64
	done        []string
}

func newHasher(each int64) *hasher {
	return &hasher{whole: sha256.New(), part: sha256.New(), each: each, left: each}
}

func (h *hasher) Write(p []byte) (int, error) {
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

func (h *hasher) cut() {
	h.done = append(h.done, fmt.Sprintf("%x", h.part.Sum(nil)))
	h.part.Reset()
	h.left = h.each
}

func (h *hasher) sum() string { return fmt.Sprintf("%x", h.whole.Sum(nil)) }

func (h *hasher) parts() []string {
	if h.left < h.each || len(h.done) == 0 {
		h.cut()
	}
	return h.done
}
