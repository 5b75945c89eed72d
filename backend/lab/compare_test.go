package lab

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
	"weightroom/backend/disturb"
	"weightroom/backend/gguf/gguftest"
)

func quick() Settings {
	return Settings{Rounds: 2, PromptTokens: []int{128, 512}, Depths: []int{0, 512}, Generate: 16, TextChunks: 4, Seed: 5}
}

func TestComparisonMeasuresEveryRival(t *testing.T) {
	b := newBed(t)
	q4, f16, q8 := b.model("tiny:Q4_K_M", "Q4_K_M", 3e5), b.model("tiny:F16", "F16", 1e6), b.model("tiny:Q8_0", "Q8_0", 5e5)
	last := -1.0
	c, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(q4, f16, q8), Text: b.text(), Settings: quick()}, func(p Progress) {
		if p.Done < last || p.Done > 1 {
			t.Errorf("progress went from %g to %g", last, p.Done)
		}
		last = p.Done
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.State != StateDone || c.Reference != "tiny:F16" || len(c.Rows) != 3 || !c.Rows[0].Reference || c.Rows[1].Rival.Model.Ref != "tiny:Q8_0" || last != 1 {
		t.Errorf("%+v", c)
	}
	r := c.Rows[2]
	write, _ := r.Generation(0)
	deep, _ := r.Generation(512)
	read, _ := r.Prompt(512)
	if math.Abs(write.Median-110) > 0.01 || deep.Median >= write.Median || math.Abs(read.Median-1100) > 0.01 || len(write.Samples) != 2 {
		t.Errorf("writes %+v, deep %+v, reads %+v", write, deep, read)
	}
	if r.Quality == nil || r.Quality.SameTopToken != (Estimate{0.91, 0.003}) || r.Quality.KLDivergence != (Estimate{0.05, 0.000645}) || r.Quality.Perplexity.Value != 4.15 || r.Quality.KLD99 != 0.5 {
		t.Errorf("quality %+v", r.Quality)
	}
	if ref := c.Rows[0].Quality; ref.KLDivergence.Value != 0 || ref.SameTopToken.Value != 1 || ref.Perplexity != (Estimate{4.1, 0.1}) {
		t.Errorf("the reference against itself: %+v", ref)
	}
	if r.Memory.AnonymousBytes != 2e6 || r.Memory.FileBytes != 1e6 || r.Memory.EngineBytes != 2e6 || r.Memory.Plan.TotalBytes == 0 {
		t.Errorf("memory %+v", r.Memory)
	}
	if r.Energy.JoulesPerToken != nil || r.Energy.Missing != "No counter." {
		t.Errorf("energy %+v", r.Energy)
	}
	if c.Text.Source != TextFile || c.Text.Name != "own.txt" || c.Text.Tokens != 2048 || c.Conditions.Threads != 2 || c.Conditions.LlamaCpp != "b10488" {
		t.Errorf("%+v %+v", c.Text, c.Conditions)
	}
	b.nothingLeft()
	t.Run("and is kept", func(t *testing.T) {
		again, err := b.lab.Comparison(t.Context(), c.ID)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%v\n%+v\n%+v", err, again, c)
		}
		all, err := b.lab.Comparisons(t.Context())
		if err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		if err := b.lab.RemoveComparison(t.Context(), c.ID); err != nil {
			t.Error(err)
		}
		if all, _ = b.lab.Comparisons(t.Context()); len(all) != 0 {
			t.Error("it is still there")
		}
	})
	t.Run("the rounds run in different orders", func(t *testing.T) {
		var order []string
		for _, j := range b.jobs {
			if strings.HasPrefix(j, "llama-bench") {
				order = append(order, j)
			}
		}
		timed := order[3:] // after the warm-up; two runs of the program for each rival and round
		if len(timed) != 12 || slices.Equal(timed[:6], timed[6:]) {
			t.Errorf("%v", timed)
		}
	})
}

func TestTextOfTheReferenceIsWrittenOnce(t *testing.T) {
	b := newBed(t)
	f16, q8 := b.model("tiny:F16", "F16", 1e6), b.model("tiny:Q8_0", "Q8_0", 5e5)
	s := quick()
	s.SkipSpeed = true
	c, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(f16, q8), Settings: s}, nil)
	if err != nil || c.Text.Source != TextReference || !strings.Contains(c.Text.Name, "tiny:F16") {
		t.Fatalf("%+v, %v", c.Text, err)
	}
	served := b.served
	again, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(f16, q8), Settings: s}, nil)
	if err != nil || again.Text.SHA256 != c.Text.SHA256 || b.served != served {
		t.Errorf("%+v, %v", again.Text, err)
	}
	t.Run("a reference that says nothing is refused", func(t *testing.T) {
		b := newBed(t)
		b.say = func(string, backend.Prompt) string { return "" }
		_, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(b.model("mute:F16", "F16", 1e6)), Settings: s}, nil)
		wantProblem(t, err, backend.CodeModelFailed, "writes no answers")
	})
}

