package advice

import (
	"sync"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/catalog"
	"weightroom/backend/testdrive"
)

// candidates is the catalog in the form that the advisor takes, made once.
type candidates struct {
	once    sync.Once
	err     error
	catalog *catalog.Catalog
	all     []advisor.Candidate
	at      map[[2]string]int // by id and quant
}

// load reads the catalog and makes its candidates.
func (a *Advice) load() (*candidates, error) {
	c := &a.candidates
	c.once.Do(func() {
		if c.catalog, c.err = a.opts.Catalog.Load(); c.err != nil {
			return
		}
		c.at = map[[2]string]int{}
		for _, m := range c.catalog.Models() {
			for _, q := range m.Quants {
				c.at[[2]string{m.ID, q.Name}] = len(c.all)
				c.all = append(c.all, candidateOf(c.catalog, m, q))
			}
		}
	})
	return c, c.err
}

// find finds one model at one quant.
func (c *candidates) find(id, quant string) (*advisor.Candidate, bool) {
	i, ok := c.at[[2]string{id, quant}]
	if !ok {
		return nil, false
	}
	return &c.all[i], true
}

// siblings are all quants of a model.
func (c *candidates) siblings(id string) []advisor.Candidate {
	var out []advisor.Candidate
	for _, one := range c.all {
		if one.ID == id {
			out = append(out, one)
		}
	}
	return out
}

// about is what a choice says of its model beside the verdict.
func (c *candidates) about(id string) (family string, params, active int64) {
	if m, ok := c.catalog.Model(id); ok {
		return m.Line, m.Params, m.Active()
	}
	return "", 0, 0
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
	if m.Thinking {
		c.Thoughts = thoughtsOfModel(all, m.ID)
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
	if b := m.Blueprint; b != nil {
		inner := fact(b, "F")
		if experts := fact(b, "NU"); experts > 0 {
			inner = max(inner*min(1, fact(b, "dense")), experts*fact(b, "EF"))
		}
		c.SetBuffers(fact(b, "V"), fact(b, "D"), inner)
		c.TwiceBytes, c.StateBytes = testdrive.TwiceBytes(*b, q.Name), stateOf(b)
		if c.Queries = float64(fact(b, "H")) / float64(max(1, fact(b, "KV"))); fact(b, "KL") > 0 { // all heads look at one vector
			c.Queries = float64(fact(b, "H"))
		}
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

// thoughtsOfModel is how long a model thinks for each use. One that the catalog does not know thinks as long as is usual.
func thoughtsOfModel(all *catalog.Catalog, id string) map[advisor.Use]advisor.Figure {
	lengths := map[advisor.Use]advisor.Figure{}
	for _, use := range advisor.Uses() {
		tokens, off := all.Thoughts(id, catalog.Use(use))
		lengths[use] = advisor.Figure{Value: tokens, Error: off}
	}
	return lengths
}

// fact is one of a blueprint's hyperparameters; of a list, the most. 0: it has none of that name.
func fact(b *backend.Blueprint, symbol string) int64 {
	switch v := b.Hyper[symbol].(type) {
	case float64:
		return int64(v)
	case []any:
		var most float64
		for _, one := range v {
			if n, ok := one.(float64); ok {
				most = max(most, n)
			}
		}
		return int64(most)
	}
	return 0
}

// stateOf is what the recurrent layers keep, in 32-bit numbers (n_embd_r and n_embd_s in src/llama-hparams.cpp of llama.cpp
// b10488; the symbols are those of a blueprint). Layers without a list of their own are those that neither attend nor feed
// forward.
func stateOf(b *backend.Blueprint) int64 {
	inner, state, short := fact(b, "SI"), fact(b, "SS"), fact(b, "LC")
	if inner == 0 && short == 0 {
		return 0
	}
	recurrent, _ := b.Hyper["recrs"].([]any)
	heads, _ := b.Hyper["KVs"].([]any)
	feeds, _ := b.Hyper["Fs"].([]any)
	at := func(list []any, i int64) bool { return i < int64(len(list)) && list[i] != 0.0 }
	var layers int64
	for i := range fact(b, "L") {
		if at(recurrent, i) || recurrent == nil && !at(heads, i) && !at(feeds, i) {
			layers++
		}
	}
	if short > 0 {
		return 4 * layers * (short - 1) * fact(b, "D")
	}
	return 4 * layers * ((fact(b, "SC")-1)*(inner+2*fact(b, "SG")*state) + state*inner)
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
