package machine

import (
	"context"

	"weightroom/backend/disturb"
	"weightroom/hardware"
)

// ReadLoad reads how busy the whole machine has been; it is a disturb.Read.
func ReadLoad(ctx context.Context) disturb.Reading {
	l := hardware.ReadLoad(ctx)
	return disturb.Reading{Known: l.Known, Cores: l.Cores, BusySeconds: l.BusySeconds, Stolen: l.StolenSeconds, Throttled: l.Throttled, MHz: l.MHz}
}
