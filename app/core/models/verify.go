package models

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/web"
	"weightroom/backend/library"
)

// verifiedKey holds when models were last read again, by reference, and reportKey what came of the last time.
const (
	verifiedKey = "verified"
	reportKey   = "verifyReport"
)

func (m *Models) verifiedAt(ctx context.Context) map[string]int64 {
	at := map[string]int64{}
	if m.opts.History != nil {
		_, _ = m.opts.History.Get(ctx, verifiedKey, &at) // never verified and not readable look the same
	}
	return at
}

// Verify reads every byte of a model again, or of all for an empty ref, and keeps what came of it.
func (m *Models) Verify(ctx context.Context, ref string, progress func(done, total int64)) ([]library.Bad, error) {
	if ref != "" {
		if found, err := m.opts.Library.Model(ctx, ref); err == nil {
			ref = found.Ref
		}
	}
	bad, err := m.opts.Library.Verify(ctx, ref, progress)
	if err != nil || m.opts.History == nil {
		return bad, err
	}
	all, err := m.opts.Library.Models(ctx)
	if err != nil {
		return bad, err
	}
	now := time.Now().UnixMilli()
	at := map[string]int64{}
	err = m.opts.History.Update(ctx, verifiedKey, &at, func() error {
		for _, one := range all {
			if ref == "" || one.Ref == ref {
				at[one.Ref] = now
			}
		}
		return nil
	})
	var report backend.VerifyReport
	return bad, errors.Join(err, m.opts.History.Update(ctx, reportKey, &report, func() error {
		found := damages(bad)
		if ref != "" {
			for _, b := range report.Bad { // of the others, what was found stays true
				if b.Ref != ref {
					found = append(found, b)
				}
			}
		}
		report = backend.VerifyReport{Models: 1, At: now, Bad: found}
		if ref == "" {
			report.Models = len(all)
		}
		return nil
	}))
}

// damages puts the bad files of each model together.
func damages(bad []library.Bad) []backend.Damage {
	out := []backend.Damage{}
	for _, b := range bad {
		d := backend.Damage{Ref: b.Ref, Reason: b.Reason, Repairable: b.Address != ""}
		if i := len(out) - 1; i >= 0 && out[i].Ref == b.Ref {
			out[i].Repairable = out[i].Repairable && d.Repairable
			continue
		}
		out = append(out, d)
	}
	return out
}

// VerifyReport returns what came of the last check.
func (m *Models) VerifyReport(ctx context.Context) backend.VerifyReport {
	var report backend.VerifyReport
	if m.opts.History != nil {
		if _, err := m.opts.History.Get(ctx, reportKey, &report); err != nil {
			slog.Warn("last check not read", "error", err)
		}
	}
	return report
}

// Repair fetches the bad parts of a model again, and nothing else of it. It returns the bytes that were fetched.
func (m *Models) Repair(ctx context.Context, ref string, progress func(done, total int64)) (fetched int64, err error) {
	if found, err := m.opts.Library.One(ctx, ref); err == nil {
		ref = found.Ref
	}
	bad, err := m.opts.Library.Verify(ctx, ref, nil)
	if err != nil {
		return 0, err
	}
	if len(bad) > 0 {
		if _, err := m.downloads.online(ctx); err != nil {
			return 0, err
		}
	}
	for _, b := range bad {
		if b.Address == "" {
			hint := b.Hint
			if hint == "" {
				hint = "Import the same file again."
			}
			return fetched, backend.Fail(backend.CodeDamaged, nil, "It is not known from where a file of this model can be downloaded again.", hint)
		}
		item := web.Item{Name: ref, Digest: b.Digest, Bytes: b.Bytes, Address: b.Address}
		part := func(ctx context.Context, off, n int64) (io.ReadCloser, error) {
			net, err := m.downloads.online(ctx)
			if err != nil {
				return nil, err
			}
			return net.sources.Part(ctx, item, off, n)
		}
		n, err := m.opts.Library.Repair(ctx, b.Digest, part, progress)
		fetched += n
		if err != nil {
			return fetched, err
		}
	}
	if _, err = m.Verify(ctx, ref, nil); err != nil {
		return fetched, err
	}
	return fetched, nil
}
