//go:build !linux

package engine

import gops "github.com/shirou/gopsutil/v3/process"

// memoryOf reads a process's resident memory; the two kinds are not told apart here.
func memoryOf(pid int) MemoryUse {
	p, err := gops.NewProcess(int32(pid)) //nolint:gosec // process ids fit
	if err != nil {
		return MemoryUse{}
	}
	m, err := p.MemoryInfo()
	if err != nil {
		return MemoryUse{}
	}
	return MemoryUse{Bytes: int64(m.RSS)} //nolint:gosec // resident memory fits
}
