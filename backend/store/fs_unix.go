//go:build unix

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func isDiskFull(err error) bool {
	return isErrno(err, unix.ENOSPC, unix.EDQUOT, unix.EFBIG)
}

func isReadOnly(err error) bool { return isErrno(err, unix.EROFS) }

// tryLock takes an exclusive lock on f, or gives errHeld at once. The lock ends with f or with the process.
func tryLock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return errHeld
		}
		return &os.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
}

// syncDir makes renames in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // opened for reading only
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) { // a file system that cannot sync folders
		return nil
	}
	return err
}
