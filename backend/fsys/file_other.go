//go:build !linux

package fsys

import (
	"errors"
	"os"
)

// Clone has no equal here that takes open files: callers copy.
func Clone(_, _ *os.File) error { return errors.ErrUnsupported }

// Reserve has no equal here that every file system knows.
func Reserve(*os.File, int64) error { return nil }

// DropCache has no equal here: a file that is read again may come from memory.
func DropCache(*os.File) {}
