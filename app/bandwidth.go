package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"weightroom/backend"
	"weightroom/hardware"
)

func (c *Core) bandwidthFile() string { return filepath.Join(c.Folders.Cache, "bandwidth.json") }

// MeasureBandwidth measures memory bandwidth, in about two seconds, and keeps the result for this machine.
func (c *Core) MeasureBandwidth(ctx context.Context) error {
	r, err := hardware.Bandwidth(ctx)
	if err != nil {
		return err
	}
	m, err := c.hardware(ctx)
	if err != nil {
		return err
	}
	err = os.MkdirAll(c.Folders.Cache, 0o700)
	if err == nil {
		err = hardware.SaveBandwidth(c.bandwidthFile(), hardware.BandwidthKey(m), r)
	}
	if err != nil {
		slog.Warn("bandwidth not kept", "error", err)
	}
	c.machine.mu.Lock()
	c.machine.bandwidth = &r
	c.machine.mu.Unlock()
	return nil
}

// MeasureBandwidthOnce measures only where no result of this machine is kept.
func (c *Core) MeasureBandwidthOnce(ctx context.Context) error {
	m, err := c.hardware(ctx)
	if err != nil || m.Memory.BandwidthBytesPerSec > 0 {
		return err
	}
	return c.MeasureBandwidth(ctx)
}

// DeepProblems are what takes a while to find: doctor looks for them. It reads the whole history.
func (c *Core) DeepProblems(ctx context.Context) []Problem {
	problems := []Problem{}
	if err := c.shelf.load(); err == nil {
		problems = append(problems, convert(c.shelf.problems, problemOf)...)
	}
	if c.History != nil {
		if _, err := c.History.Verify(ctx); err != nil {
			e := backend.Readable(err)
			problems = append(problems, problemOf(e))
		}
	}
	return problems
}
