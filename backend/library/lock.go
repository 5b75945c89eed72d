package library

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"weightroom/backend/fsys"
	"weightroom/backend/library/layout"
)

const lockName = ".lock"

// change waits for the sole right to change the store, and gives it back by calling free.
func (d *folder) change(ctx context.Context) (free func(), err error) {
	select {
	case d.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		if err = d.follow(); err != nil {
			break
		}
		dir := d.Dir()
		var f *os.File
		if f, err = openLock(dir); err != nil {
			break
		}
		for wait := time.Millisecond; err == nil && !tryLock(f); wait = min(2*wait, 50*time.Millisecond) {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if err == nil && d.resolve() == dir { // it has not been moved while we waited
			return func() { _ = f.Close(); <-d.busy }, nil
		}
		_ = f.Close()
		if err != nil {
			break
		}
	}
	<-d.busy
	return nil, err
}

// changeEntries is change for a caller that decides by what the library has.
func (d *folder) changeEntries(ctx context.Context) (entries []layout.Entry, free func(), err error) {
	if free, err = d.change(ctx); err != nil {
		return nil, nil, err
	}
	if entries, err = d.entries(); err != nil {
		free()
		return nil, nil, err
	}
	return entries, free, nil
}

// tryChange is change without waiting.
func (d *folder) tryChange() (free func(), ok bool) {
	select {
	case d.busy <- struct{}{}:
	default:
		return nil, false
	}
	if d.follow() == nil {
		dir := d.Dir()
		if free, ok := lockFolder(dir); ok {
			if d.resolve() == dir {
				return func() { free(); <-d.busy }, true
			}
			free()
		}
	}
	<-d.busy
	return nil, false
}

// lockFolder takes the lock of a folder, without waiting.
func lockFolder(dir string) (free func(), ok bool) {
	f, err := openLock(dir)
	if err != nil {
		return nil, false
	}
	if tryLock(f) {
		return func() { _ = f.Close() }, true
	}
	_ = f.Close()
	return nil, false
}

func openLock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	if err := layout.ClearFolder(path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

// tryLock takes an exclusive lock on f, without waiting. A file system without locks counts as free.
func tryLock(f *os.File) bool { return !errors.Is(fsys.TryLock(f, fsys.Exclusive), fsys.ErrLocked) }
