package machine

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"weightroom/hardware"
)

// settledBandwidths is how many measurements that nothing disturbed make a figure that need not be measured again.
const settledBandwidths = 3

// MeasureBandwidth measures memory bandwidth, in about two seconds, and reports whether other programs may have slowed
// that down. An undisturbed result is kept for this machine, and the best of those kept counts. A doubtful one counts
// until the app ends or an undisturbed one comes.
func (m *Machine) MeasureBandwidth(ctx context.Context) (doubtful bool, err error) {
	r, err := hardware.Bandwidth(ctx)
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

// MeasureBandwidthOnce measures only where no undisturbed result of this machine is kept.
func (m *Machine) MeasureBandwidthOnce(ctx context.Context) error {
	h, err := m.Hardware(ctx)
	if err != nil || h.Memory.BandwidthBytesPerSec > 0 && !h.Memory.BandwidthDoubtful {
		return err
	}
	_, err = m.MeasureBandwidth(ctx)
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
