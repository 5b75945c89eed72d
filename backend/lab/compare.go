package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// Ask is what to compare.
type Ask struct {
	ID        string // of the comparison; empty: a new one
	Rivals    []Rival
	Reference string // reference of the model that the others are held against; empty: the most precise of them
	Text      string // file to measure quality on; empty: answers that the reference writes
	Settings  Settings
}

const (
	maxRivals  = 32
	minContext = 512
)

// complete fills in defaults and refuses what is out of range.
func (s Settings) complete() (Settings, error) {
	s.Rounds = cmp.Or(s.Rounds, 3)
	s.Generate = cmp.Or(s.Generate, 32)
	s.TextContext = cmp.Or(s.TextContext, 512)
	s.TextChunks = cmp.Or(s.TextChunks, 16)
	s.FirstTokenPrompt = cmp.Or(s.FirstTokenPrompt, 128)
	if s.PromptTokens == nil {
		s.PromptTokens = []int{128, 512, 2048}
	}
	if s.Depths == nil {
		s.Depths = []int{0, 512, 2048}
	}
	if s.Seed == 0 {
		s.Seed = time.Now().UnixNano() & 0x7fffffff
	}
	invalid := func(what string) (Settings, error) {
		return s, backend.Fail(backend.CodeInvalid, nil, what, "Choose another value.")
	}
	switch {
	case s.Rounds < 1 || s.Rounds > 50:
		return invalid("The number of rounds must be between 1 and 50.")
	case s.Generate < 2 || s.Generate > 4096:
		return invalid("The number of tokens to write must be between 2 and 4096.")
	case s.TextContext < 32 || s.TextContext > 2048 && s.TextContext%512 != 0 || s.TextContext > 1<<20 || s.TextContext <= 2048 && 2048%s.TextContext != 0:
		return invalid("The text can be cut into chunks of 32, 64, 128, 256, 512, 1024 or 2048 tokens, or a larger multiple of 512.")
	case s.TextChunks < 2 || s.TextChunks > 10_000:
		return invalid("The number of chunks must be between 2 and 10,000.")
	case s.Threads < 0 || s.Threads > 1024:
		return invalid("The number of threads must be between 0 and 1024; 0 takes as many as the machine allows.")
	case s.SkipQuality && s.SkipSpeed:
		return invalid("With neither quality nor speed there is nothing to measure.")
	}
	for _, n := range slices.Concat(s.PromptTokens, s.Depths) {
		if n < 0 || n > 1<<20 {
			return invalid("Numbers of tokens must be between 0 and 1,048,576.")
		}
	}
	return s, nil
}

// comparing is one comparison under way.
type comparing struct {
	*Comparison
	lab     *Lab
	steps   steps
	headers map[string]*gguf.File // by digest
	fastest float64               // clock, in MHz
	random  *rand.Rand
	total   float64 // units of work, for the progress
	before  float64 // units done
	pace    pace
	rough   chan struct{} // closed when the person takes figures as they are
	again   Again         // what is being repeated
}

// Compare measures every rival. What is finished is stored as it comes, so that a comparison that is cancelled, or whose
// engine dies, keeps its finished rows; it is then returned together with the error. A rival that can't be measured
// leaves a row that says why, and the others go on.
func (l *Lab) Compare(ctx context.Context, ask Ask, report func(Progress)) (Comparison, error) {
	done, err := l.busy()
	if err != nil {
		return Comparison{}, err
	}
	defer done()
	c, err := l.prepare(ctx, ask)
	if err != nil {
		return Comparison{}, err
	}
	c.steps.report = report
	defer l.begin(c)()
	if err := c.save(ctx); err != nil {
		return *c.Comparison, err
	}
	begin := time.Now()
	err = c.all(ctx, ask.Text)
	c.Seconds = time.Since(begin).Seconds()
	c.State, c.Problem = StateDone, nil
	if err != nil {
		c.Problem = backend.Readable(err)
		c.State = StateFailed
		if ctx.Err() != nil {
			c.State = StateCancelled
			c.Problem = backend.Fail(backend.CodeCancelled, ctx.Err(), "Cancelled.", "What was measured is kept.")
		}
		err = c.Problem
		for i := range c.Rows {
			if c.Rows[i].State == RowRunning {
				c.Rows[i].State = RowWaiting
			}
		}
	}
	c.Verdict = Judge(c.Comparison)
	if saveErr := c.save(context.WithoutCancel(ctx)); err == nil {
		err = saveErr
	}
	if err == nil {
		c.steps.at(Progress{Stage: StageDone, Label: "Done", Row: -1, Done: 1})
	}
	return *c.Comparison, err
}

