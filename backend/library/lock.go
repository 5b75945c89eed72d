package library

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"weightroom/backend/library/layout"
)

const lockName = ".lock"

// change waits for the sole right to change the store, and gives it back by calling free.
func (l *Library) change(ctx context.Context) (free func(), err error) {
	select {
	case l.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		if err = l.follow(); err != nil {
			break
		}
		dir := l.Dir()
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
		if err == nil && l.resolve() == dir { // it has not been moved while we waited
			return func() { _ = f.Close(); <-l.busy }, nil
		}
		_ = f.Close()
		if err != nil {
			break
		}
	}
	<-l.busy
	return nil, err
}

// tryChange is change without waiting.
func (l *Library) tryChange() (free func(), ok bool) {
	select {
	case l.busy <- struct{}{}:
	default:
		return nil, false
	}
	if l.follow() == nil {
		dir := l.Dir()
		if free, ok := l.lock(dir); ok {
			if l.resolve() == dir {
				return func() { free(); <-l.busy }, true
			}
			free()
		}
	}
	<-l.busy
	return nil, false
}

// lock takes the lock of a folder, without waiting.
func (l *Library) lock(dir string) (free func(), ok bool) {
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
