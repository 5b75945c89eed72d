package advisor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weightroom/backend"
)

func TestReadMachine(t *testing.T) {
	m, err := ReadMachine(strings.NewReader(`{"os":"linux","memory":{"totalBytes":16000000000},"gpus":[{"name":"GeForce RTX 4060","totalBytes":8000000000}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if m.RAM.AvailableBytes != 14_000_000_000 || m.GPUs[0].Backend != "CUDA" || m.GPUs[0].FreeBytes != 7_500_000_000 {
		t.Errorf("%+v", m)
	}
	if len(m.Assumed) != 5 {
		t.Errorf("what was assumed is not said: %q", m.Assumed)
	}
}

func TestReadMachineCountsTheCoresThatWork(t *testing.T) {
	for file, want := range map[string]int{
		`"physicalCores":8,"logicalCores":16`:                                     8,
		`"physicalCores":8,"logicalCores":16,"usableCores":3`:                     3,
		`"physicalCores":12,"logicalCores":16,"threads":{"count":4,"reasons":[]}`: 4,
	} {
		m, err := ReadMachine(strings.NewReader(`{"memory":{"totalBytes":16000000000},"cpu":{` + file + `}}`))
		if err != nil || m.Cores != want {
			t.Errorf("%s: %d cores, want %d, %v", file, m.Cores, want, err)
		}
	}
}

func TestReadMachineKeepsZeroFreeMemory(t *testing.T) {
	m, err := ReadMachine(strings.NewReader(`{"memory":{"totalBytes":16000000000,"availableBytes":0}}`))
	if err != nil || m.RAM.AvailableBytes != 0 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestReadMachineSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"nothing", ``, "The machine file is not JSON that describes a machine."},
		{"a list", `[]`, "The machine file is not JSON that describes a machine."},
		{"no memory", `{}`, "The machine file does not say how much memory the machine has."},
		{"no total", `{"memory":{}}`, "The machine file does not say how much memory the machine has."},
		{"memory as text", `{"memory":{"totalBytes":"16 GB"}}`, "In the machine file, memory.totalBytes is not of the right kind."},
		{"memory in gigabytes", `{"memory":{"totalBytes":16}}`, "In the machine file, memory.totalBytes is 16, too little to be in bytes."},
		{"memory below nothing", `{"memory":{"totalBytes":-5}}`, "In the machine file, memory.totalBytes is less than nothing."},
		{"absurd memory", `{"memory":{"totalBytes":1e300}}`, "In the machine file, memory.totalBytes is 1e+300, more than any machine has."},
		{"more free than there is", `{"memory":{"totalBytes":8e9,"availableBytes":9e9}}`, "In the machine file, 9.0 GB of memory are free, but the machine has 8.0 GB."},
		{"bandwidth in gigabytes", `{"memory":{"totalBytes":8e9,"bandwidthBytesPerSec":50}}`, "In the machine file, memory.bandwidthBytesPerSec is 50, too little to be in bytes per second."},
		{"absurd cores", `{"memory":{"totalBytes":8e9},"cpu":{"physicalCores":1e6}}`, "In the machine file, cpu.physicalCores is 1,000,000, more than any machine has."},
		{"a card without memory", `{"memory":{"totalBytes":8e9},"gpus":[{"name":"RTX 4090"}]}`, "The machine file does not say how much memory RTX 4090 has."},
		{"a card with more free than it has", `{"memory":{"totalBytes":8e9},"gpus":[{"name":"X","totalBytes":8e9,"freeBytes":9e9}]}`, "In the machine file, X has 9.0 GB free of 8.0 GB."},
		{"a card that shares more than it has", `{"memory":{"totalBytes":8e9},"gpus":[{"name":"X","integrated":true,"totalBytes":4e9,"sharedBytes":5e9}]}`, "In the machine file, X shares 5.0 GB but has 4.0 GB."},
		{"absurdly many cards", `{"memory":{"totalBytes":8e9},"gpus":[` + strings.Repeat(`{},`, 64) + `{}]}`, "The machine file lists 65 graphics processors."},
		{"a negative disk", `{"memory":{"totalBytes":8e9},"disk":{"freeBytes":-1}}`, "In the machine file, disk.freeBytes is less than nothing."},
		{"an endless file", strings.Repeat(" ", machineFileLimit+1), "The machine file is far too long to describe a machine."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadMachine(strings.NewReader(tt.file))
			e := backend.Readable(err)
			if e == nil || e.Message != tt.want || e.Hint == "" || e.Code != backend.CodeInvalid {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// TestReadMachineTakesEveryDetectedMachine reads what detection wrote for recorded machines.
func TestReadMachineTakesEveryDetectedMachine(t *testing.T) {
	files, err := filepath.Glob("../../hardware/testdata/machines/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded machines: %v", err)
	}
	all := testCandidates(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			m, err := ReadMachine(f)
			if strings.Contains(file, "nothing-readable") {
				if err == nil {
					t.Error("a machine of which nothing is known got advice")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			a := mustAdvise(t, all, m, Nothing{}, Ask{})
			t.Logf("%s", a.Summary)
			if len(a.Picks) > 0 {
				t.Logf("%s %s, %s, %.1f tokens a second", a.Picks[0].Model, a.Picks[0].Quant, a.Picks[0].Fit, a.Picks[0].TokensPerSecond)
			}
		})
	}
}

func FuzzReadMachine(f *testing.F) {
	profiles, err := Profiles()
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range profiles {
		f.Add(p.JSON)
	}
	f.Add([]byte(`{"memory":{"totalBytes":8e9,"availableBytes":null},"gpus":[{"integrated":true,"freeKnown":false,"totalBytes":9e9}]}`))
	all := testCandidates(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ReadMachine(strings.NewReader(string(text)))
		if err != nil {
			var e *backend.Error
			if !errors.As(err, &e) || e.Message == "" || e.Hint == "" {
				t.Errorf("no sentence: %v", err)
			}
			return
		}
		if m.RAM.TotalBytes <= 0 || m.RAM.AvailableBytes > m.RAM.TotalBytes || m.RAM.AvailableBytes < 0 {
			t.Errorf("%+v", m)
		}
		for _, g := range m.GPUs {
			if g.FreeBytes < 0 || g.FreeBytes > g.TotalBytes || g.SharedBytes > g.TotalBytes {
				t.Errorf("%+v", g)
			}
		}
		if _, err := Advise(all, &m, Nothing{}, Ask{}); err != nil {
			t.Error(err)
		}
	})
}
