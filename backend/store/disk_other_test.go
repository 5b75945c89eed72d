//go:build !linux

package store

import "errors"

// limitedChild needs namespaces and strace.
func limitedChild([]string) error { return errors.ErrUnsupported }
