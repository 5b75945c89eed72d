package hardware

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// cpu reads /proc/cpuinfo, /sys/devices/system/cpu and the process's affinity and quota.
func (l linuxProbe) cpu(context.Context) (CPU, error) {
	text, err := l.readErr("proc/cpuinfo")
	info := parseCPUInfo(text)
	if len(info.threads) == 0 {
		// Some architectures don't number their processors there; the kernel's own list has them all.
		for _, n := range parseCPUList(l.read("sys/devices/system/cpu/online")) {
			info.threads = append(info.threads, cpuThread{number: n})
		}
	}
	c := CPU{Model: info.model, LogicalCores: len(info.threads), Features: linuxFeatures(info.flags)}
	if c.Model == "" {
		c.Model = l.processorFromTree()
	}
	c.CacheBytes = l.lastLevelCache(info.threads)
	groups := l.cgroups()
	c.LimitCores = groups.cores()
	l.countCPUs(&c, info, groups.cpusets())
	if c.LogicalCores == 0 && err == nil {
		err = fmt.Errorf("hardware: no processor in /proc/cpuinfo")
	}
	return c, err
}

// countCPUs counts cores, and those of them that this process may use. The kernel narrows a process's affinity to its
// group's set by itself; the set alone tells which of the two it was.
func (l linuxProbe) countCPUs(c *CPU, info cpuInfo, cpusets [][]int) {
	online := l.online(info.threads)
	all := numbers(online)
	cores := l.coresOf(online)
	count := func(cpus []int) int { return countCores(cores, func(n int) bool { return slices.Contains(cpus, n) }) }
	c.PhysicalCores = min(c.LogicalCores, count(all))
	fast, slow := l.coreKinds(all, info.vendor)
	c.PerformanceCores, c.EfficiencyCores = count(fast), count(slow)

	grouped := all
	for _, set := range cpusets {
		grouped = within(grouped, set)
	}
	allowed := grouped
	if status := field(l.read("proc/self/status"), "Cpus_allowed_list", ":"); status != "" {
		allowed = within(grouped, parseCPUList(status))
	} else if may := l.sys.threads(); may > 0 {
		allowed = allowed[:min(len(allowed), may)]
	}
	c.UsableCores = min(c.LogicalCores, len(allowed))
	if whole := wholeCores(c.LimitCores); whole > 0 {
		c.UsableCores = min(c.UsableCores, whole)
	}
	if len(all) > 0 {
		c.Threads = coreCount{
			all: c.PhysicalCores, grouped: count(grouped), allowed: count(allowed), fast: count(intersect(allowed, fast)), quota: c.LimitCores,
		}.threads()
	}
}

// online lists the processors that are switched on by the kernel's own numbers. In a container /proc/cpuinfo may number
// those that it shows anew, and what says which ones are allowed does not.
func (l linuxProbe) online(listed []cpuThread) []cpuThread {
	cpus := parseCPUList(l.read(cpuDir + "online"))
	if len(cpus) == 0 {
		return listed
	}
	online := make([]cpuThread, len(cpus))
	for i, n := range cpus {
		online[i] = cpuThread{number: n}
		if at := slices.IndexFunc(listed, func(t cpuThread) bool { return t.number == n }); at >= 0 {
			online[i] = listed[at]
		}
	}
	return online
}

func numbers(threads []cpuThread) []int {
	list := make([]int, len(threads))
	for i, t := range threads {
		list[i] = t.number
	}
	return list
}

func intersect(cpus, with []int) []int {
	return slices.DeleteFunc(slices.Clone(cpus), func(n int) bool { return !slices.Contains(with, n) })
}

// within returns the processors that a list allows. Where the two number them differently, as a container may, only how
// many there are is known.
func within(cpus, list []int) []int {
	if both := intersect(cpus, list); len(both) > 0 || len(list) == 0 {
		return both
	}
	return cpus[:min(len(cpus), len(list))]
}

type cpuThread struct {
	number int
	core   string // "package/core"; empty where /proc/cpuinfo doesn't say, as on ARM
}

type cpuInfo struct {
	model   string
	vendor  string // x86's: GenuineIntel, AuthenticAMD
	flags   string
	threads []cpuThread
}

