//go:build unix

package fsys

import "syscall"

var (
	errnosFull     = []syscall.Errno{syscall.ENOSPC}
	errnosQuota    = []syscall.Errno{syscall.EDQUOT}
	errnosTooLarge = []syscall.Errno{syscall.EFBIG}
	errnosReadOnly = []syscall.Errno{syscall.EROFS}
	errnosBadDisk  = []syscall.Errno{syscall.EIO}
)
