package engine

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// processTree lists root and its descendants by the host's process ids; namespaces do not hide them from outside.
func processTree(root int) []process { return treeOf(root, processes()) }

// processes lists all processes of the system.
func processes() []process {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var all []process
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if p, ok := parseStat(data); ok {
			all = append(all, p)
		}
	}
	return all
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
		group:    int(number(2)),
		ended:    fields[0] == "Z" || fields[0] == "X",
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