func TestBadComparisonIsRefusedBeforeAnythingRuns(t *testing.T) {
	other := func(f *gguftest.Builder) {
		f.Set("tokenizer.ggml.tokens", []string{"<unk>", "<s>", "</s>", "a", "b", "c", "d", "f"})
	}
	larger := func(f *gguftest.Builder) {
		f.Set("tokenizer.ggml.tokens", []string{"<unk>", "<s>", "</s>", "a", "b", "c", "d", "e", "f"})
		f.Set("tokenizer.ggml.scores", make([]float32, 9))
		f.Set("tokenizer.ggml.token_type", []int32{2, 3, 3, 1, 1, 1, 1, 1, 1})
	}
	pools := func(f *gguftest.Builder) { f.Set("llama.pooling_type", uint32(1)) }
	for _, c := range []struct {
		name string
		ask  func(b *bed) Ask
		code backend.Code
		says string
	}{
		{"nothing to compare", func(*bed) Ask { return Ask{} }, backend.CodeInvalid, "nothing to compare"},
		{"a reference with another vocabulary of the same size", func(b *bed) Ask {
			return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6), b.model("b:Q8_0", "Q8_0", 1e6, other))}
		}, backend.CodeInvalid, "not the same ones"},
		{"a reference with a larger vocabulary", func(b *bed) Ask {
			return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6, larger), b.model("b:Q8_0", "Q8_0", 1e6))}
		}, backend.CodeInvalid, "8 tokens against 9"},
		{"a reference that is not among the rivals", func(b *bed) Ask {
			return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6)), Reference: "c:F16"}
		}, backend.CodeInvalid, "c:F16"},
		{"a model that makes vectors", func(b *bed) Ask { return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6, pools))} }, backend.CodeUnsupported, "embedding model"},
		{"a context longer than the model reads", func(b *bed) Ask {
			return Ask{Rivals: []Rival{{Model: b.model("a:F16", "F16", 2e6), Context: 10_000}}}
		}, backend.CodeInvalid, "8192"},
		{"a KV type that there is not", func(b *bed) Ask {
			return Ask{Rivals: []Rival{{Model: b.model("a:F16", "F16", 2e6), KV: "q3"}}}
		}, backend.CodeInvalid, "q3"},
		{"a text that is too short", func(b *bed) Ask {
			path := filepath.Join(b.dir, "short.txt")
			_ = os.WriteFile(path, []byte("A few words."), 0o600)
			return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6)), Text: path}
		}, backend.CodeInvalid, "1024 are needed"},
		{"a text that is not there", func(b *bed) Ask {
			return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6)), Text: filepath.Join(b.dir, "none.txt")}
		}, backend.CodeNotFound, "none.txt"},
		{"a text that is no text", func(b *bed) Ask {
			path := filepath.Join(b.dir, "picture.png")
			_ = os.WriteFile(path, make([]byte, 5000), 0o600)
			return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6)), Text: path}
		}, backend.CodeInvalid, "plain text"},
		{"rounds without end", func(b *bed) Ask {
			return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6)), Settings: Settings{Rounds: 1000}}
		}, backend.CodeInvalid, "rounds"},
		{"chunks that the engine can't cut", func(b *bed) Ask {
			return Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6)), Settings: Settings{TextContext: 500}}
		}, backend.CodeInvalid, "chunks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBed(t)
			_, err := b.lab.Compare(t.Context(), c.ask(b), nil)
			wantProblem(t, err, c.code, c.says)
			if len(b.jobs) != 0 || b.served != 0 || len(b.kept) != 0 {
				t.Errorf("ran %v", b.jobs)
			}
		})
	}
}

func TestTextThatTheEngineFindsTooShortIsRefused(t *testing.T) {
	b := newBed(t)
	b.onJob = func(_ context.Context, job Job) (Output, error, bool) {
		if job.Name != "llama-perplexity" {
			return Output{}, nil, false
		}
		return Output{Stderr: []byte("perplexity: the data file you provided tokenizes to only 700 tokens\n")}, nil, true
	}
	_, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(b.model("a:F16", "F16", 2e6)), Text: b.text(), Settings: quick()}, nil)
	wantProblem(t, err, backend.CodeInvalid, "about 700 tokens, and 1024 are needed")
	b.nothingLeft()
}