// prepare checks what can be checked before anything runs.
func (l *Lab) prepare(ctx context.Context, ask Ask) (*comparing, error) {
	settings, err := ask.Settings.complete()
	if err != nil {
		return nil, err
	}
	if len(ask.Rivals) == 0 {
		return nil, backend.Fail(backend.CodeInvalid, nil, "There is nothing to compare.", "Name at least one model.")
	}
	if len(ask.Rivals) > maxRivals {
		return nil, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("That makes %d rows, and at most %d can be compared at a time.", len(ask.Rivals), maxRivals), "Leave some out.")
	}
	c := &comparing{
		lab: l, rough: make(chan struct{}), headers: map[string]*gguf.File{}, random: rand.New(rand.NewPCG(uint64(settings.Seed), 1)),
		Comparison: &Comparison{ID: cmp.Or(ask.ID, l.o.NewID()), Begun: now(), State: StateRunning, Settings: settings, Conditions: l.o.Meter.Conditions(ctx)},
	}
	c.Conditions.Threads = cmp.Or(settings.Threads, c.Conditions.Threads)
	if settings.Rough {
		close(c.rough)
	}
	for _, r := range ask.Rivals {
		if r, err = c.check(r); err != nil {
			return nil, err
		}
		row := Row{Rival: r, State: RowWaiting, SecondHand: r.Model.Source == "derived" && r.Model.Parent.SecondHand, Speeds: []Speed{}, Disturbed: []string{}}
		if !slices.ContainsFunc(c.Rows, func(o Row) bool { return o.Rival.same(r) }) {
			c.Rows = append(c.Rows, row)
		}
	}
	if err := c.chooseReference(ask.Reference); err != nil {
		return nil, err
	}
	if !settings.SkipQuality {
		if err := c.sameVocabulary(); err != nil {
			return nil, err
		}
		if ask.Text != "" {
			if err := longEnough(ask.Text, settings.TextContext); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (r Rival) same(o Rival) bool {
	return r.Model.Digest == o.Model.Digest && r.Model.Ref == o.Model.Ref && r.KV == o.KV && r.Context == o.Context
}

// check completes a rival and refuses what can't be measured.
func (c *comparing) check(r Rival) (Rival, error) {
	r.KV = cmp.Or(r.KV, "f16")
	if !slices.Contains(KVTypes(), r.KV) {
		return r, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%q is not a type of the KV cache.", r.KV), "Choose f16, q8_0 or q4_0.")
	}
	header, err := sourceHeader(r.Model)
	if err != nil {
		return r, err
	}
	c.headers[r.Model.Digest] = header
	if header.Pools() {
		return r, backend.Fail(backend.CodeUnsupported, nil, r.Model.Ref+" is an embedding model and writes no text, so it can't be compared here.", "Pick models that chat.")
	}
	longest := header.ContextLength()
	if r.Context == 0 {
		if r.Context = 4096; longest > 0 {
			r.Context = min(r.Context, longest)
		}
	}
	switch {
	case r.Context < minContext:
		return r, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("A context of %d tokens is too short to compare models.", r.Context), fmt.Sprintf("Choose %d or more.", minContext))
	case longest > 0 && r.Context > longest:
		return r, backend.Fail(backend.CodeInvalid, nil, fmt.Sprintf("%s reads at most %d tokens, not %d.", r.Model.Ref, longest, r.Context), "Choose a shorter context.")
	}
	return r, nil
}

// chooseReference finds the most precise model, or the one that was named, and sorts the rows: the reference first, then
// by size.
func (c *comparing) chooseReference(named string) error {
	precise := func(a, b Row) int {
		return cmp.Or(
			morePrecise(a.Rival.Model, b.Rival.Model),
			slices.Index(KVTypes(), a.Rival.KV)-slices.Index(KVTypes(), b.Rival.KV), cmp.Compare(a.Rival.Context, b.Rival.Context),
		)
	}
	slices.SortStableFunc(c.Rows, precise)
	if named == "" {
		named = c.Rows[0].Rival.Model.Ref
	}
	slices.SortStableFunc(c.Rows, func(a, b Row) int {
		is := func(r Row) int {
			if r.Rival.Model.Ref == named {
				return 0
			}
			return 1
		}
		return is(a) - is(b)
	})
	c.Reference = named
	if c.Rows[0].Rival.Model.Ref != named {
		return backend.Fail(backend.CodeInvalid, nil, "The reference "+named+" is not among the models to compare.", "Add it to them.")
	}
	c.Rows[0].Reference = true
	return nil
}

// morePrecise sorts models by precision, best first.
func morePrecise(a, b backend.Model) int {
	return cmp.Or(cmp.Compare(bitsOf(b.Quant), bitsOf(a.Quant)), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Ref, b.Ref))
}

