package download

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reserve takes size bytes of disk for f, so that a disk filled by something else cannot stop the transfer midway. A
// file system that can't reserve is no error.
func reserve(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}
