//go:build unix

package download

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes an advisory lock on f for as long as it is open, and reports whether it got it. A file system without
// locks counts as free.
func tryLock(f *os.File) bool {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return !errors.Is(err, unix.EWOULDBLOCK)
		}
	}
}

// freeSpace gives the bytes this user may still write where dir is.
func freeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // the widths differ between systems
}

// onDisk gives the bytes of disk that f takes already.
func onDisk(f *os.File) int64 {
	var s unix.Stat_t
	if unix.Fstat(int(f.Fd()), &s) != nil {
		return 0
	}
	return int64(s.Blocks) * 512 //nolint:unconvert // the width differs between systems
}

func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

func isTooBig(err error) bool { return errors.Is(err, unix.EFBIG) }

func isReadOnly(err error) bool { return errors.Is(err, unix.EROFS) }

func isBadDisk(err error) bool { return errors.Is(err, unix.EIO) }
