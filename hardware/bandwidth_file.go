package hardware

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// BandwidthKey names what a measurement depends on and a restart doesn't change: the processor, how many threads may
// run, and the memory in whole GiB, because firmware keeps back a little more or less of it each time.
func BandwidthKey(m Machine) string {
	return fmt.Sprintf("%s|%d|%d GiB", m.CPU.Model, m.CPU.UsableCores, (m.Memory.PhysicalBytes+1<<29)>>30)
}

type bandwidthFile struct {
	Key    string          `json:"key"`
	Result BandwidthResult `json:"result"`
}

// LoadBandwidth reads a measurement of the machine that key names from a file of [SaveBandwidth]. A file that is
// missing, damaged or of another machine is false: the remedy for each is to measure again.
func LoadBandwidth(path, key string) (BandwidthResult, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return BandwidthResult{}, false
	}
	var f bandwidthFile
	if json.Unmarshal(b, &f) != nil || f.Key != key || f.Result.AllCoresBytesPerSec <= 0 {
		return BandwidthResult{}, false
	}
	return f.Result, true
}

// SaveBandwidth replaces the file at path, whose folder must exist. A reader sees the old file or the new, never half.
func SaveBandwidth(path, key string, r BandwidthResult) error {
	b, err := json.MarshalIndent(bandwidthFile{Key: key, Result: r}, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".bandwidth-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(b, '\n'))
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// SetBandwidth puts a measurement into the memory's figures.
func (m *Machine) SetBandwidth(r BandwidthResult) {
	m.Memory.BandwidthBytesPerSec = r.AllCoresBytesPerSec
	m.Memory.SingleCoreBytesPerSec = r.SingleCoreBytesPerSec
	m.Memory.BandwidthMeasuredAt = r.MeasuredAt
}
