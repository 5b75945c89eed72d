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

// stop ends a look. own is the processor time that the measurement took itself.
func (w watch) stop(ctx context.Context, own float64) span {
	return between(w.begin, w.meter.Load(ctx), time.Since(w.at), own)
}

// span is what the machine did during a measurement, in seconds of one core where it is not said otherwise.
type span struct {
	known         bool
	seconds       float64 // that passed
	capacity      float64 // of all cores
	other, stolen float64
	throttled     int64
	clock         float64 // MHz; 0: not known
}

func between(begin, end Reading, took time.Duration, own float64) span {
	return span{
		known: begin.Known && end.Known && end.Cores > 0, seconds: took.Seconds(), capacity: took.Seconds() * float64(end.Cores),
		other: end.BusySeconds - begin.BusySeconds - own, stolen: end.Stolen - begin.Stolen, throttled: end.Throttled - begin.Throttled, clock: end.MHz,
	}
}

// plus puts two parts of one measurement together.
func (s span) plus(o span) span {
	return span{
		known: s.known && o.known, seconds: s.seconds + o.seconds, capacity: s.capacity + o.capacity,
		other: s.other + o.other, stolen: s.stolen + o.stolen, throttled: s.throttled + o.throttled, clock: max(s.clock, o.clock),
	}
}

// verdict says in sentences what disturbed the measurement. fastest is the highest clock seen in the comparison, which
// is kept up to date; clocks are read at the end of a load, when the cores have just worked.
func (s span) verdict(fastest *float64) []string {
	if !s.known || s.seconds < watchable.Seconds() {
		return nil
	}
	var why []string
	if share := s.other / s.capacity; share > otherShare {
		why = append(why, fmt.Sprintf("Other programs took %.0f%% of the processor.", 100*share))
	}
	if share := s.stolen / s.capacity; share > stolenShare {
		why = append(why, fmt.Sprintf("Another virtual machine took %.0f%% of the processor.", 100*share))
	}
	if s.throttled > 0 {
		why = append(why, "The processor was slowed down because it was hot.")
	}
	if s.clock > 0 {
		if s.clock < slowerClock**fastest {
			why = append(why, fmt.Sprintf("The processor ran at %.0f MHz, after %.0f before.", s.clock, *fastest))
		}
		*fastest = max(*fastest, s.clock)
	}
	return why
}
