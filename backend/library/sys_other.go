//go:build !linux

package library

import (
	"errors"
	"os"
)

// clone has no equal here that takes open files: callers copy.
func clone(_, _ *os.File) error { return errors.ErrUnsupported }

func reserve(*os.File, int64) error { return nil }

// forget has no equal here: a file that is read again may come from memory.
func forget(*os.File) {}
