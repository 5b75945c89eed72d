package advice

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"weightroom/backend/disturb"
	"weightroom/hardware"
)

// idle is a machine that nothing else runs on.
func idle(context.Context) disturb.Reading { return disturb.Reading{Known: true, Cores: 4} }

// TestBackgroundDrivesWaitForOtherPrograms holds that drives nobody asked for begin once the processors are quiet.
func TestBackgroundDrivesWaitForOtherPrograms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		const busy = 5 * time.Minute
		a := New(Options{
			Busy:  func() bool { return false },
			Power: func(context.Context) hardware.Power { return hardware.PowerAC },
			Load: func(context.Context) disturb.Reading { // two of four cores are busy for five minutes
				return disturb.Reading{Known: true, Cores: 4, BusySeconds: 2 * min(time.Since(began), busy).Seconds()}
			},
		})
		var told []Wait
		if err := a.quiet().giveWay(t.Context(), func(w Wait) { told = append(told, w) }); err != nil {
			t.Fatal(err)
		}
		if want := []Wait{WaitPrograms, ""}; !slices.Equal(told, want) {
			t.Errorf("waited for %q, want %q", told, want)
		}
		if took := time.Since(began); took < busy || took > busy+3*lookAt {
			t.Errorf("went on after %v", took)
		}
	})
}

// TestBackgroundDrivesGiveWay holds that drives nobody asked for wait for the end of an answer and for mains power, say
// so, and are given up when one of these comes in between.
func TestBackgroundDrivesGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		after := func(d time.Duration) bool { return time.Since(began) >= d }
		a := New(Options{
			Busy: func() bool { return !after(3 * time.Second) },
			Power: func(context.Context) hardware.Power {
				if after(time.Hour) {
					return hardware.PowerAC
				}
				return hardware.PowerBattery
			},
			Load: idle,
		})
		var told []Wait
		if err := a.quiet().giveWay(t.Context(), func(w Wait) { told = append(told, w) }); err != nil {
			t.Fatal(err)
		}
		if want := []Wait{WaitAnswer, WaitMains, ""}; !slices.Equal(told, want) {
			t.Errorf("waited for %q, want %q", told, want)
		}
		if took := time.Since(began); took < time.Hour || took > time.Hour+powerTick+lookAt {
			t.Errorf("went on after %v", took)
		}
	})
}

func TestBackgroundDriveEndsOnBattery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := New(Options{
			Busy: func() bool { return false },
			Power: func(context.Context) hardware.Power {
				if time.Since(began) > time.Minute {
					return hardware.PowerBattery
				}
				return hardware.PowerAC
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		a.quiet().cancelInTheWay(ctx, cancel)
		if took := time.Since(began); ctx.Err() == nil || took > time.Minute+2*powerTick {
			t.Errorf("ended after %v: %v", took, ctx.Err())
		}
	})
}

// TestMemoryIsMeasuredAfterAnswers holds that what is quick waits for answers alone, also on a battery.
func TestMemoryIsMeasuredAfterAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := New(Options{
			Busy:  func() bool { return time.Since(began) < 3*time.Second },
			Power: func(context.Context) hardware.Power { return hardware.PowerBattery },
		})
		var told []Wait
		if err := a.AfterAnswers(t.Context(), func(w Wait) { told = append(told, w) }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); !slices.Equal(told, []Wait{WaitAnswer, ""}) || took > 4*time.Second {
			t.Errorf("waited for %q, %v", told, took)
		}
	})
}
