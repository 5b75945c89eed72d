package hardware

import (
	"reflect"
	"testing"
)

func TestParseMeminfo(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Memory
		fails      bool
	}{
		{name: "figures are KiB", text: "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 500 kB\nSwapTotal: 10 kB\nSwapFree: 5 kB\n",
			want: Memory{TotalBytes: 1024000, PhysicalBytes: 1024000, AvailableBytes: 512000, SwapTotalBytes: 10240, SwapFreeBytes: 5120}},
		{name: "old kernels tell what is free and cached instead of what is available", text: "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 200 kB\n",
			want: Memory{TotalBytes: 1024000, PhysicalBytes: 1024000, AvailableBytes: 320 << 10}},
		{name: "no more is available than there is", text: "MemTotal: 1000 kB\nMemAvailable: 5000 kB\n",
			want: Memory{TotalBytes: 1024000, PhysicalBytes: 1024000, AvailableBytes: 1024000}},
		{name: "an empty file is an error", text: "", fails: true},
		{name: "a total that is no number is an error", text: "MemTotal: lots kB\n", fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseMeminfo(c.text)
			if (err != nil) != c.fails || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestParseCPUList(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []int
	}{
		{"ranges and single numbers mix", "0-2,8,10-11\n", []int{0, 1, 2, 8, 10, 11}},
		{"nothing is no processor", "", nil},
		{"what is no number is left out", "0,x,2-y,3", []int{0, 3}},
		{"a backward range is empty", "5-2", nil},
		{"an absurd range is left out", "0-99999999999", nil},
		{"a negative number is left out", "-1,2", []int{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parseCPUList(c.text); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCleanProcessor(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"marks and clock are dropped", "Intel(R) Core(TM) i5-8500T CPU @ 2.10GHz", "Intel Core i5-8500T"},
		{"the number of cores is dropped", "AMD Ryzen 9 7950X 16-Core Processor", "AMD Ryzen 9 7950X"},
		{"the graphics inside is dropped", "AMD Ryzen 7 7840U w/ Radeon  780M Graphics", "AMD Ryzen 7 7840U"},
		{"the graphics inside is dropped, spelled out", "AMD Ryzen 7 5800H with Radeon Graphics", "AMD Ryzen 7 5800H"},
		{"a virtual one keeps its name", "Common KVM processor", "Common KVM processor"},
		{"a maker's own count of cores in words is part of the name", "Snapdragon(R) X 12-core X1E80100 @ 3.40 GHz", "Snapdragon X 12-core X1E80100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := cleanProcessor(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseCPUInfo(t *testing.T) {
	for _, c := range []struct {
		name, text string
		model      string
		features   []string
		threads    int
	}{
		{"ARM without a name is named by its parts", "processor : 0\nFeatures : fp asimd\nCPU implementer : 0x41\nCPU part : 0xd4f\n", "Neoverse V2", []string{"NEON"}, 1},
		{"an ARM part that is not known is told by number", "processor : 0\nCPU implementer : 0x99\nCPU part : 0x123\n", "ARM core 0x99/0x123", []string{}, 1},
		{"32-bit ARM's name for the architecture gives way to the part", "processor : 0\nmodel name : ARMv7 Processor rev 3 (v7l)\nFeatures : half neon vfpv4\nCPU implementer : 0x41\nCPU part : 0xd08\n", "Cortex-A72", []string{"NEON"}, 1},
		{"RISC-V's vectors are a letter of its instruction set", "processor : 0\nhart : 0\nisa : rv64imafdcv_zicsr_zifencei\nuarch : thead,c908\n", "thead,c908", []string{"RVV"}, 1},
		{"RISC-V without vectors has none", "processor : 0\nisa : rv64imafdc_zicsr_zve\n", "", []string{}, 1},
		{"AVX-512 needs all five parts", "processor : 0\nmodel name : X\nflags : avx2 avx512f avx512cd\n\nprocessor : 1\nmodel name : X\n", "X", []string{"AVX2"}, 2},
		{"AMX is told by its types", "processor : 0\nflags : amx_tile amx_int8 amx_bf16 avx512_fp16\n", "", []string{"AVX-512 FP16", "AMX INT8", "AMX BF16"}, 1},
		{"an empty file has no processor", "", "", []string{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			info := parseCPUInfo(c.text)
			if got := linuxFeatures(info.flags); info.model != c.model || len(info.threads) != c.threads || !reflect.DeepEqual(got, c.features) {
				t.Errorf("got %q, %d threads, %v", info.model, len(info.threads), got)
			}
		})
	}
}

func TestLinuxCPU(t *testing.T) {
	t.Run("a machine whose list numbers no processor is counted by the kernel's own", func(t *testing.T) {
		h := filesHost(t, map[string]string{
			"proc/cpuinfo": "vendor_id : IBM/S390\n# processors : 4\n", "sys/devices/system/cpu/online": "0-3",
			"sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0-1", "sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "0-1",
			"sys/devices/system/cpu/cpu2/topology/thread_siblings_list": "2-3", "sys/devices/system/cpu/cpu3/topology/thread_siblings_list": "2-3",
		})
		c, err := probeOf(h).cpu(t.Context())
		if err != nil || c.LogicalCores != 4 || c.PhysicalCores != 2 {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("processors that affinity forbids are not usable", func(t *testing.T) {
		h := filesHost(t, map[string]string{
			"proc/cpuinfo": "processor : 0\n\nprocessor : 1\n\nprocessor : 2\n\nprocessor : 3\n", "proc/self/status": "Cpus_allowed_list:\t1-2\n",
		})
		if c, err := probeOf(h).cpu(t.Context()); err != nil || c.UsableCores != 2 || c.LogicalCores != 4 {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("a quota below one core leaves one thread", func(t *testing.T) {
		h := filesHost(t, map[string]string{
			"proc/cpuinfo": "processor : 0\n\nprocessor : 1\n", "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": v2Mount,
			"sys/fs/cgroup/cpu.max": "50000 100000",
		})
		if c, err := probeOf(h).cpu(t.Context()); err != nil || c.UsableCores != 1 || c.LimitCores != 0.5 {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("the device tree names the chip where nothing else does", func(t *testing.T) {
		h := filesHost(t, map[string]string{
			"proc/cpuinfo": "processor : 0\nisa : rv64imafdc\n", "proc/device-tree/compatible": "starfive,visionfive-2\x00starfive,jh7110\x00",
		})
		if c, err := probeOf(h).cpu(t.Context()); err != nil || c.Model != "jh7110" {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestContainer(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"an ordinary system is none", map[string]string{"proc/self/cgroup": "0::/user.slice/user-1000.slice\n", "proc/sys/kernel/osrelease": "6.8.0-generic"}, ""},
		{"a system that serves lxcfs to others is none", map[string]string{"proc/self/mountinfo": "50 30 0:44 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n"}, ""},
		{"Docker leaves a file", map[string]string{".dockerenv": ""}, "docker"},
		{"Docker without its file shows in the group's path", map[string]string{"proc/self/cgroup": "4:memory:/docker/abc\n"}, "docker"},
		{"Podman leaves a file", map[string]string{"run/.containerenv": "engine=\"podman-4.3.1\""}, "podman"},
		{"Podman shows in the group's path", map[string]string{"proc/self/cgroup": "0::/user.slice/libpod-abc.scope\n"}, "podman"},
		{"Kubernetes goes before the runtime under it", map[string]string{".dockerenv": "", "proc/self/cgroup": "4:memory:/kubepods/burstable/pod1\n"}, "kubernetes"},
		{"LXC tells the first process", map[string]string{"proc/1/environ": "container=lxc\x00TERM=linux\x00"}, "lxc"},
		{"systemd's file names the manager", map[string]string{"run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"},
		{"an OCI runtime is told as Docker", map[string]string{"run/systemd/container": "oci\n"}, "docker"},
		{"Flatpak leaves a file", map[string]string{".flatpak-info": "[Application]\n"}, "flatpak"},
		{"Windows's Linux layer shows in the kernel's name", map[string]string{"proc/sys/kernel/osrelease": "5.15.153.1-microsoft-standard-WSL2"}, "wsl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := filesHost(t, c.files).container(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestProductName(t *testing.T) {
	for _, c := range []struct {
		name                                         string
		vendor, product, version, boardVendor, board string
		want                                         string
	}{
		{"the maker goes before the product", "Dell Inc.", "XPS 13 9310", "", "", "", "Dell XPS 13 9310"},
		{"a maker that the product names is not said twice", "HP", "HP EliteBook 845 G9", "", "", "", "HP EliteBook 845 G9"},
		{"Lenovo's version is the name people know", "LENOVO", "20Y1S0VY00", "ThinkPad P14s Gen 2a", "", "", "ThinkPad P14s Gen 2a"},
		{"a placeholder gives way to the board", "System manufacturer", "System Product Name", "", "ASUSTeK COMPUTER INC.", "PRIME B350-PLUS", "ASUS PRIME B350-PLUS"},
		{"placeholders alone are nothing", "To Be Filled By O.E.M.", "To Be Filled By O.E.M.", "", "To Be Filled By O.E.M.", "Default string", ""},
		{"a virtual machine says so", "QEMU", "Standard PC (Q35 + ICH9, 2009)", "pc-q35-7.2", "", "", "QEMU Standard PC (Q35 + ICH9, 2009)"},
		{"nothing is nothing", "", "", "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := productName(c.vendor, c.product, c.version, c.boardVendor, c.board); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFeatureNames(t *testing.T) {
	t.Run("each is told once, and this processor's are among them", func(t *testing.T) {
		known := map[string]bool{}
		for _, n := range FeatureNames() {
			if known[n] {
				t.Errorf("%q twice", n)
			}
			known[n] = true
		}
		for _, n := range nativeFeatures() {
			if !known[n] {
				t.Errorf("%q is not in the list", n)
			}
		}
	})
	t.Run("what the kernel lists agrees with what the processor says", func(t *testing.T) {
		h := newHost(Options{})
		if h.goos != "linux" {
			t.Skip("no /proc/cpuinfo")
		}
		c, err := probeOf(h).cpu(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, n := range c.Features {
			have[n] = true
		}
		for _, n := range nativeFeatures() {
			if !have[n] {
				t.Errorf("the processor has %s, the kernel's list %v", n, c.Features)
			}
		}
	})
}
