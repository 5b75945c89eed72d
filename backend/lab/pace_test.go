package lab

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatIsLeftIsForetoldFromWhatThisRunTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		for _, size := range []int64{100, 200} { // two models, three rounds
			p.plan(ofWarmth, size)
			p.plan(ofSpeed, 3*size)
		}
		piece := func(k kind, size int64, took time.Duration, counts bool) {
			end := p.begin(k, size)
			time.Sleep(took)
			end(counts)
		}
		piece(ofWarmth, 100, time.Second, true)
		piece(ofWarmth, 200, 2*time.Second, true)
		if l := p.foretell(false); l.Known {
			t.Fatalf("foretold before anything was timed: %+v", l)
		}
		piece(ofSpeed, 100, 10*time.Second, true)
		within := func(when string, least, most float64) {
			t.Helper()
			l := p.foretell(false)
			if !l.Known || l.Least > least || l.Most < most || l.Least > l.Most || l.Least < 0.6*least || l.Most > 2*most {
				t.Errorf("%s: %+v, want about %v to %v", when, l, least, most)
			}
		}
		within("after one run", 80, 80) // 100 by two, 200 by three: a tenth of a second each
		piece(ofSpeed, 200, 20*time.Second, true)
		quiet := p.foretell(false)
		piece(ofSpeed, 200, 30*time.Second, false) // disturbed
		if l := p.foretell(false); l.Most < 1.5*quiet.Most || l.Least > quiet.Least {
			t.Errorf("a repeat makes %+v of %+v", l, quiet)
		}
		if l := p.foretell(true); l.Most >= p.foretell(false).Most {
			t.Errorf("without repeats it takes as long: %+v", l)
		}
		before := p.foretell(false)
		end := p.begin(ofSpeed, 200)
		time.Sleep(10 * time.Second)
		if l := p.foretell(false); l.Least > before.Least-9 || l.Most > before.Most-9 {
			t.Errorf("what the run at work has taken is still left: %+v after %+v", l, before)
		}
		end(true)
		p.skip(ofSpeed, 1000)
		if l := p.foretell(false); !l.Known || l.Most != 0 {
			t.Errorf("at the end %+v is left", l)
		}
	})
}
