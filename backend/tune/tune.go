package tune

import (
	"context"
	"slices"
	"time"

	"weightroom/backend/llama"
)

// Kind is a choice that is tried.
type Kind string

// The choices, in the order in which they are tried.
const (
	KindThreads Kind = "threads"
	KindBatch   Kind = "batch"
	KindFlash   Kind = "flash"
)

// Work is what is timed: Read tokens of a prompt and Write tokens of an answer, after Depth others.
type Work struct{ Read, Write, Depth int }

// Pace is how long a token takes, in seconds. Write is 0 where nothing was written.
type Pace struct{ Read, Write float64 }

// Trial is one way that was tried against the default.
type Trial struct {
	Kind  Kind `json:"kind"`
	Value int  `json:"value"` // threads, or tokens of a prompt at once; without flash attention 0
	Over  int  `json:"over"`  // the default's
	Gain
	Rounds int  `json:"rounds"` // that were compared
	Kept   bool `json:"kept"`
}

// Result is how the engine works fastest.
type Result struct {
	How     llama.How `json:"how"` // the default's number of threads where no other was kept; else zero is the engine's own choice
	Counted int       `json:"counted"`
	Trials  []Trial   `json:"trials"`
	Thrown  int       `json:"thrown"`  // rounds into which other programs came
	Seconds float64   `json:"seconds"` // that were measured
	At      time.Time `json:"at"`
}

// Options are what a Run tries.
type Options struct {
	Counted int   // threads that work for a model as long as nothing was measured
	Threads []int // other numbers that the machine allows
	Batch   int   // tokens of a prompt that the engine works on at once by itself
	Batches []int // other numbers; none: the engine knows best
	Flash   bool  // whether to try without flash attention

	// Time times work that is done in a way, and reports whether other programs came into it.
	Time func(ctx context.Context, how llama.How, work Work) (pace Pace, disturbed bool, err error)
	// Progress is told how far it is, from 0 to 1, and what is tried; nil: nobody asks.
	Progress func(done float64, kind Kind)
}

// What a usual answer is made of, in tokens: a question with a page of text, and a few paragraphs.
const (
	usualRead  = 512
	usualWrite = 350
)

// A stage is one choice.
type stage struct {
	kind Kind
	rule Rule
	work Work
	ways []int // the default first
	how  func(way int, before llama.How) llama.How
}

// Run is one measurement of a machine. It is for one goroutine.
type Run struct {
	o      Options
	stages []stage
	at     int
	how    llama.How
	times  [][]float64 // of the stage's ways, one value a round
	out    []bool      // of the stage's ways: no longer tried
	result Result
}

// New makes a Run. Nothing is measured yet.
func New(o Options) *Run {
	r := &Run{o: o, how: llama.How{Threads: o.Counted}, result: Result{Counted: o.Counted, Trials: []Trial{}}}
	add := func(s stage, try bool) {
		if try {
			r.stages = append(r.stages, s)
		}
	}
	add(stage{
		KindThreads, Rule{Least: 0.03, Rounds: 6}, Work{Read: 256, Write: 32}, append([]int{o.Counted}, o.Threads...),
		func(way int, how llama.How) llama.How { how.Threads = way; return how },
	}, len(o.Threads) > 0)
	add(stage{
		KindBatch, Rule{Least: 0.03, Rounds: 6}, Work{Read: min(o.Batch, 1024)}, append([]int{o.Batch}, o.Batches...),
		func(way int, how llama.How) llama.How { how.Batch = way; return how },
	}, len(o.Batches) > 0)
	// Without flash attention the context takes much more memory, which only a large gain is worth.
	add(stage{
		KindFlash, Rule{Least: 0.1, Rounds: 6}, Work{Read: 128, Write: 32, Depth: 512}, []int{1, 0},
		func(way int, how llama.How) llama.How { how.NoFlash = way == 0; return how },
	}, o.Flash)
	r.begin()
	return r
}