// ComparePrecision sorts quants by precision, best first.
func ComparePrecision(a, b string) int { return cmp.Compare(bitsOf(b), bitsOf(a)) }

// MostPrecise is the model that the others of a list would be held against. The list must not be empty.
func MostPrecise(models []backend.Model) backend.Model { return slices.MinFunc(models, morePrecise) }

// sameVocabulary refuses rivals whose tokens are not the reference's: their probabilities are about other things.
func (c *comparing) sameVocabulary() error {
	reference := c.Rows[0].Rival.Model
	want, err := vocabularyOf(reference.Path, c.headers[reference.Digest])
	if err != nil {
		return err
	}
	for _, row := range c.Rows[1:] {
		m := row.Rival.Model
		got, err := vocabularyOf(m.Path, c.headers[m.Digest])
		if err != nil {
			return err
		}
		if got != want {
			return backend.Fail(backend.CodeInvalid, nil,
				fmt.Sprintf("%s cuts text into other tokens than %s (%s), so the two can't be compared token by token.", m.Ref, reference.Ref, want.differs(got)),
				"Compare quants of one model, or measure the speed alone.")
		}
	}
	return nil
}

// all measures: the plan and the quality of each row, then rounds of speed in random order.
func (c *comparing) all(ctx context.Context, textFile string) error {
	n := float64(len(c.Rows))
	c.total = n * 0.05
	if !c.Settings.SkipQuality {
		c.total += 1 + n
		if textFile == "" {
			c.total += 4
		}
	}
	if !c.Settings.SkipSpeed {
		c.total += n * (0.3 + float64(c.Settings.Rounds))
	}
	c.expect(textFile)
	if err := c.plans(ctx); err != nil {
		return err
	}
	if !c.Settings.SkipQuality {
		if err := c.qualities(ctx, textFile); err != nil {
			return err
		}
	}
	if !c.Settings.SkipSpeed {
		if err := c.speeds(ctx); err != nil {
			return err
		}
	}
	failed := 0
	for i := range c.Rows {
		if r := &c.Rows[i]; r.State != RowFailed {
			r.State = RowDone
		} else if failed++; failed == len(c.Rows) {
			return r.Problem
		}
	}
	return nil
}

// expect plans all the work, to tell how long it takes.
func (c *comparing) expect(textFile string) {
	for i := range c.Rows {
		size := c.Rows[i].Rival.Model.Bytes
		if !c.Settings.SkipQuality {
			c.pace.plan(ofQuality, size)
		}
		if !c.Settings.SkipSpeed {
			c.pace.plan(ofWarmth, size)
			c.pace.plan(ofSpeed, size*int64(c.Settings.Rounds))
		}
	}
	if !c.Settings.SkipQuality && textFile == "" {
		c.pace.plan(ofText, c.Rows[0].Rival.Model.Bytes)
	}
}

// progress reports a part of a unit of work.
func (c *comparing) progress(stage Stage, label string, row, round int, part float64) {
	c.steps.at(Progress{Stage: stage, Label: label, Row: row, Round: round, Again: c.again, Left: c.pace.foretell(c.isRough()), Done: (c.before + part) / c.total})
}

func (c *comparing) did(units float64) { c.before += units }

