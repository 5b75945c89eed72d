package compare

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/lab"
)

// Predict says for each quant what it would be, without making it.
func (l *Lab) Predict(ctx context.Context, ref string, quants []string) (backend.Model, []lab.Prediction, error) {
	in, err := l.open()
	if err != nil {
		return backend.Model{}, nil, err
	}
	m, err := l.opts.Library.Model(ctx, ref)
	if err != nil {
		return m, nil, err
	}
	predictions, err := in.Predict(ctx, m, quants)
	return m, predictions, err
}

// Quantize makes a quant of a model of the library and puts it beside it.
func (l *Lab) Quantize(ctx context.Context, ref string, o lab.DeriveOptions, progress func(lab.Progress)) (lab.Made, error) {
	in, err := l.open()
	if err != nil {
		return lab.Made{}, err
	}
	m, err := l.opts.Library.Model(ctx, ref)
	if err != nil {
		return lab.Made{}, err
	}
	return in.Derive(ctx, m, o, progress)
}

// Request is what to compare, by references of the library: each model with each type of the KV cache at each
// context length.
type Request struct {
	Refs      []string
	Reference string   // what the others are held against; empty: the most precise of Refs
	Make      []string // quants to make first, of MakeOf
	MakeOf    string   // empty: the reference
	Matrix    string   // file with a text for an importance matrix of what is made; empty: none
	KV        []string // empty: f16
	Contexts  []int    // in tokens; empty: 4096, or the model's own
	Text      string   // file; empty: answers that the reference writes
	Settings  lab.Settings
}

// Watch is told how a comparison goes. Its functions may be nil.
type Watch struct {
	Changed  func(id string)       // something of it was stored
	Made     func(m backend.Model) // a quant that was missing is in the library
	Progress func(Progress)
}

// Progress is a step of a comparison and of what has to be made for it first.
type Progress struct {
	lab.Progress            // Done counts both
	ID           string     // of the comparison
	Rival        *lab.Rival // at work; nil: all of them, or not known
	Since        time.Time  // it began
}

// runs are the comparisons that this process runs or could not begin. A lab runs one at a time.
type runs struct {
	mu      sync.Mutex
	planned map[string]lab.Comparison // whose quants are still being made, and those that never began
	cancel  map[string]context.CancelFunc
}

// Run is a comparison that is about to be run, or runs.
type Run struct {
	ID string

	lab    *Lab
	in     *lab.Lab
	ctx    context.Context
	cancel context.CancelFunc
	plan   plan
}

// plan is a request with its models found.
type plan struct {
	request   Request
	reference backend.Model
	source    backend.Model   // of what is made
	models    []backend.Model // the reference first
	make      []string
}

