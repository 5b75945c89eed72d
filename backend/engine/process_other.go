//go:build !linux

package engine

import (
	"os"

	gops "github.com/shirou/gopsutil/v3/process"
)

// process is what the supervisor watches of one process.
type process struct {
	pid, parent int
	name        string
	cpuTicks    uint64 // user and system time, in hundredths of a second
	reapedTicks uint64 // the same of its children that have ended; not known here
	rssBytes    int64
}

// processTree lists root and its descendants.
func processTree(root int) []process {
	all, err := gops.Processes()
	if err != nil {
		return nil
	}
	children := map[int][]process{}
	var tree []process
	for _, g := range all {
		p := process{pid: int(g.Pid)}
		if parent, err := g.Ppid(); err == nil {
			p.parent = int(parent)
		}
		if p.pid == root {
			tree = append(tree, p)
		}
		children[p.parent] = append(children[p.parent], p)
	}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i].pid]...)
	}
	for i := range tree {
		g, err := gops.NewProcess(int32(tree[i].pid)) //nolint:gosec // process ids fit
		if err != nil {
			continue
		}
		tree[i].name, _ = g.Name()
		if t, err := g.Times(); err == nil {
			tree[i].cpuTicks = uint64(100 * (t.User + t.System))
		}
		if m, err := g.MemoryInfo(); err == nil {
			tree[i].rssBytes = int64(m.RSS) //nolint:gosec // resident memory fits
		}
	}
	return tree
}

// peakMemory is not known here.
func peakMemory(*os.ProcessState) int64 { return 0 }
