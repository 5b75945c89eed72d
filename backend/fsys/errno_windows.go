package fsys

import (
	"syscall"

	"golang.org/x/sys/windows"
)

var (
	errnosFull     = []syscall.Errno{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL}
	errnosQuota    = []syscall.Errno{windows.ERROR_DISK_QUOTA_EXCEEDED}
	errnosTooLarge = []syscall.Errno{windows.ERROR_FILE_TOO_LARGE}
	errnosReadOnly = []syscall.Errno{windows.ERROR_WRITE_PROTECT}
	errnosBadDisk  = []syscall.Errno{windows.ERROR_CRC, windows.ERROR_IO_DEVICE}
)
