package hardware

import (
	"context"
	"path"
	"runtime"

	"github.com/shirou/gopsutil/v3/cpu"
)

// Load is how busy the processors have been since the machine started, and what slows them down. Two readings make a
// measurement.
type Load struct {
	Known         bool
	Cores         int     // logical
	BusySeconds   float64 // of all cores, without what was stolen
	StolenSeconds float64 // that the host of a virtual machine gave to others
	Throttled     int64   // how often a core was slowed down because it was hot; 0 also where the system does not count
	MHz           float64 // of all cores now, on average; 0: unknown
}

// ReadLoad reads it.
func ReadLoad(ctx context.Context) Load {
	all, err := cpu.TimesWithContext(ctx, false)
	if err != nil || len(all) == 0 {
		return Load{}
	}
	t := all[0]
	l := Load{Known: true, Cores: runtime.NumCPU(), BusySeconds: t.User + t.System + t.Nice + t.Irq + t.Softirq, StolenSeconds: t.Steal}
	newHost(Options{}).strain(&l)
	return l
}

// strain reads what Linux tells below /sys: heat (Documentation/admin-guide/thermal, Intel only) and clocks
// (Documentation/admin-guide/pm/cpufreq.rst, in kHz; virtual machines have none).
func (h *host) strain(l *Load) {
	if h.goos != "linux" {
		return
	}
	const dir = "sys/devices/system/cpu"
	sum, n := int64(0), int64(0)
	for _, name := range h.list(dir) {
		if ok, _ := path.Match("cpu[0-9]*", name); !ok {
			continue
		}
		if count, ok := h.readInt(dir + "/" + name + "/thermal_throttle/core_throttle_count"); ok {
			l.Throttled += count
		}
		if khz, ok := h.readInt(dir + "/" + name + "/cpufreq/scaling_cur_freq"); ok && khz > 0 {
			sum, n = sum+khz, n+1
		}
	}
	if n > 0 {
		l.MHz = float64(sum) / float64(n) / 1000
	}
}