// parseCPUInfo reads /proc/cpuinfo of x86, ARM, RISC-V, POWER and LoongArch.
func parseCPUInfo(text string) cpuInfo {
	var info cpuInfo
	var parts []string
	for block := range strings.SplitSeq(text, "\n\n") {
		f := map[string]string{}
		for line := range strings.Lines(block) {
			if k, v, ok := strings.Cut(line, ":"); ok {
				f[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
		if n, err := strconv.Atoi(f["processor"]); err == nil {
			t := cpuThread{number: n}
			if f["core id"] != "" {
				t.core = f["physical id"] + "/" + f["core id"]
			}
			info.threads = append(info.threads, t)
		}
		info.model = first(info.model, f["model name"], f["Model Name"], f["cpu model"], f["cpu"], f["uarch"])
		info.vendor = first(info.vendor, f["vendor_id"])
		info.flags = first(info.flags, f["flags"], f["Features"], f["features"], riscvFlags(f["isa"]))
		if p := armPart(f["CPU implementer"], f["CPU part"]); p != "" && !slices.Contains(parts, p) {
			parts = append(parts, p)
		}
	}
	if len(parts) > 0 && (info.model == "" || strings.HasPrefix(info.model, "ARMv") || strings.HasPrefix(info.model, "AArch64")) {
		info.model = strings.Join(parts, " + ")
	}
	info.model = cleanProcessor(info.model)
	return info
}

// riscvFlags finds the vector extension, the letter v among the single letters of a name such as rv64imafdcv_zicsr.
func riscvFlags(isa string) string {
	letters, _, _ := strings.Cut(isa, "_")
	if strings.HasPrefix(letters, "rv") && strings.Contains(letters[min(4, len(letters)):], "v") {
		return "rvv"
	}
	return ""
}

// armParts names the cores met in machines that can run a model, by implementer and part number as ARM and the
// vendors publish them (the kernel's arch/arm64/include/asm/cputype.h).
var armParts = map[string]string{
	"0x41/0xd03": "Cortex-A53", "0x41/0xd04": "Cortex-A35", "0x41/0xd05": "Cortex-A55", "0x41/0xd07": "Cortex-A57",
	"0x41/0xd08": "Cortex-A72", "0x41/0xd09": "Cortex-A73", "0x41/0xd0a": "Cortex-A75", "0x41/0xd0b": "Cortex-A76",
	"0x41/0xd0c": "Neoverse N1", "0x41/0xd0d": "Cortex-A77", "0x41/0xd40": "Neoverse V1", "0x41/0xd41": "Cortex-A78",
	"0x41/0xd44": "Cortex-X1", "0x41/0xd46": "Cortex-A510", "0x41/0xd47": "Cortex-A710", "0x41/0xd48": "Cortex-X2",
	"0x41/0xd49": "Neoverse N2", "0x41/0xd4d": "Cortex-A715", "0x41/0xd4e": "Cortex-X3", "0x41/0xd4f": "Neoverse V2",
	"0x41/0xd80": "Cortex-A520", "0x41/0xd81": "Cortex-A720", "0x41/0xd82": "Cortex-X4", "0x41/0xd84": "Neoverse V3",
	"0x41/0xd85": "Cortex-X925", "0x41/0xd87": "Cortex-A725", "0x41/0xd8e": "Neoverse N3",
	"0x46/0x001": "Fujitsu A64FX", "0x48/0xd01": "HiSilicon TaiShan v110", "0x51/0x001": "Qualcomm Oryon",
	"0x61/0x022": "Apple M1 Icestorm", "0x61/0x023": "Apple M1 Firestorm",
	"0xc0/0xac3": "Ampere-1", "0xc0/0xac4": "Ampere-1A",
}

func armPart(implementer, part string) string {
	if implementer == "" || part == "" {
		return ""
	}
	if name := armParts[implementer+"/"+part]; name != "" {
		return name
	}
	return "ARM core " + implementer + "/" + part
}

// cleanProcessor drops what a vendor's name has and a person doesn't need: marks, the base clock, the core count.
func cleanProcessor(s string) string {
	s, _, _ = strings.Cut(withoutMarks(s), "@")
	s, _, _ = strings.Cut(s, " w/ ")
	s, _, _ = strings.Cut(s, " with Radeon")
	var kept []string
	for w := range strings.FieldsSeq(s) {
		if w != "CPU" && w != "Processor" && !strings.HasSuffix(w, "-Core") {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// withoutMarks drops trade marks from a name.
func withoutMarks(s string) string {
	return strings.NewReplacer("(R)", "", "(r)", "", "(TM)", "", "(tm)", "").Replace(s)
}

// processorFromTree reads the chip of a machine that is described by a device tree: its last "compatible" string.
func (l linuxProbe) processorFromTree() string {
	list := strings.Split(strings.TrimRight(l.read("proc/device-tree/compatible"), "\x00"), "\x00")
	_, chip, _ := strings.Cut(list[len(list)-1], ",")
	return chip
}

const cpuDir = "sys/devices/system/cpu/"

// coresOf maps each thread to a name of its core: from the topology in /sys (Documentation/admin-guide/cputopology.rst),
// or else from /proc/cpuinfo. A virtual machine may have neither; then each is a core.
func (l linuxProbe) coresOf(threads []cpuThread) map[int]string {
	cores := map[int]string{}
	for _, t := range threads {
		if cores[t.number] != "" {
			continue
		}
		dir := fmt.Sprintf("%scpu%d/topology/", cpuDir, t.number)
		siblings := first(l.read(dir+"core_cpus_list"), l.read(dir+"thread_siblings_list"))
		for _, n := range parseCPUList(siblings) {
			cores[n] = siblings
		}
		if cores[t.number] == "" {
			cores[t.number] = first(t.core, strconv.Itoa(t.number))
		}
	}
	return cores
}

func countCores(cores map[int]string, in func(cpu int) bool) int {
	seen := map[string]bool{}
	for cpu, core := range cores {
		if in(cpu) {
			seen[core] = true
		}
	}
	return len(seen)
}

// slowClock is how far below the fastest core's top clock a core's is that is of another kind. Hybrid processors' slow
// cores reach 0.6 to 0.81 of it (from i7-1260P, i9-12900K, i9-14900K, Ultra 7 155H and Ultra 9 285K in the vendor's
// tables), and the cores of one kind that are sorted by quality, 0.92 at least (Ryzen 9 7950X3D).
const slowClock = 0.85

// coreKinds tells fast from slow processors; none are told where all are alike. Intel's kernels list them as two
// performance-monitoring units (tools/perf/Documentation/intel-hybrid.txt); ARM's give each processor a capacity relative
// to the fastest (Documentation/ABI/testing/sysfs-devices-system-cpu), and the least capable of several kinds are the slow
// ones. Where neither is told, the top clock is. AMD's compact cores have a lower one and do as much in each cycle, so
// there all count.
func (l linuxProbe) coreKinds(cpus []int, vendor string) (fast, slow []int) {
	atom := parseCPUList(l.read("sys/devices/cpu_atom/cpus") + "," + l.read("sys/devices/cpu_lowpower/cpus"))
	core := parseCPUList(l.read("sys/devices/cpu_core/cpus"))
	if len(atom) > 0 && len(core) > 0 {
		return intersect(cpus, core), intersect(cpus, atom)
	}
	if capacity, ok := l.ofEach(cpus, "cpu_capacity"); ok {
		least := slices.Min(capacity)
		return split(cpus, func(i int) bool { return capacity[i] > least })
	}
	if clock, ok := l.ofEach(cpus, "cpufreq/cpuinfo_max_freq"); ok && vendor != "AuthenticAMD" {
		limit := slowClock * float64(slices.Max(clock))
		return split(cpus, func(i int) bool { return float64(clock[i]) > limit })
	}
	return nil, nil
}

// ofEach reads a figure of each processor; ok is false where one has none.
func (l linuxProbe) ofEach(cpus []int, name string) (figures []int64, ok bool) {
	for _, n := range cpus {
		f, ok := l.readInt(fmt.Sprintf("%scpu%d/%s", cpuDir, n, name))
		if !ok {
			return nil, false
		}
		figures = append(figures, f)
	}
	return figures, len(figures) > 0
}

// split parts processors in two kinds, and in none where one would be empty.
func split(cpus []int, isFast func(i int) bool) (fast, slow []int) {
	for i, n := range cpus {
		if isFast(i) {
			fast = append(fast, n)
		} else {
			slow = append(slow, n)
		}
	}
	if len(fast) == 0 || len(slow) == 0 {
		return nil, nil
	}
	return fast, slow
}

// lastLevelCache adds up the caches of the highest level, each counted once however many threads share it.
func (l linuxProbe) lastLevelCache(threads []cpuThread) int64 {
	var total int64
	covered := map[int]bool{}
	for _, t := range threads {
		if covered[t.number] {
			continue
		}
		covered[t.number] = true
		dir := fmt.Sprintf("%scpu%d/cache/", cpuDir, t.number)
		var level, size int64
		var shared string
		for _, index := range l.list(dir) {
			at := dir + index + "/"
			if n, ok := l.readInt(at + "level"); ok && n > level && l.read(at+"type") != "Instruction" {
				level, size, shared = n, parseCacheSize(l.read(at+"size")), l.read(at+"shared_cpu_list")
			}
		}
		total += size
		for _, n := range parseCPUList(shared) {
			covered[n] = true
		}
	}
	return total
}

// parseCacheSize reads "32768K", the kernel's way to write a cache's size.
func parseCacheSize(s string) int64 {
	unit := int64(1)
	switch {
	case strings.HasSuffix(s, "K"):
		unit = 1 << 10
	case strings.HasSuffix(s, "M"):
		unit = 1 << 20
	}
	n, ok := parseInt(strings.TrimRight(s, "KM"))
	if !ok || n < 0 || n > 1<<30 {
		return 0
	}
	return n * unit
}

// maxCPUs is above any machine's number of threads; a longer list is not one.
const maxCPUs = 1 << 14

// parseCPUList reads the kernel's lists of processors, "0-3,8,10-11". What isn't a number is left out.
func parseCPUList(s string) []int {
	var cpus []int
	for part := range strings.SplitSeq(strings.TrimSpace(s), ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		a, err := strconv.Atoi(from)
		if err != nil {
			continue
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(to); err != nil {
				continue
			}
		}
		if a < 0 || b >= maxCPUs {
			continue
		}
		for n := a; n <= b && len(cpus) < maxCPUs; n++ {
			cpus = append(cpus, n)
		}
	}
	return cpus
}

// first returns the first string that isn't empty.
func first(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}
