package store

import (
	"context"
	"errors"
	"os"
	"time"
)

// errHeld means that another process, or another Store of this one, has the history open.
var errHeld = errors.New("held by another process")

// lockPoll is how often a held lock is tried again.
const lockPoll = 20 * time.Millisecond

// acquire locks path, waiting at most timeout. The file stays when the lock ends: a lock file that is removed lets
// two processes lock two files of the same name.
func acquire(ctx context.Context, path string, timeout time.Duration) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(timeout)
	for {
		err := tryLock(f)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, errHeld) || !time.Now().Before(deadline) {
			f.Close() //nolint:errcheck // nothing was written
			return nil, err
		}
		select {
		case <-ctx.Done():
			f.Close() //nolint:errcheck // nothing was written
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}
