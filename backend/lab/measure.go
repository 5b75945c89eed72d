package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/disturb"
)

const (
	// memoryEvery is how often the memory of a running model is looked at.
	memoryEvery = 50 * time.Millisecond
	// repeats is how often a disturbed run is tried again.
	repeats = 2
)

// sample is what one run of one rival gives.
type sample struct {
	load, firstToken float64
	joules           float64 // for each token; 0: not known
	energy           Energy  // its source, or why there is none
	memory           Memory
	tests            []tested
	bench            Bench
	disturbed        []string
}

// measure runs a rival once: in an engine of its own as the app would run it, then in llama-bench. A run that the
// machine disturbed is thrown away and done again, up to twice; the last one counts, with what disturbed it. A person who
// takes figures as they are ends the repeating: then the run before counts.
func (c *comparing) measure(ctx context.Context, row, round int) (s sample, repeated int, err error) {
	r := &c.Rows[row]
	label := fmt.Sprintf("Timing %s, round %d of %d", r.title(c.Comparison), round, c.Settings.Rounds)
	defer func() { c.again = Again{} }()
	var before *sample
	for try := 0; ; try++ {
		c.progress(StageSpeed, label, row, round, 0)
		trying, stop := ctx, context.CancelFunc(func() {})
		if before != nil {
			trying, stop = c.untilRough(ctx)
		}
		end := c.pace.begin(ofSpeed, r.Rival.Model.Bytes)
		s, err := c.once(trying, r.Rival)
		stop()
		if err != nil && before != nil && ctx.Err() == nil && c.isRough() {
			end(true)
			return *before, try - 1, nil
		}
		counts := err != nil || len(s.disturbed) == 0 || try == repeats || c.isRough()
		end(counts)
		if counts {
			return s, try, err
		}
		before = &s
		c.again = Again{Why: s.disturbed[0], Try: try + 2, Most: repeats + 1}
	}
}

// once is one run, whatever disturbed it.
func (c *comparing) once(ctx context.Context, r Rival) (s sample, err error) {
	served, err := c.serve(ctx, r, &s)
	if err != nil {
		return s, err
	}
	w := disturb.Begin(ctx, c.lab.o.Meter.Load)
	var out Output
	if s.tests, s.bench, out, err = c.lab.bench(ctx, r, c.Settings); err != nil {
		return s, err
	}
	s.disturbed = served.Plus(w.End(ctx, out.CPUSeconds)).Why(&c.fastest)
	if began := c.Conditions.Threads; began > 0 && s.bench.Threads > 0 && s.bench.Threads != began {
		s.disturbed = append(s.disturbed, fmt.Sprintf("The engine worked with %s, and with %d when the comparison began.", plural(s.bench.Threads, "thread"), began))
	}
	return s, nil
}

// serve loads the model into an engine, asks one question and looks at what it takes.
func (c *comparing) serve(ctx context.Context, r Rival, s *sample) (disturb.Span, error) {
	w := disturb.Begin(ctx, c.lab.o.Meter.Load)
	server, err := c.lab.o.Serve(ctx, Serving{KV: r.KV, Threads: c.Settings.Threads})
	if err != nil {
		return disturb.Span{}, err
	}
	defer func() { _ = server.Close() }()
	begin := time.Now()
	if err := server.Load(ctx, r.Model, r.Context); err != nil {
		return disturb.Span{}, c.lab.explain(ctx, Output{}, err, "load this model")
	}
	s.load = time.Since(begin).Seconds()
	s.memory.EngineBytes = server.Held(ctx)

	ended, watched := make(chan struct{}), make(chan struct{})
	go func() { // until the answer ends, because buffers are touched only when they are used
		defer close(watched)
		ticker := time.NewTicker(memoryEvery)
		defer ticker.Stop()
		for {
			s.memory.hold(server.Memory())
			select {
			case <-ended:
				return
			case <-ticker.C:
			}
		}
	}()
	var first, last Joules
	tokens := 0
	zero, seed := 0.0, int64(1)
	m, err := server.Answer(ctx, backend.Prompt{
		Model: r.Model.Ref, Bytes: r.Model.Bytes,
		Messages: []backend.Message{{Role: backend.RoleUser, Text: question(c.Settings.FirstTokenPrompt)}},
		Sampling: backend.Sampling{Temperature: &zero, Seed: &seed, MaxTokens: c.Settings.Generate, ContextLength: r.Context},
	}, func(d backend.Delta) {
		if d.Text == "" && d.Thinking == "" {
			return
		}
		if tokens++; tokens == 1 {
			first = c.lab.o.Meter.Energy(ctx)
		}
	})
	last = c.lab.o.Meter.Energy(ctx)
	close(ended)
	<-watched
	seen := w.End(ctx, server.CPUSeconds())
	s.memory.hold(server.Memory())
	if err != nil {
		return seen, c.lab.explain(ctx, Output{}, err, "answer a prompt")
	}
	s.firstToken = m.TimeToFirstTokenSeconds
	s.energy = Energy{Source: last.Source, Missing: last.Missing}
	switch used := last.Value - first.Value; {
	case !first.Known || !last.Known:
		if s.energy.Missing == "" {
			s.energy.Missing = "This machine does not tell how much energy it uses."
		}
	case tokens < 8 || used <= 0:
		s.energy.Missing = "The answer was too short to tell its energy."
	default:
		s.joules, s.energy.Missing = used/float64(tokens-1), ""
	}
	return seen, nil
}

