package transfer

import (
	"path/filepath"

	"weightroom/backend/fsys"
)

const (
	marginLeast = 4 << 20
	marginMost  = 256 << 20
)

// margin is what should stay free beside a file of n bytes: for the journal, and so that the last byte of the disk is
// not ours.
func margin(n int64) int64 { return min(max(n/64, marginLeast), marginMost) }

// CheckSpace returns an error when need more bytes, and a margin, do not fit on the disk that path is on.
func CheckSpace(path string, need int64) error {
	if need <= 0 {
		return nil
	}
	free, _, err := fsys.Space(filepath.Dir(path))
	if err != nil {
		return nil //nolint:nilerr // a disk that does not tell its space is tried
	}
	if need+margin(need) > free {
		return fsys.Short("this download", need+margin(need)-max(free, 0), "The download then goes on by itself.")
	}
	return nil
}
