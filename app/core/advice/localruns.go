package advice

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"math/bits"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/lab"
	"weightroom/backend/llama"
	"weightroom/backend/testdrive"
	"weightroom/hardware"
)

// runsKey holds the runs that are kept, and keptRuns is how many; the oldest go first.
const (
	runsKey  = "drives"
	keptRuns = 500
)

// kept are the runs of this machine: test drives, answers and the lab's.
type kept struct {
	opts   Options
	shapes shapes // nil: none is known
}

// Runs returns the test drives and measurements kept on this machine, oldest first.
func (a kept) Runs(ctx context.Context) []backend.Drive {
	var runs []backend.Drive
	if a.opts.History != nil {
		if _, err := a.opts.History.Get(ctx, runsKey, &runs); err != nil {
			slog.Warn("test drives not read", "error", err)
		}
	}
	return runs
}

// Run is a run that is kept, and whether it is this machine's, this engine's and of the weights that bear its name now.
type Run struct {
	backend.Drive
	Elsewhere string // the processor of another machine that it is from; empty: this machine
	Older     bool   // another version of the engine ran it
	Replaced  bool   // other weights are in the library now under this name
}

// NewestRuns are the runs that are kept, those that count here and now first, each group from the newest on. A folder
// that was carried here has the runs of the machine that it is from.
func (a kept) NewestRuns(ctx context.Context) []Run {
	runs := a.Runs(ctx)
	return newestFirst(a.rig(ctx), a.opts.weights(ctx), runs)
}

func newestFirst(here rig, now weights, runs []backend.Drive) []Run {
	var ours, others []Run
	byModel := map[[2]string][]backend.Drive{}
	for _, d := range runs {
		byModel[[2]string{d.Model, d.Quant}] = append(byModel[[2]string{d.Model, d.Quant}], d)
	}
	counted := map[[2]string]theseWeights{}
	for key, own := range byModel {
		counted[key] = now.among(own)
	}
	for _, d := range slices.Backward(runs) {
		r := Run{Drive: d, Older: d.Engine != here.engine, Replaced: !counted[[2]string{d.Model, d.Quant}].count(d)}
		if d.Machine != "" && here.machine != "" && d.Machine != here.machine {
			r.Elsewhere, _, _ = strings.Cut(d.Machine, "|")
		}
		if r.Older || r.Replaced || r.Elsewhere != "" {
			others = append(others, r)
		} else {
			ours = append(ours, r)
		}
	}
	return append(ours, others...)
}

// keptAnswers is how many answers of one model and quant are kept, of each kind: their median counts.
const keptAnswers = 9

// KeepRun adds a run.
func (a kept) KeepRun(ctx context.Context, d backend.Drive) error {
	if a.opts.History == nil {
		return nil
	}
	var runs []backend.Drive
	return a.opts.History.Update(ctx, runsKey, &runs, func() error {
		if d.Tokens > 0 {
			runs = withoutOldest(runs, d)
		}
		runs = append(runs, d)
		runs = runs[max(0, len(runs)-keptRuns):]
		return nil
	})
}

// withoutOldest makes room for an answer among its like.
func withoutOldest(runs []backend.Drive, d backend.Drive) []backend.Drive {
	like := func(o backend.Drive) bool {
		return o.Tokens > 0 && likeOf(o) == likeOf(d) && o.Disturbed == d.Disturbed
	}
	n := 0
	for _, o := range runs {
		if like(o) {
			n++
		}
	}
	if n < keptAnswers {
		return runs
	}
	i := slices.IndexFunc(runs, like)
	return slices.Delete(runs, i, i+1)
}

// LocalRuns is what this machine's own runs say; it implements advisor.Measurements.
type LocalRuns struct {
	rig
	weights weights
	runs    []backend.Drive  // newest last
	shapes  shapes           // nil: none is known
	speed   *testdrive.Speed // fitted to this machine's processor; nil: too few runs
	cost    advisor.Cost     // of the KV cache, as this machine's deep runs say; zero: none says
	// findings of the person's blind tests, by catalog id and quant
	findings map[[2]string][]advisor.Finding
	thoughts map[string][]int // by catalog id, the tokens of the recent answers' thoughts; newest last
}

// LocalRuns reads what this machine's own runs say, for its main memory and a type of the KV cache; empty: what chats have.
func (a kept) LocalRuns(ctx context.Context, ram advisor.Memory, kv advisor.KVType) LocalRuns {
	r := LocalRuns{
		rig: a.rig(ctx), weights: a.opts.weights(ctx), runs: a.Runs(ctx), findings: a.opts.Findings(ctx), thoughts: a.opts.thoughts(ctx), shapes: a.shapes,
	}
	r.kv = cmp.Or(string(kv), r.kv)
	r.speed = r.estimator(ram)
	r.cost = r.cacheCost()
	return r
}

// shapes knows what a model reads for a token, and what it keeps of a context; ok is false where that is not known.
type shapes interface {
	parts(id, quant string) []testdrive.Part
	candidate(id, quant string) (c *advisor.Candidate, ok bool)
}

