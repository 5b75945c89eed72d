package hardware

import (
	"bufio"
	"context"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Energy is a reading of a counter of energy. Two readings make a measurement.
type Energy struct {
	Known   bool
	Joules  float64 // since some moment
	Source  string  // "RAPL package": what it is of
	Missing string  // a sentence: why it is not known
}

// EnergyMeter reads how much energy the machine uses: the processor's own counters, or those of an NVIDIA card when it
// does the work. The zero value is not ready; use NewEnergyMeter. Close ends what it started.
type EnergyMeter struct {
	host *host
	card bool // an NVIDIA card does the work

	mu     sync.Mutex
	last   map[string]int64 // of each counter, in microjoules
	joules float64
	watts  *powerTape
}

// NewEnergyMeter makes a meter; card says that an NVIDIA card does the work, so that its energy is what counts.
func NewEnergyMeter(card bool) *EnergyMeter {
	return &EnergyMeter{host: newHost(Options{}), card: card, last: map[string]int64{}}
}

// Read returns the counter. The first reading starts it.
func (m *EnergyMeter) Read(context.Context) Energy {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.card {
		return m.nvidia()
	}
	return m.rapl()
}

// rapl adds up the packages' counters (Documentation/power/powercap/powercap.rst). They count microjoules and start
// over at a maximum that they name.
func (m *EnergyMeter) rapl() Energy {
	if m.host.goos != "linux" {
		return Energy{Missing: "This system does not tell programs how much energy the processor uses."}
	}
	const dir = "sys/class/powercap"
	found, denied := 0, false
	for _, name := range m.host.list(dir) {
		if ok, _ := path.Match("intel-rapl:[0-9]*", name); !ok || strings.Count(name, ":") != 1 {
			continue // a part of a package would count twice
		}
		value, ok := m.host.readInt(dir + "/" + name + "/energy_uj")
		if !ok {
			denied = denied || m.host.exists(dir+"/"+name+"/energy_uj")
			continue
		}
		found++
		if before, seen := m.last[name]; seen {
			used := value - before
			if used < 0 {
				most, _ := m.host.readInt(dir + "/" + name + "/max_energy_range_uj")
				used += most
			}
			m.joules += float64(max(0, used)) / 1e6
		}
		m.last[name] = value
	}
	switch {
	case found > 0:
		return Energy{Known: true, Joules: m.joules, Source: "RAPL, whole processor"}
	case denied:
		return Energy{Missing: "This system lets only an administrator read the processor's energy counter."}
	}
	return Energy{Missing: "This machine has no energy counter that the system knows."}
}

// nvidia adds up the power that nvidia-smi reports ten times a second.
func (m *EnergyMeter) nvidia() Energy {
	if m.watts == nil {
		m.watts = startTape(nvidiaDriver{m.host}.tools())
	}
	return m.watts.read()
}

// Close ends what the meter started.
func (m *EnergyMeter) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.watts != nil {
		m.watts.stop()
		m.watts = nil
	}
}

// powerTape is nvidia-smi, printing the power of the first card, and the sum of it over time.
type powerTape struct {
	stop func()

	mu      sync.Mutex
	at      time.Time
	watts   float64
	joules  float64
	missing string
}

func startTape(tools []string) *powerTape {
	ctx, cancel := context.WithCancel(context.Background())
	t := &powerTape{stop: cancel, missing: "The card's power is not known yet."}
	for _, tool := range tools {
		cmd := exec.CommandContext(ctx, tool, "--id=0", "--query-gpu=power.draw", "--format=csv,noheader,nounits", "--loop-ms=100")
		hideWindow(cmd)
		out, err := cmd.StdoutPipe()
		if err != nil || cmd.Start() != nil {
			continue
		}
		go func() {
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				t.add(lines.Text(), time.Now())
			}
			_ = cmd.Wait()
		}()
		return t
	}
	t.missing = "The driver's tool that tells the card's power could not be started."
	return t
}

// add takes a line: watts, or a text such as "[N/A]".
func (t *powerTape) add(line string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	watts, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	if err != nil || watts < 0 {
		if t.at.IsZero() {
			t.missing = "The graphics card does not tell its power."
		}
		return
	}
	t.settle(now)
	t.watts, t.missing = watts, ""
}

// settle adds what was used since the last look.
func (t *powerTape) settle(now time.Time) {
	if !t.at.IsZero() {
		t.joules += t.watts * now.Sub(t.at).Seconds()
	}
	t.at = now
}

func (t *powerTape) read() Energy {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.missing != "" {
		return Energy{Missing: t.missing}
	}
	t.settle(time.Now())
	return Energy{Known: true, Joules: t.joules, Source: "NVML power, first card"}
}
