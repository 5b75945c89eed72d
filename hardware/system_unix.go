//go:build linux || darwin || freebsd

package hardware

import (
	"runtime"

	"golang.org/x/sys/unix"
)

func thisSystem() system {
	return system{disk: diskUsage, features: nativeFeatures, threads: runtime.NumCPU}
}

// diskUsage asks the file system of path. Blocks kept back for the administrator are not free.
func diskUsage(path string) (total, free int64, err error) {
	var s unix.Statfs_t
	for {
		if err = unix.Statfs(path, &s); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return 0, 0, err
	}
	size := int64(s.Bsize)
	return int64(s.Blocks) * size, max(0, int64(s.Bavail)) * size, nil
}
