package app

import (
	"os"
	"slices"
	"sync"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
	"weightroom/backend/lab"
	"weightroom/backend/testdrive"
)

// shelf is the catalog in the form that the advisor takes, made once.
type shelf struct {
	user       string // folder with the person's own entries; empty or not there: none
	once       sync.Once
	err        error
	catalog    *catalog.Catalog
	problems   []*backend.Error // files of the person's that could not be read
	candidates []advisor.Candidate
	at         map[[2]string]int // by id and quant
}

// load reads the catalog and makes its candidates.
func (s *shelf) load() error {
	s.once.Do(func() {
		if s.catalog, s.err = catalog.Load(); s.err != nil {
			return
		}
		if s.user != "" {
			s.catalog, s.problems = s.catalog.LoadUser(os.DirFS(s.user))
		}
		s.at = map[[2]string]int{}
		for _, m := range s.catalog.Models() {
			for _, q := range m.Quants {
				s.at[[2]string{m.ID, q.Name}] = len(s.candidates)
				s.candidates = append(s.candidates, candidateOf(s.catalog, m, q))
			}
		}
	})
	return s.err
}

// candidate finds one model at one quant.
func (s *shelf) candidate(id, quant string) (*advisor.Candidate, bool) {
	i, ok := s.at[[2]string{id, quant}]
	if !ok {
		return nil, false
	}
	return &s.candidates[i], true
}

// siblings are all quants of a model.
func (s *shelf) siblings(id string) []advisor.Candidate {
	var out []advisor.Candidate
	for _, c := range s.candidates {
		if c.ID == id {
			out = append(out, c)
		}
	}
	return out
}

func candidateOf(all *catalog.Catalog, m *catalog.Model, q catalog.Quant) advisor.Candidate {
	file := m.FileBytes(q)
	c := advisor.Candidate{
		ID: m.ID, Name: m.Name, Family: m.Line, Quant: q.Name, FileBytes: file,
		Params: m.Params, ActiveParams: m.Active(), MaxContext: m.Context,
		Licence: m.Licence.Plain(), Thinking: m.Thinking, Vision: m.Vision, Tools: m.Tools == catalog.Yes,
		Embedding: m.Has(catalog.UseEmbedding) && !m.Has(catalog.UseChat),
		Base:      m.Has(catalog.UseCompletion) && !m.Has(catalog.UseChat),
		Scores:    map[advisor.Use]advisor.Score{}, Loss: lossOf(all, q.Name),
	}
	if !m.Runs {
		c.Unrunnable = m.Reason
	}
	if m.Params > 0 {
		// Of a mixture of experts, the part that works on each token; of a dense model, all of it.
		c.ActiveBytes = int64(float64(file) * float64(m.Active()) / float64(m.Params))
	}
	if m.Projector != nil {
		c.ProjectorBytes = m.Projector.Bytes
	}
	for _, g := range m.Cache {
		c.Cache = append(c.Cache, advisor.CacheGroup{Layers: g.Layers, Values: g.Values, Window: g.Window})
		c.Layers += g.Layers
	}
	for _, use := range m.Uses {
		c.Uses = append(c.Uses, advisor.Use(use))
	}
	for _, use := range advisor.Uses() {
		// A score guessed from the size is left to the advisor, which knows that it is one.
		if score, ok := all.Score(m, catalog.Use(use)); ok && !score.FromSize {
			c.Scores[use] = advisor.Score{Value: score.Value, Error: (score.High - score.Low) / ninety, Source: score.Why}
		}
	}
	return c
}

// ninety is how many standard errors a 90% range spans.
const ninety = 2 * 1.645

// lossOf is the published increase in perplexity, taken as the share of a score that is lost: the two move together,
// and nothing better is published for all quants. Without a figure it is 2% ± 2%.
func lossOf(all *catalog.Catalog, quant string) advisor.Loss {
	if q, ok := all.QuantQuality(quant); ok {
		if loss, ok := q.Loss(); ok {
			share := max(0, loss.PerplexityPercent/100)
			return advisor.Loss{Share: min(0.9, share), Error: share/2 + 0.002}
		}
		if q.Bits >= 16 {
			return advisor.Loss{}
		}
	}
	return advisor.Loss{Share: 0.02, Error: 0.02}
}

// CatalogRef finds a model of the catalog by a reference, with the quant that it names or a usual one.
func (c *Core) CatalogRef(ref string) (id, quant string, err error) {
	if err := c.shelf.load(); err != nil {
		return "", "", err
	}
	found, err := c.shelf.catalog.Resolve(ref)
	if err != nil {
		return "", "", err
	}
	quant = found.Quant
	if quant == "" {
		quant = usualQuant(found.Model)
	}
	return found.Model.ID, quant, nil
}

// usualQuant is what most people take: 4 bits where there is one, else the smallest there is.
func usualQuant(m *catalog.Model) string {
	for _, name := range []string{"Q4_K_M", "MXFP4", "Q4_1", "Q4_0"} {
		if _, ok := m.Quant(name); ok {
			return name
		}
	}
	if len(m.Quants) > 0 {
		return m.Quants[len(m.Quants)-1].Name
	}
	return ""
}

// known is what this machine's own runs say; it implements advisor.Known.
type known struct {
	drives []backend.Drive // newest last
	engine string
	speed  *testdrive.Speed // fitted to this machine's processor; nil: too few runs
	// findings of the person's blind tests, by catalog id and quant
	findings map[[2]string][]advisor.Finding
}

// Speed gives the newest measured figure, else the newest test drive.
func (k known) Speed(id, quant string) (advisor.Speed, bool) {
	best := -1
	for i, d := range k.drives {
		if d.Model != id || d.Quant != quant || d.Engine != k.engine {
			continue
		}
		if best < 0 || d.Source == backend.SourceMeasured || k.drives[best].Source != backend.SourceMeasured {
			best = i
		}
	}
	if best < 0 {
		return advisor.Speed{}, false
	}
	d := k.drives[best]
	return advisor.Speed{Generation: d.TokensPerSecond, Prompt: d.PromptTokensPerSecond, Source: d.Source, Error: d.Spread}, true
}

// Estimate gives a figure of the model fitted to this machine's own runs, which ran in main memory; for graphics
// processors the prior counts.
func (k known) Estimate(c *advisor.Candidate, v advisor.Verdict) (advisor.Speed, bool) {
	if k.speed == nil || v.Place != advisor.PlaceRAM {
		return advisor.Speed{}, false
	}
	active := c.ActiveBytes
	if active == 0 {
		active = c.FileBytes
	}
	e := k.speed.Estimate(testdrive.Subject{Quant: c.Quant, Bytes: c.FileBytes, ActiveBytes: active, Layers: max(1, c.Layers)})
	return advisor.Speed{Generation: e.TokensPerSecond, Prompt: e.PromptTokensPerSecond, Source: backend.SourceEstimated, Error: e.Error, Place: v.Place}, true
}

// Finding gives what this person's blind tests say of a quant. One that they liked less than another is not as good as
// a third, whatever another test says.
func (k known) Finding(id, quant string) (advisor.Finding, bool) {
	found := k.findings[[2]string{id, quant}]
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
