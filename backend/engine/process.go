package engine

// process is what the supervisor watches of one process.
type process struct {
	pid, parent int
	group       int  // its process group; known on Linux only
	ended       bool // but nobody has waited for it; known on Linux only
	name        string
	cpuTicks    uint64 // user and system time, in hundredths of a second, see ticksPerSecond
	reapedTicks uint64 // the same of its children that have ended; known on Linux only
	rssBytes    int64
}

// treeOf is root, where it still is, and its descendants.
func treeOf(root int, all []process) []process {
	children := map[int][]process{}
	var tree []process
	for _, p := range all {
		if p.pid == root {
			tree = append(tree, p)
		}
		children[p.parent] = append(children[p.parent], p)
	}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i].pid]...)
	}
	return tree
}
