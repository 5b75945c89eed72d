package fsys

import (
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

func TestSystemErrorsMeanOneThing(t *testing.T) {
	checkMeanings(t, map[syscall.Errno]meaning{
		windows.ERROR_DISK_FULL:           {full: true},
		windows.ERROR_HANDLE_DISK_FULL:    {full: true},
		windows.ERROR_DISK_QUOTA_EXCEEDED: {full: true},
		windows.ERROR_FILE_TOO_LARGE:      {full: true, tooLarge: true},
		windows.ERROR_WRITE_PROTECT:       {readOnly: true},
		windows.ERROR_CRC:                 {bad: true},
		windows.ERROR_IO_DEVICE:           {bad: true},
		windows.ERROR_ACCESS_DENIED:       {},
		windows.ERROR_FILE_NOT_FOUND:      {},
		windows.ERROR_SHARING_VIOLATION:   {},
		windows.ERROR_LOCK_VIOLATION:      {},
		windows.ERROR_NOT_ENOUGH_MEMORY:   {},
	})
}
