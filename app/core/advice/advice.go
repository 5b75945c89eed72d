package advice

import (
	"cmp"
	"context"
	"log/slog"
	"slices"

	"weightroom/app/core/machine"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
	"weightroom/backend/disturb"
	"weightroom/backend/library"
	"weightroom/backend/store"
	"weightroom/hardware"
)

// Options are what Advice is made from. History is nil for commands that do not need it.
type Options struct {
	Machine   *machine.Machine
	Catalog   *models.Catalog
	Downloads *models.Downloads
	Library   *library.Library
	History   *store.Store
	Drives    string // folder where files without weights live for as long as they are run
	// Findings are what the person's blind tests say firmly, by catalog id and quant.
	Findings func(context.Context) map[[2]string][]advisor.Finding
	// Watts is the power that the processor draws while a model writes, as comparisons measured it here, and by what; 0:
	// not known.
	Watts func(context.Context) (watts float64, source string)
	// Busy reports whether an answer is written for a person who waits for it.
	Busy func() bool
	// Planned is called when the engine has planned a model that it had not; may be nil.
	Planned func()
	// Power says what the machine runs on; nil asks the system.
	Power func(context.Context) hardware.Power
	// Load reads how busy the whole machine has been; nil asks the system.
	Load disturb.Read
}

// Advice knows which models suit this machine. It may be used from many goroutines.
type Advice struct {
	kept
	candidates candidates
	headers    headerCache
	read       partsCache
	scratch    scratch
}

// New makes an Advice. Nothing is read yet.
func New(o Options) *Advice {
	a := &Advice{kept: kept{opts: o}, scratch: scratch{dir: o.Drives}}
	a.shapes = known{a}
	return a
}

// Close waits until plans and drives under way have removed their files. Their contexts must have ended, or it waits for
// them to be done. Later ones fail.
func (a *Advice) Close() { a.scratch.close() }

// Catalog returns the catalog.
func (a *Advice) Catalog() (*catalog.Catalog, error) {
	c, err := a.load()
	return c.catalog, err
}

// Entry returns one model of the catalog.
func (a *Advice) Entry(id string) (*catalog.Model, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	m, ok := c.catalog.Model(id)
	if !ok {
		return nil, noModel(id)
	}
	return m, nil
}

// NameOf is the name of a model of the catalog, or what it is called by elsewhere.
func (a *Advice) NameOf(id string) string {
	if m, err := a.Entry(id); err == nil {
		return m.Name
	}
	return id
}

// Candidates returns every quant of a model of the catalog as the advisor takes it.
func (a *Advice) Candidates(id string) ([]advisor.Candidate, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	return c.siblings(id), nil
}

func noModel(id string) error {
	return backend.Fail(backend.CodeNotFound, nil, "The catalog has no model called "+id+".", "Look for it on the Discover page.")
}

// thisMachine is this machine as the advisor takes it. What the loaded model holds counts as free, because it leaves
// memory before another one comes.
func (a *Advice) thisMachine(ctx context.Context) (advisor.Machine, error) {
	m, err := a.opts.Machine.Hardware(ctx)
	if err != nil {
		return advisor.Machine{}, err
	}
	out := advisor.Machine{
		OS: m.OS, Arch: m.Arch, Cores: m.CPU.Threads.Count, DiskFree: m.Disk.FreeBytes,
		RAM: advisor.Memory{
			TotalBytes:           m.Memory.TotalBytes,
			AvailableBytes:       min(m.Memory.TotalBytes, m.Memory.AvailableBytes+a.opts.Machine.EngineBytes()),
			BandwidthBytesPerSec: m.Memory.BandwidthBytesPerSec, BandwidthDoubtful: m.Memory.BandwidthDoubtful,
		},
		GPUs: gpusOf(m.GPUs),
	}
	out.SetBandwidths(a.bandwidthOf)
	return out, nil
}

