package advisor

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	seed   = flag.Uint64("seed", 0, "seed of the random tests; 0: the clock's")
)

const gb = 1_000_000_000

func testCandidates(t testing.TB) []Candidate {
	t.Helper()
	text, err := os.ReadFile("testdata/candidates.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []Candidate
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if all[i].Thinking {
			all[i].Thoughts = usualThoughts()
		}
	}
	return all
}

// usualThoughts are round lengths near those of the catalog.
func usualThoughts() map[Use]Figure {
	lengths := map[Use]Figure{}
	for _, use := range Uses() {
		lengths[use] = Figure{Value: 1000, Error: 0.5}
	}
	lengths[UseCode] = Figure{Value: 2000, Error: 0.5}
	lengths[UseReasoning] = Figure{Value: 4500, Error: 0.5}
	return lengths
}

func testProfile(t testing.TB, id string) Machine {
	t.Helper()
	profiles, err := Profiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range profiles {
		if p.ID == id {
			return p.Machine
		}
	}
	t.Fatalf("no profile %s", id)
	return Machine{}
}

func mustAdvise(t testing.TB, all []Candidate, m Machine, measured Measurements, ask Ask) Advice {
	t.Helper()
	advice, err := Advise(all, &m, measured, ask)
	if err != nil {
		t.Fatal(err)
	}
	return advice
}

// dice is a source of random numbers whose seed is printed where the test fails.
func dice(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: run again with -seed %d", s, s)
	return rand.New(rand.NewPCG(s, 1))
}

// model is a small dense model for tables: 4 GB of weights in 32 layers, 100 kB of cache for each token, no embedding
// in main memory, 100 MB of buffers.
func model() Candidate {
	return Candidate{
		ID: "m", Name: "M", Quant: "Q4_K_M", FileBytes: 4 * gb, Params: 7 * gb, Layers: 32,
		Cache: []CacheGroup{{Layers: 32, Values: 1600}}, ComputeBytes: 100_000_000, MaxContext: 131072,
		Scores: map[Use]Score{UseChat: {Value: 50, Error: 3}},
	}
}

func machine(ram int64, gpus ...GPU) Machine {
	return Machine{OS: "linux", Cores: 8, RAM: Memory{TotalBytes: 2 * ram, AvailableBytes: ram, BandwidthBytesPerSec: 50 * gb}, GPUs: gpus}
}

func card(free int64) GPU {
	return GPU{Name: "card", Backend: "CUDA", TotalBytes: free + gb, FreeBytes: free, BandwidthBytesPerSec: 400 * gb}
}

func unified(total, free int64) GPU {
	return GPU{Name: "unified", Backend: "Metal", TotalBytes: total, SharedBytes: total, FreeBytes: free, Unified: true, BandwidthBytesPerSec: 120 * gb}
}

// facts are Measurements for tests.
type facts struct {
	speeds   map[string]Speed
	estimate func(*Candidate, Verdict) (Speed, bool)
	findings map[string]Finding
	thoughts map[string]Figure
}

func (f facts) Speed(id, quant string) (Speed, bool) {
	s, ok := f.speeds[id+":"+quant]
	return s, ok
}

func (f facts) Estimate(c *Candidate, v Verdict) (Speed, bool) {
	if f.estimate == nil {
		return Speed{}, false
	}
	return f.estimate(c, v)
}

func (f facts) Thoughts(id string) (Figure, bool) {
	t, ok := f.thoughts[id]
	return t, ok
}

func (f facts) Finding(id, quant string) (Finding, bool) {
	found, ok := f.findings[id+":"+quant]
	return found, ok
}
