package machine

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"weightroom/hardware"
)

// MeasureBandwidth measures memory bandwidth, in about two seconds, and keeps the result for this machine.
func (m *Machine) MeasureBandwidth(ctx context.Context) error {
	r, err := hardware.Bandwidth(ctx)
	if err != nil {
		return err
	}
	h, err := m.Hardware(ctx)
	if err != nil {
		return err
	}
	err = os.MkdirAll(filepath.Dir(m.opts.Bandwidth), 0o700)
	if err == nil {
		err = hardware.SaveBandwidth(m.opts.Bandwidth, hardware.BandwidthKey(h), r)
	}
	if err != nil {
		slog.Warn("bandwidth not kept", "error", err)
	}
	m.mu.Lock()
	m.bandwidth = &r
	m.mu.Unlock()
	return nil
}

// MeasureBandwidthOnce measures only where no result of this machine is kept.
func (m *Machine) MeasureBandwidthOnce(ctx context.Context) error {
	h, err := m.Hardware(ctx)
	if err != nil || h.Memory.BandwidthBytesPerSec > 0 {
		return err
	}
	return m.MeasureBandwidth(ctx)
}
