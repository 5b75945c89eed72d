package machine

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/backend/llama"
	"weightroom/backend/tune"
	"weightroom/hardware"
)

func newTuned(t *testing.T, chosen *int) *Machine {
	t.Helper()
	dir := t.TempDir()
	return New(Options{
		Engine: engine.New(engine.Options{Home: dir}), Executable: filepath.Join(dir, "weightroom"),
		Bandwidth: filepath.Join(dir, "bandwidth.json"), Tuned: filepath.Join(dir, "data", "tuned.json"), Models: func() string { return dir },
		Settings: func(context.Context) backend.Settings { return backend.Settings{Threads: *chosen, ContextLength: 8192} },
	})
}

// found is a result that differs from what was counted.
func found(counted int) tune.Result {
	return tune.Result{How: llama.How{Threads: counted + 1, Batch: 256, NoFlash: true}, Counted: counted, Seconds: 90, At: time.Now()}
}

func TestWhatWasMeasuredIsUsed(t *testing.T) {
	chosen := 0
	m := newTuned(t, &chosen)
	ctx := t.Context()
	_, rig := m.Ways.ToTry(ctx)
	counted := llama.How{Threads: rig.Counted}
	if got := m.Ways.How(ctx); got != counted || !m.Ways.Untuned(ctx) {
		t.Fatalf("before anything was measured: %+v", got)
	}
	result := found(rig.Counted)
	if err := m.Ways.Keep(rig, result); err != nil {
		t.Fatal(err)
	}
	threads := m.Threads(ctx)
	if got := m.Ways.How(ctx); got != result.How || threads.Count != result.How.Threads || threads.Reasons[0].Kind != hardware.ThreadsMeasured || m.Ways.Untuned(ctx) {
		t.Errorf("%+v, %+v", got, threads)
	}

	chosen = 1
	if got := m.Ways.How(ctx); got.Threads != 1 || got.Batch != 256 || m.Ways.Tuned(ctx).Chosen != 1 {
		t.Errorf("the person's number goes first: %+v", got)
	}
	chosen = 0

	if err := m.Ways.Use(false); err != nil {
		t.Fatal(err)
	}
	if got := m.Ways.How(ctx); got != counted || m.Ways.Untuned(ctx) || !m.Ways.Tuned(ctx).Off || !m.Ways.Tuned(ctx).Measured {
		t.Errorf("after it was declined: %+v", got)
	}
	if err := m.Ways.Use(true); err != nil {
		t.Fatal(err)
	}
	if got := m.Ways.How(ctx); got != result.How {
		t.Errorf("after it was wanted again: %+v", got)
	}

	m.Ways.graphics.Store(true)
	if got := m.Ways.How(ctx); got != (llama.How{Threads: result.How.Threads}) {
		t.Errorf("where a graphics processor works, the engine knows its batch best: %+v", got)
	}
}

// TestAnotherMachineIsMeasuredAnew holds that what was found counts for the machine, the engine and the number of cores
// that it was found with, and on the battery as long as nothing else was found there.
func TestAnotherMachineIsMeasuredAnew(t *testing.T) {
	chosen := 0
	m := newTuned(t, &chosen)
	ctx := t.Context()
	_, rig := m.Ways.ToTry(ctx)
	for name, change := range map[string]func(*Rig){
		"machine": func(r *Rig) { r.Machine = "another|2|8 GiB" },
		"engine":  func(r *Rig) { r.Engine = "0.1 b1 cpu" },
		"cores":   func(r *Rig) { r.Counted++ },
	} {
		other := rig
		change(&other)
		if err := m.Ways.Keep(other, found(1)); err != nil {
			t.Fatal(err)
		}
		if got := m.Ways.How(ctx); got.Batch != 0 || !m.Ways.Untuned(ctx) {
			t.Errorf("another %s: %+v", name, got)
		}
	}
	if err := m.Ways.Keep(rig, found(rig.Counted)); err != nil {
		t.Fatal(err)
	}
	battery := func() {
		m.Ways.power, m.Ways.askedPower = hardware.PowerBattery, time.Now().Add(time.Hour)
	}
	battery()
	if got := m.Ways.Tuned(ctx); got.How.Batch != 256 || !got.Mains || m.Ways.Untuned(ctx) {
		t.Errorf("on the battery: %+v", got)
	}
	_, onBattery := m.Ways.ToTry(ctx)
	own := found(rig.Counted)
	own.How.Batch = 512
	if err := m.Ways.Keep(onBattery, own); err != nil {
		t.Fatal(err)
	}
	if got := m.Ways.Tuned(ctx); got.How.Batch != 512 || got.Mains {
		t.Errorf("on the battery, with its own: %+v", got)
	}
}

func TestADamagedFileIsNothingMeasured(t *testing.T) {
	chosen := 0
	m := newTuned(t, &chosen)
	ctx := t.Context()
	_, rig := m.Ways.ToTry(ctx)
	if err := os.MkdirAll(filepath.Dir(m.Ways.path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.Ways.path, []byte("{\"results\": [{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := m.Ways.How(ctx); got != (llama.How{Threads: rig.Counted}) || !m.Ways.Untuned(ctx) {
		t.Errorf("%+v", got)
	}
	// Another process, such as a command beside the window, may write it.
	other := newTuned(t, &chosen)
	other.Ways.path, other.opts.Executable = m.Ways.path, m.opts.Executable
	if err := other.Ways.Keep(rig, found(rig.Counted)); err != nil {
		t.Fatal(err)
	}
	if got := m.Ways.How(ctx); got.Batch != 256 {
		t.Errorf("what another process measured: %+v", got)
	}
}
