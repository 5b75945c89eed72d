package hardware

import (
	"context"
	"errors"
	"strings"
)

// memory reads /proc/meminfo, adds what ZFS' cache would give back, and takes off what a control group forbids.
func (l linuxProbe) memory(context.Context) (Memory, error) {
	text, err := l.readErr("proc/meminfo")
	if err != nil {
		return Memory{}, err
	}
	m, err := parseMeminfo(text)
	if err != nil {
		return Memory{}, err
	}
	listed := m.AvailableBytes
	if l.lxcfs() {
		l.boundByHost(&m)
	} else if cache := min(l.zfsCache(), m.TotalBytes-listed); cache >= leastZFSCache {
		m.AvailableBytes += cache
	}
	bound := m.AvailableBytes
	l.cgroups().limitMemory(&m)
	m.ZFSCacheBytes = max(0, m.AvailableBytes-listed)
	if m.AvailableBytes < bound { // by its own group already
		m.HostBytes = 0
	}
	return m, nil
}

// leastZFSCache is how much of ZFS' cache is worth a word.
const leastZFSCache = 64 << 20

// zfsCache is what the cache of ZFS (its ARC) gives back when programs need memory: all above its least size. It does
// not lie in the kernel's page cache, so MemAvailable counts it as used.
func (l linuxProbe) zfsCache() int64 {
	size, least := int64(0), int64(0)
	for line := range strings.Lines(l.read("proc/spl/kstat/zfs/arcstats")) { // "size  4  34359738368"
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		n, _ := parseInt(f[2])
		switch f[0] {
		case "size":
			size = n
		case "c_min":
			least = n
		}
	}
	return max(0, size-max(0, least))
}

// lxcfs reports whether /proc/meminfo is one that LXC made for this container: it counts what the container itself holds
// and nothing else, neither the machine's other programs nor ZFS' cache, which belongs to the machine.
func (l linuxProbe) lxcfs() bool {
	for line := range strings.Lines(l.read("proc/self/mountinfo")) {
		before, after, _ := strings.Cut(line, " - ")
		if f := strings.Fields(before); len(f) > 4 && f[4] == "/proc/meminfo" && strings.HasPrefix(after, "fuse.lxcfs ") {
			return true
		}
	}
	return false
}

// boundByHost lowers what a container's own list calls available to what the machine around it has: the lists of the
// memory nodes are the machine's in every container.
func (l linuxProbe) boundByHost(m *Memory) {
	var kib int64
	for _, node := range l.list("sys/devices/system/node") {
		for line := range strings.Lines(l.read("sys/devices/system/node/" + node + "/meminfo")) { // "Node 0 MemFree:  1234 kB"
			f := strings.Fields(line)
			if len(f) < 4 {
				continue
			}
			switch f[2] {
			case "MemFree:", "Active(file):", "Inactive(file):", "SReclaimable:":
				if n, ok := parseInt(f[3]); ok && n >= 0 && n <= 1<<52 {
					kib += n
				}
			}
		}
	}
	if kib == 0 {
		return
	}
	if host := kib<<10 + l.zfsCache(); host < m.AvailableBytes {
		m.HostBytes, m.AvailableBytes = host, host
	}
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
