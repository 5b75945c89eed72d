package compare

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"weightroom/backend"
	"weightroom/backend/lab"
)

// Agreement is what the last change of engine or machine did to the answers, as far as it is this engine and this machine
// that were looked at. False: nothing has changed.
func (l *Lab) Agreement(ctx context.Context) (lab.Agreement, bool) {
	in, err := l.open()
	if err != nil {
		return lab.Agreement{}, false
	}
	a, changed := lab.NewAgreements(in).Last(ctx)
	now := l.stamp(ctx)
	return a, changed && a.Now.Engine == now.Engine && a.Now.Machine == now.Machine
}

// Unchecked reports whether the answers of this engine on this machine have not been held against those of before.
func (l *Lab) Unchecked(ctx context.Context) bool {
	in, err := l.open()
	if err != nil {
		return false
	}
	m, ok := l.smallest(ctx)
	return ok && lab.NewAgreements(in).Unchecked(ctx, m, l.stamp(ctx))
}

// CheckAgreement holds the answers of the smallest model of the library against those of before.
func (l *Lab) CheckAgreement(ctx context.Context, report func(done float64)) error {
	in, err := l.open()
	if err != nil {
		return err
	}
	m, ok := l.smallest(ctx)
	if !ok {
		return nil
	}
	return lab.NewAgreements(in).Check(ctx, m, l.stamp(ctx), report)
}

func (l *Lab) stamp(ctx context.Context) lab.Stamp {
	return lab.Stamp{Engine: l.opts.Machine.Build().Ollama, Machine: l.opts.Advice.RunKey(ctx), At: time.Now()}
}

// smallest is the smallest model that chats: what the engine gives for one says enough of the engine.
func (l *Lab) smallest(ctx context.Context) (backend.Model, bool) {
	all, err := l.opts.Library.Models(ctx)
	if err != nil {
		slog.Warn("models not listed", "error", err)
		return backend.Model{}, false
	}
	all = slices.DeleteFunc(all, func(m backend.Model) bool {
		return m.Path == "" || m.Digest == "" || !slices.Contains(m.Capable, "chat")
	})
	if len(all) == 0 {
		return backend.Model{}, false
	}
	return slices.MinFunc(all, func(a, b backend.Model) int { return cmp.Compare(a.Bytes, b.Bytes) }), true
}
