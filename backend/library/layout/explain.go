package layout

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// Explain gives a failure of the file system its sentence. What already has one keeps it.
func Explain(err error) error {
	var known *backend.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return backend.Fail(backend.CodeCancelled, err, "It was cancelled. Nothing was changed.", "Start it again when you want to.")
	case errors.Is(err, fs.ErrPermission):
		return backend.Fail(backend.CodeReadOnly, err, "Weightroom is not allowed to write in the library's folder.", "Give yourself the right to write there, or choose another data folder.")
	}
	if disk := fsys.Explain(err, "Or move the library to another disk, and try again."); disk != nil {
		return disk
	}
	return backend.Fail(backend.CodeInternal, err, "The library's files could not be changed.", "Try again. If it happens again, the log on the Machine page says more.")
}

// ExplainSource does the same for a file that is to be imported.
func ExplainSource(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return backend.Fail(backend.CodeNotFound, err, "There is no such file.", "Check the name, and that the disk it is on is there.")
	case errors.Is(err, fs.ErrPermission):
		return backend.Fail(backend.CodeDenied, err, "You are not allowed to read this file.", "Give yourself the right to read it, or copy it elsewhere first.")
	case fsys.IsBadDisk(err), errors.Is(err, os.ErrClosed):
		return backend.Fail(backend.CodeDamaged, err, "The disk could not read this file.", "Check the disk, or copy the file to another one and try again.")
	}
	return backend.Fail(backend.CodeInvalid, err, "This file could not be opened.", "Check the name, and that the disk it is on is there.")
}

// Unwritable reports whether an error means that the store can be read but not changed.
func Unwritable(err error) bool { return fsys.IsReadOnly(err) || errors.Is(err, fs.ErrPermission) }

// Quoted shows a text of unknown origin inside a sentence, escaped and short.
func Quoted(s string) string {
	if len(s) > MaxName {
		s = s[:MaxName]
	}
	return strconv.Quote(s)
}
