package hardware

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzParsers gives every parser anything at all. None may panic or hang, and no figure may be negative or contradict
// itself.
func FuzzParsers(f *testing.F) {
	for _, name := range recordings(f) {
		for _, text := range readRecording(f, name) {
			f.Add(text)
		}
		if whole, err := os.ReadFile(filepath.Join("testdata", "machines", name+".txt")); err == nil {
			f.Add(string(whole))
		}
	}
	f.Add(windowsScript)
	m := Memory{TotalBytes: 16 << 30, PhysicalBytes: 16 << 30, AvailableBytes: 8 << 30}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parseMeminfo(text); err == nil {
			checkMemory(t, got)
		}
		parseCPUInfo(text)
		parseCPUList(text)
		if parseCacheSize(text) < 0 || parseSize(text) < 0 || resourceSize(text, 2) < 0 {
			t.Error("negative size")
		}
		if n, ok := parseVMStat(text); ok && n < 0 {
			t.Error("negative available memory")
		}
		parseSwapUsage(text)
		sysctlFeatures(parseSysctl(text))
		amdMarketName(text, "744c", "c8")
		pciListName(text, "8086", "46a6")
		normalPCI(text)
		plainName(text)
		pciIDs(text)
		parseProcessorInfo([]byte(text))
		for _, c := range parseNVIDIA(text) {
			checkGPU(t, c.finish(m))
		}
		slices := parseMIGList(text)
		_ = addMIGMemory(slices, []byte(text))
		for _, s := range slices {
			for _, g := range s {
				checkGPU(t, g)
			}
		}
		if adapters, err := parseWindowsAdapters([]byte(text)); err == nil {
			for _, a := range adapters {
				if g, ok := a.gpu(m); ok {
					checkGPU(t, g)
				}
			}
		}

		// The same text as every file of the control groups, and as its path.
		h := filesHost(t, map[string]string{
			"proc/self/cgroup": "4:memory,cpu:/a\n0::/a\n" + text, "proc/self/mountinfo": v2Mount + v1Mount + text,
			"sys/fs/cgroup/a/memory.max": text, "sys/fs/cgroup/a/memory.current": text, "sys/fs/cgroup/a/memory.stat": text,
			"sys/fs/cgroup/a/cpu.max": text, "sys/fs/cgroup/memory/a/memory.limit_in_bytes": text,
			"sys/fs/cgroup/memory/a/memory.stat": text,
		})
		limited := m
		h.cgroups().limitMemory(&limited)
		checkMemory(t, limited)
		if c := h.cgroups().cores(); c < 0 {
			t.Errorf("%v cores", c)
		}
	})
}

func checkMemory(t *testing.T, m Memory) {
	t.Helper()
	if m.TotalBytes < 0 || m.AvailableBytes < 0 || m.AvailableBytes > m.TotalBytes || m.TotalBytes > m.PhysicalBytes || m.SwapFreeBytes > m.SwapTotalBytes {
		t.Errorf("%+v", m)
	}
}

func checkGPU(t *testing.T, g GPU) {
	t.Helper()
	if g.TotalBytes < 0 || g.FreeBytes < 0 || g.FreeKnown && g.FreeBytes > g.TotalBytes || g.SharedBytes > g.TotalBytes {
		t.Errorf("%+v", g)
	}
}
