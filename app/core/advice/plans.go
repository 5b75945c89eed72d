package advice

import (
	"context"
	"log/slog"
	"slices"

	"weightroom/backend"
	"weightroom/backend/advisor"
)

// plansKey holds the engine's plans that are kept, and keptPlans is how many; the oldest go first.
const (
	plansKey  = "plans"
	keptPlans = 300
)

// planKey is what one of the engine's plans was made for. Another engine may plan otherwise.
type planKey struct {
	Model   string         `json:"model"` // catalog id
	Quant   string         `json:"quant"`
	Context int            `json:"context"`
	KV      advisor.KVType `json:"kv"`
	Engine  string         `json:"engine"`
}

type keptPlan struct {
	planKey
	Memory backend.MemoryPlan `json:"memory"`
}

// plans returns the plans that were kept, oldest first.
func (a *Advice) plans(ctx context.Context) []keptPlan {
	var kept []keptPlan
	if a.opts.History != nil {
		if _, err := a.opts.History.Get(ctx, plansKey, &kept); err != nil {
			slog.Warn("the engine's plans not read", "error", err)
		}
	}
	return kept
}

// keepPlan keeps the engine's plan of a model of the catalog, so that every page shows it from now on.
func (a *Advice) keepPlan(ctx context.Context, id, quant string, ask advisor.Ask, plan backend.MemoryPlan) {
	if _, ok := a.candidates.find(id, quant); !ok || a.opts.History == nil {
		return
	}
	key := planKey{id, quant, ask.Context, ask.KV, a.opts.Machine.Build().Ollama}
	var kept []keptPlan
	err := a.opts.History.Update(ctx, plansKey, &kept, func() error {
		kept = slices.DeleteFunc(kept, func(p keptPlan) bool { return p.planKey == key })
		kept = append(kept, keptPlan{key, plan})
		kept = kept[max(0, len(kept)-keptPlans):]
		return nil
	})
	if err != nil {
		slog.Warn("the engine's plan not kept", "id", id, "quant", quant, "error", err)
	}
}

// withPlans puts the plans that were kept for an ask into the candidates; all is changed.
func (a *Advice) withPlans(ctx context.Context, all []advisor.Candidate, at map[[2]string]int, ask advisor.Ask) {
	engine := a.opts.Machine.Build().Ollama
	for _, p := range a.plans(ctx) {
		if i, ok := at[[2]string{p.Model, p.Quant}]; ok && p.Engine == engine && p.Context == ask.Context && p.KV == ask.KV {
			all[i].Plan = &advisor.Plan{Memory: p.Memory, Context: p.Context, KV: p.KV}
		}
	}
}

// Memory is what a model of the library takes with a context at f16: by the engine's plan where one was kept, else by
// the catalog. False: the catalog does not know the model.
func (a *Advice) Memory(ctx context.Context, m backend.Model, contextLength int) (backend.MemoryPlan, bool) {
	all, err := a.load()
	if err != nil {
		return backend.MemoryPlan{}, false
	}
	id, quant, ok := a.opts.Catalog.Entry(m)
	if !ok {
		return backend.MemoryPlan{}, false
	}
	known, ok := all.find(id, quant)
	if !ok {
		return backend.MemoryPlan{}, false
	}
	one := []advisor.Candidate{*known}
	a.withPlans(ctx, one, map[[2]string]int{{id, quant}: 0}, advisor.Ask{Context: contextLength, KV: advisor.KVF16})
	return one[0].Memory(contextLength, advisor.KVF16), true
}
