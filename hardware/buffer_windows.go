package hardware

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// allocate takes memory from the system itself, not from Go's heap, so that it goes back at once.
func allocate(size int) ([]uint64, func(), error) {
	at, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, nil, err
	}
	// The conversion through a pointer to at is the form that go vet accepts for memory outside Go's heap.
	words := unsafe.Slice(*(**uint64)(unsafe.Pointer(&at)), size/8)
	return words, func() { _ = windows.VirtualFree(at, 0, windows.MEM_RELEASE) }, nil
}
