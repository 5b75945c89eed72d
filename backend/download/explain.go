package download

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"weightroom/backend"
)

// explain gives an error of a transfer its sentence. Nil stays nil.
func explain(err error) error {
	var readable *backend.Error
	const kept = "What is already here is kept."
	switch {
	case err == nil || errors.As(err, &readable):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return backend.Fail(backend.CodeCancelled, err, "The download was stopped.", "Resume it to go on. "+kept)
	case isFull(err):
		return backend.Fail(backend.CodeDiskFull, err, "The disk is full.", "Free some space: the download then goes on by itself. "+kept)
	case isTooBig(err):
		return backend.Fail(backend.CodeTooBig, err, "This disk cannot hold a file of this size.", "Move the library to a disk with another file system.")
	case isReadOnly(err):
		return backend.Fail(backend.CodeReadOnly, err, "The disk cannot be written to.", "Choose another folder for the library.")
	case isBadDisk(err):
		return backend.Fail(backend.CodeDisk, err, "The disk reported an error.", "Check the disk, or choose another one for the library.")
	case errors.Is(err, fs.ErrPermission):
		return backend.Fail(backend.CodeDenied, err, "The downloads folder cannot be written to.", "Check who may write there, or choose another folder for the library.")
	}
	return backend.Readable(err)
}

// noSpace says that need bytes do not fit into free ones.
func noSpace(need, free int64) *backend.Error {
	return backend.Fail(backend.CodeDiskFull, nil,
		fmt.Sprintf("There is not enough space: %s more are needed, and %s are free.", size(need), size(max(free, 0))),
		"Free some space: the download then goes on by itself.")
}

// size writes bytes for a person, in the decimal units that shops and file managers use.
func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	value, exp := float64(n), 0
	for value >= unit && exp < 5 {
		value /= unit
		exp++
	}
	return fmt.Sprintf("%.1f %cB", value, " kMGTP"[exp])
}