// fail ends a row; nil when the others may go on.
func (c *comparing) fail(ctx context.Context, row int, err error) error {
	if ctx.Err() != nil {
		return err
	}
	r := &c.Rows[row]
	r.State, r.Problem = RowFailed, backend.Readable(err)
	if r.Problem.Code == backend.CodeDiskFull || r.Problem.Code == backend.CodeEngineMissing {
		return err // it would be the same for every other row
	}
	return c.save(ctx)
}

func (c *comparing) plans(ctx context.Context) error {
	for i := range c.Rows {
		r := &c.Rows[i]
		c.progress(StagePlan, "Asking for the memory plan of "+r.title(c.Comparison), i, 0, 0)
		plan, err := c.lab.o.Plan(ctx, r.Rival.Model.Path, r.Rival.Context, r.Rival.KV)
		if err != nil {
			if err := c.fail(ctx, i, err); err != nil {
				return err
			}
		}
		r.Memory.Plan = plan
		c.did(0.05)
	}
	return nil
}

func (c *comparing) qualities(ctx context.Context, textFile string) error {
	reference := c.Rows[0].Rival.Model
	units := 0.0
	if textFile == "" {
		units = 4
	}
	end := c.pace.begin(ofText, reference.Bytes)
	file, text, err := c.lab.text(ctx, reference, textFile, c.Settings, func(f float64) {
		c.progress(StageText, reference.Ref+" writes the text to measure on", 0, 0, 4*f)
	})
	if err != nil {
		return err
	}
	end(true)
	c.did(units)
	c.Text = text
	dir, remove, err := c.lab.temporary()
	if err != nil {
		return err
	}
	defer remove()
	label := "Reading the text with the reference"
	end = c.pace.begin(ofQuality, reference.Bytes)
	base, err := c.lab.base(ctx, reference, c.headers[reference.Digest], file, filepath.Join(dir, "base.kld"), c.Settings, func(f float64) {
		c.progress(StageQuality, label, 0, 0, f)
	})
	if err != nil {
		return err
	}
	end(true)
	c.did(1)
	c.Text.Tokens, c.Text.Chunks = base.tokens, base.chunks
	measured := map[string]*Quality{reference.Digest + "f16": {Perplexity: base.perplexity, SameTopToken: Estimate{Value: 1}}}
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.State == RowFailed {
			c.pace.skip(ofQuality, r.Rival.Model.Bytes)
			c.did(1)
			continue
		}
		r.State = RowRunning
		key := r.Rival.Model.Digest + r.Rival.KV
		if measured[key] != nil && i > 0 {
			c.pace.skip(ofQuality, r.Rival.Model.Bytes)
		}
		if measured[key] == nil { // the context of the text is the same whatever the rival's is
			end := c.pace.begin(ofQuality, r.Rival.Model.Bytes)
			q, err := c.lab.compareWith(ctx, base, r.Rival, c.Settings, func(f float64) {
				c.progress(StageQuality, "Measuring the quality of "+r.title(c.Comparison), i, 0, f)
			})
			end(true)
			if err != nil {
				if err := c.fail(ctx, i, err); err != nil {
					return err
				}
				c.did(1)
				continue
			}
			measured[key] = &q
		}
		r.Quality = measured[key]
		if r.State = RowWaiting; c.Settings.SkipSpeed {
			r.State = RowDone
		}
		c.did(1)
		if err := c.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// speeds warms each rival up and then times all of them, round by round in another order each time, so that what
// changes in the machine meanwhile falls on all of them alike.
func (c *comparing) speeds(ctx context.Context) error {
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.State != RowFailed {
			c.progress(StageWarm, "Warming up "+r.title(c.Comparison), i, 0, 0)
			end := c.pace.begin(ofWarmth, r.Rival.Model.Bytes)
			short := Settings{PromptTokens: []int{}, Depths: []int{}, Generate: 2, Threads: c.Settings.Threads}
			_, _, _, err := c.lab.bench(ctx, r.Rival, short)
			end(true)
			if err != nil {
				if err := c.fail(ctx, i, err); err != nil {
					return err
				}
			}
		}
		c.did(0.3)
	}
	samples := make([][]sample, len(c.Rows))
	for round := 1; round <= c.Settings.Rounds; round++ {
		for _, i := range c.random.Perm(len(c.Rows)) {
			r := &c.Rows[i]
			if r.State != RowFailed {
				r.State = RowRunning
				s, repeated, err := c.measure(ctx, i, round)
				r.Repeated += repeated
				if err != nil {
					if err := c.fail(ctx, i, err); err != nil {
						return err
					}
				} else {
					samples[i] = append(samples[i], s)
					r.add(samples[i])
					c.note(s.bench)
					if r.State = RowWaiting; round == c.Settings.Rounds {
						r.State = RowDone
					}
					if err := c.save(ctx); err != nil {
						return err
					}
				}
			} else {
				c.pace.skip(ofSpeed, r.Rival.Model.Bytes)
			}
			c.did(1)
		}
	}
	return nil
}