func gpusOf(all []hardware.GPU) []advisor.GPU {
	out := make([]advisor.GPU, 0, len(all))
	for _, g := range all {
		out = append(out, advisor.GPU{
			Name: g.Name, Backend: g.Backend, TotalBytes: g.TotalBytes, FreeBytes: g.FreeBytes, Unified: g.Integrated, SharedBytes: g.SharedBytes,
		})
	}
	return out
}

// bandwidthOf looks a graphics processor up in the catalog's table; 0: it is not there.
func (a *Advice) bandwidthOf(name string, _ int64) int64 {
	c, err := a.load()
	if err != nil {
		return 0
	}
	if b, ok := c.catalog.Bandwidth(name); ok {
		return int64(b.BytesPerSecond)
	}
	return 0
}

// judged is an advice with what it rests on.
type judged struct {
	advisor.Advice
	all     []advisor.Candidate // with the engine's plans, and what is in the library
	machine *advisor.Machine
	known   advisor.Measurements
}

// Advise answers an Ask about a machine; nil: this one. Its rows know which models are in the library.
func (a *Advice) Advise(ctx context.Context, ask advisor.Ask, m *advisor.Machine) (advisor.Advice, error) {
	j, err := a.judge(ctx, ask, m)
	return j.Advice, err
}

func (a *Advice) judge(ctx context.Context, ask advisor.Ask, m *advisor.Machine) (judged, error) {
	j, err := a.ground(ctx, ask, m)
	if err == nil {
		j.Advice, err = advisor.Advise(j.all, j.machine, j.known, ask)
	}
	return j, err
}

// ground is what an advice rests on, without the advice.
func (a *Advice) ground(ctx context.Context, ask advisor.Ask, m *advisor.Machine) (judged, error) {
	c, err := a.load()
	if err != nil {
		return judged{}, err
	}
	j := judged{machine: m, known: advisor.Nothing{}}
	if m == nil {
		this, err := a.thisMachine(ctx)
		if err != nil {
			return judged{}, err
		}
		j.machine, j.known = &this, a.LocalRuns(ctx, this.RAM, ask.KV)
	} else {
		m.SetBandwidths(a.bandwidthOf)
	}
	all := slices.Clone(c.all)
	if m == nil {
		if ask, err := ask.Complete(); err == nil {
			a.withPlans(a.plans(ctx), all, c.at, ask)
		}
	}
	if models, err := a.opts.Library.Models(ctx); err == nil {
		for _, m := range models {
			name, quant := backend.SplitRef(m.Ref)
			if found, err := c.catalog.Resolve(m.Ref); err == nil && found.Model != nil { // under another source's name too
				name, quant = found.Model.ID, m.Quant
			}
			if i, ok := c.at[[2]string{name, quant}]; ok {
				all[i].Installed = true
				a.headers.withOwnProjector(&all[i], m, ask)
			}
		}
	}
	j.all = all
	return j, nil
}

// FindProfile finds a typical machine by its id.
func FindProfile(id string) (advisor.Profile, bool) {
	profiles, err := advisor.Profiles()
	if err != nil {
		slog.Error("profiles not read", "error", err)
	}
	for _, p := range profiles {
		if p.ID == id {
			return p, true
		}
	}
	return advisor.Profile{}, false
}

// machineOf is the machine of a profile, and what it is called; nil for none: this machine.
func machineOf(profile string) (m *advisor.Machine, title string, err error) {
	if profile == "" {
		return nil, "", nil
	}
	p, ok := FindProfile(profile)
	if !ok {
		return nil, "", backend.Fail(backend.CodeNotFound, nil, "There is no machine profile called "+profile+".", "Choose one of the list.")
	}
	return &p.Machine, p.Title, nil
}

// Choice is one model at one quant, judged for a machine and an Ask.
type Choice struct {
	advisor.Recommendation
	Family               string
	Params, ActiveParams int64
	Frontier             bool // nothing else is better in speed, quality and memory at once
}

// Rejection says why a model was left out.
type Rejection struct {
	advisor.Rejection
	Bytes int64 // of its files; 0: not known
}

