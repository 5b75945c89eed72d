package hardware

import (
	"math"
	"path"
	"strconv"
	"strings"
)

// A cgroupSet is the control groups this process is in, from its own up to the top that it can see. Every level's
// limit binds, so each figure is the least of them all. Version 1 has a hierarchy per controller, version 2 one for
// all; a machine may have both mounted.
type cgroupSet struct {
	h             *host
	unified       []string // version 2
	memory1, cpu1 []string // version 1
	cpuset1       []string
}

// cgroups finds the folders by /proc/self/cgroup, which names the groups, and /proc/self/mountinfo, which says where
// they are mounted.
func (h *host) cgroups() cgroupSet {
	s := cgroupSet{h: h}
	groups := parseSelfCgroup(h.read("proc/self/cgroup"))
	for _, m := range parseCgroupMounts(h.read("proc/self/mountinfo")) {
		switch {
		case m.v2:
			if p, ok := groups[""]; ok && s.unified == nil {
				s.unified = m.levels(p)
			}
		default:
			if p, ok := groups["memory"]; ok && m.controllers["memory"] && s.memory1 == nil {
				s.memory1 = m.levels(p)
			}
			if p, ok := groups["cpu"]; ok && m.controllers["cpu"] && s.cpu1 == nil {
				s.cpu1 = m.levels(p)
			}
			if p, ok := groups["cpuset"]; ok && m.controllers["cpuset"] && s.cpuset1 == nil {
				s.cpuset1 = m.levels(p)
			}
		}
	}
	return s
}

// parseSelfCgroup maps each version 1 controller, and "" for version 2, to the group's path.
func parseSelfCgroup(text string) map[string]string {
	groups := map[string]string{}
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			groups[controller] = parts[2]
		}
	}
	return groups
}

type cgroupMount struct {
	v2          bool
	root, point string // the group that is mounted, and where
	controllers map[string]bool
}

// parseCgroupMounts picks the control groups from /proc/self/mountinfo (proc(5)).
func parseCgroupMounts(text string) []cgroupMount {
	var mounts []cgroupMount
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 || !strings.HasPrefix(right[0], "cgroup") {
			continue
		}
		m := cgroupMount{
			v2: right[0] == "cgroup2", root: unescapeMount(left[3]), point: unescapeMount(left[4]),
			controllers: map[string]bool{},
		}
		for option := range strings.SplitSeq(right[2], ",") {
			m.controllers[option] = true
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// unescapeMount undoes the kernel's \040 for a space and the like.
func unescapeMount(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// levels returns the folders of the group at p and of every group above it, as far as the mount shows them. A path
// outside the mounted part, as a container without its own namespace sees it, means the mount's top is ours.
func (m cgroupMount) levels(p string) []string {
	inside := "/"
	switch {
	case m.root == "/" && !strings.HasPrefix(p, "/.."):
		inside = path.Clean("/" + p)
	case strings.HasPrefix(p, m.root+"/"):
		inside = path.Clean(p[len(m.root):])
	}
	var folders []string
	for {
		folders = append(folders, clean(m.point+inside))
		if inside == "/" || len(folders) > 64 {
			return folders
		}
		inside = path.Dir(inside)
	}
}

// limitMemory lowers m's figures to what the groups allow. Pages of files that were read once and lie inactive count
// as available, because the kernel drops them first when the limit nears.
func (s cgroupSet) limitMemory(m *Memory) {
	limit := int64(math.MaxInt64)
	for _, dir := range s.unified {
		stat := s.h.read(dir + "/memory.stat")
		used := max(0, s.bytes(dir+"/memory.current")-statBytes(stat, "inactive_file"))
		// Above memory.high the kernel throttles the group to a crawl, so it is no less a limit than memory.max.
		for _, file := range []string{"/memory.max", "/memory.high"} {
			l := s.limit(dir + file)
			limit = min(limit, l)
			m.AvailableBytes = min(m.AvailableBytes, max(0, l-used))
		}
		if l := s.limit(dir + "/memory.swap.max"); l < m.SwapTotalBytes {
			m.SwapTotalBytes = l
			m.SwapFreeBytes = min(m.SwapFreeBytes, max(0, l-s.bytes(dir+"/memory.swap.current")))
		}
	}
	for _, dir := range s.memory1 {
		stat := s.h.read(dir + "/memory.stat")
		used := max(0, s.bytes(dir+"/memory.usage_in_bytes")-statBytes(stat, "total_inactive_file"))
		// The second knows of limits above the mount, which have no folder here.
		for _, l := range []int64{s.limit(dir + "/memory.limit_in_bytes"), orNone(statBytes(stat, "hierarchical_memory_limit"))} {
			limit = min(limit, l)
			m.AvailableBytes = min(m.AvailableBytes, max(0, l-used))
		}
	}
	// "No limit" is the word max, or in version 1 a number near 2⁶³: no real limit is above the machine's memory.
	if limit < m.PhysicalBytes {
		m.LimitBytes = limit
		m.TotalBytes = limit
	}
}

// cores returns the least quota of processor time, in cores; 0: none.
func (s cgroupSet) cores() float64 {
	least := math.Inf(1)
	quota := func(spend, period int64) {
		if spend > 0 && period > 0 {
			least = min(least, float64(spend)/float64(period))
		}
	}
	for _, dir := range s.unified {
		spend, period, _ := strings.Cut(s.h.read(dir+"/cpu.max"), " ")
		a, _ := parseInt(spend) // "max" is no number: no quota
		b, _ := parseInt(period)
		quota(a, b)
	}
	for _, dir := range s.cpu1 {
		a, _ := s.h.readInt(dir + "/cpu.cfs_quota_us") // -1: no quota
		b, _ := s.h.readInt(dir + "/cpu.cfs_period_us")
		quota(a, b)
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// cpusets returns the processors that each level allows, none for a level that does not say. A group without processors
// of its own has its parent's, which the "effective" list says.
func (s cgroupSet) cpusets() [][]int {
	var sets [][]int
	add := func(dirs []string, effective string) {
		for _, dir := range dirs {
			if cpus := parseCPUList(first(s.h.read(dir+effective), s.h.read(dir+"/cpuset.cpus"))); len(cpus) > 0 {
				sets = append(sets, cpus)
			}
		}
	}
	add(s.unified, "/cpuset.cpus.effective")
	add(s.cpuset1, "/cpuset.effective_cpus")
	return sets
}

func (s cgroupSet) bytes(name string) int64 {
	n, _ := s.h.readInt(name)
	return max(0, n)
}

// limit reads a file that holds a number or max; no file is no limit. A limit of 0 is one.
func (s cgroupSet) limit(name string) int64 {
	n, ok := s.h.readInt(name)
	if !ok || n < 0 {
		return math.MaxInt64
	}
	return n
}

// statBytes returns the figure after key in a memory.stat file, and 0 where it is missing.
func statBytes(stat, key string) int64 {
	n, _ := parseInt(field(stat, key, " "))
	return max(0, n)
}

func orNone(n int64) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return n
}
