package app

import (
	"context"
	"time"

	"weightroom/app/core"
	"weightroom/app/core/advice"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
	"weightroom/backend/testdrive"
)

// Discover is the bound service behind the Discover page and the cost calculator.
type Discover struct{ host *host }

// Advise ranks the catalog for a machine and a use.
func (s *Discover) Advise(ask Ask) (Advice, error) {
	return withCore(s.host, "Discover.Advise", func(ctx context.Context, c *core.Core) (Advice, error) {
		r, err := c.Advice.Rank(ctx, askOf(ask), ask.Machine)
		if err != nil {
			return Advice{}, err
		}
		return adviceOf(r), nil
	})
}

// Quants judges every quant of a model for an ask; of one outside the catalog, those whose headers were read.
func (s *Discover) Quants(id string, ask Ask) ([]QuantVerdict, error) {
	return withCore(s.host, "Discover.Quants", func(ctx context.Context, c *core.Core) ([]QuantVerdict, error) {
		all, err := c.Advice.Quants(ctx, id, askOf(ask), ask.Machine)
		return convert(all, quantVerdict), err
	})
}

// Models returns the whole catalog.
func (s *Discover) Models() ([]CatalogModel, error) {
	return withCore(s.host, "Discover.Models", func(_ context.Context, c *core.Core) ([]CatalogModel, error) {
		all, err := c.Advice.Catalog()
		if err != nil {
			return nil, err
		}
		return convert(all.Models(), catalogModel), nil
	})
}

// Model returns one model of the catalog.
func (s *Discover) Model(id string) (CatalogModel, error) {
	return withCore(s.host, "Discover.Model", func(_ context.Context, c *core.Core) (CatalogModel, error) {
		m, err := c.Advice.Entry(id)
		if err != nil {
			return CatalogModel{}, err
		}
		return catalogModel(m), nil
	})
}

// Profiles returns the machines that advice can be asked for.
func (s *Discover) Profiles() ([]Profile, error) {
	return call("Discover.Profiles", func() ([]Profile, error) {
		profiles, err := advisor.Profiles()
		return convert(profiles, func(p advisor.Profile) Profile { return Profile{ID: p.ID, Name: p.Title} }), err
	})
}

// Drives returns the runs that are kept, this machine's first, each group from the newest on.
func (s *Discover) Drives() ([]DriveResult, error) {
	return withCore(s.host, "Discover.Drives", func(ctx context.Context, c *core.Core) ([]DriveResult, error) {
		return convert(c.Advice.NewestRuns(ctx), driveResult), nil
	})
}

// Prices returns what interfaces on the internet ask.
func (s *Discover) Prices() ([]Price, error) {
	return withCore(s.host, "Discover.Prices", func(_ context.Context, c *core.Core) ([]Price, error) {
		all, err := c.Advice.Catalog()
		if err != nil {
			return nil, err
		}
		return convert(all.Prices(), func(p catalog.Price) Price {
			return Price{Model: p.Model, Provider: p.Provider, Input: p.Input, Output: p.Output, Date: p.AsOf, Source: p.Source, Current: p.Current(time.Now())}
		}), nil
	})
}

// TestDrive runs a weightless copy of a model as a task, with an empty context and deep in the asked one; its result is
// "id:quant".
func (s *Discover) TestDrive(a FitAsk) (Task, error) {
	id, quant := a.ID, a.Quant
	return withCore(s.host, "Discover.TestDrive", func(_ context.Context, c *core.Core) (Task, error) {
		if err := c.Advice.CanTestDrive(id, quant); err != nil {
			return Task{}, err
		}
		return s.host.tasks.begin(job{kind: "testdrive", label: "Test drive", of: c.Advice.NameOf(id) + " " + quant}, func(ctx context.Context, report func(step)) (string, error) {
			_, err := c.Advice.TestDrive(ctx, id, quant, fitAsk(a), func(p testdrive.Progress) {
				if p.Stage == testdrive.StageRun { // how long that takes is what is being found out
					report(step{})
					return
				}
				report(step{done: int64(100 * p.Done), total: 100})
			})
			if err == nil {
				s.host.emit(EventDrives, Changed{ID: id, Seq: s.host.next()})
			}
			return id + ":" + quant, err
		}), nil
	})
}

// Fit asks the engine for its own plan.
func (s *Discover) Fit(a FitAsk) (FitAnswer, error) {
	return withCore(s.host, "Discover.Fit", func(ctx context.Context, c *core.Core) (FitAnswer, error) {
		v, err := c.Advice.Fit(ctx, a.ID, a.Quant, fitAsk(a))
		if err != nil {
			return FitAnswer{}, err
		}
		return FitAnswer{
			Fit: string(v.Place), Memory: planOf(v.Memory), ShortBy: v.ShortByBytes, MaxContext: v.MaxContext,
			Remedies: convert(v.Remedies, func(r advisor.Remedy) string { return r.Text }), Times: timesOf(v.Times),
		}, nil
	})
}

// Bits returns the memory of weights alone at each precision.
func (s *Discover) Bits(params int64) ([]BitsRow, error) {
	return call("Discover.Bits", func() ([]BitsRow, error) {
		rows, err := advice.WeightBits(params)
		return convert(rows, func(p advice.Precision) BitsRow { return BitsRow(p) }), err
	})
}

// SumsStart returns what the cost calculator begins with.
func (s *Discover) SumsStart() (SumsStart, error) {
	return withCore(s.host, "Discover.SumsStart", func(ctx context.Context, c *core.Core) (SumsStart, error) {
		start, err := c.Advice.Start(ctx)
		return SumsStart{
			Ask: SumsAsk(start.Costs), Model: start.Model, Measured: start.Measured, Power: start.Power, ReadingSpeed: start.ReadingSpeed,
			Usages: convert(start.Usages, func(u advice.Usage) Usage { return Usage(u) }),
			Cards:  convert(start.Cards, func(c advice.RentedCard) RentedCard { return RentedCard(c) }),
		}, err
	})
}

// Sums returns what a month costs at an interface's price and on one's own machine.
func (s *Discover) Sums(a SumsAsk) (SumsAnswer, error) {
	return call("Discover.Sums", func() (SumsAnswer, error) {
		month, err := advice.Costs(a).Month()
		return SumsAnswer(month), err
	})
}
