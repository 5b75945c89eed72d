package app

import (
	"context"
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

// planCache keeps the engine's memory plans of models in the library.
type planCache struct {
	mu    sync.Mutex
	plans map[planKey]backend.MemoryPlan
}

type planKey struct {
	digest  string
	context int
}

// allow refuses a model that can't fit into memory before the engine tries: with the engine's own plan for it, or where
// there is none by its weights alone. What is loaded now is given back first, so that it refuses only what is certain
// to fail.
func (c *Core) allow(ctx context.Context, m backend.Model, contextLength int) error {
	memory, err := hardware.ReadMemory(ctx)
	if err != nil {
		return nil //nolint:nilerr // no reading is no reason to refuse
	}
	free := memory.AvailableBytes + c.Engine.MemoryBytes()
	for _, g := range c.gpus(ctx) {
		if g.Backend != "" && !g.Integrated {
			free += g.FreeBytes // layers can be split between a graphics processor and main memory
		}
	}
	need := backend.MemoryPlan{WeightsBytes: m.Bytes, TotalBytes: m.Bytes}
	if m.Bytes <= free && m.Bytes+mostPerToken*int64(contextLength)+mostBuffers > free {
		need = c.loadPlan(ctx, m, contextLength)
	}
	if need.TotalBytes <= free {
		return nil
	}
	if need.KVBytes == 0 {
		return backend.Fail(backend.CodeTooBig, nil,
			m.Name+" needs "+backend.Bytes(m.Bytes)+" of memory for its weights alone, and "+backend.Bytes(free)+" are free.",
			"Close other programs, or pick a smaller model or a smaller quant of it.")
	}
	return backend.Fail(backend.CodeTooBig, nil,
		m.Name+" needs "+backend.Bytes(need.TotalBytes)+" of memory ("+backend.Bytes(need.WeightsBytes)+" for its weights, "+backend.Bytes(need.KVBytes)+" for the context), and "+backend.Bytes(free)+" are free.",
		"Close other programs, choose a shorter context in the chat's settings, or pick a smaller quant.")
}

// loadPlan asks the engine what a model in the library would take, and remembers the answer. Where it can't say in time,
// the weights alone are the plan.
func (c *Core) loadPlan(ctx context.Context, m backend.Model, contextLength int) backend.MemoryPlan {
	key := planKey{m.Digest, contextLength}
	c.plans.mu.Lock()
	plan, ok := c.plans.plans[key]
	c.plans.mu.Unlock()
	if ok {
		return plan
	}
	ctx, cancel := context.WithTimeout(ctx, planPatience)
	defer cancel()
	a, err := testdrive.Fit(ctx, c.tool, m.Path, testdrive.FitOptions{Context: contextLength})
	if err != nil {
		slog.Info("no memory plan before the load", "ref", m.Ref, "error", err)
		return backend.MemoryPlan{WeightsBytes: m.Bytes, TotalBytes: m.Bytes}
	}
	c.plans.mu.Lock()
	defer c.plans.mu.Unlock()
	if c.plans.plans == nil {
		c.plans.plans = map[planKey]backend.MemoryPlan{}
	}
	c.plans.plans[key] = a.MemoryPlan
	return a.MemoryPlan
}
