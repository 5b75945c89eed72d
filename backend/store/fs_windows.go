package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

func isDiskFull(err error) bool {
	return isErrno(err, windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL)
}

func isReadOnly(err error) bool { return isErrno(err, windows.ERROR_WRITE_PROTECT) }

// tryLock takes an exclusive lock on f, or gives errHeld at once. The lock ends with f or with the process.
func tryLock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errHeld
	}
	if err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return nil
}

// syncDir has nothing to do: Windows makes renames durable with the file system's own journal.
func syncDir(string) error { return nil }
