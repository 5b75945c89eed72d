package advice

import (
	"cmp"
	"context"
	"log/slog"
	"math"
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
type kept struct{ opts Options }

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

// Run is a run that is kept, and whether it is this machine's and this engine's.
type Run struct {
	backend.Drive
	Elsewhere string // the processor of another machine that it is from; empty: this machine
	Older     bool   // another version of the engine ran it
}

// NewestRuns are the runs that are kept, this machine's with this engine first, each group from the newest on. A folder
// that was carried here has the runs of the machine that it is from.
func (a kept) NewestRuns(ctx context.Context) []Run {
	return newestFirst(a.rig(ctx), a.Runs(ctx))
}

func newestFirst(here rig, runs []backend.Drive) []Run {
	var ours, others []Run
	for _, d := range slices.Backward(runs) {
		r := Run{Drive: d, Older: d.Engine != here.engine}
		if d.Machine != "" && here.machine != "" && d.Machine != here.machine {
			r.Elsewhere, _, _ = strings.Cut(d.Machine, "|")
		}
		if r.Older || r.Elsewhere != "" {
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
		return o.Tokens > 0 && o.Model == d.Model && o.Quant == d.Quant && o.Machine == d.Machine && o.Engine == d.Engine && o.Power == d.Power && o.Disturbed == d.Disturbed
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

// rig is what a speed belongs to: the machine, the threads that work for a model on it, the engine and the power.
type rig struct {
	machine, engine string
	threads         int    // 0: not known
	apart           string // see llama.How.Apart
	power           hardware.Power
}

func (a kept) rig(ctx context.Context) rig {
	r := rig{engine: a.opts.Machine.Build().Ollama, power: a.quiet().powerNow(ctx)}
	if m, err := a.opts.Machine.Hardware(ctx); err == nil {
		r.machine, r.threads = hardware.RunKey(m), m.CPU.Threads.Count
	}
	r.apart = a.opts.Machine.Ways.How(ctx).Apart()
	return r
}

// has reports whether a run says how fast this machine is now, with this engine. On a processor, what ran with another
// number of threads than work for a model today, or in another way, does not; it counts again once that is used again.
func (r rig) has(d backend.Drive) bool {
	onGraphics := d.Driver != "" // only a graphics processor has one
	return d.Engine == r.engine && (d.Machine == "" || r.machine == "" || d.Machine == r.machine) &&
		(onGraphics || d.Apart == r.apart && (d.Threads == 0 || r.threads == 0 || d.Threads == r.threads))
}

// alike reports whether a run had the power that there is now. On a battery most laptops are slower.
func (r rig) alike(d backend.Drive) bool {
	return (d.Power == string(hardware.PowerBattery)) == (r.power == hardware.PowerBattery)
}

// LocalRuns is what this machine's own runs say; it implements advisor.Measurements.
type LocalRuns struct {
	rig
	runs  []backend.Drive  // newest last
	speed *testdrive.Speed // fitted to this machine's processor; nil: too few runs
	// findings of the person's blind tests, by catalog id and quant
	findings map[[2]string][]advisor.Finding
	thoughts map[string][]int // by catalog id, the tokens of the recent answers' thoughts; newest last
}

// LocalRuns reads what this machine's own runs say, for its main memory.
func (a kept) LocalRuns(ctx context.Context, ram advisor.Memory) LocalRuns {
	r := LocalRuns{rig: a.rig(ctx), runs: a.Runs(ctx), findings: a.opts.Findings(ctx), thoughts: a.opts.thoughts(ctx)}
	r.speed = r.estimator(ram)
	return r
}

// estimator is the speed model fitted to the runs of this machine's processor; nil: too few runs for a fit. Nothing that
// other programs disturbed is among them: one wrong figure of three spoils all estimates, where the bandwidth alone is a
// fair guess. Runs on mains power count, and those on the battery only where there are too few others.
func (r LocalRuns) estimator(ram advisor.Memory) *testdrive.Speed {
	var mains, all []backend.Drive
	for _, d := range r.runs {
		if !r.has(d) || d.Partial || d.Disturbed || d.ActiveBytes <= 0 {
			continue
		}
		all = append(all, d)
		if d.Power != string(hardware.PowerBattery) {
			mains = append(mains, d)
		}
	}
	for _, runs := range [][]backend.Drive{mains, all} {
		if len(runs) >= len(fittingDrives()) {
			s := testdrive.NewSpeed(runs, testdrive.Bandwidth{BytesPerSecond: float64(ram.BandwidthBytesPerSec), Doubtful: ram.BandwidthDoubtful})
			return &s
		}
	}
	return nil
}

// missing are the fitting drives that no undisturbed run of is kept, as id:quant.
func (r LocalRuns) missing() []string {
	var refs []string
	for _, d := range fittingDrives() {
		if s, ok := r.Speed(d[0], d[1]); !ok || s.Disturbed {
			refs = append(refs, d[0]+":"+d[1])
		}
	}
	return refs
}

// Speed returns the best figure there is of a model: of repeated runs of real weights, else the median of recent answers,
// else of a test drive. One that other programs disturbed counts where there is no other.
func (r LocalRuns) Speed(id, quant string) (advisor.Speed, bool) {
	var clean, disturbed []backend.Drive
	for _, d := range r.samePower(id, quant) {
		if d.Disturbed {
			disturbed = append(disturbed, d)
		} else {
			clean = append(clean, d)
		}
	}
	for _, runs := range [][]backend.Drive{clean, disturbed} {
		if len(runs) > 0 {
			return speedOf(runs), true
		}
	}
	return advisor.Speed{}, false
}

// samePower are a model's runs with the power that there is now; where there are none, all of them.
func (r LocalRuns) samePower(id, quant string) []backend.Drive {
	var alike, all []backend.Drive
	for _, d := range r.runs {
		if d.Model == id && d.Quant == quant && r.has(d) {
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

// speedOf sums the runs of one model up, of which there is one at least.
func speedOf(runs []backend.Drive) advisor.Speed {
	var repeated, drive *backend.Drive
	var answers []backend.Drive
	for i := range runs {
		switch d := &runs[i]; {
		case d.Source != backend.SourceMeasured:
			drive = d
		case isAnswer(*d):
			answers = append(answers, *d)
		default:
			repeated = d
		}
	}
	one := cmp.Or(repeated, drive)
	if repeated == nil && len(answers) > 0 {
		return ofAnswers(answers)
	}
	return advisor.Speed{Generation: one.TokensPerSecond, Prompt: one.PromptTokensPerSecond, Source: one.Source, Error: one.Spread, Disturbed: one.Disturbed}
}

// isAnswer reports whether a measured run is one answer. Before they were marked so, they were those without a device.
func isAnswer(d backend.Drive) bool { return d.Tokens > 0 || d.Device == "" }

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
	e := r.speed.Estimate(testdrive.SpeedInput{Quant: c.Quant, Bytes: c.FileBytes, ActiveBytes: active, Layers: max(1, c.Layers)})
	if e.Error > worstEstimate {
		return advisor.Speed{}, false
	}
	return advisor.Speed{Generation: e.TokensPerSecond, Prompt: e.PromptTokensPerSecond, Source: backend.SourceEstimated, Error: e.Error, Place: v.Place}, true
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