func (r *Run) begin() {
	if r.at < len(r.stages) {
		n := len(r.stages[r.at].ways)
		r.times, r.out = make([][]float64, n), make([]bool, n)
	}
}

type constError string

func (e constError) Error() string { return string(e) }

// What a Run is given up for. ErrDisturbed says that other programs came into one round after the other, ErrChanged that
// the machine is another one at the end than at the beginning.
const (
	ErrDisturbed = constError("other programs came into the measurement")
	ErrChanged   = constError("the machine changed while it was measured")
)

// Go measures until all is decided, from where it was. Where patience rounds in a row, one at least, were disturbed, it gives
// up for now with ErrDisturbed. A round that ctx ends is measured again.
func (r *Run) Go(ctx context.Context, patience int) (Result, error) {
	for thrown := 0; r.at < len(r.stages); {
		begun := time.Now()
		disturbed, err := r.round(ctx)
		if err != nil {
			return Result{}, err
		}
		r.result.Seconds += time.Since(begun).Seconds()
		if !disturbed {
			thrown = 0
			r.decide()
			continue
		}
		r.result.Thrown++
		if thrown++; thrown >= max(1, patience) {
			return Result{}, ErrDisturbed
		}
	}
	r.result.How, r.result.At = r.how, time.Now()
	r.report(0)
	return r.result, nil
}

// round times every way of the stage once.
func (r *Run) round(ctx context.Context) (disturbed bool, err error) {
	s := r.stages[r.at]
	var order []int
	for i := range s.ways {
		if !r.out[i] {
			order = append(order, i)
		}
	}
	if len(r.times[0])%2 == 1 {
		slices.Reverse(order)
	}
	took := make([]float64, len(s.ways))
	for n, i := range order {
		r.report(float64(n) / float64(len(order)))
		pace, disturbed, err := r.o.Time(ctx, s.how(s.ways[i], r.how), s.work)
		if err != nil || disturbed {
			return disturbed, err
		}
		took[i] = usualRead * pace.Read
		if s.work.Write > 0 {
			took[i] += usualWrite * pace.Write
		}
	}
	for _, i := range order {
		r.times[i] = append(r.times[i], took[i])
	}
	return false, nil
}

// decide leaves out what is hopeless, and ends the stage once nothing is left to compare or all rounds are there.
func (r *Run) decide() {
	s := r.stages[r.at]
	rounds := len(r.times[0])
	left := 0
	for i := range s.ways[1:] {
		i++
		if rounds >= leastRounds && !r.out[i] && s.rule.hopeless(gainOf(r.times[0], r.times[i])) {
			r.out[i] = true
		}
		if !r.out[i] {
			left++
		}
	}
	if left > 0 && rounds < s.rule.Rounds {
		return
	}
	best := 0
	trials := make([]Trial, len(s.ways))
	for i := range s.ways[1:] {
		i++
		n := len(r.times[i])
		g := gainOf(r.times[0][:n], r.times[i])
		trials[i] = Trial{Kind: s.kind, Value: s.ways[i], Over: s.ways[0], Gain: g, Rounds: n}
		if !r.out[i] && s.rule.pays(g) && (best == 0 || g.Gain > trials[best].Gain.Gain) {
			best = i
		}
	}
	if best > 0 {
		trials[best].Kept = true
		r.how = s.how(s.ways[best], r.how)
	}
	r.result.Trials = append(r.result.Trials, trials[1:]...)
	r.at++
	r.begin()
}

// report tells how far it is, as if nothing more were left out; part is how much of the round under way is done.
func (r *Run) report(part float64) {
	if r.o.Progress == nil {
		return
	}
	if r.at == len(r.stages) {
		r.o.Progress(1, "")
		return
	}
	s := r.stages[r.at]
	stage := (float64(len(r.times[0])) + part) / float64(s.rule.Rounds)
	r.o.Progress((float64(r.at)+stage)/float64(len(r.stages)), s.kind)
}
