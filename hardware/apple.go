package hardware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// appleKeys are the kernel's figures that are used here. sysctl names those it doesn't know on standard error, prints
// the rest and fails, so an error alone means nothing.
var appleKeys = append([]string{
	"hw.memsize", "hw.model", "hw.physicalcpu", "hw.logicalcpu", "hw.activecpu",
	"hw.perflevel0.physicalcpu", "hw.perflevel1.physicalcpu",
	"hw.perflevel0.l2cachesize", "hw.l3cachesize", "hw.l2cachesize",
	"machdep.cpu.brand_string", "machdep.cpu.features", "machdep.cpu.leaf7_features",
	"kern.osproductversion", "vm.swapusage", "sysctl.proc_translated", "iogpu.wired_limit_mb",
}, appleFeatureKeys()...)

func appleFeatureKeys() []string {
	var keys []string
	for _, f := range features {
		for key := range strings.FieldsSeq(f.sysctl) {
			if strings.HasPrefix(key, "hw.") {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// sysctl asks once per detection.
func (a *appleProbe) sysctl(ctx context.Context) (map[string]string, error) {
	a.keysOnce.Do(func() {
		out, err := a.runFor(ctx, sysctlTimeout, "sysctl", appleKeys...)
		a.keys = parseSysctl(string(out))
		if len(a.keys) == 0 {
			a.keysErr = errors.Join(errors.New("hardware: sysctl printed nothing"), err)
		}
	})
	return a.keys, a.keysErr
}

// parseSysctl reads "key: value" lines.
func parseSysctl(out string) map[string]string {
	keys := map[string]string{}
	for line := range strings.Lines(out) {
		if k, v, ok := strings.Cut(line, ":"); ok && !strings.Contains(k, " ") {
			keys[k] = strings.TrimSpace(v)
		}
	}
	return keys
}

// keyBytes is a key's value where it is a size, else 0.
func keyBytes(keys map[string]string, key string) int64 {
	n, _ := parseInt(keys[key])
	if n < 0 || n > 1<<50 {
		return 0
	}
	return n
}

func keyCount(keys map[string]string, key string) int {
	n := keyBytes(keys, key)
	if n > maxCPUs {
		return 0
	}
	return int(n)
}

// memory counts as available what the kernel can hand out without compressing or swapping: free, speculative and
// inactive pages.
func (a *appleProbe) memory(ctx context.Context) (Memory, error) {
	keys, err := a.sysctl(ctx)
	total := keyBytes(keys, "hw.memsize")
	if total == 0 {
		return Memory{}, errors.Join(errors.New("hardware: no hw.memsize"), err)
	}
	m := Memory{TotalBytes: total, PhysicalBytes: total}
	m.SwapTotalBytes, m.SwapFreeBytes = parseSwapUsage(keys["vm.swapusage"])
	out, err := a.runFor(ctx, sysctlTimeout, "vm_stat")
	available, ok := parseVMStat(string(out))
	if !ok {
		return m, errors.Join(errors.New("hardware: no page counts from vm_stat"), err)
	}
	m.AvailableBytes = min(available, total)
	return m, nil
}

// parseVMStat reads vm_stat's counts of pages.
func parseVMStat(out string) (available int64, ok bool) {
	_, rest, found := strings.Cut(out, "page size of ")
	size, _, _ := strings.Cut(rest, " ")
	page, isNumber := parseInt(size)
	if !found || !isNumber || page <= 0 || page > 1<<20 {
		return 0, false
	}
	for _, key := range []string{"Pages free", "Pages inactive", "Pages speculative"} {
		n, isCount := parseInt(strings.TrimSuffix(field(out, key, ":"), "."))
		if !isCount || n < 0 || n > 1<<40 {
			return 0, false
		}
		available += n * page
	}
	return available, true
}

// parseSwapUsage reads "total = 2048.00M  used = 1234.25M  free = 813.75M  (encrypted)".
func parseSwapUsage(s string) (total, free int64) {
	value := func(key string) int64 {
		_, rest, _ := strings.Cut(s, key+" = ")
		number, _, _ := strings.Cut(rest, "M")
		f, err := strconv.ParseFloat(number, 64)
		if err != nil || f < 0 || f > 1e9 {
			return 0
		}
		return int64(f * (1 << 20))
	}
	return value("total"), value("free")
}

func (a *appleProbe) cpu(ctx context.Context) (CPU, error) {
	keys, err := a.sysctl(ctx)
	c := CPU{
		Model:            cleanProcessor(keys["machdep.cpu.brand_string"]),
		PhysicalCores:    keyCount(keys, "hw.physicalcpu"),
		LogicalCores:     keyCount(keys, "hw.logicalcpu"),
		UsableCores:      keyCount(keys, "hw.activecpu"),
		PerformanceCores: keyCount(keys, "hw.perflevel0.physicalcpu"),
		EfficiencyCores:  keyCount(keys, "hw.perflevel1.physicalcpu"),
		CacheBytes:       first64(keyBytes(keys, "hw.l3cachesize"), keyBytes(keys, "hw.perflevel0.l2cachesize"), keyBytes(keys, "hw.l2cachesize")),
		Features:         sysctlFeatures(keys),
	}
	if c.EfficiencyCores == 0 {
		c.PerformanceCores = 0
	}
	return c, err
}

func (a *appleProbe) identity(ctx context.Context) (product, system string) {
	keys, _ := a.sysctl(ctx)
	return keys["hw.model"], strings.TrimSpace("macOS " + keys["kern.osproductversion"])
}

func (a *appleProbe) translated(ctx context.Context) bool {
	keys, _ := a.sysctl(ctx)
	return keys["sysctl.proc_translated"] == "1"
}

// appleProfile is the part of system_profiler's report that is used. Sizes are texts such as "8 GB".
type appleProfile struct {
	Displays []struct {
		Model  string `json:"sppci_model"`
		Name   string `json:"_name"`
		Cores  string `json:"sppci_cores"`
		Vendor string `json:"spdisplays_vendor"`
		VRAM   string `json:"spdisplays_vram"`
		Shared string `json:"spdisplays_vram_shared"`
	} `json:"SPDisplaysDataType"`
	Hardware []struct {
		Machine string `json:"machine_name"`
		Model   string `json:"machine_model"`
	} `json:"SPHardwareDataType"`
}

func (a *appleProbe) gpus(ctx context.Context, m Memory, _ string) gpuReport {
	out, err := a.runFor(ctx, profilerTimeout, "system_profiler", "SPDisplaysDataType", "SPHardwareDataType", "-json")
	if toolMissing(err) {
		return gpuReport{}
	}
	var p appleProfile
	if bad := json.Unmarshal(out, &p); bad != nil {
		return gpuReport{notes: []Note{gpuListFailed(errors.Join(bad, err))}}
	}
	keys, _ := a.sysctl(ctx)
	r := gpuReport{gpus: p.list(m, keyBytes(keys, "iogpu.wired_limit_mb")<<20)}
	if len(p.Hardware) > 0 && p.Hardware[0].Machine != "" {
		r.host = fmt.Sprintf("%s (%s)", p.Hardware[0].Machine, p.Hardware[0].Model)
	}
	return r
}

// list turns the report into GPUs. wired is the person's own limit of GPU memory; 0: the system's.
func (p appleProfile) list(m Memory, wired int64) []GPU {
	gpus := []GPU{}
	for _, d := range p.Displays {
		name := first(d.Model, d.Name)
		g := GPU{Name: name, Vendor: appleVendor(d.Vendor, name)}
		switch {
		case g.Vendor == "Apple":
			if d.Cores != "" {
				g.Name += " (" + d.Cores + " cores)"
			}
			g.Integrated = true
			g.SharedBytes = appleWorkingSet(m.TotalBytes, wired)
		case d.Shared != "":
			g.Integrated = true
			g.SharedBytes = parseSize(d.Shared)
		default:
			g.TotalBytes = parseSize(d.VRAM)
		}
		if g.Integrated {
			g.TotalBytes = g.SharedBytes
			g.FreeBytes, g.FreeKnown = min(g.TotalBytes, m.AvailableBytes), g.TotalBytes > 0
		}
		if g.Vendor != "Apple" {
			g.Note = "The engine does not use the GPUs of Intel Macs. Models run on the processor."
		}
		gpus = append(gpus, g)
	}
	return gpus
}

func appleVendor(tag, name string) string {
	for _, v := range []string{"Apple", "AMD", "Intel", "NVIDIA"} {
		if strings.Contains(tag, v) || strings.HasPrefix(name, v) {
			return v
		}
	}
	if strings.Contains(tag, "ATI") || strings.HasPrefix(name, "Radeon") {
		return "AMD"
	}
	return ""
}

// appleWorkingSet is how much unified memory Metal lets a GPU use: the person's own limit, or two thirds of memory up
// to 36 GB and three quarters above, as Metal's recommendedMaxWorkingSetSize has been seen to be. The engine reports the
// exact figure, and [Merge] prefers it.
func appleWorkingSet(total, wired int64) int64 {
	switch {
	case wired > 0:
		return min(wired, total)
	case total <= 36<<30:
		return total / 3 * 2
	}
	return total / 4 * 3
}

// parseSize reads "8 GB" and "1536 MB", which mean powers of two here.
func parseSize(s string) int64 {
	number, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	switch unit {
	case "TB":
		return n << 40
	case "GB":
		return n << 30
	case "MB":
		return n << 20
	}
	return 0
}

func first64(n ...int64) int64 {
	for _, v := range n {
		if v != 0 {
			return v
		}
	}
	return 0
}
