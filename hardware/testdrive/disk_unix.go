//go:build unix

package testdrive

import (
	"os"
	"syscall"
)

// allowHoles does nothing: files may have holes here where the file system can.
func allowHoles(*os.File) error { return nil }

// diskUse is how many bytes of the disk a file takes.
func diskUse(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.Size(), nil
	}
	return s.Blocks * 512, nil
}
