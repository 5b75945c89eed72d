package fsys

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Space returns the bytes this user may still write where dir is, and the size of that disk.
func Space(dir string) (free, total int64, err error) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, err
	}
	var f, t uint64
	if err := windows.GetDiskFreeSpaceEx(p, &f, &t, nil); err != nil {
		return 0, 0, err
	}
	return int64(f), int64(t), nil
}

// Allocated returns the bytes of disk that f takes: fewer than its length where it has holes.
func Allocated(f *os.File) (int64, error) {
	var info struct { // FILE_STANDARD_INFO
		allocation, end int64
		links           uint32
		gone, folder    bool
	}
	err := windows.GetFileInformationByHandleEx(windows.Handle(f.Fd()), windows.FileStandardInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return info.allocation, err
}

// AllowHoles marks a file as sparse (FSCTL_SET_SPARSE), without which Windows gives every byte a place.
func AllowHoles(f *os.File) error {
	var returned uint32
	return windows.DeviceIoControl(windows.Handle(f.Fd()), windows.FSCTL_SET_SPARSE, nil, 0, nil, 0, &returned, nil)
}

// Links returns how many names a file has: not known here without opening it, so one.
func Links(fs.FileInfo) uint64 { return 1 }

// SameDisk reports whether a file can be renamed into dir: a folder that another disk is mounted on counts as the disk
// of its letter, and renaming then fails.
func SameDisk(path, dir string) bool {
	return strings.EqualFold(filepath.VolumeName(path), filepath.VolumeName(dir))
}

// SyncFile makes sure that what others wrote to a file is on the disk.
func SyncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return f.Sync()
}

// SyncDir has nothing to do: NTFS keeps its own journal of names.
func SyncDir(string) error { return nil }
