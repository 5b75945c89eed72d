package app

import (
	"strings"

	"weightroom/app/core/advice"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
	"weightroom/backend/download/source"
)

// askOf reads what the page asks.
func askOf(a Ask) advisor.Ask {
	ask := advisor.Ask{
		Use: advisor.Use(a.Use), Context: a.Context, KV: advisor.KVType(a.KV), MinSpeed: &a.MinSpeed,
		FreeMemory: a.FreeBytes, Licences: advisor.LicenceFilter(a.Licence), Prefer: advisor.Preference(a.Prefer),
	}
	if a.Use == "documents" {
		ask.Use = advisor.UseDocuments
	}
	if a.Licence == "openSource" {
		ask.Licences = advisor.LicenceOpen
	}
	return ask
}

func fitAsk(a FitAsk) advisor.Ask {
	return advisor.Ask{Context: a.Context, KV: advisor.KVType(a.KV)}
}

// adviceOf is a ranking as the Discover page shows it.
func adviceOf(r advice.Ranking) Advice {
	return Advice{
		Choices: convert(r.Choices, choiceOf), Rejected: convert(r.Rejected, rejectionOf), Considered: r.Considered,
		MachineName: r.MachineName, GPUFree: r.GPUFree, RAMFree: r.RAMFree, Fitted: r.Fitted, Missing: nonNil(r.Missing),
	}
}

func choiceOf(c advice.Choice) Choice {
	choice := Choice{
		ID: c.Model, Model: c.Name, Family: c.Family, Quant: c.Quant, Bytes: c.Bytes, Fit: string(c.Fit), Memory: planOf(c.Memory), Planned: c.Planned,
		TokensPerSecond: c.TokensPerSecond, PromptTokensPerSecond: c.PromptTokensPerSecond, Source: string(c.Source), Error: c.Error, PromptError: c.PromptError, Disturbed: c.Disturbed, Times: timesOf(c.Times),
		Quality: -1, MaxContext: c.MaxContext, Layers: c.Layers, LayersOnGPU: c.LayersOnGPU, Params: c.Params, ActiveParams: c.ActiveParams,
		LicenceName: c.Licence.Name, OpenSource: c.Licence.OpenSource, Commercial: c.Licence.Commercial,
		Vision: c.Vision, Tools: c.Tools, Thinking: c.Thinking, Installed: c.Installed,
		Frontier: c.Frontier, Best: c.Best, Why: nonNil(c.Reasons),
	}
	if c.QualityKnown {
		choice.Quality, choice.QualityError = c.Quality, c.QualityError
	}
	return choice
}

func timesOf(t advisor.Times) Times {
	figure := func(f advisor.Figure) Figure {
		return Figure{Value: f.Value, Error: f.Error, Source: string(f.Source)}
	}
	return Times{
		FirstShort: figure(t.FirstShort), FirstLong: figure(t.FirstLong), Answer: figure(t.Answer), ThinkTokens: figure(t.ThinkTokens), ThinkOwn: t.ThinkOwn, Full: figure(t.Full),
	}
}

func rejectionOf(r advice.Rejection) Rejection {
	return Rejection{
		ID: r.Model, Model: r.Name, Quant: r.Quant, Cause: string(r.Cause), Reason: r.Reason, ShortBy: r.ShortByBytes, Bytes: r.Bytes, Miss: r.Miss,
		Remedy: convert(r.Remedies, func(r advisor.Remedy) string { return r.Text }),
	}
}

func quantVerdict(v advisor.QuantVerdict) QuantVerdict {
	return QuantVerdict{
		Quant: v.Quant, Bytes: v.Bytes, Installed: v.Installed, Cause: string(v.Cause), Reason: v.Reason,
		Remedy: convert(v.Remedies, func(r advisor.Remedy) string { return r.Text }),
		Fit:    string(v.Place), Memory: planOf(v.Memory), Planned: v.Planned, ShortBy: v.ShortByBytes, MaxContext: v.MaxContext,
		Layers: v.Layers, LayersOnGPU: v.LayersOnGPU, TokensPerSecond: v.TokensPerSecond, PromptTokensPerSecond: v.PromptTokensPerSecond,
		Source: string(v.Source), Error: v.Error, Disturbed: v.Disturbed,
	}
}

