package hardware

import "slices"

// Threads is how many threads work for a model on the processor, and why. They share each step of the work and wait for
// the slowest, so one that gets no core of its own, or a slow one, holds up all others.
//
// llama.cpp counts alike (common/common.cpp, common_cpu_get_num_math): one thread a core, because two on one core share
// its arithmetic, and none on efficiency cores. It heeds neither affinity nor quota.
type Threads struct {
	Count   int            `json:"count"`   // 1 at least
	Reasons []ThreadReason `json:"reasons"` // in the order they were heeded; one at least
}

// ThreadReason is one thing that decided the number of threads.
type ThreadReason struct {
	Kind  ThreadKind `json:"kind"`
	Cores float64    `json:"cores"` // that it leaves or asks for
	Of    int        `json:"of"`    // of so many
}

// ThreadKind is a kind of reason.
type ThreadKind string

// What decides the number of threads.
const (
	ThreadsCores       ThreadKind = "cores"       // nothing limits: every core of the machine
	ThreadsCpuset      ThreadKind = "cpuset"      // the processors that a container or service may use
	ThreadsAffinity    ThreadKind = "affinity"    // the processors that this process may use
	ThreadsPerformance ThreadKind = "performance" // efficiency cores are left out
	ThreadsQuota       ThreadKind = "quota"       // a container's or service's share of processor time
	ThreadsMeasured    ThreadKind = "measured"    // found to be faster on this machine; Of is the number that was counted
	ThreadsSetting     ThreadKind = "setting"     // a person's number; Of is the most that can run at once
)

// A coreCount is how many cores there are for a model.
type coreCount struct {
	all     int     // switched on
	grouped int     // of all, those that the control groups allow
	allowed int     // of grouped, those that the affinity allows
	fast    int     // of allowed, the fast ones; 0: all are alike, or none is fast
	quota   float64 // processor time, in cores; 0: no quota
}

// threads narrows the cores down, one reason after the other. Of a quota only whole cores count: what is left of a period
// after it is spent, every thread waits.
func (n coreCount) threads() Threads {
	t := Threads{Count: max(1, n.all), Reasons: []ThreadReason{}}
	narrow := func(kind ThreadKind, to int) {
		if to > 0 && to < t.Count {
			t.Reasons = append(t.Reasons, ThreadReason{kind, float64(to), t.Count})
			t.Count = to
		}
	}
	narrow(ThreadsCpuset, n.grouped)
	narrow(ThreadsAffinity, n.allowed)
	narrow(ThreadsPerformance, n.fast)
	if whole := wholeCores(n.quota); whole > 0 && whole < t.Count {
		t.Reasons = append(t.Reasons, ThreadReason{ThreadsQuota, n.quota, max(1, n.all)})
		t.Count = whole
	}
	if len(t.Reasons) == 0 {
		t.Reasons = append(t.Reasons, ThreadReason{ThreadsCores, float64(t.Count), t.Count})
	}
	return t
}

// wholeCores is how many threads a quota feeds without a wait, one at least; 0: there is no quota.
func wholeCores(quota float64) int {
	if quota <= 0 {
		return 0
	}
	return max(1, int(quota))
}

// manyCores is from where on half of the cores may write as fast as all: memory is then the limit, not arithmetic.
const manyCores = 8

// ThreadsToTry are other numbers of threads that may be faster than the counted one, of those that the machine allows: one
// fewer, which leaves a core to everything else; half of many; slow cores too; two on each core.
func (c *CPU) ThreadsToTry() []int {
	n, most := c.Threads.Count, max(1, c.UsableCores)
	var try []int
	for _, other := range []int{n - 1, min(c.PhysicalCores, most), most} {
		if other > 0 && other <= most && other != n && !slices.Contains(try, other) {
			try = append(try, other)
		}
	}
	if n >= manyCores {
		try = append(try, n/2)
	}
	slices.Sort(try)
	return try
}

// MeasuredThreads puts a number that was found to be faster in the place of the counted one.
func (c *CPU) MeasuredThreads(n int) {
	if counted := c.Threads.Count; n > 0 && n != counted {
		c.Threads = Threads{Count: n, Reasons: []ThreadReason{{ThreadsMeasured, float64(n), counted}}}
	}
}

// ChooseThreads puts a person's number in the place of the machine's; 0 leaves it. No more than UsableCores work at once,
// so no more are started.
func (c *CPU) ChooseThreads(n int) {
	if n <= 0 {
		return
	}
	most := max(1, c.UsableCores)
	c.Threads = Threads{Count: min(n, most), Reasons: []ThreadReason{{ThreadsSetting, float64(n), most}}}
}
