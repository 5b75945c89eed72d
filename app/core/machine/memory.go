package machine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/testdrive"
	"weightroom/hardware"
)

const (
	// planPatience is how long an answer waits for the engine's plan. Where a measurement is under way, the engine's
	// programs are taken, and then weights alone are counted.
	planPatience = 2 * time.Second
	// mostPerToken is more than any model's cache takes for a token. The largest in the catalog is GPT-NeoX-20B's, which
	// shares no heads: 44 blocks · 6144 values · 2 · 2 bytes = 1.08 MB.
	mostPerToken = 3 << 19
	// mostBuffers is more than the engine's buffers take at its usual batch.
	mostBuffers = 1 << 30
)

// planCache keeps the engine's memory plans of models in the library, and which of them are loaded whatever they say.
type planCache struct {
	mu     sync.Mutex
	plans  map[planKey]backend.MemoryPlan
	anyway map[string]int // digest of the weights to the longest context
}

type planKey struct {
	digest  string
	context int
}

// Free returns the memory that a model may take: main memory and what graphics processors have beside it, because
// layers can be split between them. With loaded, what the loaded model holds counts as free, because it leaves memory
// before another one comes.
func (m *Machine) Free(ctx context.Context, loaded bool) (int64, error) {
	memory, err := hardware.ReadMemory(ctx)
	if err != nil {
		return 0, err
	}
	free := memory.AvailableBytes
	if loaded {
		free += m.opts.Engine.MemoryBytes()
	}
	for _, g := range m.GPUs(ctx) {
		if g.Backend != "" {
			free += g.OwnFree(memory.AvailableBytes)
		}
	}
	return free, nil
}

// CheckMemory refuses a model that can't fit into memory before the engine tries: with the engine's own plan for it and what
// is attached to it, or where there is none by its files alone. What is reserved and never touched need not fit. It refuses
// only what is certain to fail, and nothing that the person had loaded anyway.
func (m *Machine) CheckMemory(ctx context.Context, model backend.Model, contextLength int) error {
	free, err := m.Free(ctx, true)
	if err != nil || m.allowed(model, contextLength) {
		return nil //nolint:nilerr // no reading is no reason to refuse
	}
	need := backend.MemoryPlan{WeightsBytes: model.Bytes, TotalBytes: model.Bytes}
	if model.Bytes <= free && model.Bytes+mostPerToken*int64(contextLength)+mostBuffers > free {
		need = m.whole(model, contextLength, m.loadPlan(ctx, model, contextLength))
	}
	if need.ResidentBytes() <= free {
		return nil
	}
	sees := ""
	if need.ProjectorBytes > 0 {
		sees = ", " + backend.Bytes(need.ProjectorBytes) + " for the part that sees images"
	}
	if need.KVBytes == 0 {
		return backend.Fail(backend.CodeNoRoom, nil,
			model.Name+" needs "+backend.Bytes(model.Bytes)+" of memory for its weights alone, and "+backend.Bytes(free)+" are free.",
			"Close other programs, or pick a smaller model or a smaller quant of it.")
	}
	return backend.Fail(backend.CodeNoRoom, nil,
		model.Name+" needs "+backend.Bytes(need.ResidentBytes())+" of memory ("+backend.Bytes(need.WeightsBytes)+" for its weights, "+backend.Bytes(need.KVBytes)+" for the context"+sees+"), and "+backend.Bytes(free)+" are free.",
		"Close other programs, choose a shorter context in the chat's settings, or pick a smaller quant.")
}

// whole is a plan of the engine's with what its planner leaves out. A plan without a context is no plan.
func (m *Machine) whole(model backend.Model, contextLength int, plan backend.MemoryPlan) backend.MemoryPlan {
	if m.opts.Whole == nil || plan.KVBytes == 0 {
		return plan
	}
	return m.opts.Whole(model, contextLength, plan)
}

// LoadAnyway has a model loaded with a context of that length or a shorter one although it does not fit, until the app is closed. 0: the
// context of the settings.
func (m *Machine) LoadAnyway(ctx context.Context, model backend.Model, contextLength int) {
	m.plans.mu.Lock()
	defer m.plans.mu.Unlock()
	if m.plans.anyway == nil {
		m.plans.anyway = map[string]int{}
	}
	m.plans.anyway[model.Digest] = max(m.plans.anyway[model.Digest], m.contextOf(ctx, model, contextLength))
}

func (m *Machine) allowed(model backend.Model, contextLength int) bool {
	m.plans.mu.Lock()
	defer m.plans.mu.Unlock()
	longest, ok := m.plans.anyway[model.Digest]
	return ok && contextLength <= longest
}

// CheckPlan refuses a plan that is larger than what is free now. What a chat has loaded stays where it is.
func (m *Machine) CheckPlan(ctx context.Context, plan backend.MemoryPlan) error {
	free, err := m.Free(ctx, false)
	if err != nil || plan.TotalBytes <= free {
		return nil //nolint:nilerr // no reading is no reason to refuse
	}
	return backend.Fail(backend.CodeTooBig, nil,
		"This needs "+backend.Bytes(plan.TotalBytes)+" of memory ("+backend.Bytes(plan.KVBytes)+" for the context), and "+backend.Bytes(free)+" are free.",
		"Close other programs, choose a shorter context, or a smaller type of the KV cache.")
}

// FitTogether reports whether models fit into memory at the same time, or says why not, by the engine's own plan of each.
func (m *Machine) FitTogether(ctx context.Context, models []backend.Model, contextLength int) (bool, string) {
	free, err := m.Free(ctx, true)
	if err != nil {
		return false, "One after another: the free memory of this machine can't be read."
	}
	seen := map[string]bool{}
	var need int64
	for _, model := range models {
		if seen[model.Ref] {
			return false, "One after another: the same model answers twice."
		}
		seen[model.Ref] = true
		plan, err := testdrive.Fit(ctx, m.Tool, model.Path, testdrive.FitOptions{Context: contextLength, KVType: "f16"})
		if err != nil {
			return false, "One after another: the engine can't say how much memory " + model.Name + " takes."
		}
		need += m.whole(model, contextLength, plan.MemoryPlan).ResidentBytes()
	}
	// A fifth stays free, because the plan leaves out what the system needs to keep working.
	if need > free*4/5 {
		return false, fmt.Sprintf("One after another: together they need %s, and %s are free.", backend.Bytes(need), backend.Bytes(free))
	}
	return true, ""
}

// loadPlan asks the engine what a model in the library would take, and remembers the answer. Where it can't say in time,
// the weights alone are the plan.
func (m *Machine) loadPlan(ctx context.Context, model backend.Model, contextLength int) backend.MemoryPlan {
	key := planKey{model.Digest, contextLength}
	m.plans.mu.Lock()
	plan, ok := m.plans.plans[key]
	m.plans.mu.Unlock()
	if ok {
		return plan
	}
	ctx, cancel := context.WithTimeout(ctx, planPatience)
	defer cancel()
	a, err := testdrive.Fit(ctx, m.Tool, model.Path, testdrive.FitOptions{Context: contextLength})
	if err != nil {
		slog.Info("no memory plan before the load", "ref", model.Ref, "error", err)
		return backend.MemoryPlan{WeightsBytes: model.Bytes, TotalBytes: model.Bytes}
	}
	m.plans.mu.Lock()
	defer m.plans.mu.Unlock()
	if m.plans.plans == nil {
		m.plans.plans = map[planKey]backend.MemoryPlan{}
	}
	m.plans.plans[key] = a.MemoryPlan
	return a.MemoryPlan
}
