package hardware

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// BandwidthKey names what a measurement depends on and a restart doesn't change: the processor, how many threads may
// run, and the memory in whole GiB, because firmware keeps back a little more or less of it each time.
func BandwidthKey(m Machine) string {
	return fmt.Sprintf("%s|%d|%d GiB", m.CPU.Model, m.CPU.UsableCores, (m.Memory.PhysicalBytes+1<<29)>>30)
}

// keptBandwidths is how many measurements are kept. The best counts: other programs can only slow one down.
const keptBandwidths = 5

// bandwidthFile holds the measurements of one machine, newest last. None of them is doubtful.
type bandwidthFile struct {
	Key     string            `json:"key"`
	Results []BandwidthResult `json:"results"`
}

// LoadBandwidth reads the best measurement of the machine that key names from a file of [SaveBandwidth], and how many
// are kept there. A file that is missing, damaged or of another machine has none: the remedy for each is to measure again.
func LoadBandwidth(path, key string) (best BandwidthResult, kept int) {
	results := readBandwidths(path, key)
	for _, r := range results {
		if r.AllCoresBytesPerSec > best.AllCoresBytesPerSec {
			best = r
		}
	}
	return best, len(results)
}

func readBandwidths(path, key string) []BandwidthResult {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var f bandwidthFile
	if json.Unmarshal(b, &f) != nil || f.Key != key {
		return nil
	}
	return slices.DeleteFunc(f.Results, func(r BandwidthResult) bool { return r.AllCoresBytesPerSec <= 0 || r.Doubtful() })
}

// SaveBandwidth adds a measurement to the file at path, whose folder must exist; a doubtful one is not kept. A reader
// sees the old file or the new, never half.
func SaveBandwidth(path, key string, r BandwidthResult) error {
	if r.Doubtful() {
		return nil
	}
	results := append(readBandwidths(path, key), r)
	results = results[max(0, len(results)-keptBandwidths):]
	b, err := json.MarshalIndent(bandwidthFile{Key: key, Results: results}, "", "  ")
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
	m.Memory.BandwidthDoubtful = r.Doubtful()
}
