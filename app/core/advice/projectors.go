package advice

import (
	"context"
	"log/slog"
	"strings"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/gguf"
)

// withProjector puts what is attached to a model of the library so that it sees into what is known of the model. The engine
// loads it along with the weights.
func (h *headerCache) withProjector(c *advisor.Candidate, m backend.Model) {
	c.ProjectorBytes, c.ProjectorWork = m.Projector.Bytes, 0
	if m.Projector.Path == "" {
		return
	}
	c.Vision, c.ProjectorWork = true, h.pictureBytes(m.Projector.Path)
}

// withOwnProjector does so for what is asked: who wants a model to see gets the projector that it lacks along with it.
func (h *headerCache) withOwnProjector(c *advisor.Candidate, m backend.Model, ask advisor.Ask) {
	if m.Projector.Path != "" || ask.Use != advisor.UseVision {
		h.withProjector(c, m)
	}
}

// pictureBytes is what a projector needs beside its weights for one picture; its header is read once.
func (h *headerCache) pictureBytes(path string) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n, read := h.pictures[path]; read {
		return n
	}
	var n int64
	f, err := gguf.ReadFile(path)
	if err == nil {
		n = f.PictureBytes()
	} else {
		slog.Info("the buffers of a projector are not known", "error", err)
	}
	if h.pictures == nil {
		h.pictures = map[string]int64{}
	}
	h.pictures[path] = n
	return n
}

// ownModel is the model of the library that id and quant stand for, where it is there.
func (a *Advice) ownModel(ctx context.Context, id, quant string) (backend.Model, bool) {
	all, err := a.opts.Library.Models(ctx)
	if err != nil {
		return backend.Model{}, false
	}
	for _, m := range all {
		if strings.EqualFold(m.Ref, id) || strings.EqualFold(m.Ref, id+":"+quant) {
			return m, true
		}
		if entry, q, ok := a.opts.Catalog.Entry(m); ok && entry == id && q == quant {
			return m, true
		}
	}
	return backend.Model{}, false
}

// Whole is the engine's plan of a model of the library with what the engine's planner leaves out of it: what is attached to
// it, and which part of the buffers is never touched.
func (a *Advice) Whole(m backend.Model, contextLength int, plan backend.MemoryPlan) backend.MemoryPlan {
	c, ok := a.ofLibrary(m)
	if !ok {
		a.headers.withProjector(&c, m)
		plan.ProjectorBytes = c.ProjectorBytes + c.ProjectorWork
		plan.ComputeBytes += plan.ProjectorBytes
		plan.TotalBytes += plan.ProjectorBytes
		return plan
	}
	gpu := plan.GPUBytes
	c.Plan = &advisor.Plan{Memory: plan, Context: contextLength, KV: advisor.KVF16}
	plan = c.Memory(contextLength, advisor.KVF16)
	if plan.GPUBytes = gpu; gpu > 0 {
		plan.UntouchedBytes = 0 // graphics memory is given as it is reserved
	}
	return plan
}