// Ranking is the whole catalog judged for a machine: every model once, at the quant that came first.
type Ranking struct {
	Choices     []Choice // best first, the frontier before the others
	Rejected    []Rejection
	MachineName string // empty: this machine
	GPUFree     int64  // of the largest graphics processor of its own; 0: none
	RAMFree     int64
	Fitted      bool // estimates rest on this machine's own runs
	// Missing are the drives that estimates rest on and that no undisturbed run is kept of, as id:quant.
	Missing []string
	// Considered is how many models the catalog has: those of which too little is known to judge them are not left out
	// of the count that a person sees.
	Considered int
}

// Rank ranks the catalog for a machine profile and a use. An empty profile means this machine.
func (a *Advice) Rank(ctx context.Context, ask advisor.Ask, profile string) (Ranking, error) {
	var out Ranking
	m, title, err := machineOf(profile)
	if err != nil {
		return out, err
	}
	out.MachineName = title
	j, err := a.judge(ctx, ask, m)
	if err != nil {
		return Ranking{}, err
	}
	out.Considered = len(a.candidates.catalog.Models())
	out.RAMFree = j.machine.RAM.AvailableBytes
	if ask.FreeMemory > 0 {
		out.RAMFree = ask.FreeMemory
	}
	for _, g := range j.machine.GPUs {
		if g.Backend != "" {
			out.GPUFree = max(out.GPUFree, g.Own(j.machine.RAM.AvailableBytes))
		}
	}
	if own, ok := j.known.(LocalRuns); ok {
		out.Fitted, out.Missing = own.speed != nil, own.missing()
	}
	seen := map[string]bool{}
	for _, r := range j.Picks {
		if seen[r.Model] {
			continue
		}
		choice := Choice{Recommendation: r, Frontier: true}
		choice.Family, choice.Params, choice.ActiveParams = a.candidates.about(r.Model)
		out.Choices = append(out.Choices, choice)
		seen[r.Model] = true
	}
	for _, r := range j.Rejected {
		var candidate *advisor.Candidate
		i, ok := a.candidates.at[[2]string{r.Model, r.Quant}]
		if ok {
			candidate = &j.all[i]
		}
		if ok && (r.Cause == advisor.CauseDominated || r.Cause == advisor.CauseLimit) {
			out.Choices = append(out.Choices, a.dominated(candidate, j.machine, j.known, j.Ask, r.Reason))
			continue
		}
		rejection := Rejection{Rejection: r}
		if ok {
			rejection.Bytes = candidate.FileBytes
		}
		out.Rejected = append(out.Rejected, rejection)
	}
	return out, nil
}

// dominated is a model that fits, but another is as good, as fast and as small.
func (a *Advice) dominated(candidate *advisor.Candidate, m *advisor.Machine, own advisor.Measurements, ask advisor.Ask, reason string) Choice {
	v := candidate.Fit(m, ask)
	s := advisor.Expect(candidate, m, v, own)
	times := advisor.TimesOf(candidate, s, ask, own)
	choice := Choice{Recommendation: advisor.Recommendation{
		Model: candidate.ID, Name: candidate.Name, Quant: candidate.Quant, Bytes: candidate.FileBytes + candidate.ProjectorBytes, Fit: v.Place, Memory: v.Memory, Planned: candidate.Planned(ask),
		TokensPerSecond: s.Generation, PromptTokensPerSecond: s.Prompt, Source: s.Source, Error: s.Error, PromptError: cmp.Or(s.PromptError, s.Error), Disturbed: s.Disturbed, Times: times,
		MaxContext: v.MaxContext, Layers: v.Layers, LayersOnGPU: v.LayersOnGPU, Licence: candidate.Licence,
		Vision: candidate.Vision, Tools: candidate.Tools, Thinking: candidate.Thinking, Installed: candidate.Installed, Why: []string{reason}, Reasons: []string{reason},
	}}
	if q, ok := candidate.Quality(ask.Use); ok {
		choice.Quality, choice.QualityError, choice.QualityKnown = q.Value, q.Error, true
	}
	choice.Family, choice.Params, choice.ActiveParams = a.candidates.about(candidate.ID)
	return choice
}
