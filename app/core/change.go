package core

import (
	"context"
	"fmt"
	"math"
	"time"

	"weightroom/app/core/advice"
	"weightroom/backend"
	"weightroom/backend/lab"
)

// changeShown is how long a change of engine or machine is told, and slower is from where on it is a warning.
const (
	changeShown = 30 * 24 * time.Hour
	slower      = 0.9
)

// changed tells what the last change of engine or machine did to speed and answers. False: nothing, or it is long ago.
func (c *Core) changed(ctx context.Context, now time.Time) (backend.Problem, bool) {
	speed, timed := c.Advice.Change(ctx)
	answers, compared := c.Lab.Agreement(ctx)
	if now.Sub(speed.Now) > changeShown {
		timed = false
	}
	if now.Sub(answers.Now.At) > changeShown {
		compared = false
	}
	if !timed && !compared {
		return backend.Problem{}, false
	}
	return changeProblem(speed, timed, answers, compared, c.Machine.Build().Ollama), true
}

func changeProblem(speed advice.Change, timed bool, answers lab.Agreement, compared bool, engine string) backend.Problem {
	p := backend.Problem{Code: "changed", Severity: backend.SeverityInfo}
	before := answers.Before
	if timed {
		before = lab.Stamp{Engine: speed.Engine, At: speed.Before}
		p.Title = "Models write " + speedWords(speed)
		if speed.Speed+speed.Error*speed.Speed < slower {
			p.Severity = backend.SeverityWarning
		}
	}
	switch words := answerWords(answers); {
	case timed && compared:
		p.Title += "; " + words + "."
	case timed:
		p.Title += "."
	default:
		p.Title = "Since " + month(before.At) + ": " + words + "."
	}
	switch {
	case timed && speed.Computer != "":
		p.Hint = "The earlier runs are from another machine, " + speed.Computer + "."
	case timed && speed.Graphics:
		p.Hint = "Since then a graphics processor or its driver has changed."
	case before.Engine != "" && before.Engine != engine:
		p.Hint = fmt.Sprintf("Since then the engine has changed from %s to %s.", before.Engine, engine)
	default:
		p.Hint = "Since then the machine has changed."
	}
	if p.Severity == backend.SeverityWarning {
		p.Hint += " If other programs were at work, close them and test drive a model again on the Discover page."
	}
	return p
}

// speedWords says what a change did to the speed: "12% slower than in October 2026 (±4%)".
func speedWords(c advice.Change) string {
	then := "in " + month(c.Before)
	share := fmt.Sprintf("±%.0f%%", math.Max(1, 100*c.Error))
	if change := c.Speed - 1; math.Abs(change) > c.Error*c.Speed && math.Abs(change) >= 0.005 {
		word := "faster"
		if change < 0 {
			word = "slower"
		}
		return fmt.Sprintf("%.0f%% %s than %s (%s)", 100*math.Abs(change), word, then, share)
	}
	return fmt.Sprintf("as fast as %s (%s)", then, share)
}

// answerWords says what a change did to the answers.
func answerWords(a lab.Agreement) string {
	if a.Same() {
		return "answers are the same"
	}
	if differ := 100 * (1 - a.SameTopToken.Value); differ >= 0.05 {
		return fmt.Sprintf("answers differ in %.1f%% of their words", differ)
	}
	return "answers differ a little in how sure they are of a word"
}

func month(t time.Time) string { return t.Format("January 2006") }