func TestFinishedRowsAreKept(t *testing.T) {
	for _, c := range []struct {
		name  string
		end   func(cancel context.CancelFunc) error // how the measurement of Q4_K_M ends
		state State
	}{
		{"when it is cancelled", func(cancel context.CancelFunc) error { cancel(); return context.Canceled }, StateCancelled},
		{"when the engine is killed", func(context.CancelFunc) error { return errors.New("signal: killed") }, StateDone},
	} {
		for _, program := range []string{"llama-perplexity", "llama-bench"} {
			t.Run(c.name+" in "+program, func(t *testing.T) {
				b := newBed(t)
				f16, q8, q4 := b.model("tiny:F16", "F16", 1e6), b.model("tiny:Q8_0", "Q8_0", 5e5), b.model("tiny:Q4_K_M", "Q4_K_M", 3e5)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				b.onJob = func(_ context.Context, job Job) (Output, error, bool) {
					if job.Name == program && strings.Contains(after(job.Args, "-m"), "Q4_K_M") && !slices.Contains(job.Args, "2") {
						return Output{}, c.end(cancel), true
					}
					return Output{}, nil, false
				}
				got, err := b.lab.Compare(ctx, Ask{Rivals: b.rivals(f16, q8, q4), Text: b.text(), Settings: quick()}, nil)
				if got.State != c.state {
					t.Errorf("state %s, %v", got.State, err)
				}
				stored, storeErr := b.lab.Comparison(t.Context(), got.ID)
				if storeErr != nil || stored.State != c.state {
					t.Errorf("stored %s, %v", stored.State, storeErr)
				}
				if q := stored.Rows[1].Quality; q == nil || q.SameTopToken.Value != 0.96 {
					t.Errorf("the finished row is lost: %+v", stored.Rows[1])
				}
				if c.state == StateCancelled {
					wantProblem(t, err, backend.CodeCancelled, "kept")
				} else if p := stored.Rows[2].Problem; err != nil || p == nil || p.Code != backend.CodeEngineDied || stored.Rows[2].State != RowFailed || stored.Rows[1].State != RowDone {
					t.Errorf("%v, %+v", err, stored.Rows[2])
				}
				b.nothingLeft()
			})
		}
	}
	t.Run("when the disk is full", func(t *testing.T) {
		b := newBed(t)
		b.free = 1 << 20
		c, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(b.model("tiny:F16", "F16", 1e6)), Text: b.text(), Settings: quick()}, nil)
		wantProblem(t, err, backend.CodeDiskFull, "short by")
		if c.State != StateFailed {
			t.Errorf("state %s", c.State)
		}
	})
	t.Run("when the disk fills up under the reference's file", func(t *testing.T) {
		b := newBed(t)
		b.onJob = func(_ context.Context, job Job) (Output, error, bool) {
			if job.Name != "llama-perplexity" {
				return Output{}, nil, false
			}
			return Output{Stdout: []byte("Final estimate: PPL = 4.1000 +/- 0.10000\n")}, os.WriteFile(after(job.Args, "--kl-divergence-base"), []byte("half"), 0o600), true
		}
		_, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(b.model("tiny:F16", "F16", 1e6)), Text: b.text(), Settings: quick()}, nil)
		wantProblem(t, err, backend.CodeDiskFull, "became full")
		b.nothingLeft()
	})
	t.Run("a comparison that a crash left running counts as cancelled", func(t *testing.T) {
		b := newBed(t)
		_ = b.Put(t.Context(), comparisonKey("x"), Comparison{ID: "x", State: StateRunning})
		if c, err := b.lab.Comparison(t.Context(), "x"); err != nil || c.State != StateCancelled {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestBrokenQuantIsNamed(t *testing.T) {
	b := newBed(t)
	b.onJob = func(_ context.Context, job Job) (Output, error, bool) {
		if strings.Contains(after(job.Args, "-m"), "Q2_K") && slices.Contains(job.Args, "--kl-divergence") {
			return Output{Stdout: []byte("Mean PPL(Q)   :   nan ±   nan\nMean    KLD:   nan ±   nan\n99.0%   KLD:   nan\nSame top p: 0.000 ± 0.000 %\n")}, nil, true
		}
		return Output{}, nil, false
	}
	c, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(b.model("t:F16", "F16", 1e6), b.model("t:Q2_K", "Q2_K", 1e5)), Text: b.text(), Settings: quick()}, nil)
	if err != nil || c.Rows[1].State != RowFailed || !strings.Contains(c.Rows[1].Problem.Message, "no usable probabilities") {
		t.Errorf("%v, %+v", err, c.Rows[1])
	}
}

func TestTwoMeasurementsNeverRunAtOnce(t *testing.T) {
	b := newBed(t)
	m := b.model("tiny:F16", "F16", 1e6)
	b.onJob = func(context.Context, Job) (Output, error, bool) {
		b.onJob = nil
		_, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(m)}, nil)
		wantProblem(t, err, backend.CodeBusy, "already at work")
		_, err = b.lab.Derive(t.Context(), m, DeriveOptions{Quant: "Q8_0"}, nil)
		wantProblem(t, err, backend.CodeBusy, "already at work")
		return Output{}, nil, false
	}
	if _, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(m), Text: b.text(), Settings: quick()}, nil); err != nil {
		t.Error(err)
	}
	if b.onJob != nil {
		t.Error("nothing ran")
	}
}