// estimator is the speed model fitted to the runs of this machine's processor; nil: too few runs for a fit. Nothing that
// other programs disturbed is among them: one wrong figure of three spoils all estimates, where the bandwidth alone is a
// fair guess. Runs on mains power count, and those on the battery only where there are too few others. What is fitted is how
// weights are read, which the type of the KV cache does not change.
func (r LocalRuns) estimator(ram advisor.Memory) *testdrive.Speed {
	var mains, all []backend.Drive
	for _, d := range r.runs {
		if !r.fits(d) {
			continue
		}
		all = append(all, d)
		if d.Power != string(hardware.PowerBattery) {
			mains = append(mains, d)
		}
	}
	for _, runs := range [][]backend.Drive{mains, all} {
		if len(runs) >= len(fittingDrives()) {
			s := testdrive.NewSpeed(runs, testdrive.Bandwidth{BytesPerSecond: float64(ram.BandwidthBytesPerSec), Doubtful: ram.BandwidthDoubtful}, r.partsOf)
			return &s
		}
	}
	return nil
}

// partsOf are what a run of a copy that the catalog knows read for a token.
func (r LocalRuns) partsOf(d backend.Drive) []testdrive.Part {
	if r.shapes == nil {
		return nil
	}
	return r.shapes.parts(d.Model, d.Quant)
}

// costSpread is how far apart models' costs of the cache are, as a standard deviation of the logarithm.
const costSpread = 0.25

// cacheCost is what the KV cache costs this machine's processor: the middle of what its deep runs say.
func (r LocalRuns) cacheCost() advisor.Cost {
	var logs []float64
	for _, d := range r.runs {
		if r.shapes == nil || !r.fits(d) || kvOf(d.KV) != kvOf(r.kv) || d.Deep.Depth == 0 {
			continue
		}
		c, ok := r.shapes.candidate(d.Model, d.Quant)
		if !ok {
			continue
		}
		// The cost that a processor would have at which each byte of the weights takes a second is what the drive is measured by.
		added, unit := 1/d.Deep.TokensPerSecond-1/d.TokensPerSecond, c.CacheSeconds(d.Deep.Depth, advisor.KVType(kvOf(d.KV)), advisor.ProcessorCost(1))
		if added > 0 && unit > 0 {
			logs = append(logs, math.Log(added/unit))
		}
	}
	if len(logs) == 0 {
		return advisor.Cost{}
	}
	cost := advisor.ProcessorCost(math.Exp(llama.Median(logs)))
	cost.Error = math.Expm1(1.645 * math.Sqrt(costSpread*costSpread*(1+1/float64(len(logs)))))
	return cost
}

// missing are the fitting drives that no undisturbed run is kept of, as id:quant.
func (r LocalRuns) missing() []string {
	var refs []string
	for _, ref := range fittingDrives() {
		id, quant := ref[0], ref[1]
		if !slices.ContainsFunc(r.runs, func(d backend.Drive) bool { return d.Model == id && d.Quant == quant && r.fits(d) }) {
			refs = append(refs, id+":"+quant)
		}
	}
	return refs
}

// fits reports whether the estimates can be fitted to a run.
func (r LocalRuns) fits(d backend.Drive) bool {
	return r.here(d) && !d.Partial && !d.Disturbed && d.ActiveBytes > 0
}

// Speed returns the best figure there is of a model: of repeated runs of real weights, else the median of recent answers,
// else of a test drive, with the deepest of them all. One that other programs disturbed counts where there is no other.
func (r LocalRuns) Speed(id, quant string) (advisor.Speed, bool) {
	runs := r.samePower(id, quant)
	if s, ok := speedOf(slices.DeleteFunc(slices.Clone(runs), func(d backend.Drive) bool { return d.Disturbed })); ok {
		return s, true
	}
	return speedOf(runs)
}

// samePower are a model's runs with the power that there is now; where there are none, all of them.
func (r LocalRuns) samePower(id, quant string) []backend.Drive {
	var alike, all []backend.Drive
	for _, d := range r.weights.current(r.runs, id, quant) {
		if r.has(d) {
			all = append(all, d)
			if r.alike(d) {
				alike = append(alike, d)
			}
		}
	}
	if len(alike) > 0 {
		return alike
	}
	return all
}

// speedOf sums the runs of one model up. False: none of them is of an empty context.
func speedOf(runs []backend.Drive) (s advisor.Speed, ok bool) {
	var repeated, drive *backend.Drive
	answers := map[int][]backend.Drive{} // by band
	for i := range runs {
		switch d := &runs[i]; {
		case d.Source != backend.SourceMeasured:
			drive = d
		case isAnswer(*d):
			answers[band(*d)] = append(answers[band(*d)], *d)
		default:
			repeated = d
		}
	}
	switch one := cmp.Or(repeated, drive); {
	case repeated == nil && len(answers[0]) > 0:
		s = ofAnswers(answers[0])
	case one != nil:
		s = advisor.Speed{Generation: one.TokensPerSecond, Prompt: one.PromptTokensPerSecond, Source: one.Source, Error: one.Spread, Disturbed: one.Disturbed}
	default:
		return s, false
	}
	s.PromptError = s.Error
	for _, d := range []*backend.Drive{repeated, drive} {
		if d != nil && d.Deep.Depth > s.Deep.Depth {
			s.Deep = deepOf(s, *d)
		}
	}
	for _, deep := range answers {
		if depth := middle(deep); band(deep[0]) > 0 && depth > s.Deep.Depth {
			far := ofAnswers(deep)
			s.Deep = advisor.Deep{Depth: depth, Generation: far.Generation, Error: far.Error, Source: far.Source}
		}
	}
	return s, true
}

