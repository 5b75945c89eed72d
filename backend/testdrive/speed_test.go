package testdrive

import (
	"math"
	"math/rand/v2"
	"testing"

	"weightroom/backend"
)

// machine makes runs of a made-up device whose times follow the formula, with costs other than the table's.
type machine struct {
	bandwidth, overhead, rate, noise float64
	cost                             map[string]float64
	r                                *rand.Rand
}

func (m machine) run(quant string, active int64, layers int) backend.Drive {
	c := classes[classOf(quant)]
	cost := c.cost
	if v, ok := m.cost[c.name]; ok {
		cost = v
	}
	tg := float64(active)/m.bandwidth*cost + float64(layers)*m.overhead
	pp := float64(active)*8/c.bits/m.rate*c.work + float64(active)/m.bandwidth/batch + float64(layers)*m.overhead/8
	wobble := func() float64 { return math.Exp(m.noise * m.r.NormFloat64()) }
	return backend.Drive{Quant: quant, Bytes: active, ActiveBytes: active, Layers: layers, TokensPerSecond: wobble() / tg, PromptTokensPerSecond: wobble() / pp}
}

func TestSpeed(t *testing.T) {
	quick := machine{bandwidth: 60e9, overhead: 15e-6, rate: 900e9, r: rand.New(rand.NewPCG(1, 2))}
	input := func(d backend.Drive) SpeedInput { return SpeedInput{d.Quant, d.Bytes, d.ActiveBytes, d.Layers, nil} }
	t.Run("with no run the memory bandwidth answers, and says that it is unsure", func(t *testing.T) {
		s := NewSpeed(nil, Bandwidth{BytesPerSecond: 40e9}, nil)
		e := s.Estimate(SpeedInput{"Q8_0", 4e9, 4e9, 32, nil})
		if math.Abs(e.TokensPerSecond/7.4-1) > 0.05 { // 4 GB at 0.75 of 40 GB/s, and 32 layers
			t.Errorf("%+v", e)
		}
		if e.Error < 0.5 || e.PromptError < 1 {
			t.Errorf("too sure: %+v", e)
		}
		doubtful := NewSpeed(nil, Bandwidth{BytesPerSecond: 20e9, Doubtful: true}, nil).Estimate(SpeedInput{"Q8_0", 4e9, 4e9, 32, nil})
		if !(doubtful.Error > e.Error) {
			t.Errorf("a doubtful bandwidth makes it surer: %+v, %+v", doubtful, e)
		}
		unknown := NewSpeed(nil, Bandwidth{BytesPerSecond: 0}, nil).Estimate(SpeedInput{"Q8_0", 4e9, 4e9, 32, nil})
		if !(unknown.Error > e.Error) || !(unknown.TokensPerSecond > 0) {
			t.Errorf("without a bandwidth: %+v", unknown)
		}
	})
	t.Run("three small runs foretell large models within what it says", func(t *testing.T) {
		drives := []backend.Drive{quick.run("Q8_0", 380e6, 32), quick.run("Q4_K_M", 390e6, 28), quick.run("Q4_K_M", 800e6, 16)}
		s := NewSpeed(drives, Bandwidth{BytesPerSecond: 40e9}, nil)
		for _, d := range []backend.Drive{quick.run("Q4_K_M", 4.6e9, 32), quick.run("Q8_0", 8.1e9, 32), quick.run("Q5_K_M", 5.3e9, 32), quick.run("Q4_K_M", 40e9, 80), quick.run("Q4_K_M", 90e6, 30)} {
			e := s.Estimate(input(d))
			if off := math.Abs(e.TokensPerSecond/d.TokensPerSecond - 1); off > 0.2 || off > e.Error {
				t.Errorf("%s of %d: %+.0f%% ± %.0f%%", d.Quant, d.ActiveBytes, 100*(e.TokensPerSecond/d.TokensPerSecond-1), 100*e.Error)
			}
			if off := math.Abs(e.PromptTokensPerSecond/d.PromptTokensPerSecond - 1); off > e.PromptError {
				t.Errorf("%s of %d: prompt %+.0f%% ± %.0f%%", d.Quant, d.ActiveBytes, 100*off, 100*e.PromptError)
			}
		}
	})
	t.Run("each run makes it surer", func(t *testing.T) {
		var drives []backend.Drive
		last := math.Inf(1)
		for _, d := range []backend.Drive{quick.run("Q4_K_M", 4e8, 28), quick.run("Q4_K_M", 8e8, 16), quick.run("Q4_K_M", 16e8, 28), quick.run("Q4_K_M", 47e8, 32)} {
			drives = append(drives, d)
			e := NewSpeed(drives, Bandwidth{BytesPerSecond: 40e9}, nil).Estimate(SpeedInput{"Q4_K_M", 5e9, 5e9, 36, nil})
			if e.Error >= last {
				t.Errorf("%d runs: ±%.2f after ±%.2f", len(drives), e.Error, last)
			}
			last = e.Error
		}
		if last > 0.25 {
			t.Errorf("±%.2f after four runs", last)
		}
	})
	t.Run("runs that contradict each other make it less sure", func(t *testing.T) {
		steady := []backend.Drive{quick.run("Q4_K_M", 4e8, 28), quick.run("Q4_K_M", 8e8, 16), quick.run("Q4_K_M", 16e8, 28), quick.run("Q4_K_M", 47e8, 32)}
		wild := append([]backend.Drive{}, steady...)
		wild[1].TokensPerSecond *= 3
		wild[2].TokensPerSecond /= 2
		x := SpeedInput{"Q4_K_M", 5e9, 5e9, 36, nil}
		if a, b := NewSpeed(steady, Bandwidth{BytesPerSecond: 40e9}, nil).Estimate(x).Error, NewSpeed(wild, Bandwidth{BytesPerSecond: 40e9}, nil).Estimate(x).Error; b < 2*a {
			t.Errorf("steady ±%.2f, wild ±%.2f", a, b)
		}
	})
	t.Run("a type that costs more here than elsewhere is learned", func(t *testing.T) {
		slow := quick
		slow.cost = map[string]float64{"Q6_K": 2}
		drives := []backend.Drive{slow.run("Q8_0", 4e8, 28), slow.run("Q8_0", 8e8, 16), slow.run("Q6_K", 6e8, 28), slow.run("Q6_K", 16e8, 28)}
		want := slow.run("Q6_K", 6e9, 32)
		e := NewSpeed(drives, Bandwidth{BytesPerSecond: 60e9}, nil).Estimate(input(want))
		if math.Abs(e.TokensPerSecond/want.TokensPerSecond-1) > 0.12 {
			t.Errorf("%.2f, not %.2f", e.TokensPerSecond, want.TokensPerSecond)
		}
	})
	t.Run("nine of ten random machines and models lie within what it says", func(t *testing.T) {
		const seed = 7
		r := rand.New(rand.NewPCG(seed, 3))
		names := []string{"Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "Q3_K_M", "F16"}
		inside, all := 0, 0
		for range 200 {
			m := machine{bandwidth: 20e9 * math.Exp(0.5*r.NormFloat64()), overhead: overheadPrior * math.Exp(overheadDoubt*r.NormFloat64()), noise: 0.06, r: r}
			m.rate = m.bandwidth * ratePerByte * math.Exp(rateDoubt*r.NormFloat64())
			m.cost = map[string]float64{}
			for _, c := range classes {
				m.cost[c.name] = c.cost * math.Exp(costDoubt*r.NormFloat64())
			}
			drives := []backend.Drive{m.run("Q8_0", 380e6, 32), m.run("Q4_K_M", 390e6, 28), m.run("Q4_K_M", 800e6, 16)}
			s := NewSpeed(drives, Bandwidth{BytesPerSecond: m.bandwidth / bandwidthShare * math.Exp(0.2*r.NormFloat64())}, nil)
			for range 5 {
				d := m.run(names[r.IntN(len(names))], int64(math.Exp(19+4*r.Float64())), 16+r.IntN(60))
				e := s.Estimate(input(d))
				all++
				if math.Abs(math.Log(e.TokensPerSecond/d.TokensPerSecond)) < math.Log1p(e.Error) {
					inside++
				}
			}
		}
		if share := float64(inside) / float64(all); share < 0.85 || share > 0.995 {
			t.Errorf("seed %d: %.2f of %d lie within", seed, share, all)
		}
	})
	t.Run("senseless runs are left out", func(t *testing.T) {
		bad := []backend.Drive{{}, {Quant: "Q4_K_M", ActiveBytes: 1e9, Layers: 10, TokensPerSecond: math.NaN()}, {Quant: "Q4_K_M", ActiveBytes: 1e9, Layers: 10, TokensPerSecond: math.Inf(1), PromptTokensPerSecond: -1}}
		s := NewSpeed(bad, Bandwidth{BytesPerSecond: math.NaN()}, nil)
		if e := s.Estimate(SpeedInput{"?", 1e9, 1e9, 10, nil}); s.Runs() != 0 || !(e.TokensPerSecond > 0) || !(e.Error > 0) || math.IsInf(e.Error, 0) {
			t.Errorf("%d runs, %+v", s.Runs(), e)
		}
	})
	t.Run("quants belong to their class", func(t *testing.T) {
		for quant, want := range map[string]string{"Q4_K_M": "Q4_K", "q4_k_s": "Q4_K", "Q4_0": "Q4_0", "IQ2_XXS": "IQ2", "MXFP4_MOE": "MXFP4", "BF16": "BF16", "TQ1_0": "TQ", "": "Q4_K"} {
			if got := classes[classOf(quant)].name; got != want {
				t.Errorf("%s is taken for %s", quant, got)
			}
		}
	})
}

func BenchmarkEstimateAll(b *testing.B) {
	quick := machine{bandwidth: 60e9, overhead: 15e-6, rate: 900e9, r: rand.New(rand.NewPCG(1, 2))}
	drives := []backend.Drive{quick.run("Q8_0", 380e6, 32), quick.run("Q4_K_M", 390e6, 28), quick.run("Q4_K_M", 800e6, 16)}
	for b.Loop() {
		s := NewSpeed(drives, Bandwidth{BytesPerSecond: 40e9}, nil)
		for range 1600 {
			s.Estimate(SpeedInput{"Q4_K_M", 5e9, 5e9, 36, nil})
		}
	}
}

func BenchmarkPlanAll(b *testing.B) {
	rows := blueprints(b)
	for b.Loop() {
		for _, bp := range rows {
			if _, err := Plan(bp, "Q4_K_M"); err != nil {
				b.Fatal(err)
			}
		}
	}
}
