package machine

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"weightroom/hardware"
)

const (
	bandwidthTick = 100 * time.Millisecond
	// settledBandwidths is how many measurements that nothing disturbed make a figure that need not be measured again.
	settledBandwidths = 3
)

// MeasureBandwidth measures memory bandwidth, in about two seconds, and reports whether other programs may have slowed
// that down. An undisturbed result is kept for this machine, and the best of those kept counts. A doubtful one counts
// until the app ends or an undisturbed one comes. progress is called with the milliseconds that have passed and those
// that it takes; it may be nil.
func (m *Machine) MeasureBandwidth(ctx context.Context, progress func(done, total int64)) (doubtful bool, err error) {
	stop := everyTick(progress, hardware.BandwidthTakes)
	r, err := hardware.Bandwidth(ctx)
	stop()
	if err != nil {
		return false, err
	}
	h, err := m.Hardware(ctx)
	if err != nil {
		return false, err
	}
	key := hardware.BandwidthKey(h)
	err = os.MkdirAll(filepath.Dir(m.opts.Bandwidth), 0o700)
	if err == nil {
		err = hardware.SaveBandwidth(m.opts.Bandwidth, key, r)
	}
	if err != nil {
		slog.Warn("bandwidth not kept", "error", err)
	}
	if best, kept := hardware.LoadBandwidth(m.opts.Bandwidth, key); kept > 0 {
		r = best
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.bandwidth; old == nil || !r.Doubtful() || old.Doubtful() && old.AllCoresBytesPerSec < r.AllCoresBytesPerSec {
		m.bandwidth = &r
	}
	return r.Doubtful(), nil
}

// everyTick reports how much of the time that something takes has passed, until stop has returned.
func everyTick(progress func(done, total int64), takes time.Duration) (stop func()) {
	if progress == nil {
		return func() {}
	}
	began, end, ended := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(bandwidthTick)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
				progress(min(takes, time.Since(began)).Milliseconds(), takes.Milliseconds())
			}
		}
	}()
	return func() { close(end); <-ended }
}

// Unmeasured reports whether no undisturbed bandwidth of this machine is known.
func (m *Machine) Unmeasured(ctx context.Context) bool {
	h, err := m.Hardware(ctx)
	return err == nil && (h.Memory.BandwidthBytesPerSec == 0 || h.Memory.BandwidthDoubtful)
}

// MeasureBandwidthOnce measures only where no undisturbed result of this machine is known.
func (m *Machine) MeasureBandwidthOnce(ctx context.Context) error {
	if !m.Unmeasured(ctx) {
		return nil
	}
	_, err := m.MeasureBandwidth(ctx, nil)
	return err
}

// BandwidthSettled reports whether enough undisturbed results are kept.
func (m *Machine) BandwidthSettled(ctx context.Context) bool {
	h, err := m.Hardware(ctx)
	if err != nil {
		return true // nothing to measure with
	}
	_, kept := hardware.LoadBandwidth(m.opts.Bandwidth, hardware.BandwidthKey(h))
	return kept >= settledBandwidths
}