// deepOf is what a run says of a deep context. What the depth added in that run is added to the best figure of an empty
// context, which may be another's.
func deepOf(s advisor.Speed, d backend.Drive) advisor.Deep {
	at := func(best, empty, deep float64) float64 {
		if best <= 0 || empty <= 0 || deep <= 0 {
			return 0
		}
		return 1 / (1/best + max(0, 1/deep-1/empty))
	}
	return advisor.Deep{
		Depth: d.Deep.Depth, Source: d.Source, Error: d.Deep.Spread,
		Generation: at(s.Generation, d.TokensPerSecond, d.Deep.TokensPerSecond), Prompt: at(s.Prompt, d.PromptTokensPerSecond, d.Deep.PromptTokensPerSecond),
	}
}

// isAnswer reports whether a measured run is one answer. Before they were marked so, they were those without a device.
func isAnswer(d backend.Drive) bool { return d.Tokens > 0 || d.Device == "" }

// shallow is the depth up to which an answer is compared with a test drive in an empty context.
const shallow = 2048 // tokens, with its prompt

// band is how deep in the context an answer was written: 0 near its beginning, else one for each doubling of the depth.
func band(d backend.Drive) int {
	if d.Depth+d.Tokens/2 <= shallow {
		return 0
	}
	return bits.Len(uint(d.Depth))
}

// middle is the median depth of answers.
func middle(answers []backend.Drive) int {
	depths := make([]int, len(answers))
	for i, d := range answers {
		depths[i] = d.Depth
	}
	slices.Sort(depths)
	return depths[len(depths)/2]
}

// ofAnswers is the median of recent answers with how far they lie apart. Of few, that is not known yet: then a usual
// spread counts, the less the more there are.
func ofAnswers(answers []backend.Drive) advisor.Speed {
	answers = answers[max(0, len(answers)-keptAnswers):]
	var write, read []float64
	for _, d := range answers {
		write = append(write, d.TokensPerSecond)
		if d.PromptTokensPerSecond > 0 {
			read = append(read, d.PromptTokensPerSecond)
		}
	}
	s := advisor.Speed{Generation: llama.Median(write), Source: backend.SourceMeasured, Disturbed: answers[0].Disturbed}
	s.Error = max((slices.Max(write)-slices.Min(write))/2/s.Generation, answerSpread/math.Sqrt(float64(len(write))))
	if len(read) > 0 {
		s.Prompt = llama.Median(read)
	}
	return s
}

// worstEstimate is the error beyond which a fit says less than memory bandwidth does.
const worstEstimate = 1.0

// Estimate returns a figure of the model fitted to this machine's own runs, which ran in main memory; for graphics
// processors the prior counts.
func (r LocalRuns) Estimate(c *advisor.Candidate, v advisor.Verdict) (advisor.Speed, bool) {
	if r.speed == nil || v.Place != advisor.PlaceRAM {
		return advisor.Speed{}, false
	}
	active := c.ActiveBytes
	if active == 0 {
		active = c.FileBytes
	}
	x := testdrive.SpeedInput{Quant: c.Quant, Bytes: c.FileBytes, ActiveBytes: active, Layers: max(1, c.Layers)}
	if r.shapes != nil {
		x.Parts = r.shapes.parts(c.ID, c.Quant)
	}
	e := r.speed.Estimate(x)
	if e.Error > worstEstimate {
		return advisor.Speed{}, false
	}
	return advisor.Speed{
		Generation: e.TokensPerSecond, Prompt: e.PromptTokensPerSecond, Source: backend.SourceEstimated, Error: e.Error, PromptError: e.PromptError,
		Place: v.Place, Cost: r.cost,
	}, true
}

// Finding returns what this person's blind tests say of a quant. One that they liked less than another is not as good as
// a third, whatever another test says.
func (r LocalRuns) Finding(id, quant string) (advisor.Finding, bool) {
	found := r.findings[[2]string{id, quant}]
	for _, f := range found {
		if f.WorseThan != "" {
			return f, true
		}
	}
	if len(found) == 0 {
		return advisor.Finding{}, false
	}
	return slices.MinFunc(found, func(a, b advisor.Finding) int { return lab.ComparePrecision(a.AsGoodAs, b.AsGoodAs) }), true
}

// RunKey names this machine in the runs that are kept.
func (a kept) RunKey(ctx context.Context) string { return a.rig(ctx).machine }
