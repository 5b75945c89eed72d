package advice

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/llama"
)

// Change is how fast models run since the engine or the machine has changed. It rests on the small models that the
// estimates rest on: they are run again after each change, so what they gave before and give now can be compared.
type Change struct {
	Speed    float64   // of writing, over what it was: 0.88 is 12% slower
	Error    float64   // of Speed, as a share: half of the range of the models, or what their runs vary by, if that is more
	Models   int       // that were compared
	Before   time.Time // when the last of the earlier runs was
	Now      time.Time // when the last of the new ones was
	Engine   string    // the earlier version; empty: the same
	Computer string    // the earlier processor; empty: the same machine
	Graphics bool      // its graphics processors or their drivers are not as they were
}

// Change compares this engine and machine with the last other ones that were measured here. False: there are none, or
// nothing has been measured since.
func (a kept) Change(ctx context.Context) (Change, bool) {
	return changeOf(a.rig(ctx), a.Runs(ctx))
}

// leastPairs is how many models must have been run before and after: one alone may be an accident.
const leastPairs = 2

func changeOf(here rig, runs []backend.Drive) (Change, bool) {
	runs = slices.DeleteFunc(slices.Clone(runs), func(d backend.Drive) bool {
		return isAnswer(d) || d.Disturbed || d.Machine == "" || !here.alike(d) || kvOf(d.KV) != kvOf(here.kv)
	})
	other := func(d backend.Drive) bool { return d.Engine != here.engine || d.Machine != here.machine }
	at := lastIndex(runs, other)
	if at < 0 {
		return Change{}, false
	}
	was := runs[at]
	c := Change{Before: was.At}
	if was.Engine != here.engine {
		c.Engine = was.Engine
	}
	if was.Machine != here.machine {
		computer, _, _ := strings.Cut(was.Machine, "|")
		if now, _, _ := strings.Cut(here.machine, "|"); now == computer {
			c.Graphics = true
		} else {
			c.Computer = computer
		}
	}
	var ratios []float64
	for _, ref := range fittingDrives() {
		of := func(d backend.Drive) bool { return d.Model == ref[0] && d.Quant == ref[1] }
		before := lastIndex(runs, func(d backend.Drive) bool {
			return of(d) && d.Engine == was.Engine && d.Machine == was.Machine && d.Threads == was.Threads && d.Apart == was.Apart
		})
		now := lastIndex(runs, func(d backend.Drive) bool { return of(d) && here.has(d) })
		if before < 0 || now < 0 || runs[before].TokensPerSecond <= 0 {
			continue
		}
		ratios = append(ratios, runs[now].TokensPerSecond/runs[before].TokensPerSecond)
		c.Now = later(c.Now, runs[now].At)
		c.Error = max(c.Error, math.Hypot(runs[now].Spread, runs[before].Spread))
	}
	if c.Models = len(ratios); c.Models < leastPairs {
		return Change{}, false
	}
	c.Speed = llama.Median(ratios)
	c.Error = max(c.Error, (slices.Max(ratios)-slices.Min(ratios))/2/c.Speed)
	return c, true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func lastIndex(runs []backend.Drive, is func(backend.Drive) bool) int {
	for i, d := range slices.Backward(runs) {
		if is(d) {
			return i
		}
	}
	return -1
}
