package advice

import (
	"slices"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/hardware"
)

// here is the machine that the runs of these tests are asked about.
var here = rig{machine: "this laptop", engine: "1", power: hardware.PowerAC}

func run(speed float64, change func(*backend.Drive)) backend.Drive {
	d := backend.Drive{
		Model: "m", Quant: "Q4_K_M", Source: backend.SourceTestDrive, TokensPerSecond: speed, Engine: here.engine, Device: "cpu",
		Machine: here.machine, Power: string(hardware.PowerAC), Bytes: 4e8, ActiveBytes: 4e8, Layers: 28, PromptTokensPerSecond: 100, At: time.Now(),
	}
	if change != nil {
		change(&d)
	}
	return d
}

func TestWhichRunCounts(t *testing.T) {
	measured := func(d *backend.Drive) { d.Source = backend.SourceMeasured }
	answer := func(d *backend.Drive) { d.Source, d.Tokens, d.Device = backend.SourceMeasured, 200, "" }
	disturbed := func(d *backend.Drive) { d.Disturbed = true }
	disturbedAnswer := func(d *backend.Drive) { answer(d); disturbed(d) }
	elsewhere := func(d *backend.Drive) { d.Machine = "another laptop" }
	before := func(d *backend.Drive) { d.Machine = "" }
	battery := func(d *backend.Drive) { d.Power = string(hardware.PowerBattery) }
	for _, c := range []struct {
		name string
		runs []backend.Drive
		want float64 // 0: none
	}{
		{"the newest test drive", []backend.Drive{run(1, nil), run(2, nil)}, 2},
		{"an answer before a test drive", []backend.Drive{run(1, answer), run(2, nil)}, 1},
		{"repeated runs before answers", []backend.Drive{run(1, measured), run(2, answer)}, 1},
		{"a clean test drive before a disturbed answer", []backend.Drive{run(1, nil), run(2, disturbedAnswer)}, 1},
		{"a clean test drive before a newer disturbed one", []backend.Drive{run(1, nil), run(2, disturbed)}, 1},
		{"a disturbed one where there is no other", []backend.Drive{run(2, disturbed)}, 2},
		{"none of another machine", []backend.Drive{run(1, elsewhere)}, 0},
		{"one that was kept before machines were told apart", []backend.Drive{run(1, before)}, 1},
		{"none of another engine", []backend.Drive{run(1, func(d *backend.Drive) { d.Engine = "0" })}, 0},
		{"none that ran in another way", []backend.Drive{run(1, func(d *backend.Drive) { d.Apart = "batch 256" })}, 0},
		{"one of a graphics processor in whatever way", []backend.Drive{run(1, func(d *backend.Drive) { d.Apart, d.Driver = "batch 256", "550" })}, 1},
		{"none of the battery while on mains", []backend.Drive{run(1, nil), run(2, battery)}, 1},
		{"one of the battery where there is no other", []backend.Drive{run(2, battery)}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, ok := LocalRuns{rig: here, runs: c.runs}.Speed("m", "Q4_K_M")
			if ok != (c.want > 0) || s.Generation != c.want {
				t.Errorf("%+v, %v", s, ok)
			}
		})
	}
}

// TestDisturbedRunsFitNothing holds that a busy machine never spoils the estimates of all models.
func TestDisturbedRunsFitNothing(t *testing.T) {
	size := func(quant string, bytes int64, layers int, more func(*backend.Drive)) func(*backend.Drive) {
		return func(d *backend.Drive) {
			d.Quant, d.Bytes, d.ActiveBytes, d.Layers = quant, bytes, bytes, layers
			if more != nil {
				more(d)
			}
		}
	}
	clean := []backend.Drive{run(50, size("Q8_0", 3.8e8, 32, nil)), run(48, size("Q4_K_M", 3.9e8, 28, nil)), run(25, size("Q4_K_M", 8e8, 16, nil))}
	slow := func(d *backend.Drive) { d.TokensPerSecond /= 20; d.Disturbed = true }
	ram := advisor.Memory{BandwidthBytesPerSec: 22e9}
	large := &advisor.Candidate{ID: "large", Quant: "Q4_K_M", FileBytes: 5e9, ActiveBytes: 5e9, Layers: 32}
	in := advisor.Verdict{Place: advisor.PlaceRAM, GPU: -1}
	estimate := func(runs ...backend.Drive) (advisor.Speed, bool) {
		r := LocalRuns{rig: here, runs: runs}
		r.speed = r.estimator(ram)
		return r.Estimate(large, in)
	}
	want, ok := estimate(clean...)
	if !ok || want.Generation <= 0 {
		t.Fatalf("%+v, %v", want, ok)
	}
	for name, change := range map[string]func(*backend.Drive){
		"disturbed": slow, "of another machine": func(d *backend.Drive) { slow(d); d.Disturbed = false; d.Machine = "another laptop" },
		"on the battery": func(d *backend.Drive) { slow(d); d.Disturbed = false; d.Power = string(hardware.PowerBattery) },
	} {
		if got, _ := estimate(append([]backend.Drive{run(50, size("Q8_0", 3.8e8, 32, change)), run(48, size("Q4_K_M", 3.9e8, 28, change))}, clean...)...); got != want {
			t.Errorf("runs %s change the estimate from %+v to %+v", name, want, got)
		}
	}
	var all []backend.Drive
	for _, d := range clean {
		slow(&d)
		all = append(all, d)
	}
	if got, ok := estimate(all...); ok {
		t.Errorf("three disturbed runs are fitted: %+v", got)
	}
}

func TestRunsOfAnotherMachineAreSaidToBeFromThere(t *testing.T) {
	carried := func(d *backend.Drive) { d.Machine = "Intel Core i7-8550U|8|16 GiB" }
	older := func(d *backend.Drive) { d.Engine = "0" }
	replaced := func(d *backend.Drive) { d.Source, d.Digest = backend.SourceMeasured, "before" }
	kept := []backend.Drive{run(1, nil), run(2, carried), run(3, older), run(5, replaced), run(4, nil)}
	runs := newestFirst(here, weights{{"m", "Q4_K_M"}: {"now"}}, kept)
	want := []Run{
		{Drive: kept[4]},
		{Drive: kept[0]},
		{Drive: kept[3], Replaced: true},
		{Drive: kept[2], Older: true},
		{Drive: kept[1], Elsewhere: "Intel Core i7-8550U"},
	}
	if !slices.Equal(runs, want) {
		t.Errorf("%+v", runs)
	}
}
