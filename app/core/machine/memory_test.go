package machine

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/hardware"
)

func TestAModelThatCannotFitIsRefused(t *testing.T) {
	dir := t.TempDir()
	m := New(Options{
		Engine: engine.New(engine.Options{Home: dir}), Bandwidth: filepath.Join(dir, "bandwidth.json"), Models: func() string { return dir },
		Settings: func(context.Context) backend.Settings { return backend.Settings{} },
	})
	if err := m.CheckMemory(t.Context(), backend.Model{Name: "Small", Bytes: 1 << 20}, 8192); err != nil {
		t.Errorf("a small model: %v", err)
	}
	e := backend.Readable(m.CheckMemory(t.Context(), backend.Model{Name: "Huge", Bytes: 1 << 50}, 8192))
	if e == nil || e.Code != backend.CodeNoRoom || !strings.Contains(e.Message, "Huge needs 1126 TB") {
		t.Errorf("a huge model: %+v", e)
	}
	memory, err := hardware.ReadMemory(t.Context())
	if err != nil {
		t.Skip(err)
	}
	close := backend.Model{Name: "Close", Digest: "sha256:1", Bytes: memory.AvailableBytes / 2}
	for total, fits := range map[int64]bool{memory.AvailableBytes * 3 / 4: true, memory.AvailableBytes * 2: false} {
		m.plans.plans = map[planKey]backend.MemoryPlan{{close.Digest, 1 << 20}: {WeightsBytes: close.Bytes, KVBytes: total - close.Bytes, TotalBytes: total}}
		if err := m.CheckMemory(t.Context(), close, 1<<20); (err == nil) != fits || err != nil && !strings.Contains(err.Error(), "for the context") {
			t.Errorf("a model whose plan takes %d of %d: %v", total, memory.AvailableBytes, err)
		}
	}

	t.Run("what is attached to it counts, and what is never touched does not", func(t *testing.T) {
		free := memory.AvailableBytes
		for name, c := range map[string]struct {
			more backend.MemoryPlan
			want string
		}{
			"a projector":      {backend.MemoryPlan{TotalBytes: free, ProjectorBytes: free}, "for the part that sees images"},
			"untouched logits": {backend.MemoryPlan{TotalBytes: free, UntouchedBytes: free}, ""},
		} {
			m.opts.Whole = func(_ backend.Model, _ int, plan backend.MemoryPlan) backend.MemoryPlan {
				c.more.WeightsBytes, c.more.KVBytes = plan.WeightsBytes, plan.KVBytes
				c.more.TotalBytes = plan.TotalBytes + free
				return c.more
			}
			m.plans.plans = map[planKey]backend.MemoryPlan{{close.Digest, 1 << 20}: {WeightsBytes: close.Bytes, KVBytes: 1 << 20, TotalBytes: close.Bytes + 1<<20}}
			err := m.CheckMemory(t.Context(), close, 1<<20)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("the person may have it loaded anyway, with that context and no longer one", func(t *testing.T) {
		m.opts.Whole = nil
		huge := backend.Model{Name: "Huge", Digest: "sha256:2", Bytes: 1 << 50}
		m.LoadAnyway(t.Context(), huge, 8192)
		for _, context := range []int{2048, 8192} {
			if err := m.CheckMemory(t.Context(), huge, context); err != nil {
				t.Error(err)
			}
		}
		if err := m.CheckMemory(t.Context(), huge, 16384); err == nil {
			t.Error("a longer context was not refused")
		}
	})
}
