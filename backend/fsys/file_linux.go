package fsys

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Clone makes dst share src's bytes until either changes, where the file system can.
func Clone(dst, src *os.File) error { return unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())) }

// Reserve takes the first size bytes of disk for f, so that a full disk shows before the first byte is written and
// nothing else can fill it midway. The file's length stays. A file system that can't reserve is no error.
func Reserve(f *os.File, size int64) error {
	if size <= 0 {
		return nil
	}
	for {
		err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL):
			return nil
		}
		return err
	}
}

// DropCache asks the system to read f from the disk when it is read again, and not from memory.
func DropCache(f *os.File) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
