package hardware

import (
	"reflect"
	"strings"
	"testing"
)

// filesHost is a Linux machine that has only these files.
func filesHost(t testing.TB, files map[string]string) *host {
	t.Helper()
	r := recording{"machine": "goos=linux\ngoarch=amd64\n"}
	for name, text := range files {
		r[name] = text
	}
	return r.host(t)
}

const (
	v2Mount = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
	v1Mount = "34 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
		"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	noLimitV1 = "9223372036854771712"
)

func TestCgroupMemory(t *testing.T) {
	const gib = 1 << 30
	whole := Memory{TotalBytes: 64 * gib, PhysicalBytes: 64 * gib, AvailableBytes: 48 * gib, SwapTotalBytes: 8 * gib, SwapFreeBytes: 6 * gib}
	limited := func(limit, available int64) Memory {
		m := whole
		m.TotalBytes, m.LimitBytes, m.AvailableBytes = limit, limit, available
		return m
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Memory
	}{
		{"no control group changes nothing", nil, whole},
		{"the word max is no limit", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/a/memory.max": "max", "sys/fs/cgroup/a/memory.current": "1073741824",
		}, whole},
		{"version 1's number for no limit is none", map[string]string{
			"proc/self/cgroup": "4:memory:/a\n", "proc/self/mountinfo": v1Mount,
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": noLimitV1,
			"sys/fs/cgroup/memory/a/memory.usage_in_bytes": "1073741824",
			"sys/fs/cgroup/memory/a/memory.stat":           "hierarchical_memory_limit " + noLimitV1,
		}, whole},
		{"a limit above the machine's memory is none", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount, "sys/fs/cgroup/a/memory.max": "137438953472",
		}, whole},
		{"what is used counts against the limit, but inactive file pages do not", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/a/memory.max": "8589934592", "sys/fs/cgroup/a/memory.current": "3221225472",
			"sys/fs/cgroup/a/memory.stat": "anon 5\ninactive_file 1073741824\nactive_file 1073741824\n",
		}, limited(8*gib, 6*gib)},
		{"a parent's lower limit binds", map[string]string{
			"proc/self/cgroup": "0::/a/b/c\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/a/b/c/memory.max": "8589934592", "sys/fs/cgroup/a/b/memory.max": "max",
			"sys/fs/cgroup/a/memory.max": "4294967296",
		}, limited(4*gib, 4*gib)},
		{"a parent's neighbours use up what is left under its limit", map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/a/b/memory.max": "8589934592", "sys/fs/cgroup/a/memory.max": "17179869184",
			"sys/fs/cgroup/a/memory.current": "16106127360",
		}, limited(8*gib, 1*gib)},
		{"the level where the kernel begins to throttle is a limit", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/a/memory.max": "8589934592", "sys/fs/cgroup/a/memory.high": "6442450944",
		}, limited(6*gib, 6*gib)},
		{"a group over its limit has nothing left, not less", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/a/memory.max": "1073741824", "sys/fs/cgroup/a/memory.current": "2147483648",
		}, limited(1*gib, 0)},
		{"version 1 tells of a limit above the mount", map[string]string{
			"proc/self/cgroup": "4:memory:/docker/x\n", "proc/self/mountinfo": "35 31 0:32 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": noLimitV1, "sys/fs/cgroup/memory/memory.usage_in_bytes": "1073741824",
			"sys/fs/cgroup/memory/memory.stat": "hierarchical_memory_limit 4294967296\ntotal_inactive_file 536870912\n",
		}, limited(4*gib, 3*gib+gib/2)},
		{"of both versions the lower limit binds", map[string]string{
			"proc/self/cgroup": "4:memory:/a\n0::/a\n", "proc/self/mountinfo": v1Mount + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "2147483648", "sys/fs/cgroup/unified/a/memory.max": "4294967296",
		}, limited(2*gib, 2*gib)},
		{"a mount point with a space in its name is found", map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": `30 23 0:26 / /sys/fs/c\040group rw - cgroup2 cgroup2 rw` + "\n",
			"sys/fs/c group/memory.max": "4294967296",
		}, limited(4*gib, 4*gib)},
		{"a path outside the namespace means the mount's top", map[string]string{
			"proc/self/cgroup": "0::/../../other\n", "proc/self/mountinfo": v2Mount, "sys/fs/cgroup/memory.max": "4294967296",
		}, limited(4*gib, 4*gib)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := whole
			filesHost(t, c.files).cgroups().limitMemory(&m)
			if m != c.want {
				t.Errorf("got  %+v\nwant %+v", m, c.want)
			}
		})
	}

	t.Run("a limit of swap is heeded", func(t *testing.T) {
		m := whole
		filesHost(t, map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/a/memory.swap.max": "2147483648", "sys/fs/cgroup/a/memory.swap.current": "1073741824",
		}).cgroups().limitMemory(&m)
		if m.SwapTotalBytes != 2*gib || m.SwapFreeBytes != 1*gib || m.LimitBytes != 0 {
			t.Errorf("%+v", m)
		}
	})
}

func TestCgroupCores(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  float64
	}{
		{"no quota is 0", map[string]string{"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount, "sys/fs/cgroup/a/cpu.max": "max 100000"}, 0},
		{"version 2's quota is the time per period", map[string]string{"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount, "sys/fs/cgroup/a/cpu.max": "150000 100000"}, 1.5},
		{"the least quota of all levels binds", map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/a/b/cpu.max": "800000 100000", "sys/fs/cgroup/a/cpu.max": "400000 200000",
		}, 2},
		{"version 1's quota is in two files", map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/a\n", "proc/self/mountinfo": v1Mount,
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "50000", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000",
		}, 0.5},
		{"version 1's -1 is no quota", map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/a\n", "proc/self/mountinfo": v1Mount,
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000",
		}, 0},
		{"a period of 0 divides nothing", map[string]string{"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": v2Mount, "sys/fs/cgroup/a/cpu.max": "100000 0"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := filesHost(t, c.files).cgroups().cores(); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCgroupLevels(t *testing.T) {
	for _, c := range []struct {
		name              string
		root, point, path string
		want              []string
	}{
		{"each group above ours counts, up to the mount", "/", "/sys/fs/cgroup", "/a/b", []string{"sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup"}},
		{"a part that is mounted begins at its own root", "/docker/x", "/sys/fs/cgroup/memory", "/docker/x/y", []string{"sys/fs/cgroup/memory/y", "sys/fs/cgroup/memory"}},
		{"the group that is mounted is the top itself", "/docker/x", "/sys/fs/cgroup/memory", "/docker/x", []string{"sys/fs/cgroup/memory"}},
		{"another group's mount shows only its top", "/docker/x", "/sys/fs/cgroup/memory", "/docker/xyz", []string{"sys/fs/cgroup/memory"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (cgroupMount{root: c.root, point: c.point}).levels(c.path); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("a path without end is cut", func(t *testing.T) {
		if got := (cgroupMount{root: "/", point: "/m"}).levels(strings.Repeat("/a", 1000)); len(got) > 100 {
			t.Errorf("%d levels", len(got))
		}
	})
}