// Begin checks a request and prepares to run it until ctx ends. Do runs it.
func (l *Lab) Begin(ctx context.Context, request Request) (*Run, error) {
	in, err := l.open()
	if err != nil {
		return nil, err
	}
	p, err := l.planOf(ctx, request)
	if err != nil {
		return nil, err
	}
	r := &Run{ID: l.opts.History.NewID(), lab: l, in: in, plan: p}
	l.runs.mu.Lock()
	defer l.runs.mu.Unlock()
	if len(l.runs.cancel) > 0 {
		return nil, backend.Fail(backend.CodeBusy, nil, "A comparison is already under way.", "Wait until it is done, or stop it.")
	}
	if l.runs.planned == nil {
		l.runs.planned, l.runs.cancel = map[string]lab.Comparison{}, map[string]context.CancelFunc{}
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	l.runs.planned[r.ID], l.runs.cancel[r.ID] = p.shown(r.ID), r.cancel
	return r, nil
}

// ErrNoRival is the cause of a request in which nothing is beside the reference.
var ErrNoRival = errors.New("no rival")

// planOf checks a request and finds its models.
func (l *Lab) planOf(ctx context.Context, request Request) (plan, error) {
	p := plan{request: request}
	add := func(ref string) (backend.Model, error) {
		m, err := l.opts.Library.Model(ctx, ref)
		if err == nil && !slices.ContainsFunc(p.models, func(o backend.Model) bool { return o.Ref == m.Ref }) {
			p.models = append(p.models, m)
		}
		return m, err
	}
	var err error
	if request.Reference != "" {
		if p.reference, err = add(request.Reference); err != nil {
			return p, err
		}
	}
	for _, ref := range request.Refs {
		if _, err := add(ref); err != nil {
			return p, err
		}
	}
	if request.Reference == "" && len(p.models) > 0 {
		p.reference = lab.MostPrecise(p.models)
	}
	p.source = p.reference
	if request.MakeOf != "" {
		if p.source, err = l.opts.Library.Model(ctx, request.MakeOf); err != nil {
			return p, err
		}
	}
	for _, quant := range request.Make {
		if !slices.Contains(p.make, quant) {
			p.make = append(p.make, quant)
		}
	}
	if len(p.rivals(p.models))+len(p.make) < 2 {
		return p, backend.Fail(backend.CodeInvalid, ErrNoRival, "There is only one model, and nothing to compare it with.", "Choose at least one other than the reference.")
	}
	return p, nil
}

// rivals are models in each way that they are to be compared in: the types of the KV cache beside each other, at one
// context length after another.
func (p plan) rivals(models []backend.Model) []lab.Rival {
	kvs, contexts := p.request.KV, p.request.Contexts
	if len(kvs) == 0 {
		kvs = []string{"f16"}
	}
	if len(contexts) == 0 {
		contexts = []int{0}
	}
	var out []lab.Rival
	for _, m := range models {
		for _, contextLength := range contexts {
			for _, kv := range kvs {
				out = append(out, lab.Rival{Model: m, KV: kv, Context: contextLength})
			}
		}
	}
	return out
}

// shown is the comparison while nothing of it is measured yet.
func (p plan) shown(id string) lab.Comparison {
	models := slices.Clone(p.models)
	name, _ := backend.SplitRef(p.source.Ref)
	for _, quant := range p.make {
		models = append(models, backend.Model{Ref: name + ":" + quant, Name: p.source.Name, Quant: quant})
	}
	c := lab.Comparison{ID: id, Begun: time.Now(), State: lab.StateRunning, Reference: p.reference.Ref, Settings: p.request.Settings}
	c.Settings.Rounds = cmp.Or(c.Settings.Rounds, Rounds)
	marked := false
	for _, r := range p.rivals(models) {
		reference := !marked && r.Model.Ref == p.reference.Ref
		marked = marked || reference
		c.Rows = append(c.Rows, lab.Row{Rival: r, State: lab.RowWaiting, Reference: reference})
	}
	return c
}

// Rounds is how often each is timed when nothing else is asked.
const Rounds = 3

// Do makes the missing quants and compares. A comparison that was cancelled or failed comes back with its error.
func (r *Run) Do(w Watch) (c lab.Comparison, err error) {
	defer r.cancel()
	if w.Changed == nil {
		w.Changed = func(string) {}
	}
	w.Changed(r.ID)
	err = errors.New("comparison panicked") // what stays where compare does not return
	defer func() {
		r.end(err)
		w.Changed(r.ID)
	}()
	c, err = r.compare(w)
	return c, err
}

// end takes a run off the list, or keeps what never began with the reason why.
func (r *Run) end(err error) {
	_, missing := r.in.Comparison(context.WithoutCancel(r.ctx), r.ID)
	runs := &r.lab.runs
	runs.mu.Lock()
	defer runs.mu.Unlock()
	delete(runs.cancel, r.ID)
	if missing == nil {
		delete(runs.planned, r.ID)
		return
	}
	if err == nil {
		return
	}
	c := runs.planned[r.ID]
	c.State, c.Problem = lab.StateFailed, backend.Readable(err)
	if r.ctx.Err() != nil {
		c.State, c.Problem = lab.StateCancelled, nil
	}
	runs.planned[r.ID] = c
}

// compare does the work, and reports what has to be made and the measurements as one piece of it. A quant takes about as
// long to make as a fourth of what it takes to measure.
func (r *Run) compare(w Watch) (lab.Comparison, error) {
	p, began := r.plan, time.Now()
	report := func(step lab.Progress, rival *lab.Rival, done float64) {
		if w.Progress != nil {
			step.Done = done
			w.Progress(Progress{Progress: step, ID: r.ID, Rival: rival, Since: began})
		}
	}
	models := slices.Clone(p.models)
	whole := float64(len(p.make)) + 4*float64(len(p.models)+len(p.make))
	for i, quant := range p.make {
		made, err := r.in.Derive(r.ctx, p.source, lab.DeriveOptions{Quant: quant, MatrixText: p.request.Matrix, Threads: p.request.Settings.Threads}, func(step lab.Progress) {
			report(step, nil, (float64(i)+step.Done)/whole)
		})
		if err != nil {
			return lab.Comparison{}, err
		}
		if w.Made != nil {
			w.Made(made.Model)
		}
		if !slices.ContainsFunc(models, func(m backend.Model) bool { return m.Ref == made.Model.Ref }) {
			models = append(models, made.Model)
		}
	}
	before := float64(len(p.make)) / whole
	var rivals []lab.Rival // in the order of the stored rows
	last := -2
	ask := lab.Ask{ID: r.ID, Rivals: p.rivals(models), Reference: p.request.Reference, Text: p.request.Text, Settings: p.request.Settings}
	if ask.Reference != "" {
		ask.Reference = p.reference.Ref
	}
	c, err := r.in.Compare(r.ctx, ask, func(step lab.Progress) {
		if step.Row != last || rivals == nil { // a new row: something about the others is stored
			last = step.Row
			if stored, err := r.in.Comparison(r.ctx, r.ID); err == nil {
				rivals = rivals[:0]
				for _, row := range stored.Rows {
					rivals = append(rivals, row.Rival)
				}
			}
			w.Changed(r.ID)
		}
		var rival *lab.Rival
		if step.Row >= 0 && step.Row < len(rivals) {
			rival = &rivals[step.Row]
		}
		report(step, rival, before+(1-before)*step.Done)
	})
	if c.ID != "" {
		if keepErr := r.lab.keepMeasured(context.WithoutCancel(r.ctx), &c); keepErr != nil {
			slog.Warn("measured speeds not kept", "error", keepErr)
		}
	}
	return c, err
}

// Rough has a comparison take its figures as they are: no disturbed run is repeated any more.
func (l *Lab) Rough(id string) {
	if in, err := l.open(); err == nil {
		in.Rough(id)
	}
}

// Stop ends a comparison; what is finished is kept.
func (l *Lab) Stop(id string) {
	l.runs.mu.Lock()
	defer l.runs.mu.Unlock()
	if cancel := l.runs.cancel[id]; cancel != nil {
		cancel()
	}
}

// keepMeasured keeps the speeds of finished, undisturbed rows as runs of real weights, so that the advisor counts with
// them.
func (l *Lab) keepMeasured(ctx context.Context, comparison *lab.Comparison) error {
	for i := range comparison.Rows {
		r := &comparison.Rows[i]
		write, ok := r.Generation(0)
		if r.State != lab.RowDone || len(r.Disturbed) > 0 || !ok {
			continue
		}
		id, quant, ok := l.opts.Catalog.Entry(r.Rival.Model)
		if !ok {
			continue
		}
		read, _ := r.Prompt(512)
		k := comparison.Conditions
		err := l.opts.Advice.KeepRun(ctx, backend.Drive{
			Model: id, Quant: quant, Source: backend.SourceMeasured, Architecture: r.Rival.Model.Architecture,
			Bytes: r.Rival.Model.Bytes, PromptTokensPerSecond: read.Median, TokensPerSecond: write.Median,
			Spread: max(write.Spread(), read.Spread()), PeakMemoryBytes: r.Memory.PeakBytes, LoadSeconds: r.Load.Median,
			DiskBytes: r.Rival.Model.Bytes, Seconds: comparison.Seconds, Engine: k.Engine, Device: k.Device, Driver: k.Driver,
			Threads: k.Threads, Apart: l.opts.Machine.Ways.How(ctx).Apart(), Power: k.Power, Machine: l.opts.Advice.RunKey(ctx), At: comparison.Begun,
			Digest: r.Rival.Model.Digest, KV: r.Rival.KV, Deep: deepest(r),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deepest is what a row says of the deepest context that it was written in; zero: only of an empty one.
func deepest(r *lab.Row) backend.Deep {
	var d backend.Deep
	for _, s := range r.Speeds {
		if s.Kind == lab.SpeedGeneration && s.Depth > d.Depth && s.Figure.Median > 0 {
			d = backend.Deep{Depth: s.Depth, TokensPerSecond: s.Figure.Median, Spread: s.Figure.Spread()}
		}
	}
	return d
}

// MostPrecise is the model of a list that the others would be held against.
func (l *Lab) MostPrecise(ctx context.Context, refs []string) (backend.Model, error) {
	var models []backend.Model
	for _, ref := range refs {
		m, err := l.opts.Library.Model(ctx, ref)
		if err != nil {
			return m, err
		}
		models = append(models, m)
	}
	return lab.MostPrecise(models), nil
}

// Comparisons lists what is kept and what is under way, newest first.
func (l *Lab) Comparisons(ctx context.Context) ([]lab.Comparison, error) {
	in, err := l.open()
	if err != nil {
		return nil, err
	}
	out, err := in.Comparisons(ctx)
	if err != nil {
		return nil, err
	}
	l.runs.mu.Lock()
	defer l.runs.mu.Unlock()
	stored := map[string]bool{}
	for i := range out {
		stored[out[i].ID] = true
		l.runs.settle(&out[i])
	}
	for id, c := range l.runs.planned {
		if !stored[id] {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b lab.Comparison) int { return b.Begun.Compare(a.Begun) })
	return out, nil
}

// settle marks a stored comparison that was running when the app ended: it runs no more.
func (r *runs) settle(c *lab.Comparison) {
	if c.State == lab.StateRunning && r.cancel[c.ID] == nil {
		c.State = lab.StateCancelled
	}
}

// Comparison finds one.
func (l *Lab) Comparison(ctx context.Context, id string) (lab.Comparison, error) {
	in, err := l.open()
	if err != nil {
		return lab.Comparison{}, err
	}
	c, err := in.Comparison(ctx, id)
	l.runs.mu.Lock()
	defer l.runs.mu.Unlock()
	if planned, ok := l.runs.planned[id]; err != nil && ok {
		return planned, nil
	}
	l.runs.settle(&c)
	return c, err
}

// RemoveComparison forgets one; the models stay.
func (l *Lab) RemoveComparison(ctx context.Context, id string) error {
	in, err := l.open()
	if err != nil {
		return err
	}
	l.runs.mu.Lock()
	defer l.runs.mu.Unlock()
	if l.runs.cancel[id] != nil {
		return backend.Fail(backend.CodeBusy, nil, "This comparison is under way.", "Stop it first.")
	}
	if _, ok := l.runs.planned[id]; ok {
		delete(l.runs.planned, id)
		return nil
	}
	return in.RemoveComparison(ctx, id)
}

// Export writes a comparison out as json, csv, markdown or llama-bench, and returns the ending of its file. llama-bench's
// own table is Markdown.
func Export(c lab.Comparison, format string) (text []byte, ending string, err error) {
	if text, err = c.Export(format); err != nil {
		return nil, "", err
	}
	ending = map[string]string{lab.FormatJSON: ".json", lab.FormatCSV: ".csv"}[format]
	return text, cmp.Or(ending, ".md"), nil
}

// Title names a comparison by its model and by how much was compared.
func Title(c *lab.Comparison) string {
	name, quants := c.Reference, map[string]bool{}
	for _, r := range c.Rows {
		if r.Reference {
			name = r.Rival.Model.Name
		}
		quants[r.Rival.Model.Ref] = true
	}
	switch {
	case len(quants) == len(c.Rows) && len(quants) > 1:
		return fmt.Sprintf("%s, %s quants", name, inWords(len(quants)))
	case len(quants) > 1:
		return fmt.Sprintf("%s, %s quants in %s ways", name, inWords(len(quants)), inWords(len(c.Rows)))
	}
	return fmt.Sprintf("%s, %s ways", name, inWords(len(c.Rows)))
}

func inWords(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}

// Watts is the power that the machine draws while a model writes, as the newest comparison that could read it measured it,
// and what it was read from. 0: none has.
func (l *Lab) Watts(ctx context.Context) (watts float64, source string) {
	if l.opts.History == nil {
		return 0, ""
	}
	all, err := l.Comparisons(ctx)
	if err != nil {
		slog.Warn("comparisons not read", "error", err)
		return 0, ""
	}
	for _, c := range all {
		if watts, source := c.Watts(); watts > 0 {
			return watts, source
		}
	}
	return 0, ""
}
