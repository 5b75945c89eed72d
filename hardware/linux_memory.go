package hardware

import (
	"context"
	"errors"
	"strings"
)

// memory reads /proc/meminfo and takes off what a control group forbids.
func (l linuxProbe) memory(context.Context) (Memory, error) {
	text, err := l.readErr("proc/meminfo")
	if err != nil {
		return Memory{}, err
	}
	m, err := parseMeminfo(text)
	if err != nil {
		return Memory{}, err
	}
	l.cgroups().limitMemory(&m)
	return m, nil
}

// parseMeminfo reads /proc/meminfo, whose figures are KiB.
func parseMeminfo(text string) (Memory, error) {
	kib := map[string]int64{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		if n, ok := parseInt(number); ok && n >= 0 && n <= 1<<52 {
			kib[key] = n
		}
	}
	total := kib["MemTotal"] << 10
	if total == 0 {
		return Memory{}, errors.New("hardware: no MemTotal in /proc/meminfo")
	}
	available, ok := kib["MemAvailable"]
	if !ok { // kernels before 3.14
		available = kib["MemFree"] + kib["Buffers"] + kib["Cached"]
	}
	return Memory{
		TotalBytes:     total,
		AvailableBytes: min(available<<10, total),
		PhysicalBytes:  total,
		SwapTotalBytes: kib["SwapTotal"] << 10,
		SwapFreeBytes:  min(kib["SwapFree"], kib["SwapTotal"]) << 10,
	}, nil
}
