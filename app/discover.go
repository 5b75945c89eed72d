package app

import (
	"context"
	"log/slog"
	"slices"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
	"weightroom/hardware"
)

const drivesKey = "drives"

// Drives gives the runs kept on this machine, oldest first.
func (c *Core) Drives(ctx context.Context) []backend.Drive {
	var drives []backend.Drive
	if c.History != nil {
		if _, err := c.History.Get(ctx, drivesKey, &drives); err != nil {
			slog.Warn("test drives not read", "error", err)
		}
	}
	return drives
}

// keptDrives is how many runs are kept; the oldest go first.
const keptDrives = 500

// KeepDrive adds a run.
func (c *Core) KeepDrive(ctx context.Context, d backend.Drive) error {
	if c.History == nil {
		return nil
	}
	c.keeping.Lock()
	defer c.keeping.Unlock()
	drives := append(c.Drives(ctx), d)
	return c.History.Put(ctx, drivesKey, drives[max(0, len(drives)-keptDrives):])
}

// adviceMachine is this machine as the advisor takes it. What the loaded model holds counts as free, because it
// leaves memory before another one comes.
func (c *Core) adviceMachine(ctx context.Context) (advisor.Machine, error) {
	m, err := c.hardware(ctx)
	if err != nil {
		return advisor.Machine{}, err
	}
	out := advisor.Machine{
		OS: m.OS, Arch: m.Arch, Cores: m.CPU.PhysicalCores, DiskFree: m.Disk.FreeBytes,
		RAM: advisor.Memory{
			TotalBytes:           m.Memory.TotalBytes,
			AvailableBytes:       min(m.Memory.TotalBytes, m.Memory.AvailableBytes+c.Engine.MemoryBytes()),
			BandwidthBytesPerSec: m.Memory.BandwidthBytesPerSec,
		},
		GPUs: convert(m.GPUs, func(g hardware.GPU) advisor.GPU {
			return advisor.GPU{
				Name: g.Name, Backend: g.Backend, TotalBytes: g.TotalBytes, FreeBytes: g.FreeBytes,
				Unified: g.Integrated, SharedBytes: g.SharedBytes,
			}
		}),
	}
	out.SetBandwidths(c.bandwidthOf)
	return out, nil
}

// bandwidthOf looks a graphics processor up in the catalog's table; 0: it is not there.
func (c *Core) bandwidthOf(name string, _ int64) int64 {
	if b, ok := c.shelf.catalog.Bandwidth(name); ok {
		return int64(b.BytesPerSecond)
	}
	return 0
}

// Advise answers an Ask about machine; nil: this one. Its rows know which models are in the library.
func (c *Core) Advise(ctx context.Context, ask advisor.Ask, machine *advisor.Machine) (advisor.Advice, *advisor.Machine, advisor.Known, error) {
	if err := c.shelf.load(); err != nil {
		return advisor.Advice{}, nil, nil, err
	}
	var own advisor.Known = advisor.Nothing{}
	if machine == nil {
		m, err := c.adviceMachine(ctx)
		if err != nil {
			return advisor.Advice{}, nil, nil, err
		}
		drives := c.Drives(ctx)
		machine, own = &m, known{drives, c.build().Ollama, c.estimator(drives, m.RAM.BandwidthBytesPerSec), c.findings(ctx)}
	} else {
		machine.SetBandwidths(c.bandwidthOf)
	}
	candidates := c.shelf.candidates
	if models, err := c.Models.Models(ctx); err == nil && len(models) > 0 {
		candidates = slices.Clone(candidates)
		for _, m := range models {
			name, quant := backend.SplitRef(m.Ref)
			if found, err := c.shelf.catalog.Resolve(m.Ref); err == nil && found.Model != nil { // under another place's name too
				name, quant = found.Model.ID, m.Quant
			}
			if i, ok := c.shelf.at[[2]string{name, quant}]; ok {
				candidates[i].Installed = true
			}
		}
	}
	advice, err := advisor.Advise(candidates, machine, own, ask)
	return advice, machine, own, err
}

