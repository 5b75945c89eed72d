package advice

import (
	"context"
	"time"

	"weightroom/hardware"
)

// quiet is when work that nobody waits for may run.
type quiet struct {
	busy  func() bool                          // an answer is written for a person who waits for it
	power func(context.Context) hardware.Power // nil asks the system
}

func (a *Advice) quiet() quiet { return quiet{a.opts.Busy, a.opts.Power} }

const (
	quietTick = 200 * time.Millisecond // how often it is looked whether somebody writes
	powerTick = 5 * time.Second        // how often it is looked what the machine runs on
)

// inTheWay looks what work in the background has to wait for. The power is asked for when askPower says so.
func (q quiet) inTheWay(ctx context.Context, askPower bool) Wait {
	switch {
	case q.busy():
		return WaitAnswer
	case askPower && q.powerNow(ctx) == hardware.PowerBattery:
		return WaitMains
	}
	return ""
}

func (q quiet) powerNow(ctx context.Context) hardware.Power {
	if q.power != nil {
		return q.power(ctx)
	}
	return hardware.ReadPower(ctx)
}

// giveWay waits until nothing is in the way, and tells what it waits for whenever that changes, nothing at the end.
func (q quiet) giveWay(ctx context.Context, waits func(Wait)) error {
	told := Wait("nothing told yet")
	for {
		wait := q.inTheWay(ctx, true)
		if wait != told {
			told = wait
			waits(wait)
		}
		if wait == "" {
			return ctx.Err()
		}
		tick := quietTick
		if wait == WaitMains {
			tick = powerTick
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(tick):
		}
	}
}

// cancelInTheWay ends ctx's work when something comes that it has to give way to.
func (q quiet) cancelInTheWay(ctx context.Context, cancel context.CancelFunc) {
	asked := time.Now()
	for {
		askPower := time.Since(asked) >= powerTick
		if askPower {
			asked = time.Now()
		}
		if q.inTheWay(ctx, askPower) != "" {
			cancel()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(quietTick):
		}
	}
}
