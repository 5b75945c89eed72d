package testdrive

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// allowHoles marks a file as sparse (FSCTL_SET_SPARSE), without which Windows gives every byte a place.
func allowHoles(f *os.File) error {
	var returned uint32
	return windows.DeviceIoControl(windows.Handle(f.Fd()), windows.FSCTL_SET_SPARSE, nil, 0, nil, 0, &returned, nil)
}

// diskUse is how many bytes of the disk a file takes.
func diskUse(f *os.File) (int64, error) {
	var info struct {
		allocation, end int64
		links           uint32
		gone, folder    bool
	}
	err := windows.GetFileInformationByHandleEx(windows.Handle(f.Fd()), windows.FileStandardInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return info.allocation, err
}
