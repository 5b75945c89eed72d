package tune

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"weightroom/backend/llama"
)

// machine answers a Run: what each way costs, times noise and a drift of its clock.
type machine struct {
	cost      func(llama.How, Work) float64 // seconds for a token, of reading and of writing
	noise     float64                       // standard deviation, as a share
	drift     float64                       // how much slower each timing is than the one before, as a share
	random    *rand.Rand
	disturbed func(timing int) bool
	timings   int
}

func (m *machine) time(_ context.Context, how llama.How, work Work) (Pace, bool, error) {
	m.timings++
	if m.disturbed != nil && m.disturbed(m.timings) {
		return Pace{Read: 50, Write: 50}, true, nil
	}
	s := m.cost(how, work) * math.Exp(m.noise*m.random.NormFloat64()) * (1 + m.drift*float64(m.timings))
	return Pace{Read: s, Write: s}, false, nil
}

// laptop has four cores with two threads each.
func laptop(m *machine) Options {
	return Options{Counted: 4, Threads: []int{3, 8}, Batch: 1024, Batches: []int{512, 256}, Flash: true, Time: m.time}
}

func alike(llama.How, Work) float64 { return 0.01 }

// faster makes one way faster by a share.
func faster(is func(llama.How) bool, by float64) func(llama.How, Work) float64 {
	return func(how llama.How, _ Work) float64 {
		if is(how) {
			return 0.01 / (1 + by)
		}
		return 0.01
	}
}

func siblings(how llama.How) bool { return how.Threads == 8 }

