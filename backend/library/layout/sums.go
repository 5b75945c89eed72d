package layout

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Sums are what is known of a large blob's content: when it was last found to be what its name says, and the sums of
// its parts. They are kept beside the store, may be lost, and then cost a read.
type Sums struct {
	Bytes     int64     `json:"bytes"`
	Modified  time.Time `json:"modified"` // of the file when it was sound
	PartBytes int64     `json:"partBytes,omitempty"`
	Parts     []string  `json:"parts,omitempty"` // sha256, hexadecimal
	Check     string    `json:"check"`           // sha256 of the other fields: a rotten list of sums must not accuse a sound file
}

func (s Sums) check() string {
	return DigestOf([]byte(fmt.Sprintf("%d %d %d %s", s.Bytes, s.Modified.UnixNano(), s.PartBytes, strings.Join(s.Parts, " "))))
}

// Describes reports whether a file has not been written to since it was sound.
func (s Sums) Describes(info fs.FileInfo) bool {
	return s.Bytes == info.Size() && s.Modified.Equal(info.ModTime())
}

// ReadSums returns the sums of a blob; ok is false where there are none, or damaged ones.
func (s Store) ReadSums(digest string) (Sums, bool) {
	var known Sums
	data, _, err := ReadSmall(s.SumsPath(digest))
	if err != nil || json.Unmarshal(data, &known) != nil || known.Check != known.check() {
		return Sums{}, false
	}
	return known, true
}

// Note writes down that a blob is sound now, with the sums of its parts if they are known.
func (s Store) Note(digest string, parts []string) {
	info, err := os.Stat(s.Blob(digest))
	if err != nil || info.Size() <= MaxSmall && len(parts) < 2 && s.Original(digest) == "" {
		return // small enough to be read whenever its content matters
	}
	now := Sums{Bytes: info.Size(), Modified: info.ModTime()}
	if had, ok := s.ReadSums(digest); ok && len(parts) == 0 {
		parts = had.Parts
	}
	if int64(len(parts)) == (info.Size()+s.PartBytes()-1)/s.PartBytes() && allSums(parts) {
		now.PartBytes, now.Parts = s.PartBytes(), parts
	}
	now.Check = now.check()
	data, err := json.Marshal(now)
	if err == nil {
		_ = s.WriteFile(s.SumsPath(digest), data)
	}
}

func allSums(parts []string) bool {
	for _, p := range parts {
		if !IsSHA256(p) {
			return false
		}
	}
	return len(parts) > 0
}

// Proven reports whether a blob is there and known to be what its name says: unchanged since it was last read whole, or
// small enough to be read now.
func (s Store) Proven(digest string) bool {
	path := s.Blob(digest)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if info.Size() <= MaxSmall {
		data, _, err := ReadSmall(path)
		return err == nil && DigestOf(data) == strings.ToLower(digest)
	}
	known, ok := s.ReadSums(digest)
	return ok && known.Describes(info)
}
