package lab

import (
	"context"
	"fmt"
	"time"
)

const (
	// otherShare is the part of the machine that other programs may take while something is measured. A quiet desktop
	// takes one to three percent; every thread of the engine waits for its slowest, so more shows in the figures.
	otherShare = 0.05
	// stolenShare is the same for the time that a virtual machine does not get.
	stolenShare = 0.02
	// slowerClock is how far the clock may fall below the fastest that was seen.
	slowerClock = 0.9
	// repeats is how often a disturbed run is tried again.
	repeats = 2
	// watchable is the shortest time over which shares mean anything: the system counts in hundredths of a second.
	watchable = 300 * time.Millisecond
)

// watch is a look at the machine before a measurement.
type watch struct {
	meter Meter
	at    time.Time
	begin Reading
}

func (l *Lab) watch(ctx context.Context) watch {
	return watch{meter: l.o.Meter, at: time.Now(), begin: l.o.Meter.Load(ctx)}
}

// verdict says in sentences what disturbed the measurement; own is the processor time that it took itself, and fastest
// the highest clock seen in the comparison, which is kept up to date.
func (w watch) verdict(ctx context.Context, own float64, fastest *float64) []string {
	end := w.meter.Load(ctx)
	took := time.Since(w.at)
	return disturbance(w.begin, end, took, own, fastest)
}

func disturbance(begin, end Reading, took time.Duration, own float64, fastest *float64) []string {
	if !begin.Known || !end.Known || took < watchable || end.Cores == 0 {
		return nil
	}
	var why []string
	capacity := took.Seconds() * float64(end.Cores)
	if share := (end.BusySeconds - begin.BusySeconds - own) / capacity; share > otherShare {
		why = append(why, fmt.Sprintf("Other programs took %.0f%% of the processor.", 100*share))
	}
	if share := (end.Stolen - begin.Stolen) / capacity; share > stolenShare {
		why = append(why, fmt.Sprintf("Another virtual machine took %.0f%% of the processor.", 100*share))
	}
	if n := end.Throttled - begin.Throttled; n > 0 {
		why = append(why, "The processor was slowed down because it was hot.")
	}
	if clock := (begin.MHz + end.MHz) / 2; clock > 0 {
		if clock < slowerClock**fastest {
			why = append(why, fmt.Sprintf("The processor ran at %.0f MHz, after %.0f before.", clock, *fastest))
		}
		*fastest = max(*fastest, clock)
	}
	return why
}
