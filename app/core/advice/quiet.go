package advice

import (
	"context"
	"time"

	"weightroom/app/core/machine"
	"weightroom/backend/disturb"
	"weightroom/hardware"
)

// quiet is when work that nobody waits for may run.
type quiet struct {
	busy  func() bool                          // an answer is written for a person who waits for it
	power func(context.Context) hardware.Power // nil asks the system
	load  disturb.Read                         // nil: other programs are not waited for
}

func (a kept) quiet() quiet {
	q := quiet{a.opts.Busy, a.opts.Power, a.opts.Load}
	if q.load == nil {
		q.load = machine.ReadLoad
	}
	return q
}

const (
	quietTick = 200 * time.Millisecond // how often it is looked whether somebody writes
	powerTick = 5 * time.Second        // how often it is looked what the machine runs on
	lookAt    = 2 * time.Second        // how long it is looked whether other programs keep the processors busy
	// busyShare is what programs may take of the processors before work that nobody waits for begins. It is more than a
	// measurement bears, because the window itself is among them and draws.
	busyShare = 0.15
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

// programs looks for a moment whether programs keep the processors busy.
func (q quiet) programs(ctx context.Context) Wait {
	if q.load == nil {
		return ""
	}
	look := disturb.Begin(ctx, q.load)
	select {
	case <-ctx.Done():
		return ""
	case <-time.After(lookAt):
	}
	if look.End(ctx, 0).Share() > busyShare {
		return WaitPrograms
	}
	return ""
}

// giveWay waits until nothing is in the way, and tells what it waits for whenever that changes, nothing at the end.
func (q quiet) giveWay(ctx context.Context, waits func(Wait)) error {
	told := Wait("nothing told yet")
	for {
		wait := q.inTheWay(ctx, true)
		if wait == "" {
			wait = q.programs(ctx)
		}
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

// AfterAnswers waits until no answer is written for a person, and tells what it waits for as giveWay does.
func (a kept) AfterAnswers(ctx context.Context, waits func(Wait)) error {
	plugged := func(context.Context) hardware.Power { return hardware.PowerAC }
	return quiet{busy: a.opts.Busy, power: plugged}.giveWay(ctx, waits)
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

// The pauses between two tries of a measurement into which other programs came: from the first on each is twice as long.
const (
	firstPause = 10 * time.Second
	lastPause  = 10 * time.Minute
)

// measurement measures something once and reports whether other programs came into it.
type measurement func(ctx context.Context) (disturbed bool, err error)

// undisturbed measures again and again until nothing came into it, and tells what it waits for as giveWay does.
func (q quiet) undisturbed(ctx context.Context, once measurement, waits func(Wait)) error {
	pause := firstPause
	for {
		if err := q.giveWay(ctx, waits); err != nil {
			return err
		}
		alone, cancel := context.WithCancel(ctx)
		go q.cancelInTheWay(alone, cancel)
		disturbed, err := once(alone)
		gaveWay := alone.Err() != nil
		cancel()
		switch {
		case err == nil && !disturbed:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !gaveWay:
			return err
		case err != nil: // giveWay waits for what it gave way to
			pause = firstPause
			continue
		}
		waits(WaitPrograms)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}
