package advice

import (
	"sync"

	"weightroom/backend/advisor"
	"weightroom/backend/testdrive"
)

// partsCache keeps what models read for a token.
type partsCache struct {
	mu      sync.Mutex
	id      string             // whose outline is at hand: all quants of a model are asked for one after the other
	outline *testdrive.Outline // nil: it has none
	all     map[[2]string][]testdrive.Part
}

// known are the shapes of the models of the catalog, and of those whose headers were read.
type known struct{ *Advice }

// parts are what a model reads for a token, by the types of its tensors; nil: not known.
func (a known) parts(id, quant string) []testdrive.Part {
	if t, ok := a.headers.find(id, quant); ok {
		return t.header.Parts
	}
	p := &a.read
	p.mu.Lock()
	defer p.mu.Unlock()
	key := [2]string{id, quant}
	if parts, known := p.all[key]; known {
		return parts
	}
	if p.all == nil {
		p.all = map[[2]string][]testdrive.Part{}
	}
	if p.id != id {
		p.id, p.outline = id, nil
		if m, err := a.Entry(id); err == nil && m.Blueprint != nil {
			p.outline, _ = testdrive.NewOutline(*m.Blueprint) // one that has none is estimated by its quant
		}
	}
	p.all[key] = nil
	if p.outline != nil {
		if h, err := p.outline.Plan(quant, false); err == nil {
			p.all[key] = h.Parts
		}
	}
	return p.all[key]
}

// candidate is what the advisor knows of a model.
func (a known) candidate(id, quant string) (*advisor.Candidate, bool) {
	if t, ok := a.headers.find(id, quant); ok {
		return t.candidate, true
	}
	all, err := a.load()
	if err != nil {
		return nil, false
	}
	return all.find(id, quant)
}
