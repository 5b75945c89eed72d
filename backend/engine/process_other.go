//go:build !linux

package engine

import (
	"os"

	gops "github.com/shirou/gopsutil/v3/process"
)

// processTree lists root and its descendants.
func processTree(root int) []process {
	tree := treeOf(root, processes())
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

// processes lists all processes of the system by their ids alone.
func processes() []process {
	ids, err := gops.Processes()
	if err != nil {
		return nil
	}
	var all []process
	for _, g := range ids {
		p := process{pid: int(g.Pid)}
		if parent, err := g.Ppid(); err == nil {
			p.parent = int(parent)
		}
		all = append(all, p)
	}
	return all
}

// peakMemory is not known here.
func peakMemory(*os.ProcessState) int64 { return 0 }
