package core

import (
	"testing"
	"time"

	"weightroom/app/core/advice"
	"weightroom/backend"
	"weightroom/backend/lab"
)

func TestAChangeIsToldInASentence(t *testing.T) {
	october := time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC)
	was := lab.Stamp{Engine: "0.34.2", At: october}
	same := lab.Agreement{Before: was, SameTopToken: lab.Estimate{Value: 1}}
	other := lab.Agreement{Before: was, SameTopToken: lab.Estimate{Value: 0.984}, KLDivergence: lab.Estimate{Value: 0.01}}
	change := func(speed, err float64) *advice.Change {
		return &advice.Change{Speed: speed, Error: err, Models: 3, Before: october, Engine: "0.34.2"}
	}
	driver := change(1, 0.02)
	driver.Engine, driver.Graphics = "", true
	carried := change(0.55, 0.03)
	carried.Engine, carried.Computer = "", "Intel Core i7-8550U"
	const newer = "Since then the engine has changed from 0.34.2 to 0.34.4."
	const again = " If other programs were at work, close them and test drive a model again on the Discover page."
	for _, c := range []struct {
		speed    *advice.Change
		answers  *lab.Agreement
		severity backend.Severity
		title    string
		hint     string
	}{
		{change(0.82, 0.04), &same, backend.SeverityWarning, "Models write 18% slower than in October 2026 (±4%); answers are the same.", newer + again},
		{change(0.88, 0.04), &same, backend.SeverityInfo, "Models write 12% slower than in October 2026 (±4%); answers are the same.", newer},
		{change(1.02, 0.04), &other, backend.SeverityInfo, "Models write as fast as in October 2026 (±4%); answers differ in 1.6% of their words.", newer},
		{change(1.3, 0.002), nil, backend.SeverityInfo, "Models write 30% faster than in October 2026 (±1%).", newer},
		{nil, &same, backend.SeverityInfo, "Since October 2026: answers are the same.", newer},
		{carried, nil, backend.SeverityWarning, "Models write 45% slower than in October 2026 (±3%).", "The earlier runs are from another machine, Intel Core i7-8550U." + again},
		{driver, nil, backend.SeverityInfo, "Models write as fast as in October 2026 (±2%).", "Since then a graphics processor or its driver has changed."},
	} {
		var speed advice.Change
		var answers lab.Agreement
		if c.speed != nil {
			speed = *c.speed
		}
		if c.answers != nil {
			answers = *c.answers
		}
		p := changeProblem(speed, c.speed != nil, answers, c.answers != nil, "0.34.4")
		if p.Severity != c.severity || p.Title != c.title || p.Hint != c.hint {
			t.Errorf("%+v\nwant %s %q %q", p, c.severity, c.title, c.hint)
		}
	}
}
