package llama

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"weightroom/backend"
)

// Row is one line of the engine's memory breakdown, in bytes.
type Row struct {
	Name         string // Host, CPU_REPACK, CUDA0 …
	GPU          bool
	WeightsBytes int64
	KVBytes      int64
	ComputeBytes int64
	TotalBytes   int64 // of the device; 0 for what lies in main memory
	FreeBytes    int64
}

// Allocation is the engine's own memory plan: every buffer it would reserve.
type Allocation struct {
	backend.MemoryPlan
	Rows []Row
}

// A line of the table: "|   - CUDA0 (RTX 4090) | 24080 = 22441 + (1481 = 93 + 1024 + 364) + 158 |"; without a device
// of its own, the total, the free and the last column are empty. In MiB, rounded down.
var breakdownRow = regexp.MustCompile(`\|\s+- (.+?)\s+\|\s*(?:(\d+) = (\d+) \+ \()?\s*(\d+) =\s+(\d+) \+\s+(\d+) \+\s+(\d+)\)?`)

const mib = 1 << 20

// ParseMemory reads the memory breakdown from the log of llama-fit-params: the record of --log-jsonl, which holds all
// rows at once, else the table, which is printed line by line. The log is written by a thread that the program's end may
// cut off (seen: once in 15 runs), so a failure is worth another run.
func ParseMemory(log []byte) (Allocation, error) {
	rows := recordRows(log)
	if rows == nil {
		rows = tableRows(log)
	}
	var a Allocation
	for _, row := range rows {
		a.WeightsBytes += row.WeightsBytes
		a.KVBytes += row.KVBytes
		a.ComputeBytes += row.ComputeBytes
		if row.GPU {
			a.GPUBytes += row.WeightsBytes + row.KVBytes + row.ComputeBytes
		}
	}
	a.Rows = rows
	a.TotalBytes = a.WeightsBytes + a.KVBytes + a.ComputeBytes
	if a.TotalBytes == 0 {
		return a, backend.Fail(backend.CodeModelFailed, nil, "The engine gave no memory plan for this model.", "Try again; the log says more.")
	}
	return a, nil
}

func recordRows(log []byte) []Row {
	for line := range bytes.Lines(log) {
		var record struct {
			Type string
			Data struct {
				Rows []struct {
					Kind, Name, Description              string
					Total, Free, Model, Context, Compute int64
				}
			}
		}
		if !bytes.Contains(line, []byte(`"fit_memory_breakdown"`)) || json.Unmarshal(line, &record) != nil {
			continue
		}
		var rows []Row
		for _, r := range record.Data.Rows {
			row := Row{Name: r.Name, GPU: r.Kind == "device", TotalBytes: r.Total * mib, FreeBytes: r.Free * mib, WeightsBytes: r.Model * mib, KVBytes: r.Context * mib, ComputeBytes: r.Compute * mib}
			if r.Description != "" {
				row.Name += " (" + r.Description + ")"
			}
			rows = append(rows, row)
		}
		return rows
	}
	return nil
}

func tableRows(log []byte) []Row {
	table := bytes.LastIndex(log, []byte("memory breakdown [MiB]"))
	if table < 0 {
		return nil
	}
	var rows []Row
	for line := range strings.Lines(string(log[table:])) {
		m := breakdownRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		n := func(i int) int64 { v, _ := strconv.ParseInt(m[i], 10, 64); return v * mib }
		rows = append(rows, Row{Name: strings.TrimSpace(m[1]), GPU: m[2] != "", TotalBytes: n(2), FreeBytes: n(3), WeightsBytes: n(5), KVBytes: n(6), ComputeBytes: n(7)})
	}
	return rows
}
