package machine

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/backend/fsys"
	"weightroom/backend/llama"
	"weightroom/backend/tune"
	"weightroom/hardware"
)

// Rig is what a measurement of the engine's ways belongs to: with another of these, other ways may be the fastest.
type Rig struct {
	Machine string         `json:"machine"` // see hardware.BandwidthKey
	Engine  string         `json:"engine"`  // versions and backends
	Counted int            `json:"counted"` // threads
	Power   hardware.Power `json:"power"`   // empty: not known, as good as mains
}

// Ways are how the engine works for a model on this machine: as was counted, as was measured, or as the person says. They
// may be used from many goroutines.
type Ways struct {
	settings func(context.Context) backend.Settings
	build    func() engine.Build
	graphics atomic.Bool // a graphics processor works for models, as far as it was looked

	mu         sync.Mutex // guards the following
	path       string     // of the file of what was measured: in the data folder, which may be carried to another machine
	read       bool
	changed    time.Time // of the file that was read
	kept       keptTuned
	power      hardware.Power
	askedPower time.Time
}

type keptTuned struct {
	Off     bool       `json:"off"` // the person wants the counted number and the engine's own choices
	Results []tunedRow `json:"results"`
}

type tunedRow struct {
	Rig    Rig         `json:"rig"`
	Result tune.Result `json:"result"`
}

// keptTunings is how many results are kept; the oldest go first.
const keptTunings = 12

// Tuned is how the engine was found to work fastest here.
type Tuned struct {
	Rig
	Result   tune.Result
	Measured bool // there is a result
	Mains    bool // it is from mains, because none was measured on the battery
	Off      bool // the person wants the counted number and the engine's own choices
	How      llama.How
	Chosen   int  // the person's own number of threads, which goes first; 0: none
	Own      bool // a graphics processor works for models: batch and flash attention are the engine's own choice
}

// Threads is how many threads work for a model now, and why: the person's number, what was found to be faster, or what the
// machine allows. It is read anew each time, because affinity and quotas change while a program runs.
func (w *Ways) Threads(ctx context.Context) hardware.Threads {
	cpu := w.cpu(ctx)
	if row, ok := w.found(ctx, &cpu); ok {
		cpu.MeasuredThreads(row.Result.How.Threads)
	}
	cpu.ChooseThreads(w.settings(ctx).Threads)
	return cpu.Threads
}

// How is how the engine works for a model now. Every program that works for one gets it.
func (w *Ways) How(ctx context.Context) llama.How {
	cpu := w.cpu(ctx)
	var how llama.How
	if row, ok := w.found(ctx, &cpu); ok {
		cpu.MeasuredThreads(row.Result.How.Threads)
		if !w.graphics.Load() {
			how = row.Result.How
		}
	}
	cpu.ChooseThreads(w.settings(ctx).Threads)
	how.Threads = cpu.Threads.Count
	return how
}

// Tuned says what was measured and what is used of it.
func (w *Ways) Tuned(ctx context.Context) Tuned {
	cpu := w.cpu(ctx)
	t := Tuned{Rig: w.rig(ctx, &cpu), How: w.How(ctx), Chosen: w.settings(ctx).Threads, Own: w.graphics.Load()}
	kept := w.keptNow()
	row, ok := kept.find(t.Rig)
	t.Off, t.Result, t.Measured = kept.Off, row.Result, ok
	t.Mains = ok && row.Rig.Power != t.Power
	return t
}

// Untuned reports whether it is not known how the engine works fastest here, and the person has not declined to use it.
func (w *Ways) Untuned(ctx context.Context) bool {
	t := w.Tuned(ctx)
	return !t.Off && !t.Measured
}

// Keep keeps a result for the machine, the engine and the power that it was measured with, and uses it.
func (w *Ways) Keep(r Rig, result tune.Result) error {
	return w.change(func(k *keptTuned) {
		k.Off = false
		k.Results = slices.DeleteFunc(k.Results, func(row tunedRow) bool { return row.Rig == r })
		k.Results = append(k.Results, tunedRow{r, result})
		k.Results = k.Results[max(0, len(k.Results)-keptTunings):]
	})
}

