package downloadtest

import (
	"strconv"
	"syscall"
	"testing"
)

// SmallDisk mounts a file system of so many bytes.
func SmallDisk(t *testing.T, bytes int64) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+strconv.FormatInt(bytes, 10)); err != nil {
		t.Skip("a file system can only be mounted as root: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}
