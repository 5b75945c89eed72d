package advice

import (
	"math"
	"testing"

	"weightroom/backend"
	"weightroom/backend/advisor"
)

// TestAFigureStandsForItsOwnKeyOnly holds that other weights, another KV cache and another depth never pass for what is asked.
func TestAFigureStandsForItsOwnKeyOnly(t *testing.T) {
	kv := func(kv string) func(*backend.Drive) { return func(d *backend.Drive) { d.KV = kv } }
	answer := func(digest string, depth int) func(*backend.Drive) {
		return func(d *backend.Drive) {
			d.Source, d.Tokens, d.Device, d.Digest, d.Depth, d.KV = backend.SourceMeasured, 200, "", digest, depth, "f16"
		}
	}
	before := func(d *backend.Drive) { answer("", 0)(d); d.KV = "" }
	for _, c := range []struct {
		name string
		kv   string
		now  []string // digests in the library
		runs []backend.Drive
		want float64 // 0: none
	}{
		{"the KV cache that is asked about", "q8_0", nil, []backend.Drive{run(1, kv("q8_0")), run(2, kv("f16"))}, 1},
		{"no other KV cache", "q8_0", nil, []backend.Drive{run(2, kv("f16"))}, 0},
		{"f16 where nothing was noted", "f16", nil, []backend.Drive{run(2, kv(""))}, 2},
		{"nothing else where nothing was noted", "q4_0", nil, []backend.Drive{run(2, kv(""))}, 0},
		{"the weights in the library", "", []string{"a"}, []backend.Drive{run(1, answer("a", 300)), run(2, answer("b", 300))}, 1},
		{"not those that were replaced", "", []string{"c"}, []backend.Drive{run(1, answer("a", 300)), run(2, answer("b", 300))}, 0},
		{"the newest weights where the library has none", "", nil, []backend.Drive{run(1, answer("a", 300)), run(2, answer("b", 300))}, 2},
		{"unknown weights where none are known", "", []string{"a"}, []backend.Drive{run(1, before)}, 1},
		{"unknown weights no more where some are known", "", []string{"a"}, []backend.Drive{run(1, before), run(3, answer("a", 300))}, 3},
		{"unknown weights no more where others were known", "", []string{"a"}, []backend.Drive{run(1, before), run(3, answer("b", 300))}, 0},
		{"a copy of what the catalog knows, whatever weights are here", "", []string{"a"}, []backend.Drive{run(1, kv("f16")), run(2, answer("b", 300))}, 1},
		{"an answer near the beginning of a context", "", nil, []backend.Drive{run(1, kv("f16")), run(2, answer("a", 300))}, 2},
		{"not one that was written deep in a context", "", nil, []backend.Drive{run(1, kv("f16")), run(2, answer("a", 6000))}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := here
			asked.kv = c.kv
			s, ok := LocalRuns{rig: asked, weights: weights{{"m", "Q4_K_M"}: c.now}, runs: c.runs}.Speed("m", "Q4_K_M")
			if ok != (c.want > 0) || s.Generation != c.want {
				t.Errorf("%+v, %v", s, ok)
			}
		})
	}
}

func TestTheDeepestFigureOfAModel(t *testing.T) {
	drive := func(d *backend.Drive) {
		d.Deep = backend.Deep{Depth: 4096, TokensPerSecond: 5, PromptTokensPerSecond: 50, Spread: 0.04}
	}
	answer := func(depth int) func(*backend.Drive) {
		return func(d *backend.Drive) { d.Source, d.Tokens, d.Device, d.Depth = backend.SourceMeasured, 200, "", depth }
	}
	speed := func(runs ...backend.Drive) advisor.Speed {
		s, _ := LocalRuns{rig: here, runs: runs}.Speed("m", "Q4_K_M")
		return s
	}
	if d := speed(run(10, drive)).Deep; d != (advisor.Deep{Depth: 4096, Generation: 5, Prompt: 50, Error: 0.04, Source: backend.SourceTestDrive}) {
		t.Errorf("of a test drive: %+v", d)
	}
	// What the depth added to a token in the drive is added to the answers' own.
	if d := speed(run(10, drive), run(8, answer(300))).Deep; math.Abs(1/d.Generation-(1/8.0+1/5.0-1/10.0)) > 1e-9 {
		t.Errorf("beside answers: %+v", d)
	}
	if d := speed(run(10, drive), run(4, answer(9000)), run(3, answer(9100)), run(3.5, answer(9050))).Deep; d.Depth != 9050 || d.Generation != 3.5 || d.Source != backend.SourceMeasured {
		t.Errorf("of deeper answers: %+v", d)
	}
	if s := speed(run(4, answer(9000))); s.Generation != 0 {
		t.Errorf("a deep answer alone says nothing of an empty context: %+v", s)
	}
}

// TestAnswersDoNotReplaceTheDrivesThatEstimatesRestOn holds that the estimates are fitted on a machine whose owner talks to a
// model of the fitting drives: an answer does not say how many bytes were read.
func TestAnswersDoNotReplaceTheDrivesThatEstimatesRestOn(t *testing.T) {
	ref := fittingDrives()[0]
	of := func(d *backend.Drive) { d.Model, d.Quant = ref[0], ref[1] }
	answer := func(d *backend.Drive) {
		of(d)
		d.Source, d.Tokens, d.ActiveBytes, d.Device = backend.SourceMeasured, 200, 0, ""
	}
	missing := func(change func(*backend.Drive)) int {
		return len(LocalRuns{rig: here, runs: []backend.Drive{run(9, change)}}.missing())
	}
	if all := len(fittingDrives()); missing(answer) != all || missing(of) != all-1 {
		t.Errorf("%d missing after an answer, %d after a drive, of %d", missing(answer), missing(of), all)
	}
}
