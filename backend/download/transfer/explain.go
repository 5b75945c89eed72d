package transfer

import (
	"context"
	"errors"
	"io/fs"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// Explain returns an error of a transfer its sentence. Nil stays nil.
func Explain(err error) error {
	var readable *backend.Error
	const kept = "What is already here is kept."
	switch {
	case err == nil || errors.As(err, &readable):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return backend.Fail(backend.CodeCancelled, err, "The download was stopped.", "Resume it to go on. "+kept)
	case fsys.IsTooLarge(err): // not a full disk: waiting for space would not help
		return backend.Fail(backend.CodeTooBig, err, "This disk cannot hold a file of this size.", "Move the library to a disk with another file system.")
	case fsys.IsFull(err):
		return fsys.Full(err, "The download then goes on by itself. "+kept)
	case errors.Is(err, fs.ErrPermission):
		return backend.Fail(backend.CodeDenied, err, "The downloads folder cannot be written to.", "Check who may write there, or choose another folder for the library.")
	}
	if disk := fsys.Explain(err, "Then resume the download. "+kept); disk != nil {
		return disk
	}
	return backend.Readable(err)
}