func TestKVTypesAndContextsAreRivals(t *testing.T) {
	b := newBed(t)
	f16, q4 := b.model("tiny:F16", "F16", 1e6), b.model("tiny:Q4_K_M", "Q4_K_M", 3e5)
	c, err := b.lab.Compare(t.Context(), Ask{Rivals: []Rival{
		{Model: f16, Context: 4096}, {Model: q4, KV: "q8_0", Context: 8192}, {Model: q4, KV: "f16", Context: 4096}, {Model: q4, KV: "f16", Context: 4096},
	}, Text: b.text(), Settings: quick()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Rows) != 3 {
		t.Fatalf("%d rows: the same rival twice is one", len(c.Rows))
	}
	var titles []string
	for i := range c.Rows {
		titles = append(titles, c.Title(i))
	}
	if want := []string{"F16 with f16 KV at 4k", "Q4_K_M with f16 KV at 4k", "Q4_K_M with q8_0 KV at 8k"}; !slices.Equal(titles, want) {
		t.Errorf("%v", titles)
	}
	if c.Rows[2].Memory.Plan.KVBytes == c.Rows[1].Memory.Plan.KVBytes || c.Rows[2].Quality == nil {
		t.Errorf("%+v", c.Rows[2])
	}
}

func TestEnergyIsCountedForEachToken(t *testing.T) {
	b := newBed(t)
	b.joules = []Joules{{Known: true, Value: 100, Source: "RAPL"}, {Known: true, Value: 150, Source: "RAPL"}}
	b.say = func(string, backend.Prompt) string { return strings.Repeat("word ", 101) }
	s := quick()
	s.Rounds, s.SkipQuality = 1, true
	c, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(b.model("t:F16", "F16", 1e6)), Settings: s}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e := c.Rows[0].Energy; e.JoulesPerToken == nil || e.JoulesPerToken.Median != 0.5 || e.Source != "RAPL" || e.Missing != "" {
		t.Errorf("%+v", e)
	}
}

// long is how long a measurement takes at least that can be told to be disturbed.
const long = 300 * time.Millisecond

func TestDisturbedRunIsRepeatedAndThenFlagged(t *testing.T) {
	busy := func(n int) []disturb.Reading { // four looks for each run: n of them disturbed
		var out []disturb.Reading
		for i := range 4 * n {
			out = append(out, disturb.Reading{Known: true, Cores: 2, BusySeconds: float64(1000 * i)})
		}
		return append(out, disturb.Reading{Known: true, Cores: 2, BusySeconds: float64(1000 * (4*n - 1))})
	}
	run := func(t *testing.T, disturbed int) Row {
		b := newBed(t)
		b.load = busy(disturbed)
		b.onJob = func(_ context.Context, job Job) (Output, error, bool) {
			if job.Name == "llama-bench" {
				time.Sleep(long / 2)
			}
			return Output{}, nil, false
		}
		s := quick()
		s.Rounds, s.SkipQuality = 1, true
		c, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(b.model("t:F16", "F16", 1e6)), Settings: s}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if (disturbed > repeats) != c.Verdict.Disturbed {
			t.Errorf("the verdict says disturbed: %v", c.Verdict.Disturbed)
		}
		if notes := strings.Join(c.Verdict.Notes, " "); (disturbed > repeats) != strings.Contains(notes, "also when they were repeated") {
			t.Errorf("notes: %s", notes)
		}
		return c.Rows[0]
	}
	if r := run(t, 1); r.Repeated != 1 || len(r.Disturbed) != 0 {
		t.Errorf("one disturbed run: %d repeated, %v", r.Repeated, r.Disturbed)
	}
	if r := run(t, 3); r.Repeated != 2 || len(r.Disturbed) == 0 {
		t.Errorf("three disturbed runs: %d repeated, %v", r.Repeated, r.Disturbed)
	}
}

