// Package disturb tells whether a measurement had the machine to itself.
//
// What a measurement did not get is counted, not guessed: the processor time that other programs had in the meantime,
// what the host of a virtual machine took away, and what heat took from the clock. Test drives, the lab and answers hold
// their figures to the same rule.
package disturb

import (
	"context"
	"fmt"
	"time"
)

const (
	// otherShare is the part of the machine that other programs may take while something is measured. A quiet desktop
	// takes one to three percent; every thread of the engine waits for its slowest, so more shows in the figures.
	otherShare = 0.05
	// otherCores is the same in cores, however many there are: one busy program holds up a thread of the engine on a
	// machine of 64 cores as it does on one of four.
	otherCores = 0.3
	// stolenShare is the same for the time that a virtual machine does not get.
	stolenShare = 0.02
	// slowerClock is how far the clock may fall below the fastest that was seen.
	slowerClock = 0.9
	// watchable is the shortest time over which shares mean anything: the system counts in hundredths of a second.
	watchable = 300 * time.Millisecond
)

// Reading is how busy the whole machine has been since it started. Two of them make a [Span].
type Reading struct {
	Known       bool
	Cores       int     // logical
	BusySeconds float64 // of all cores, without what was stolen
	Stolen      float64 // seconds that the host of a virtual machine gave to others
	Throttled   int64   // how often a core was slowed down because it was hot
	MHz         float64 // of all cores now, on average; 0: not known
}

// Read takes a reading; nil reads nothing.
type Read func(context.Context) Reading

// Watch is a look at the machine before a measurement.
type Watch struct {
	read  Read
	at    time.Time
	begin Reading
}

// Begin takes the first look.
func Begin(ctx context.Context, read Read) Watch {
	if read == nil {
		read = func(context.Context) Reading { return Reading{} }
	}
	return Watch{read: read, at: time.Now(), begin: read(ctx)}
}

// End takes the second. own is the processor time in seconds that the measurement took itself.
func (w Watch) End(ctx context.Context, own float64) Span {
	return Between(w.begin, w.read(ctx), time.Since(w.at), own)
}

// Span is what the machine did during a measurement, in seconds of one core where it is not said otherwise.
type Span struct {
	known         bool
	seconds       float64 // that passed
	capacity      float64 // of all cores
	other, stolen float64
	throttled     int64
	clock         float64 // MHz; 0: not known
}

// Between is the span from one reading to another, of which own is the measurement's own processor time in seconds.
func Between(begin, end Reading, took time.Duration, own float64) Span {
	return Span{
		known: begin.Known && end.Known && end.Cores > 0, seconds: took.Seconds(), capacity: took.Seconds() * float64(end.Cores),
		other: max(0, end.BusySeconds-begin.BusySeconds-own), stolen: end.Stolen - begin.Stolen, throttled: end.Throttled - begin.Throttled, clock: end.MHz,
	}
}

// Plus puts two parts of one measurement together.
func (s Span) Plus(o Span) Span {
	return Span{
		known: s.known && o.known, seconds: s.seconds + o.seconds, capacity: s.capacity + o.capacity,
		other: s.other + o.other, stolen: s.stolen + o.stolen, throttled: s.throttled + o.throttled, clock: max(s.clock, o.clock),
	}
}

// Told reports whether the span is known and long enough to mean anything.
func (s Span) Told() bool { return s.known && s.seconds >= watchable.Seconds() }

// Share is what the measurement did not get of all cores: what others had and what was stolen, from 0 to 1; 0 where it
// is not known.
func (s Span) Share() float64 {
	if !s.Told() {
		return 0
	}
	return min(1, (s.other+s.stolen)/s.capacity)
}

// Disturbed reports whether others or heat took enough to show in a figure.
func (s Span) Disturbed() bool { return len(s.Why(nil)) > 0 }

// Why says in sentences what disturbed the measurement. fastest is the highest clock seen so far on this machine, which
// is kept up to date; clocks are read at the end of a load, when the cores have just worked. nil: clocks are not compared.
func (s Span) Why(fastest *float64) []string {
	if !s.Told() {
		return nil
	}
	var why []string
	if share := s.other / s.capacity; share > otherShare || s.other/s.seconds > otherCores {
		why = append(why, fmt.Sprintf("Other programs took %.0f%% of the processor.", 100*share))
	}
	if share := s.stolen / s.capacity; share > stolenShare {
		why = append(why, fmt.Sprintf("Another virtual machine took %.0f%% of the processor.", 100*share))
	}
	if s.throttled > 0 {
		why = append(why, "The processor was slowed down because it was hot.")
	}
	if s.clock > 0 && fastest != nil {
		if s.clock < slowerClock**fastest {
			why = append(why, fmt.Sprintf("The processor ran at %.0f MHz, after %.0f before.", s.clock, *fastest))
		}
		*fastest = max(*fastest, s.clock)
	}
	return why
}
