package hardware

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEnergyOfTheProcessor(t *testing.T) {
	const dir = "sys/class/powercap/"
	reading := func(first, second string) recording {
		return recording{
			"machine": "goos=linux", dir + "intel-rapl:0/energy_uj": first, dir + "intel-rapl:0/max_energy_range_uj": "262143328850",
			dir + "intel-rapl:1/energy_uj": second, dir + "intel-rapl:1/max_energy_range_uj": "262143328850",
			dir + "intel-rapl:0:0/energy_uj": "99999999", // the cores alone: a part of package 0
		}
	}
	meter := &EnergyMeter{last: map[string]int64{}}
	read := func(first, second string) Energy {
		meter.host = reading(first, second).host(t)
		return meter.Read(t.Context())
	}
	if e := read("1000000", "5000000"); !e.Known || e.Joules != 0 {
		t.Errorf("the first reading: %+v", e)
	}
	if e := read("3500000", "6000000"); math.Abs(e.Joules-3.5) > 1e-9 || !strings.Contains(e.Source, "RAPL") {
		t.Errorf("two packages: %+v", e)
	}
	t.Run("a counter that starts over", func(t *testing.T) {
		if e := read("1000000", "6000000"); math.Abs(e.Joules-(3.5+262143.32885-2.5)) > 1e-6 {
			t.Errorf("%+v", e)
		}
	})
	for name, c := range map[string]struct {
		rec  recording
		says string
	}{
		"a machine without a counter":          {recording{"machine": "goos=linux"}, "no energy counter"},
		"a system that tells no program":       {recording{"machine": "goos=darwin"}, "does not tell programs"},
		"a counter that only root may look at": {recording{"machine": "goos=linux", dir + "intel-rapl:0/energy_uj": ""}, "administrator"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &EnergyMeter{host: c.rec.host(t), last: map[string]int64{}}
			if e := m.Read(t.Context()); e.Known || !strings.Contains(e.Missing, c.says) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestEnergyOfACard(t *testing.T) {
	tape := &powerTape{missing: "unknown"}
	at := time.Unix(1000, 0)
	tape.add("100.0", at)
	tape.add(" 200.00 ", at.Add(time.Second))
	tape.add("[N/A]", at.Add(1500*time.Millisecond))
	tape.settle(at.Add(2 * time.Second))
	if tape.joules != 300 || tape.missing != "" {
		t.Errorf("%g joules, %q", tape.joules, tape.missing)
	}
	silent := &powerTape{missing: "unknown"}
	silent.add("[N/A]", at)
	if e := silent.read(); e.Known || !strings.Contains(e.Missing, "does not tell its power") {
		t.Errorf("%+v", e)
	}
	t.Run("the tool is read while it prints, and ended", func(t *testing.T) {
		if _, err := os.Stat("/bin/sh"); err != nil {
			t.Skip(err)
		}
		tool := filepath.Join(t.TempDir(), "nvidia-smi")
		if err := os.WriteFile(tool, []byte("#!/bin/sh\nwhile true; do echo 50; sleep 0.01; done\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		tape := startTape([]string{filepath.Join(t.TempDir(), "none"), tool})
		defer tape.stop()
		for range 200 {
			if e := tape.read(); e.Known && e.Joules > 0.5 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%+v", tape.read())
	})
	t.Run("no tool is a sentence", func(t *testing.T) {
		tape := startTape([]string{filepath.Join(t.TempDir(), "none")})
		if e := tape.read(); e.Known || !strings.Contains(e.Missing, "could not be started") {
			t.Errorf("%+v", e)
		}
	})
}

func TestLoad(t *testing.T) {
	const dir = "sys/devices/system/cpu/"
	l := Load{}
	recording{
		"machine": "goos=linux", dir + "cpu0/cpufreq/scaling_cur_freq": "3000000", dir + "cpu1/cpufreq/scaling_cur_freq": "2000000",
		dir + "cpu0/thermal_throttle/core_throttle_count": "3", dir + "cpu1/thermal_throttle/core_throttle_count": "4", dir + "cpufreq/x": "1",
	}.host(t).strain(&l)
	if l.MHz != 2500 || l.Throttled != 7 {
		t.Errorf("%+v", l)
	}
	a := ReadLoad(t.Context())
	x := 0.0
	for begin := time.Now(); time.Since(begin) < 60*time.Millisecond; {
		x += math.Sqrt(x + 1)
	}
	if b := ReadLoad(t.Context()); !a.Known || b.BusySeconds < a.BusySeconds+0.02 || b.Cores == 0 || x == 0 {
		t.Errorf("%+v then %+v", a, b)
	}
}

func TestFreeBytes(t *testing.T) {
	if n, err := FreeBytes(t.TempDir()); err != nil || n <= 0 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := FreeBytes(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there has space")
	}
}
