package hardware

import (
	"errors"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func thisSystem() system {
	return system{
		disk: diskUsage, features: nativeFeatures, threads: runtime.NumCPU,
		memory: globalMemory, processors: processorRecords, registry: registryString, power: powerStatus,
	}
}

// diskUsage asks the volume of path, under the quota of the person who asks.
func diskUsage(path string) (total, free int64, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, 0, err
	}
	var available, size, all uint64
	if err := windows.GetDiskFreeSpaceEx(name, &available, &size, &all); err != nil {
		return 0, 0, err
	}
	return int64(size), int64(available), nil
}

func kernel32(name string) *windows.LazyProc {
	return windows.NewLazySystemDLL("kernel32.dll").NewProc(name)
}

// globalMemory is GlobalMemoryStatusEx. What may be committed beyond main memory is the page file.
func globalMemory() (Memory, error) {
	var s struct {
		size, load                                                 uint32
		total, available, commit, commitFree, address, free, extra uint64
	}
	s.size = uint32(unsafe.Sizeof(s))
	if ok, _, err := kernel32("GlobalMemoryStatusEx").Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return Memory{}, err
	}
	swap := max(0, int64(s.commit)-int64(s.total))
	return Memory{
		TotalBytes: int64(s.total), AvailableBytes: int64(s.available), PhysicalBytes: int64(s.total),
		SwapTotalBytes: swap, SwapFreeBytes: min(swap, max(0, int64(s.commitFree)-int64(s.available))),
	}, nil
}

// processorRecords is GetLogicalProcessorInformationEx for every kind of record.
func processorRecords() ([]byte, error) {
	const all = 0xffff
	proc := kernel32("GetLogicalProcessorInformationEx")
	var size uint32
	if ok, _, err := proc.Call(all, 0, uintptr(unsafe.Pointer(&size))); ok == 0 && !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) {
		return nil, err
	}
	if size == 0 || size > 16<<20 {
		return nil, errors.New("hardware: no processor records")
	}
	b := make([]byte, size)
	if ok, _, err := proc.Call(all, uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&size))); ok == 0 {
		return nil, err
	}
	return b[:min(int(size), len(b))], nil
}

func registryString(key, value string) (string, bool) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, key, registry.QUERY_VALUE)
	if err != nil {
		return "", false
	}
	defer k.Close()
	s, _, err := k.GetStringValue(value)
	return s, err == nil
}

// powerStatus is GetSystemPowerStatus. Its first byte says whether mains power is there.
func powerStatus() Power {
	var s struct {
		line, flag, percent, saver byte
		left, full                 uint32
	}
	if ok, _, _ := kernel32("GetSystemPowerStatus").Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return PowerUnknown
	}
	switch s.line {
	case 0:
		return PowerBattery
	case 1:
		return PowerAC
	}
	return PowerUnknown
}