func planOf(p backend.MemoryPlan) MemoryPlan {
	return MemoryPlan{WeightsBytes: p.WeightsBytes, KVBytes: p.KVBytes, ComputeBytes: p.ComputeBytes, TotalBytes: p.TotalBytes, SeesBytes: p.ProjectorBytes}
}

func driveResult(r advice.Run) DriveResult {
	d := r.Drive
	return DriveResult{
		ID: d.Model, Quant: d.Quant, Source: string(d.Source), PromptTokensPerSecond: d.PromptTokensPerSecond,
		TokensPerSecond: d.TokensPerSecond, Spread: d.Spread, PeakMemoryBytes: d.PeakMemoryBytes, LoadSeconds: d.LoadSeconds,
		DiskBytes: d.DiskBytes, Seconds: d.Seconds, Partial: d.Partial, Disturbed: d.Disturbed,
		Device: d.Device, Threads: d.Threads, Driver: d.Driver, Power: d.Power,
		Elsewhere: r.Elsewhere, Older: r.Older, Replaced: r.Replaced, KV: d.KV, Deep: Deep(d.Deep), At: millis(d.At),
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
		Licence: answersOf(l), Warning: m.Warning, Repositories: []string{}, Notes: nonNil(m.Notes),
		Benchmarks: convert(m.Benchmarks, func(b catalog.Benchmark) Benchmark {
			return Benchmark{Name: b.Name, Value: b.Value, Variant: b.Variant, Source: b.Source}
		}),
		Quants: convert(m.Quants, func(q catalog.Quant) CatalogQuant {
			quant := CatalogQuant{Name: q.Name, Bytes: m.FileBytes(q), Exact: q.Exact}
			if m.Runs && len(models.Sources(m, q.Name)) > 0 {
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

func externalModel(x advice.External) CatalogModel {
	c, o := x.Candidate, x.Offer
	out := CatalogModel{
		ID: c.ID, Name: c.Name, Family: c.Family, Publisher: publisherOf(o), Params: c.Params, ActiveParams: c.ActiveParams, Context: c.MaxContext,
		Architecture: x.Header.Architecture(), Uses: []string{}, Vision: c.Vision, Tools: c.Tools, Thinking: c.Thinking, Runs: true,
		LicenceName: x.Landing.Licence.Name, OpenSource: x.Landing.Licence.OpenSource, Commercial: x.Landing.Licence.Commercial, Licence: []Answer{},
		Benchmarks: []Benchmark{}, Quants: []CatalogQuant{}, Repositories: []string{}, Notes: nonNil(o.Warnings),
	}
	if c.ActiveParams == 0 {
		out.ActiveParams = c.Params
	}
	if x.Terms.ID != "" && x.Terms.ID != "unknown" {
		out.Licence = answersOf(x.Terms)
	}
	if x.Terms.Commercial == catalog.Yes || x.Terms.Commercial == catalog.Conditions {
		out.Commercial = true
	}
	if o.Page != "" {
		out.Repositories = append(out.Repositories, o.Page)
	}
	seen := false
	for _, choice := range o.Choices {
		quant := choice.Quant
		if quant == "" {
			_, quant = backend.SplitRef(choice.Ref)
		}
		seen = seen || quant == c.Quant
		out.Quants = append(out.Quants, CatalogQuant{Name: quant, Bytes: max(0, choice.Bytes), Exact: choice.Bytes > 0, Ref: choice.Ref})
	}
	if !seen {
		out.Quants = append(out.Quants, CatalogQuant{Name: c.Quant, Bytes: c.FileBytes, Exact: true, Ref: x.Landing.Ref})
	}
	return out
}

// publisherOf is the owner that an offer's reference names.
func publisherOf(o source.Offer) string {
	parts := strings.Split(o.Ref, "/")
	if len(parts) >= 3 {
		return parts[len(parts)-2]
	}
	return ""
}
