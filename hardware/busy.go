package hardware

import (
	"context"
	"errors"

	"github.com/shirou/gopsutil/v3/cpu"
)

// BusySeconds is how long the processors have worked since the machine started, added up over all of them. Time that
// the host of a virtual machine took away counts: it was not there for a measurement either.
func BusySeconds(ctx context.Context) (float64, error) {
	all, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return 0, err
	}
	if len(all) == 0 {
		return 0, errors.New("hardware: no processor times")
	}
	t := all[0]
	return t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal, nil
}
