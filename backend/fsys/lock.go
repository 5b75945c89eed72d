package fsys

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrLocked means that another open file, of this process or of another one, holds the lock.
var ErrLocked = errors.New("locked by another")

// Mode is who else may hold a lock.
type Mode int

// The modes of a lock.
const (
	Exclusive Mode = iota // nobody
	Shared                // others that share it
)

// lockPoll is how often a held lock is tried again.
const lockPoll = 20 * time.Millisecond

// TryLock takes a lock on f without waiting. It fails with ErrLocked while another has it, and with another error
// where the file system has no locks. The lock ends with f or with the process. It is advisory: reading and writing f
// stay possible for everyone, on Windows too.
func TryLock(f *os.File, mode Mode) error { return tryLock(f, mode, lockFar) }

// LockFile opens path, which it makes where it is missing, and locks it for one holder, waiting at most wait; it fails
// with ErrLocked when that was not enough. Closing the file frees the lock. The file should stay: when a lock file is
// removed, two processes can lock two files of the same name.
func LockFile(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(wait)
	for {
		err := tryLock(f, Exclusive, lockStart)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, ErrLocked) || !time.Now().Before(deadline) {
			_ = f.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// place is where in a file the byte lies that is locked on Windows, where a locked byte can't be read by others. A
// file with contents is locked far beyond any end; a lock file at its start, as it has been since the first version,
// so that two versions respect each other. Elsewhere a lock is on the whole file.
type place uint32

const (
	lockStart place = 0
	lockFar   place = 1 << 30 // the upper half of the offset
)