// Use decides whether the engine works as was measured.
func (w *Ways) Use(measured bool) error {
	return w.change(func(k *keptTuned) { k.Off = !measured })
}

// ToTry is what may be faster on this machine, and what a result will belong to. Where a graphics processor works for
// models, the threads alone: the engine knows what it and the model bear.
func (w *Ways) ToTry(ctx context.Context) (tune.Options, Rig) {
	cpu := w.cpu(ctx)
	own := engine.OwnBatch(w.settings(ctx).ContextLength)
	o := tune.Options{Counted: cpu.Threads.Count, Threads: cpu.ThreadsToTry()}
	if !w.graphics.Load() {
		longest := min(own, 1024)
		o.Batch, o.Batches, o.Flash = own, []int{longest / 2, longest / 4}, true
	}
	return o, w.rig(ctx, &cpu)
}

func (w *Ways) cpu(ctx context.Context) hardware.CPU {
	cpu, err := hardware.ReadCPU(ctx)
	if err != nil {
		slog.Warn("processor not read", "error", err)
	}
	return cpu
}

func (w *Ways) rig(ctx context.Context, cpu *hardware.CPU) Rig {
	h := hardware.Machine{CPU: *cpu}
	if memory, err := hardware.ReadMemory(ctx); err == nil {
		h.Memory = memory
	}
	b := w.build()
	power := w.powerNow(ctx)
	if power == hardware.PowerUnknown {
		power = hardware.PowerAC
	}
	return Rig{
		Machine: hardware.BandwidthKey(h), Engine: strings.Join(append([]string{b.Ollama, b.LlamaCpp}, b.Backends...), " "),
		Counted: cpu.Threads.Count, Power: power,
	}
}

// power is what the machine runs on, asked every few seconds at most: on some systems a program has to be started for it.
func (w *Ways) powerNow(ctx context.Context) hardware.Power {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.askedPower) > fresh {
		w.power, w.askedPower = hardware.ReadPower(ctx), time.Now()
	}
	return w.power
}

// found is the result that counts now.
func (w *Ways) found(ctx context.Context, cpu *hardware.CPU) (tunedRow, bool) {
	kept := w.keptNow()
	if kept.Off || len(kept.Results) == 0 {
		return tunedRow{}, false
	}
	return kept.find(w.rig(ctx, cpu))
}

// find returns what was measured, on the battery what was measured on mains where there is nothing else.
func (k keptTuned) find(r Rig) (tunedRow, bool) {
	for _, power := range []hardware.Power{r.Power, hardware.PowerAC} {
		r.Power = power
		if i := slices.IndexFunc(k.Results, func(row tunedRow) bool { return row.Rig == r }); i >= 0 {
			return k.Results[i], true
		}
	}
	return tunedRow{}, false
}

// keptTuned reads the file where it has changed: a command may have measured while the window is open. One that is
// missing or damaged has nothing: the remedy for either is to measure again.
func (w *Ways) keptNow() keptTuned {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.readFile()
}

func (w *Ways) readFile() keptTuned {
	info, err := os.Stat(w.path)
	if err != nil {
		w.kept, w.read = keptTuned{}, false
		return w.kept
	}
	if w.read && info.ModTime().Equal(w.changed) {
		return w.kept
	}
	w.kept, w.read, w.changed = keptTuned{}, true, info.ModTime()
	b, err := os.ReadFile(w.path)
	if err == nil {
		err = json.Unmarshal(b, &w.kept)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		slog.Warn("what was measured of the engine's ways not read", "error", err)
		w.kept = keptTuned{}
	}
	return w.kept
}

func (w *Ways) change(change func(*keptTuned)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.readFile()
	kept.Results = slices.Clone(kept.Results)
	change(&kept)
	b, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	w.read = false
	return writeWhole(w.path, append(b, '\n'))
}

// writeWhole writes a file that a reader sees whole or not at all.
func writeWhole(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".tuned-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fsys.Explain(err, "Then measure again.")
	}
	return nil
}
