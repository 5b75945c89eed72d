package testdrive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"weightroom/backend"
)

// Tool runs one of the engine's programs, such as "llama-bench", to its end. It is expected to shut the program off
// from the network and to let one run at a time. Cancelling ctx ends it.
type Tool func(ctx context.Context, name string, args ...string) (Output, error)

// Output is what a program left behind.
type Output struct {
	Stdout, Stderr []byte
	PeakBytes      int64   // largest resident memory; 0: not known
	CPUSeconds     float64 // processor time it used
}

// FitOptions say how a model will be loaded. The zero value of a field leaves the choice to the engine.
type FitOptions struct {
	Context   int    // tokens; 0: as many as the model was trained on
	KVType    string // f16, q8_0, q4_0 …
	GPULayers int    // -1: all, 0: the engine's choice; see CPUOnly
	CPUOnly   bool   // no layer on a graphics processor
}

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

// Fit asks llama-fit-params what the engine would allocate for the file at path, which may be weightless. Nothing is
// loaded. Compute buffers are reserved in full and touched in part, so the peak resident memory is lower than the sum.
func Fit(ctx context.Context, run Tool, path string, o FitOptions) (Allocation, error) {
	args := []string{"-m", path, "-c", strconv.Itoa(o.Context), "-fitp", "on", "-lv", "4", "--log-jsonl"}
	if o.KVType != "" {
		args = append(args, "-ctk", o.KVType, "-ctv", o.KVType)
		if o.KVType != "f16" && o.KVType != "f32" && o.KVType != "bf16" {
			args = append(args, "-fa", "on") // a quantized cache of values needs it
		}
	}
	switch {
	case o.CPUOnly:
		args = append(args, "-ngl", "0", "-dev", "none")
	case o.GPULayers != 0:
		args = append(args, "-ngl", strconv.Itoa(o.GPULayers))
	}
	for try := 1; ; try++ { // its log is written by a thread that the program's end may cut off (seen: once in 15 runs)
		out, err := run(ctx, "llama-fit-params", args...)
		if err != nil {
			return Allocation{}, failed(ctx, out, err)
		}
		a, err := parseAllocation(append(out.Stdout, out.Stderr...))
		if err == nil || try == 5 || ctx.Err() != nil {
			return a, err
		}
	}
}

// A line of the table: "|   - CUDA0 (RTX 4090) | 24080 = 22441 + (1481 = 93 + 1024 + 364) + 158 |"; without a device
// of its own, the total, the free and the last column are empty. In MiB, rounded down.
var breakdownRow = regexp.MustCompile(`\|\s+- (.+?)\s+\|\s*(?:(\d+) = (\d+) \+ \()?\s*(\d+) =\s+(\d+) \+\s+(\d+) \+\s+(\d+)\)?`)

const mib = 1 << 20

// parseAllocation reads the breakdown from a log: the record of --log-jsonl, which holds all rows at once, else the
// table, which is printed line by line.
func parseAllocation(log []byte) (Allocation, error) {
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

// failed turns a program's end into a sentence. The last words of its log are the cause.
func failed(ctx context.Context, out Output, err error) error {
	if ctx.Err() != nil {
		return backend.Fail(backend.CodeCancelled, ctx.Err(), "The test was stopped.", "Start it again when you like.")
	}
	var e *backend.Error
	if errors.As(err, &e) {
		return err
	}
	return backend.Fail(backend.CodeModelFailed, fmt.Errorf("%w: %s", err, lastWords(out.Stderr)), "The engine could not load this model.", "It may need a newer engine, or more memory than is free.")
}

// lastWords picks the lines of a log that say why.
func lastWords(log []byte) string {
	var found []string
	for line := range strings.Lines(string(log)) {
		lower := strings.ToLower(line)
		for _, mark := range []string{"error", "failed", "assert", "abort", "wrong shape", "not found", "what()"} {
			if strings.Contains(lower, mark) {
				found = append(found, strings.TrimSpace(line))
				break
			}
		}
	}
	if len(found) > 3 {
		found = found[:3]
	}
	if len(found) == 0 && len(log) > 300 {
		return string(log[len(log)-300:])
	}
	return strings.Join(found, " / ")
}
