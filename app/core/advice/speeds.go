package advice

import (
	"context"

	"weightroom/backend"
	"weightroom/backend/advisor"
)

// SpeedOf is how fast a model of the library runs here: measured, by a test drive, or estimated. False: too little is known.
func (a *Advice) SpeedOf(ctx context.Context, m backend.Model) (advisor.Speed, bool) {
	c, ok := a.ofLibrary(m)
	if !ok {
		return advisor.Speed{}, false
	}
	machine, err := a.thisMachine(ctx)
	if err != nil {
		return advisor.Speed{}, false
	}
	ask, err := advisor.Ask{}.Complete()
	if err != nil {
		return advisor.Speed{}, false
	}
	own := a.LocalRuns(ctx, machine.RAM, "")
	own.weights = weights{a.opts.keyOf(m): {m.Digest}} // of several files under one name, this one's
	s := advisor.Expect(&c, &machine, c.Fit(&machine, ask), own)
	return s, s.Generation > 0
}