// hold keeps the peak.
func (m *Memory) hold(u Resident) {
	m.PeakBytes = max(m.PeakBytes, u.Bytes, u.AnonymousBytes+u.FileBytes)
	m.AnonymousBytes = max(m.AnonymousBytes, u.AnonymousBytes)
	m.FileBytes = max(m.FileBytes, u.FileBytes)
}

// question is a prompt of about n words, always the same, that begins with nothing an engine could have kept.
func question(n int) string {
	words := strings.Fields(`A lighthouse keeper writes in her book every evening what she saw from the gallery: which ships
		went by and under which flag, how the wind turned, how high the sea stood on the steps, when the fog came and how
		long the horn had to sound. She counts the birds that rest on the rail, notes the colour of the sky before a storm,
		and keeps a list of the lamps on the coast that she can tell apart by their rhythm. In winter she adds how much oil
		is left and how the stove behaves.`)
	var b strings.Builder
	for i := range max(8, n) - 8 {
		b.WriteString(words[i%len(words)])
		b.WriteByte(' ')
	}
	b.WriteString("Tell in detail what she will write tomorrow.")
	return b.String()
}

// add puts a sample into a row. The figures of disturbed runs count only while there is no other.
func (r *Row) add(all []sample) {
	clean := make([]sample, 0, len(all))
	for _, s := range all {
		if len(s.disturbed) == 0 {
			clean = append(clean, s)
		}
	}
	r.Disturbed = []string{}
	if len(clean) == 0 || len(clean)*2 < len(all) { // fewer than half: the quiet ones may be luck
		clean = all
		for _, s := range all {
			r.Disturbed = append(r.Disturbed, s.disturbed...)
		}
	}
	of := func(value func(sample) float64) Figure {
		var samples []float64
		for _, s := range clean {
			if v := value(s); v > 0 {
				samples = append(samples, v)
			}
		}
		return figure(samples)
	}
	r.Load = of(func(s sample) float64 { return s.load })
	r.FirstToken = of(func(s sample) float64 { return s.firstToken })
	r.Speeds = []Speed{}
	for i, t := range clean[0].tests {
		r.Speeds = append(r.Speeds, Speed{Kind: t.kind, Tokens: t.tokens, Depth: t.depth, Figure: of(func(s sample) float64 {
			if i >= len(s.tests) {
				return 0
			}
			return s.tests[i].speed
		})})
	}
	plan := r.Memory.Plan
	r.Memory = Memory{Plan: plan}
	for _, s := range clean {
		r.Memory.PeakBytes = max(r.Memory.PeakBytes, s.memory.PeakBytes)
		r.Memory.AnonymousBytes = max(r.Memory.AnonymousBytes, s.memory.AnonymousBytes)
		r.Memory.FileBytes = max(r.Memory.FileBytes, s.memory.FileBytes)
		r.Memory.EngineBytes = max(r.Memory.EngineBytes, s.memory.EngineBytes)
		r.Bench, r.Energy = s.bench, s.energy
	}
	if joules := of(func(s sample) float64 { return s.joules }); joules.Median > 0 {
		r.Energy.JoulesPerToken, r.Energy.Missing = &joules, ""
	}
}
