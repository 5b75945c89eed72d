package library

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// clone makes dst share src's bytes until either changes, where the file system can.
func clone(dst, src *os.File) error { return unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())) }

// reserve takes size bytes of disk for f, so that a full disk shows before the first byte. A file system that can't
// reserve is no error.
func reserve(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}

// forget asks the system to read a file from the disk when it is read again, and not from memory.
func forget(f *os.File) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