// note takes over what only a run tells.
func (c *comparing) note(b Bench) {
	c.Conditions.Threads = cmp.Or(c.Conditions.Threads, b.Threads)
	c.Conditions.Backend = cmp.Or(b.Backend, c.Conditions.Backend)
	if b.Backend != "CPU" || c.Conditions.Device == "" {
		c.Conditions.Device = cmp.Or(b.Device, c.Conditions.Device)
	}
	if b.Build > 0 && c.Conditions.LlamaCpp == "" {
		c.Conditions.LlamaCpp = fmt.Sprintf("b%d", b.Build)
	}
}

const (
	indexKey = "lab/comparisons"
	kept     = 200 // comparisons; the oldest are forgotten
)

func comparisonKey(id string) string { return "lab/comparison/" + id }

func (c *comparing) save(ctx context.Context) error {
	if err := c.lab.o.Store.Put(ctx, comparisonKey(c.ID), c.Comparison); err != nil {
		return err
	}
	return c.lab.remember(ctx, indexKey, c.ID)
}

// remember adds an id to a list, once.
func (l *Lab) remember(ctx context.Context, key, id string) error {
	var ids []string
	return l.o.Store.Update(ctx, key, &ids, func() error {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
			ids = ids[max(0, len(ids)-kept):]
		}
		return nil
	})
}

// forget takes an id off a list.
func (l *Lab) forget(ctx context.Context, key, id string) error {
	var ids []string
	return l.o.Store.Update(ctx, key, &ids, func() error {
		ids = slices.DeleteFunc(ids, func(x string) bool { return x == id })
		return nil
	})
}

// Comparisons lists what is kept, newest first. One that a crash left running counts as cancelled.
func (l *Lab) Comparisons(ctx context.Context) ([]Comparison, error) {
	var ids []string
	if _, err := l.o.Store.Get(ctx, indexKey, &ids); err != nil {
		return nil, err
	}
	out := []Comparison{}
	for _, id := range slices.Backward(ids) {
		c, err := l.Comparison(ctx, id)
		var e *backend.Error
		if errors.As(err, &e) && e.Code == backend.CodeNotFound {
			continue // damaged: the store counts it as missing
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// Comparison finds one.
func (l *Lab) Comparison(ctx context.Context, id string) (Comparison, error) {
	var c Comparison
	found, err := l.o.Store.Get(ctx, comparisonKey(id), &c)
	if err != nil {
		return c, err
	}
	if !found || c.ID == "" {
		return c, backend.Fail(backend.CodeNotFound, nil, "There is no such comparison.", "It may have been removed. Choose another one.")
	}
	if c.State == StateRunning && len(l.turn) == 0 {
		c.State = StateCancelled
	}
	return c, nil
}

// RemoveComparison forgets one.
func (l *Lab) RemoveComparison(ctx context.Context, id string) error {
	if err := l.forget(ctx, indexKey, id); err != nil {
		return err
	}
	return l.o.Store.Put(ctx, comparisonKey(id), Comparison{})
}

// RemoveTexts deletes the texts that references wrote; they write them anew when they are needed.
func (l *Lab) RemoveTexts() error {
	files, err := filepath.Glob(filepath.Join(l.o.Dir, "text-*.txt"))
	if err != nil {
		return err
	}
	for _, f := range files {
		err = errors.Join(err, os.Remove(f))
	}
	return onDisk(err)
}