// askOf reads what the page asks.
func askOf(a Ask) advisor.Ask {
	ask := advisor.Ask{
		Use: advisor.Use(a.Use), Context: a.Context, KV: advisor.KVType(a.KV), MinSpeed: a.MinSpeed,
		FreeMemory: a.FreeBytes, Licences: advisor.LicenceFilter(a.Licence),
	}
	if a.Use == "documents" {
		ask.Use = advisor.UseDocuments
	}
	if a.Licence == "openSource" {
		ask.Licences = advisor.LicenceOpen
	}
	return ask
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

// AdvicePage is the answer that the Discover page shows.
func (c *Core) AdvicePage(ctx context.Context, a Ask) (Advice, error) {
	var machine *advisor.Machine
	name := ""
	if a.Machine != "" {
		profile, ok := FindProfile(a.Machine)
		if !ok {
			return Advice{}, backend.Fail(backend.CodeNotFound, nil, "There is no machine profile called "+a.Machine+".", "Choose one of the list.")
		}
		machine, name = &profile.Machine, profile.Title
	}
	ask := askOf(a)
	advice, machine, own, err := c.Advise(ctx, ask, machine)
	if err != nil {
		return Advice{}, err
	}
	page := Advice{Choices: []Choice{}, Rejected: []Rejection{}, MachineName: name, RAMFree: machine.RAM.AvailableBytes}
	if a.FreeBytes > 0 {
		page.RAMFree = a.FreeBytes
	}
	for _, g := range machine.GPUs {
		if g.Backend != "" && !g.Unified {
			page.GPUFree = max(page.GPUFree, g.FreeBytes)
		}
	}
	if k, ok := own.(known); ok {
		page.Fitted = k.speed != nil
	}
	seen := map[string]bool{}
	for _, r := range advice.Picks {
		if seen[r.Model] {
			continue // the page shows a model once, at the quant that came first; its drawer has the others
		}
		choice := choiceOf(r)
		choice.Family, choice.Params, choice.ActiveParams = c.about(r.Model)
		page.Choices = append(page.Choices, choice)
		seen[r.Model] = true
	}
	for _, r := range advice.Rejected {
		seen[r.Model] = true
		candidate, ok := c.shelf.candidate(r.Model, r.Quant)
		if ok && (r.Cause == advisor.CauseBeaten || r.Cause == advisor.CauseLimit) {
			page.Choices = append(page.Choices, c.beaten(candidate, machine, own, advice.Ask, r.Reason))
			continue
		}
		rejection := Rejection{ID: r.Model, Model: r.Name, Quant: r.Quant, Reason: r.Reason, ShortBy: r.ShortByBytes, Remedy: []string{}}
		if ok {
			rejection.Bytes = candidate.FileBytes
		}
		for _, remedy := range r.Remedies {
			rejection.Remedy = append(rejection.Remedy, remedy.Text)
		}
		page.Rejected = append(page.Rejected, rejection)
	}
	page.Considered = len(seen)
	return page, nil
}

func (c *Core) about(id string) (family string, params, active int64) {
	if m, ok := c.shelf.catalog.Model(id); ok {
		return m.Line, m.Params, m.Active()
	}
	return "", 0, 0
}

// beaten is a model that fits, but another is as good, as fast and as small.
func (c *Core) beaten(candidate *advisor.Candidate, m *advisor.Machine, own advisor.Known, ask advisor.Ask, reason string) Choice {
	v := candidate.Fit(m, ask)
	s := advisor.Expect(candidate, m, v, own)
	choice := Choice{
		ID: candidate.ID, Model: candidate.Name, Quant: candidate.Quant, Bytes: candidate.FileBytes, Fit: string(v.Place), Memory: planOf(v.Memory),
		TokensPerSecond: s.Generation, PromptTokensPerSecond: s.Prompt, Source: string(s.Source), Error: s.Error,
		Quality: -1, MaxContext: v.MaxContext, Layers: v.Layers, LayersOnGPU: v.LayersOnGPU,
		LicenceName: candidate.Licence.Name, OpenSource: candidate.Licence.OpenSource, Commercial: candidate.Licence.Commercial,
		Vision: candidate.Vision, Tools: candidate.Tools, Thinking: candidate.Thinking, Installed: candidate.Installed, Why: []string{reason},
	}
	if q, ok := candidate.Quality(ask.Use); ok {
		choice.Quality, choice.QualityError = q.Value, q.Error
	}
	choice.Family, choice.Params, choice.ActiveParams = c.about(candidate.ID)
	return choice
}

func choiceOf(r advisor.Recommendation) Choice {
	choice := Choice{
		ID: r.Model, Model: r.Name, Quant: r.Quant, Bytes: r.Bytes, Fit: string(r.Fit), Memory: planOf(r.Memory),
		TokensPerSecond: r.TokensPerSecond, PromptTokensPerSecond: r.PromptTokensPerSecond, Source: string(r.Source), Error: r.Error,
		Quality: -1, MaxContext: r.MaxContext, Layers: r.Layers, LayersOnGPU: r.LayersOnGPU,
		LicenceName: r.Licence.Name, OpenSource: r.Licence.OpenSource, Commercial: r.Licence.Commercial,
		Vision: r.Vision, Tools: r.Tools, Thinking: r.Thinking, Installed: r.Installed,
		Frontier: true, Best: r.Best, Why: strings0(r.Why),
	}
	if r.QualityKnown {
		choice.Quality, choice.QualityError = r.Quality, r.QualityError
	}
	return choice
}

func planOf(p backend.MemoryPlan) MemoryPlan {
	return MemoryPlan{WeightsBytes: p.WeightsBytes, KVBytes: p.KVBytes, ComputeBytes: p.ComputeBytes, TotalBytes: p.TotalBytes}
}

// Recommend gives the best pick for a chat on this machine, for the Welcome page.
func (c *Core) Recommend(ctx context.Context) (Pick, error) {
	page, err := c.AdvicePage(ctx, Ask{Use: string(advisor.UseChat)})
	if err != nil {
		return Pick{}, err
	}
	pick := Pick{Why: []string{}, CanRun: len(page.Choices), Known: page.Considered, Fit: string(advisor.PlaceNo)}
	if len(page.Choices) > 0 {
		best := page.Choices[0]
		pick = Pick{
			Model: best.Model, Ref: best.ID + ":" + best.Quant, Quant: best.Quant, Bytes: best.Bytes, NeedBytes: best.Memory.TotalBytes,
			Fit: best.Fit, Installed: best.Installed, LicenceName: best.LicenceName, Why: best.Why, CanRun: len(page.Choices), Known: page.Considered,
		}
	}
	return pick, nil
}

// Discover is the bound service behind the Discover page and the sums.
type Discover struct{ window *Window }

// withShelf runs f with an open Core and a loaded catalog.
func withShelf[T any](s *Discover, method string, f func(*Core) (T, error)) (T, error) {
	return call(method, func() (T, error) {
		var none T
		core, err := s.window.Core()
		if err != nil {
			return none, err
		}
		if err := core.shelf.load(); err != nil {
			return none, err
		}
		return f(core)
	})
}

// Advise ranks the catalog for a machine and a use.
func (s *Discover) Advise(ask Ask) (Advice, error) {
	return withShelf(s, "Discover.Advise", func(core *Core) (Advice, error) { return core.AdvicePage(s.window.ctx, ask) })
}

// Models gives the whole catalog.
func (s *Discover) Models() ([]CatalogModel, error) {
	return withShelf(s, "Discover.Models", func(core *Core) ([]CatalogModel, error) {
		return convert(core.shelf.catalog.Models(), catalogModel), nil
	})
}

// Model gives one model of the catalog.
func (s *Discover) Model(id string) (CatalogModel, error) {
	return withShelf(s, "Discover.Model", func(core *Core) (CatalogModel, error) {
		m, ok := core.shelf.catalog.Model(id)
		if !ok {
			return CatalogModel{}, noModel(id)
		}
		return catalogModel(m), nil
	})
}

func noModel(id string) error {
	return backend.Fail(backend.CodeNotFound, nil, "The catalog has no model called "+id+".", "Look for it on the Discover page.")
}

// Profiles gives the machines that advice can be asked for.
func (s *Discover) Profiles() ([]Profile, error) {
	return call("Discover.Profiles", func() ([]Profile, error) {
		profiles, err := advisor.Profiles()
		return convert(profiles, func(p advisor.Profile) Profile { return Profile{ID: p.ID, Name: p.Title} }), err
	})
}

// Drives gives the runs kept on this machine, newest first.
func (s *Discover) Drives() ([]DriveResult, error) {
	return withShelf(s, "Discover.Drives", func(core *Core) ([]DriveResult, error) {
		drives := core.Drives(s.window.ctx)
		slices.Reverse(drives)
		return convert(drives, driveResult), nil
	})
}

func driveResult(d backend.Drive) DriveResult {
	return DriveResult{
		ID: d.Model, Quant: d.Quant, Source: string(d.Source), PromptTokensPerSecond: d.PromptTokensPerSecond,
		TokensPerSecond: d.TokensPerSecond, Spread: d.Spread, PeakMemoryBytes: d.PeakMemoryBytes, LoadSeconds: d.LoadSeconds,
		DiskBytes: d.DiskBytes, Seconds: d.Seconds, Partial: d.Partial, Disturbed: d.Disturbed,
		Device: d.Device, Threads: d.Threads, Driver: d.Driver, Power: d.Power, At: millis(d.At),
	}
}

// catalogModel is a model of the catalog as the page shows it.
func catalogModel(m *catalog.Model) CatalogModel {
	l := m.Licence
	out := CatalogModel{
		ID: m.ID, Name: m.Name, Family: m.Line, Publisher: m.Publisher, Released: m.Released,
		Params: m.Params, ActiveParams: m.Active(), Context: m.Context, Architecture: m.Architecture,
		Uses: convert(m.Uses, func(u catalog.Use) string { return string(u) }), Vision: m.Vision, Tools: m.Tools == catalog.Yes,
		Thinking: m.Thinking, Runs: m.Runs, Reason: m.Reason, LicenceName: l.Name,
		OpenSource: l.OpenSource == catalog.Yes, Commercial: l.Commercial == catalog.Yes || l.Commercial == catalog.Conditions,
		Licence: answersOf(l), Warning: m.Warning, Repositories: []string{}, Notes: strings0(m.Notes),
		Benchmarks: convert(m.Benchmarks, func(b catalog.Benchmark) Benchmark {
			return Benchmark{Name: b.Name, Value: b.Value, Variant: b.Variant, Source: b.Source}
		}),
		Quants: convert(m.Quants, func(q catalog.Quant) CatalogQuant {
			quant := CatalogQuant{Name: q.Name, Bytes: m.FileBytes(q), Exact: q.Exact}
			if m.Runs && len(placesOf(m, q.Name)) > 0 {
				quant.Ref = m.ID + ":" + q.Name
			}
			return quant
		}),
	}
	if m.Ollama != nil {
		out.Ollama = m.Ollama.Library
	}
	for _, r := range m.Repos {
		out.Repositories = append(out.Repositories, r.Name)
	}
	return out
}

// Prices gives what interfaces on the internet ask.
func (s *Discover) Prices() ([]Price, error) {
	return withShelf(s, "Discover.Prices", func(core *Core) ([]Price, error) {
		return convert(core.shelf.catalog.Prices(), func(p catalog.Price) Price {
			return Price{Model: p.Model, Provider: p.Provider, Input: p.Input, Output: p.Output, Date: p.AsOf, Source: p.Source}
		}), nil
	})
}
