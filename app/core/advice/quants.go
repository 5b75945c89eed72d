package advice

import (
	"cmp"
	"context"
	"slices"

	"weightroom/backend/advisor"
)

// Quants judges every quant of a model for an ask, as [Advice.Rank] judges the model: of one outside the catalog, those
// whose headers were read. An empty profile means this machine.
func (a *Advice) Quants(ctx context.Context, id string, ask advisor.Ask, profile string) ([]advisor.QuantVerdict, error) {
	m, _, err := machineOf(profile)
	if err != nil {
		return nil, err
	}
	j, err := a.ground(ctx, ask, m)
	if err != nil {
		return nil, err
	}
	var quants []advisor.Candidate
	for _, c := range j.all {
		if c.ID == id {
			quants = append(quants, c)
		}
	}
	if quants == nil {
		quants = a.headers.quantsOf(id)
	}
	if quants == nil {
		return nil, noModel(id)
	}
	return advisor.Quants(quants, j.machine, j.known, ask)
}

// quantsOf are the quants of an external model whose headers were read, the smallest first.
func (h *headerCache) quantsOf(id string) []advisor.Candidate {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []advisor.Candidate
	for key, t := range h.all {
		if key[0] == id {
			out = append(out, *t.candidate)
		}
	}
	slices.SortFunc(out, func(a, b advisor.Candidate) int { return cmp.Compare(a.FileBytes, b.FileBytes) })
	return out
}
