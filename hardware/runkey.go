package hardware

import (
	"slices"
	"strings"
)

// RunKey names what the speed of a model depends on and a restart doesn't change: what [BandwidthKey] names, and the
// graphics processors with their drivers.
func RunKey(m Machine) string {
	names := make([]string, len(m.GPUs))
	for i, g := range m.GPUs {
		names[i] = strings.TrimSpace(g.Name + " " + g.Driver)
	}
	slices.Sort(names)
	return strings.Join(append([]string{BandwidthKey(m)}, names...), "|")
}
