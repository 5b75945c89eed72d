package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// IsSHA256 reports whether s is a sha256 in hexadecimal.
func IsSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

// DigestOf returns the digest of data: "sha256:" and 64 hexadecimal digits.
func DigestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// MaxSmall is the most bytes that a manifest, a config or another small file may have; real ones are under 4 KiB.
const MaxSmall = 1 << 20

// ReadSmall reads a file that is at most MaxSmall long, and returns when it was written. A longer one is an error.
func ReadSmall(path string) ([]byte, time.Time, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > MaxSmall {
		return nil, info.ModTime(), fmt.Errorf("%s is not a small file", filepath.Base(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, info.ModTime(), err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, MaxSmall))
	return data, info.ModTime(), err
}
