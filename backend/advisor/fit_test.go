package advisor

import (
	"math"
	"strings"
	"testing"

	"weightroom/backend"
)

func TestFit(t *testing.T) {
	tests := []struct {
		name    string
		machine Machine
		ask     Ask
		want    Place
	}{
		{"a card that holds all of it", machine(8*gb, card(6*gb)), Ask{}, PlaceGPU},
		{"a card that holds some layers", machine(8*gb, card(3*gb)), Ask{}, PlacePartial},
		{"a card too small for one layer leaves it to the processor", machine(8*gb, card(600_000_000)), Ask{}, PlaceRAM},
		{"no graphics", machine(8 * gb), Ask{}, PlaceRAM},
		{"no room anywhere", machine(3 * gb), Ask{}, PlaceNo},
		{"card and main memory together hold it", machine(3*gb, card(4*gb)), Ask{}, PlacePartial},
		{"two cards are not added up", machine(1*gb, card(3_500_000_000), card(3_500_000_000)), Ask{}, PlaceNo},
		{"two cards are added up on request", machine(1*gb, card(3_500_000_000), card(3_500_000_000)), Ask{SumGPUs: true}, PlaceGPU},
		{"a card that the engine cannot use counts for nothing", machine(3*gb, GPU{Name: "x", TotalBytes: 24 * gb, FreeBytes: 24 * gb}), Ask{}, PlaceNo},
		{"unified memory is counted once", machine(5*gb, unified(5*gb, 5*gb)), Ask{}, PlaceNo},
		{"unified memory holds it", machine(8*gb, unified(8*gb, 8*gb)), Ask{}, PlaceGPU},
		{"a limit of graphics on unified memory leaves layers to the processor", machine(8*gb, unified(4*gb, 4*gb)), Ask{}, PlacePartial},
		{"integrated graphics are left alone beside a card", machine(8*gb, unified(8*gb, 8*gb), card(3*gb)), Ask{}, PlacePartial},
		{"what-if: less free memory", machine(8 * gb), Ask{FreeMemory: 4 * gb}, PlaceNo},
		{"what-if: more free memory", machine(3 * gb), Ask{FreeMemory: 8 * gb}, PlaceRAM},
		{"a long context does not fit", machine(8 * gb), Ask{Context: 65536}, PlaceNo},
		{"a long context at 8 bits does", machine(9 * gb), Ask{Context: 65536, KV: KVQ4}, PlaceRAM},
		{"no free memory at all", machine(0), Ask{}, PlaceNo},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := model()
			v := c.Fit(&tt.machine, tt.ask)
			if v.Place != tt.want {
				t.Fatalf("got %+v", v)
			}
			if (v.ShortByBytes > 0) != (v.Place == PlaceNo) {
				t.Errorf("%s, but short by %d", v.Place, v.ShortByBytes)
			}
			onGPU := v.Place == PlaceGPU || v.Place == PlacePartial
			if (v.LayersOnGPU > 0) != onGPU || (v.GPU >= 0) != onGPU || (v.Memory.GPUBytes > 0) != onGPU {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestShortByIsWhatIsMissing(t *testing.T) {
	c := model()
	m := machine(4 * gb)
	v := c.Fit(&m, Ask{})
	m.RAM.AvailableBytes += v.ShortByBytes // below 5 GB the reserve does not grow
	if got := c.Fit(&m, Ask{}); got.Place != PlaceRAM {
		t.Errorf("with %d more it is still short by %d", v.ShortByBytes, got.ShortByBytes)
	}
	m.RAM.AvailableBytes--
	if got := c.Fit(&m, Ask{}); got.Place != PlaceNo {
		t.Error("it said more than was missing")
	}
}

func TestLongestContext(t *testing.T) {
	c := model()
	m := machine(8*gb, card(6*gb))
	v := c.Fit(&m, Ask{})
	if got := c.Fit(&m, Ask{Context: v.MaxContext}); got.Place != PlaceGPU {
		t.Errorf("%d tokens were said to fit: %+v", v.MaxContext, got)
	}
	if got := c.Fit(&m, Ask{Context: v.MaxContext + cacheStep}); got.Place == PlaceGPU {
		t.Errorf("more than %d tokens fit", v.MaxContext)
	}
	c.MaxContext = 4096
	if got := c.Fit(&m, Ask{Context: 2048}); got.MaxContext != 4096 {
		t.Errorf("the model's limit was not heeded: %d", got.MaxContext)
	}
}

func TestCache(t *testing.T) {
	tests := []struct {
		name  string
		group CacheGroup
		ctx   int
		kv    KVType
		want  int64
	}{
		{"f16 takes two bytes a number", CacheGroup{Layers: 10, Values: 100}, 1024, KVF16, 10 * 100 * 1024 * 2},
		{"q8_0 takes 34 bytes for 32", CacheGroup{Layers: 10, Values: 100}, 1024, KVQ8, 10 * 100 * 1024 * 34 / 32},
		{"q4_0 takes 18 bytes for 32", CacheGroup{Layers: 10, Values: 100}, 1024, KVQ4, 10 * 100 * 1024 * 18 / 32},
		{"a context is rounded up", CacheGroup{Layers: 1, Values: 1}, 1000, KVF16, 1024 * 2},
		{"a window keeps itself and one batch", CacheGroup{Layers: 1, Values: 1, Window: 1024}, 65536, KVF16, 1536 * 2},
		{"a window longer than the context keeps the context", CacheGroup{Layers: 1, Values: 1, Window: 4096}, 1024, KVF16, 1024 * 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Candidate{Cache: []CacheGroup{tt.group}}
			if got := c.cacheBytes(tt.ctx, tt.kv); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// The engine makes room for the output of 512 tokens and touches that of one: main memory has to hold the latter, graphics
// memory all of it, and the plan says both.
func TestWhatIsReservedAndNeverTouchedNeedNotFit(t *testing.T) {
	c := Candidate{ID: "tiny", FileBytes: 240 << 20, Layers: 18}
	c.SetBuffers(262144, 640, 2048)
	need := c.Memory(2048, KVF16)
	if reserved := need.UntouchedBytes; reserved < 490<<20 || need.ResidentBytes() > 280<<20 {
		t.Errorf("%+v", need)
	}
	m := machine(need.ResidentBytes() + ramLeast)
	if v := c.Fit(&m, Ask{Context: 2048}); v.Place != PlaceRAM || v.Memory.TotalBytes != need.TotalBytes {
		t.Errorf("in main memory: %+v", v)
	}
	m = machine(0, card(need.ResidentBytes()+cardReserve+10<<20))
	if v := c.Fit(&m, Ask{Context: 2048}); v.Place != PlaceNo {
		t.Errorf("on a card: %+v", v)
	}
	c.SetBuffers(49152, 4096, 65536) // the layers need more at the same place
	if need := c.Memory(2048, KVF16); need.UntouchedBytes != 0 {
		t.Errorf("%+v", need)
	}
	c.ProjectorBytes, c.ProjectorWork = 2*gb, gb/4
	if need := c.Memory(2048, KVF16); need.ProjectorBytes != 2*gb+gb/4 || need.ResidentBytes() < 2*gb {
		t.Errorf("with a projector: %+v", need)
	}
}

func TestEnginePlanCountsAndMovesWithTheContext(t *testing.T) {
	c := model()
	c.ComputePerToken = 1000
	c.Plan = &Plan{Context: 8192, KV: KVF16, Memory: backend.MemoryPlan{WeightsBytes: 5 * gb, KVBytes: 1 * gb, ComputeBytes: gb / 2}}
	if got := c.Memory(8192, KVF16); got.TotalBytes != 6_500_000_000 {
		t.Errorf("got %+v", got)
	}
	got := c.Memory(16384, KVF16)
	if got.KVBytes != 2*gb || got.WeightsBytes != 5*gb || got.ComputeBytes != gb/2+8192*1000 {
		t.Errorf("got %+v", got)
	}
}

func TestPrior(t *testing.T) {
	c := model()
	gpu, half, cpu := machine(16*gb, card(6*gb)), machine(16*gb, card(3*gb)), machine(16*gb)
	speed := func(m Machine) Speed { return Expect(&c, &m, c.Fit(&m, Ask{}), Nothing{}) }
	a, b, d := speed(gpu), speed(half), speed(cpu)
	if !(a.Generation > b.Generation && b.Generation > d.Generation) || !(a.Prompt > b.Prompt && b.Prompt > d.Prompt) {
		t.Errorf("gpu %+v, partial %+v, ram %+v", a, b, d)
	}
	// In main memory: 4 GB at 80% of 50 GB/s and 32 layers' overhead.
	if want := 1 / (4.0/40 + 32*20e-6); math.Abs(d.Generation-want) > 1e-9 {
		t.Errorf("got %g, want %g", d.Generation, want)
	}
	if d.Source != backend.SourceEstimated || !d.Prior || d.Error == 0 {
		t.Errorf("%+v", d)
	}
	// Partly in main memory: the harmonic mix.
	v := c.Fit(&half, Ask{})
	share := float64(v.LayersOnGPU) / 32
	full := half
	full.GPUs = []GPU{card(6 * gb)}
	onCard, onCPU := 1/speed(full).Generation, 1/d.Generation
	if want := 1 / (share*onCard + (1-share)*onCPU); math.Abs(b.Generation-want) > 1e-6 {
		t.Errorf("got %g, want %g", b.Generation, want)
	}
	if got := Prior(&c, &cpu, Verdict{Place: PlaceNo}); got.Generation != 0 {
		t.Errorf("what does not fit has a speed: %+v", got)
	}
	few := cpu
	few.Cores = 2
	if got := speed(few); got.Generation >= d.Generation {
		t.Error("two cores are as fast as eight")
	}
}

func TestSpeedsByRank(t *testing.T) {
	c, m := model(), machine(16*gb)
	v := c.Fit(&m, Ask{})
	fitted := func(*Candidate, Verdict) (Speed, bool) { return Speed{Generation: 7, Prompt: 70, Error: 0.1}, true }
	known := facts{estimate: fitted, speeds: map[string]Speed{"m:Q4_K_M": {Generation: 9, Prompt: 90, Source: backend.SourceTestDrive}}}
	if got := Expect(&c, &m, v, known); got.Generation != 9 || got.Source != backend.SourceTestDrive {
		t.Errorf("a test drive does not count: %+v", got)
	}
	for _, run := range []struct {
		what       string
		generation float64
		disturbed  bool
		want       float64
	}{
		{"disturbed, far below the estimate", 2, true, 7},
		{"disturbed, within the estimate's range", 6.5, true, 6.5},
		{"disturbed and faster all the same", 20, true, 20},
		{"undisturbed, far below the estimate", 2, false, 2},
	} {
		known.speeds["m:Q4_K_M"] = Speed{Generation: run.generation, Prompt: 90, Error: 0.62, Source: backend.SourceTestDrive, Disturbed: run.disturbed}
		got := Expect(&c, &m, v, known)
		if got.Generation != run.want || got.Disturbed != (run.disturbed && got.Source == backend.SourceTestDrive) {
			t.Errorf("%s: %+v", run.what, got)
		}
	}
	known.speeds["m:Q4_K_M"] = Speed{Generation: 90, Source: backend.SourceMeasured, Place: PlaceGPU}
	if got := Expect(&c, &m, v, known); got.Generation != 7 || got.Source != backend.SourceEstimated {
		t.Errorf("a run on graphics counts in main memory: %+v", got)
	}
	known.speeds["m:Q4_K_M"] = Speed{Generation: math.NaN(), Source: backend.SourceMeasured}
	known.estimate = nil
	if got := Expect(&c, &m, v, known); !got.Prior {
		t.Errorf("%+v", got)
	}
}

func TestRemedies(t *testing.T) {
	c := model()
	small := model()
	small.Quant, small.FileBytes, small.Loss.Share = "Q2_K", 2*gb, 0.3
	kinds := func(rs []Remedy) string {
		var s []string
		for _, r := range rs {
			mark := "-"
			if r.Fits {
				mark = "+"
			}
			s = append(s, mark+string(r.Kind))
		}
		return strings.Join(s, " ")
	}
	tests := []struct {
		name     string
		free     int64
		total    int64
		siblings []Candidate
		ask      Ask
		gpus     []GPU
		want     string
	}{
		{"what fits needs none", 8 * gb, 16 * gb, []Candidate{small}, Ask{}, nil, ""},
		{"a little short: each of them suffices", 5_000_000_000, 16 * gb, []Candidate{c, small}, Ask{}, nil, "+free +kv +context +quant"},
		{"a full machine cannot be freed", 4_900_000_000, 4_900_000_000, []Candidate{small}, Ask{}, nil, "+kv +context +quant"},
		{"a shorter context alone", 4_600_000_000, 4_600_000_000, nil, Ask{}, nil, "+context -kv"},
		{"far short: another quant, the others are priced", 3 * gb, 3 * gb, []Candidate{small}, Ask{Context: 2048}, nil, "+quant -kv"},
		{"nothing helps", gb, gb, []Candidate{small}, Ask{}, nil, "-kv -context -both -quant"},
		{"two cards together", gb, gb, nil, Ask{}, []GPU{card(3_500_000_000), card(3_500_000_000)}, "+split -kv -context -both"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := machine(tt.free, tt.gpus...)
			m.RAM.TotalBytes = tt.total
			got := Remedies(&c, tt.siblings, &m, tt.ask)
			if k := kinds(got); k != tt.want {
				t.Errorf("got %q, want %q", k, tt.want)
			}
			for _, r := range got {
				if r.Text == "" || r.SavesBytes <= 0 || r.Fits != (r.Place != PlaceNo) {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

func TestRemediesDoWhatTheySay(t *testing.T) {
	c := model()
	m := machine(4_900_000_000)
	for _, r := range Remedies(&c, nil, &m, Ask{}) {
		ask := Ask{KV: r.KV, Context: r.Context}
		changed := m
		if r.Kind == RemedyFree {
			changed.RAM.AvailableBytes += r.SavesBytes
		}
		if v := c.Fit(&changed, ask); (v.Place != PlaceNo) != r.Fits {
			t.Errorf("%s: %+v", r.Text, v)
		}
	}
}

func TestContextOverTheModelsLimit(t *testing.T) {
	c := model()
	if err := c.CheckContext(131072); err != nil {
		t.Error(err)
	}
	got := backend.Readable(c.CheckContext(131073))
	if got.Message != "M reads at most 131,072 tokens, not 131,073." || got.Hint == "" {
		t.Errorf("%+v", got)
	}
}

func TestTheTextSaysTheMemoryOfTheTable(t *testing.T) {
	r := row{v: Verdict{Place: PlaceRAM, FreeBytes: 21.6e9, Memory: backend.MemoryPlan{TotalBytes: 5e9, UntouchedBytes: 0.2e9}}}
	if got := r.whyMemory(); got != "Fits in memory: 5.0 GB (200 MB of it never touched) of 21.6 GB." {
		t.Error(got)
	}
}
