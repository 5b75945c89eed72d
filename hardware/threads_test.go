package hardware

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// TestThreads holds how many threads work for a model and why, on recorded machines and with what may narrow them down.
func TestThreads(t *testing.T) {
	const gap = "\n\nprocessor : "
	v1 := func(cpu, cpuset string) map[string]string {
		return map[string]string{
			"proc/self/cgroup": "3:cpuset:" + cpuset + "\n2:cpuacct,cpu:" + cpu + "\n",
			"proc/self/mountinfo": "34 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
				"36 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n",
		}
	}
	with := func(base map[string]string, more ...string) map[string]string {
		out := maps.Clone(base)
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	v2 := map[string]string{"proc/self/cgroup": "0::/user.slice/app.slice/weightroom.scope\n", "proc/self/mountinfo": v2Mount}
	const scope, slice, user = "sys/fs/cgroup/user.slice/app.slice/weightroom.scope/", "sys/fs/cgroup/user.slice/app.slice/", "sys/fs/cgroup/user.slice/"
	affinity := func(cpus string) map[string]string {
		return map[string]string{"proc/self/status": "Cpus_allowed_list:\t" + cpus + "\n"}
	}
	for _, c := range []struct {
		name, machine string // machine is a recording; empty: only what is beside it
		files         map[string]string
		want          Threads
		usable        int
	}{
		{"siblings share a core's arithmetic: one thread a core", "desktop-nvidia-two", nil, because(16, ThreadsCores, 16, 16), 32},
		{"a hybrid processor's efficiency cores are left out", "laptop-intel-hybrid", nil, because(4, ThreadsPerformance, 4, 12), 16},
		{"a board's small cores are left out", "board-arm-two-kinds", nil, because(4, ThreadsPerformance, 4, 8), 8},
		{"a Mac's efficiency cores are left out", "laptop-apple-silicon", nil, because(8, ThreadsPerformance, 8, 12), 12},
		{"Windows's efficiency cores are left out", "laptop-windows-intel-nvidia", nil, because(6, ThreadsPerformance, 6, 14), 20},
		{"Windows's affinity counts", "laptop-windows-arm", map[string]string{"machine": "goos=windows\ngoarch=arm64\nthreads=3\n"}, because(3, ThreadsAffinity, 3, 12), 3},
		{"a virtual machine without topology counts its processors", "", map[string]string{"proc/cpuinfo": "processor : 0" + gap + "1" + gap + "2"}, because(3, ThreadsCores, 3, 3), 3},
		{"a machine that shows nothing has a core", "nothing-readable", nil, because(1, ThreadsCores, 1, 1), 1},

		{"affinity to one processor", "desktop-nvidia-two", affinity("5"), because(1, ThreadsAffinity, 1, 16), 1},
		{"affinity to a core and its sibling is one core", "laptop-intel-hybrid", affinity("0-1"), because(1, ThreadsAffinity, 1, 12), 2},
		{"affinity to efficiency cores alone takes them", "laptop-intel-hybrid", affinity("8-15"), because(8, ThreadsAffinity, 8, 12), 8},
		{"affinity to some of both kinds leaves the fast ones", "laptop-intel-hybrid", affinity("4-11"),
			Threads{2, []ThreadReason{{ThreadsAffinity, 6, 12}, {ThreadsPerformance, 2, 6}}}, 8},
		{"affinity may name processors that the machine could have", "virtual-machine-v1", affinity("0-127"), because(2, ThreadsCores, 2, 2), 2},
		{"a system that tells no affinity counts what runs at once", "virtual-machine-v1",
			map[string]string{"machine": "goos=linux\ngoarch=amd64\nthreads=1\n", "proc/self/status": "Name:\tweightroom\n"}, because(1, ThreadsAffinity, 1, 2), 1},

		{"version 1's quota", "container-kubernetes-v1", nil, because(2, ThreadsQuota, 2, 8), 2},
		{"version 2's quota counts in whole cores", "container-docker-v2", nil, because(2, ThreadsQuota, 2.5, 8), 2},
		{"a quota below one core is one thread", "virtual-machine-v1",
			with(v1("/job", "/"), "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "50000", "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000"),
			because(1, ThreadsQuota, 0.5, 2), 1},
		{"half the processors as quota", "virtual-machine-v1",
			with(v1("/job", "/"), "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "100000", "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000"),
			because(1, ThreadsQuota, 1, 2), 1},
		{"a quota of version 1 above the group", "desktop-nvidia-two",
			with(v1("/a/b", "/"), "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1", "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000",
				"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "350000", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000"),
			because(3, ThreadsQuota, 3.5, 16), 3},
		{"the least quota of nested groups", "desktop-nvidia-two",
			with(v2, scope+"cpu.max", "max 100000", slice+"cpu.max", "600000 100000", user+"cpu.max", "200000 50000"),
			because(4, ThreadsQuota, 4, 16), 4},
		{"a quota above the cores takes nothing away", "virtual-machine-v1", with(v2, slice+"cpu.max", "800000 100000"), because(2, ThreadsCores, 2, 2), 2},
		{"a quota above the performance cores takes nothing more away", "laptop-intel-hybrid", with(v2, slice+"cpu.max", "800000 100000"), because(4, ThreadsPerformance, 4, 12), 8},
		{"a quota below the performance cores", "laptop-intel-hybrid", with(v2, slice+"cpu.max", "250000 100000"),
			Threads{2, []ThreadReason{{ThreadsPerformance, 4, 12}, {ThreadsQuota, 2.5, 12}}}, 2},

		{"version 2's cpuset", "desktop-nvidia-two",
			with(v2, scope+"cpuset.cpus.effective", "0-3", user+"cpuset.cpus.effective", "0-31", "proc/self/status", "Cpus_allowed_list:\t0-3\n"),
			because(2, ThreadsCpuset, 2, 16), 4},
		{"a group above has the cpuset", "desktop-nvidia-two",
			with(v2, user+"cpuset.cpus.effective", "0-5", "proc/self/status", "Cpus_allowed_list:\t0-5\n"), because(3, ThreadsCpuset, 3, 16), 6},
		{"version 1's cpuset", "desktop-nvidia-two",
			with(v1("/", "/docker/x"), "sys/fs/cgroup/cpuset/docker/x/cpuset.cpus", "0-7", "sys/fs/cgroup/cpuset/docker/x/cpuset.effective_cpus", "0-7", "proc/self/status", "Cpus_allowed_list:\t0-7\n"),
			because(4, ThreadsCpuset, 4, 16), 8},
		{"affinity within a cpuset", "desktop-nvidia-two",
			with(v2, scope+"cpuset.cpus.effective", "0-15", "proc/self/status", "Cpus_allowed_list:\t0-1\n"),
			Threads{1, []ThreadReason{{ThreadsCpuset, 8, 16}, {ThreadsAffinity, 1, 8}}}, 2},
		{"a container that numbers its processors anew", "container-lxc", nil, because(2, ThreadsCores, 2, 2), 2},
		{"a container that shows fewer processors than the kernel numbers", "container-lxc",
			map[string]string{"sys/devices/system/cpu/online": "0-5"}, because(2, ThreadsCores, 2, 2), 2},

		{"top clocks tell kinds apart where nothing else does", "", clocks("GenuineIntel", 4700, 4700, 3400, 3400, 3400), because(2, ThreadsPerformance, 2, 5), 5},
		{"cores of one kind differ a little in their top clocks", "", clocks("GenuineIntel", 5800, 5500, 5500), because(3, ThreadsCores, 3, 3), 3},
		{"AMD's compact cores count", "", clocks("AuthenticAMD", 5100, 5100, 3300, 3300), because(4, ThreadsCores, 4, 4), 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := recording{"machine": "goos=linux\ngoarch=amd64\n"}
			if c.machine != "" {
				r = readRecording(t, c.machine)
			}
			maps.Copy(r, c.files)
			cpu, _ := newDetector(r.host(t)).processor(t.Context())
			if !reflect.DeepEqual(cpu.Threads, c.want) || cpu.UsableCores != c.usable {
				t.Errorf("got %+v of %d usable, want %+v of %d", cpu.Threads, cpu.UsableCores, c.want, c.usable)
			}
		})
	}
}

func because(n int, kind ThreadKind, cores float64, of int) Threads {
	return Threads{n, []ThreadReason{{kind, cores, of}}}
}

// clocks are processors with top clocks in MHz.
func clocks(vendor string, mhz ...int) map[string]string {
	files := map[string]string{}
	for i, f := range mhz {
		files["proc/cpuinfo"] += fmt.Sprintf("processor : %d\nvendor_id : %s\n\n", i, vendor)
		files[fmt.Sprintf("sys/devices/system/cpu/cpu%d/cpufreq/cpuinfo_max_freq", i)] = fmt.Sprint(f * 1000)
	}
	return files
}

func TestChooseThreads(t *testing.T) {
	for _, c := range []struct {
		name   string
		chosen int
		want   Threads
	}{
		{"nothing chosen leaves the machine's number", 0, because(4, ThreadsPerformance, 4, 12)},
		{"a person may choose fewer", 3, because(3, ThreadsSetting, 3, 16)},
		{"a person may choose siblings and efficiency cores", 16, because(16, ThreadsSetting, 16, 16)},
		{"no more than run at once", 64, because(16, ThreadsSetting, 64, 16)},
	} {
		t.Run(c.name, func(t *testing.T) {
			cpu, err := newDetector(readRecording(t, "laptop-intel-hybrid").host(t)).processor(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if cpu.ChooseThreads(c.chosen); !reflect.DeepEqual(cpu.Threads, c.want) {
				t.Errorf("got %+v, want %+v", cpu.Threads, c.want)
			}
		})
	}
}

func TestReadCPU(t *testing.T) {
	t.Run("the processor is polled on its own", func(t *testing.T) {
		c, err := ReadCPU(t.Context())
		if err != nil || c.Threads.Count < 1 || c.Threads.Count > c.UsableCores || len(c.Threads.Reasons) == 0 {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func BenchmarkReadCPU(b *testing.B) {
	for b.Loop() {
		if _, err := ReadCPU(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestWhichOtherNumbersOfThreadsMakeSense(t *testing.T) {
	for _, c := range []struct {
		name string
		cpu  CPU
		want []int
	}{
		{"one core", CPU{PhysicalCores: 1, UsableCores: 1, Threads: Threads{Count: 1}}, nil},
		{"two cores", CPU{PhysicalCores: 2, UsableCores: 2, Threads: Threads{Count: 2}}, []int{1}},
		{"two cores with two threads each", CPU{PhysicalCores: 2, UsableCores: 4, Threads: Threads{Count: 2}}, []int{1, 4}},
		{"four fast cores with two threads each, and eight slow ones", CPU{PhysicalCores: 12, PerformanceCores: 4, UsableCores: 16, Threads: Threads{Count: 4}}, []int{3, 12, 16}},
		{"sixteen cores with two threads each", CPU{PhysicalCores: 16, UsableCores: 32, Threads: Threads{Count: 16}}, []int{8, 15, 32}},
		{"a quota of two of eight cores", CPU{PhysicalCores: 8, UsableCores: 2, LimitCores: 2, Threads: Threads{Count: 2}}, []int{1}},
		{"one of two cores allowed", CPU{PhysicalCores: 2, UsableCores: 1, Threads: Threads{Count: 1}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.cpu.ThreadsToTry(); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