// TestAnotherNumberOfThreadsDisturbs holds that figures of different numbers of threads don't stand beside each other
// without a word, as when a quota is set while a comparison runs.
func TestAnotherNumberOfThreadsDisturbs(t *testing.T) {
	b := newBed(t)
	runs := 0
	b.onJob = func(_ context.Context, job Job) (Output, error, bool) {
		if job.Name == "llama-bench" {
			if runs++; runs > 3 { // two to warm up, the first that counts
				b.threads = 1
			}
		}
		return Output{}, nil, false
	}
	s := quick()
	s.Rounds, s.SkipQuality, s.Depths = 1, true, []int{0}
	c, err := b.lab.Compare(t.Context(), Ask{Rivals: b.rivals(b.model("t:F16", "F16", 1e6), b.model("t:Q8_0", "Q8_0", 5e5)), Settings: s}, nil)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, r := range c.Rows {
		if slices.Contains(r.Disturbed, "The engine worked with 1 thread, and with 2 when the comparison began.") {
			told++
		}
	}
	if told != 1 || c.Conditions.Threads != 2 || !c.Verdict.Disturbed {
		t.Errorf("%d rows say so, %+v, %+v", told, c.Conditions, c.Rows)
	}
}

func TestAPersonCanTakeRoughFigures(t *testing.T) {
	busy := func() []disturb.Reading {
		var out []disturb.Reading
		for i := range 400 {
			out = append(out, disturb.Reading{Known: true, Cores: 2, BusySeconds: float64(1000 * i)})
		}
		return out
	}
	run := func(t *testing.T, s Settings, onAgain func(*bed, string)) (Comparison, []Progress) {
		b := newBed(t)
		b.load = busy()
		b.onJob = func(ctx context.Context, job Job) (Output, error, bool) {
			if job.Name == "llama-bench" {
				select {
				case <-time.After(long / 2):
				case <-ctx.Done():
					return Output{}, ctx.Err(), true
				}
			}
			return Output{}, nil, false
		}
		s.Rounds, s.SkipQuality = 2, true
		var seen []Progress
		c, err := b.lab.Compare(t.Context(), Ask{ID: "one", Rivals: b.rivals(b.model("t:F16", "F16", 1e6)), Settings: s}, func(p Progress) {
			seen = append(seen, p)
			if p.Again.Why != "" && onAgain != nil {
				onAgain(b, "one")
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return c, seen
	}
	tries := func(seen []Progress) (n int) {
		for _, p := range seen {
			if p.Stage == StageSpeed {
				n++
			}
		}
		return n
	}
	t.Run("a repeat is told with its reason and its number", func(t *testing.T) {
		_, seen := run(t, quick(), nil)
		if n := tries(seen); n != 2*(1+repeats) {
			t.Errorf("%d runs, want each of two done three times", n)
		}
		i := slices.IndexFunc(seen, func(p Progress) bool { return p.Again.Try == 3 })
		if i < 0 || !strings.HasPrefix(seen[i].Again.Why, "Other programs took") || seen[i].Again.Most != 3 || seen[i].Row != 0 {
			t.Errorf("%+v", seen)
		}
	})
	t.Run("while a run is repeated, the one before counts and nothing is repeated after it", func(t *testing.T) {
		c, seen := run(t, quick(), func(b *bed, id string) { b.lab.Rough(id); b.lab.Rough(id) })
		if n := tries(seen); n != 3 {
			t.Errorf("%d runs, want the first, its repeat that was ended, and the second round", n)
		}
		if r := c.Rows[0]; r.State != RowDone || len(r.Disturbed) == 0 || len(r.Speeds) == 0 || !c.Verdict.Disturbed {
			t.Errorf("%+v", r)
		}
	})
	t.Run("from the beginning", func(t *testing.T) {
		s := quick()
		s.Rough = true
		c, seen := run(t, s, nil)
		if n := tries(seen); n != 2 || !c.Verdict.Disturbed || c.Rows[0].Repeated != 0 {
			t.Errorf("%d runs, %+v", n, c.Rows[0])
		}
		if notes := strings.Join(c.Verdict.Notes, " "); !strings.Contains(notes, "disturbed some of the runs, so the speeds") {
			t.Errorf("notes: %s", notes)
		}
	})
	t.Run("of a comparison that does not run, nothing", func(*testing.T) { newBed(t).lab.Rough("none") })
}
