package machine

import (
	"context"
	"path/filepath"
	"testing"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/hardware"
)

// TestAPersonsThreadsGoBeforeTheMachines holds that a change of the setting counts from the next question on.
func TestAPersonsThreadsGoBeforeTheMachines(t *testing.T) {
	dir, chosen := t.TempDir(), 0
	m := New(Options{
		Engine: engine.New(engine.Options{Home: dir}), Bandwidth: filepath.Join(dir, "bandwidth.json"), Models: func() string { return dir },
		Settings: func(context.Context) backend.Settings { return backend.Settings{Threads: chosen} },
	})
	cpu, err := hardware.ReadCPU(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Threads(t.Context()); got.Count != cpu.Threads.Count {
		t.Errorf("got %+v, the machine says %+v", got, cpu.Threads)
	}
	for _, n := range []int{1, 1024} {
		chosen = n
		h, err := m.Hardware(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := h.CPU.Threads; got.Count != min(n, cpu.UsableCores) || got.Reasons[0].Kind != hardware.ThreadsSetting {
			t.Errorf("%d chosen: %+v", n, got)
		}
	}
}
