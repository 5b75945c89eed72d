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

// keepPlan keeps the engine's plan of a model, so that every page shows it from now on.
func (a *Advice) keepPlan(ctx context.Context, id, quant string, ask advisor.Ask, plan backend.MemoryPlan) {
	if a.opts.History == nil {
		return
	}
	key := planKey{id, quant, ask.Context, ask.KV, a.opts.Machine.Build().Ollama}
	var kept []keptPlan
	news := false
	err := a.opts.History.Update(ctx, plansKey, &kept, func() error {
		news = !slices.Contains(kept, keptPlan{key, plan})
		kept = slices.DeleteFunc(kept, func(p keptPlan) bool { return p.planKey == key })
		kept = append(kept, keptPlan{key, plan})
		kept = kept[max(0, len(kept)-keptPlans):]
		return nil
	})
	if err != nil {
		slog.Warn("the engine's plan not kept", "id", id, "quant", quant, "error", err)
	}
	if news && a.opts.Planned != nil {
		a.opts.Planned()
	}
}

// withPlans puts those of the plans that are for an ask into the candidates; all is changed.
func (a *Advice) withPlans(plans []keptPlan, all []advisor.Candidate, at map[[2]string]int, ask advisor.Ask) {
	engine := a.opts.Machine.Build().Ollama
	for _, p := range plans {
		if i, ok := at[[2]string{p.Model, p.Quant}]; ok && p.Engine == engine && p.Context == ask.Context && p.KV == ask.KV {
			all[i].Plan = &advisor.Plan{Memory: p.Memory, Context: p.Context, KV: p.KV}
		}
	}
}

// Footprint is what a model takes in memory with a context.
type Footprint struct {
	backend.MemoryPlan
	Context int
	Planned bool // by the engine itself; false: calculated
}

// Memory is what a model of the library takes with a context at f16, of at most what it reads: by the engine's plan where
// one was kept, else by the catalog or the model's header. False: neither says enough of it.
func (a *Advice) Memory(ctx context.Context, m backend.Model, contextLength int) (Footprint, bool) {
	f, ok := a.Memories(ctx, []backend.Model{m}, contextLength)[m.Ref]
	return f, ok
}

// Memories is [Advice.Memory] of several models, by reference; one of which too little is known is left out.
func (a *Advice) Memories(ctx context.Context, models []backend.Model, contextLength int) map[string]Footprint {
	plans, out := a.plans(ctx), make(map[string]Footprint, len(models))
	for _, m := range models {
		known, ok := a.ofLibrary(m)
		if !ok {
			continue
		}
		ask := advisor.Ask{Context: contextLength, KV: advisor.KVF16}
		if m.ContextLength > 0 {
			ask.Context = min(ask.Context, m.ContextLength)
		}
		one := []advisor.Candidate{known}
		a.withPlans(plans, one, map[[2]string]int{{known.ID, known.Quant}: 0}, ask)
		out[m.Ref] = Footprint{one[0].Memory(ask.Context, ask.KV), ask.Context, one[0].Planned(ask)}
	}
	return out
}

// ofLibrary is what the catalog knows of a model of the library, else what its header says.
func (a *Advice) ofLibrary(m backend.Model) (advisor.Candidate, bool) {
	all, err := a.load()
	if err != nil {
		return advisor.Candidate{}, false
	}
	if id, quant, ok := a.opts.Catalog.Entry(m); ok {
		if known, ok := all.find(id, quant); ok {
			c := *known
			a.headers.withProjector(&c, m)
			return c, true
		}
	}
	key, read := a.headers.ofFile(m.Digest)
	if read && key == [2]string{} { // it says nothing
		return advisor.Candidate{}, false
	}
	x, kept := a.headers.find(key[0], key[1])
	if !kept {
		if key[0], key[1], err = a.readTarget(m.Path, m.Ref, m.Digest); err != nil {
			slog.Info("the memory of a model is not known", "ref", m.Ref, "error", err)
			key = [2]string{}
		}
		a.headers.keepFile(m.Digest, key)
		if x, kept = a.headers.find(key[0], key[1]); !kept {
			return advisor.Candidate{}, false
		}
	}
	c := *x.candidate
	a.headers.withProjector(&c, m)
	return c, true
}