func TestNoiseDecidesNothing(t *testing.T) {
	const machines = 400
	kept := 0
	for seed := range uint64(machines) {
		m := &machine{cost: alike, noise: 0.04, random: rand.New(rand.NewPCG(seed, 1))}
		r, err := New(laptop(m)).Go(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if r.How != (llama.How{Threads: 4}) {
			kept++
		}
	}
	if kept > machines*3/100 {
		t.Errorf("of %d machines on which all ways are alike, %d changed something", machines, kept)
	}
}

func TestATrueGainIsKept(t *testing.T) {
	const machines = 200
	kept := 0
	for seed := range uint64(machines) {
		m := &machine{cost: faster(siblings, 0.1), noise: 0.02, random: rand.New(rand.NewPCG(seed, 2))}
		r, err := New(laptop(m)).Go(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if r.How.Threads == 8 {
			kept++
		}
		i := slices.IndexFunc(r.Trials, func(trial Trial) bool { return trial.Kind == KindThreads && trial.Value == 8 })
		if g := r.Trials[i]; g.Rounds == 6 && math.Abs(g.Gain.Gain-0.1) > 2*g.Error {
			t.Errorf("10%% faster is said to be %.3f ± %.3f", g.Gain.Gain, g.Error)
		}
	}
	if kept < machines*97/100 {
		t.Errorf("a gain of 10%% was kept on %d of %d machines", kept, machines)
	}
}

func TestWhatIsKept(t *testing.T) {
	for _, c := range []struct {
		name  string
		cost  func(llama.How, Work) float64
		drift float64
		want  llama.How
	}{
		{"nothing where all is alike", alike, 0, llama.How{Threads: 4}},
		{"nothing where the clock falls all the time", alike, 0.02, llama.How{Threads: 4}},
		{"a gain while the clock falls", faster(siblings, 0.1), 0.02, llama.How{Threads: 8}},
		{"no gain that is not worth a change", faster(siblings, 0.02), 0, llama.How{Threads: 4}},
		{"one thread fewer", faster(func(h llama.How) bool { return h.Threads == 3 }, 0.2), 0, llama.How{Threads: 3}},
		{"the best of two", func(h llama.How, _ Work) float64 { return map[int]float64{4: 1, 3: 0.9, 8: 0.8}[h.Threads] }, 0, llama.How{Threads: 8}},
		{"a smaller batch", faster(func(h llama.How) bool { return h.Batch == 256 }, 0.07), 0, llama.How{Threads: 4, Batch: 256}},
		{"no flash attention, where that is much", faster(func(h llama.How) bool { return h.NoFlash }, 0.15), 0, llama.How{Threads: 4, NoFlash: true}},
		{"flash attention, where that costs memory for little", faster(func(h llama.How) bool { return h.NoFlash }, 0.08), 0, llama.How{Threads: 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &machine{cost: c.cost, drift: c.drift, noise: 0.001, random: rand.New(rand.NewPCG(1, 1))}
			r, err := New(laptop(m)).Go(t.Context(), 1)
			if err != nil || r.How != c.want {
				t.Errorf("%+v, %v; want %+v", r, err, c.want)
			}
			if len(r.Trials) != 5 || r.Counted != 4 || r.At.IsZero() {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestADisturbedRoundCountsForNothing holds that a time in which other programs were at work decides nothing, however
// large it is, and that a Run goes on where it was.
func TestADisturbedRoundCountsForNothing(t *testing.T) {
	m := &machine{cost: alike, noise: 0.001, random: rand.New(rand.NewPCG(1, 1))}
	m.disturbed = func(timing int) bool { return timing%4 == 0 }
	run := New(laptop(m))
	stops := 0
	for {
		r, err := run.Go(t.Context(), 1)
		if errors.Is(err, ErrDisturbed) {
			if stops++; stops > 100 {
				t.Fatal("it does not come to an end")
			}
			continue
		}
		if err != nil || r.How != (llama.How{Threads: 4}) || r.Thrown != stops || stops == 0 {
			t.Errorf("%+v, %v after %d stops", r, err, stops)
		}
		for _, trial := range r.Trials {
			if math.Abs(trial.Gain.Gain) > 0.01 {
				t.Errorf("a disturbed time is in %+v", trial)
			}
		}
		break
	}

	m.disturbed = func(int) bool { return true }
	m.timings = 0
	if _, err := New(laptop(m)).Go(t.Context(), 4); !errors.Is(err, ErrDisturbed) || m.timings != 4 {
		t.Errorf("%v after %d timings", err, m.timings)
	}
}

func TestARunThatIsStoppedGoesOn(t *testing.T) {
	m := &machine{cost: faster(siblings, 0.1), noise: 0.001, random: rand.New(rand.NewPCG(1, 1))}
	o := laptop(m)
	stop := errors.New("stopped")
	o.Time = func(ctx context.Context, how llama.How, work Work) (Pace, bool, error) {
		if m.timings%5 == 4 {
			m.timings++
			return Pace{}, false, stop
		}
		return m.time(ctx, how, work)
	}
	last := 0.0
	o.Progress = func(done float64, _ Kind) {
		if done > 1 {
			t.Errorf("%g is done", done)
		}
		last = done
	}
	run := New(o)
	for range 100 {
		r, err := run.Go(t.Context(), 1)
		if err == nil {
			if r.How.Threads != 8 || last != 1 {
				t.Errorf("%+v, %g done", r, last)
			}
			return
		}
	}
	t.Error("it does not come to an end")
}

func TestNothingToTryIsNoWork(t *testing.T) {
	r, err := New(Options{Counted: 1}).Go(t.Context(), 1)
	if err != nil || r.How != (llama.How{Threads: 1}) || len(r.Trials) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAGainHasTheErrorOfItsRounds(t *testing.T) {
	usual := []float64{1, 1, 1, 1, 1, 1}
	if g := gainOf(usual, []float64{0.8, 0.8, 0.8, 0.8, 0.8, 0.8}); math.Abs(g.Gain-0.25) > 1e-9 || g.Error > 1e-9 {
		t.Errorf("%+v", g)
	}
	// Six rounds 1% apart: the standard error is 0.45%, and 99 of 100 means lie within 4.03 of them.
	if g := gainOf(usual, []float64{0.99, 1.01, 0.99, 1.01, 0.99, 1.01}); math.Abs(g.Error-0.018) > 0.001 {
		t.Errorf("%+v", g)
	}
}
