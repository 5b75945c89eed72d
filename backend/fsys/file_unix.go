//go:build unix

package fsys

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Space returns the bytes this user may still write where dir is, and the size of that disk.
func Space(dir string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	block := int64(s.Bsize) //nolint:unconvert // the width differs between systems
	return int64(s.Bavail) * block, int64(s.Blocks) * block, nil
}

// Allocated returns the bytes of disk that f takes: fewer than its length where it has holes, more where space is
// reserved.
func Allocated(f *os.File) (int64, error) {
	var s unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &s); err != nil {
		return 0, err
	}
	return int64(s.Blocks) * 512, nil //nolint:unconvert // the width differs between systems
}

// AllowHoles does nothing: files may have holes here where the file system can.
func AllowHoles(*os.File) error { return nil }

// Links returns how many names a file has.
func Links(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Nlink) //nolint:unconvert // the width differs between systems
	}
	return 1
}

// SameDisk reports whether a file can be renamed into dir.
func SameDisk(path, dir string) bool {
	var a, b unix.Stat_t
	return unix.Stat(path, &a) == nil && unix.Stat(dir, &b) == nil && a.Dev == b.Dev
}

// SyncFile makes sure that what others wrote to a file is on the disk.
func SyncFile(path string) error { return syncPath(path) }

// SyncDir makes the names in dir durable: those made, renamed and removed.
func SyncDir(dir string) error { return syncPath(dir) }

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	// Some file systems can't sync what is open for reading.
	if err := f.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	return nil
}
