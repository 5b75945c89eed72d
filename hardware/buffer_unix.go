//go:build linux || darwin || freebsd

package hardware

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// allocate takes memory from the system itself, not from Go's heap, so that it goes back at once.
func allocate(size int) ([]uint64, func(), error) {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), size/8), func() { _ = unix.Munmap(b) }, nil
}
