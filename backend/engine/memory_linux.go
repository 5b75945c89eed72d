package engine

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// memoryOf reads a process's resident memory from /proc/PID/status (proc(5)); zero for one that has ended.
func memoryOf(pid int) MemoryUse {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return MemoryUse{}
	}
	var m MemoryUse
	for line := range bytes.Lines(data) {
		key, value, ok := strings.Cut(string(line), ":")
		if !ok || !strings.HasPrefix(key, "Rss") && key != "VmRSS" {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			continue
		}
		switch key {
		case "VmRSS":
			m.Bytes = kib << 10
		case "RssAnon":
			m.AnonymousBytes = kib << 10
		case "RssFile":
			m.FileBytes = kib << 10
		}
	}
	return m
}
