package engine

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// process is what the supervisor watches of one process.
type process struct {
	pid, parent int
	name        string
	cpuTicks    uint64 // user and system time, in clock ticks
	reapedTicks uint64 // the same of its children that have ended
	rssBytes    int64
}

// processTree lists root and its descendants by the host's process ids; namespaces do not hide them from outside.
func processTree(root int) []process {
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	children := map[int][]process{}
	var tree []process
	for _, path := range entries {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		p, ok := parseStat(data)
		if !ok {
			continue
		}
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

// parseStat reads a line of /proc/PID/stat (proc(5)). The name is in parentheses and may hold any byte.
func parseStat(data []byte) (process, bool) {
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 1 || end < open {
		return process{}, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data[:open])))
	fields := strings.Fields(string(data[end+1:]))
	if err != nil || len(fields) < 22 {
		return process{}, false
	}
	number := func(i int) uint64 { n, _ := strconv.ParseUint(fields[i], 10, 64); return n }
	return process{
		pid:      pid,
		parent:   int(number(1)),
		name:     string(data[open+1 : end]),
		cpuTicks: number(11) + number(12), reapedTicks: number(13) + number(14),
		rssBytes: int64(number(21)) * int64(os.Getpagesize()),
	}, true
}

// peakMemory is the largest resident memory of a process that has ended, in bytes (getrusage(2) counts KiB).
func peakMemory(p *os.ProcessState) int64 {
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
