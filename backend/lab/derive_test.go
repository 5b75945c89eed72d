package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/gguf/gguftest"
)

func TestDerivedQuantIsPublishedWithItsParentage(t *testing.T) {
	b := newBed(t)
	parent := b.model("tiny:F16", "F16", 1e6)
	var last Progress
	made, err := b.lab.Derive(t.Context(), parent, DeriveOptions{Quant: "q4_k_m"}, func(p Progress) {
		if p.Done < last.Done {
			t.Errorf("progress fell from %+v to %+v", last, p)
		}
		last = p
	})
	if err != nil {
		t.Fatal(err)
	}
	d := made.Derivation
	if made.Model.Ref != "tiny:Q4_K_M" || made.Model.Parent.Digest != parent.Digest || d.Parent != "tiny:F16" || d.SecondHand || made.Existed || last.Done != 1 {
		t.Errorf("%+v after %+v", made, last)
	}
	if len(d.FallBacks) != 1 || d.FallBacks[0] != (FallBack{"blk.0.attn_q.weight", 32, "Q4_K", "Q5_0"}) {
		t.Errorf("fall-backs %+v", d.FallBacks)
	}
	b.nothingLeft()
	t.Run("and is not made twice", func(t *testing.T) {
		before := len(b.jobs)
		again, err := b.lab.Derive(t.Context(), parent, DeriveOptions{Quant: "Q4_K_M"}, nil)
		if err != nil || !again.Existed || again.Model.Ref != made.Model.Ref || again.Derivation.Seconds != d.Seconds || len(b.jobs) != before {
			t.Errorf("%+v, %v", again, err)
		}
	})
	t.Run("what is made of a quant is second-hand, and so is what is made of that", func(t *testing.T) {
		low := b.model("other:Q4_1", "Q4_1", 1e6)
		first, err := b.lab.Derive(t.Context(), low, DeriveOptions{Quant: "F16"}, nil)
		if err != nil || !first.Derivation.SecondHand || !first.Model.Parent.SecondHand {
			t.Fatalf("%+v, %v", first, err)
		}
		second, err := b.lab.Derive(t.Context(), first.Model, DeriveOptions{Quant: "Q8_0"}, nil)
		if err != nil || !second.Derivation.SecondHand {
			t.Errorf("%+v, %v", second, err)
		}
	})
}

func TestPredictionNamesWhatCannotBe(t *testing.T) {
	b := newBed(t)
	parent := b.model("tiny:Q4_1", "Q4_1", 1e6)
	p, err := b.lab.Predict(t.Context(), parent, []string{"Q2_K", "Q8_0", "MXFP4_MOE", "Q4_1", "IQ2_XS", "F16"})
	if err != nil {
		t.Fatal(err)
	}
	if p[0].Refused != "" || !p[0].SecondHand || len(p[0].FallBacks) != 1 || p[0].Bytes < 300 {
		t.Errorf("%+v", p[0])
	}
	for i, says := range map[int]string{1: "less precise", 2: "experts", 3: "already"} {
		if !strings.Contains(p[i].Refused, says) {
			t.Errorf("%s: %q", p[i].Quant, p[i].Refused)
		}
	}
	if !p[4].NeedsMatrix || p[5].Refused != "" {
		t.Errorf("%+v %+v", p[4], p[5])
	}
	_, err = b.lab.Predict(t.Context(), parent, []string{"Q9_X"})
	wantProblem(t, err, backend.CodeInvalid, "Q9_X")
}

func TestImportanceMatrixIsMadeFromAText(t *testing.T) {
	b := newBed(t)
	parent := b.model("tiny:F16", "F16", 1e6)
	_, err := b.lab.Derive(t.Context(), parent, DeriveOptions{Quant: "IQ2_XS"}, nil)
	wantProblem(t, err, backend.CodeInvalid, "importance matrix")
	made, err := b.lab.Derive(t.Context(), parent, DeriveOptions{Quant: "IQ2_XS", MatrixText: b.text()}, nil)
	if err != nil || made.Model.Ref != "tiny:IQ2_XS-imatrix" || made.Derivation.MatrixText != "own.txt" || made.Model.Parent.Matrix != "own.txt" {
		t.Errorf("%+v, %v", made, err)
	}
	short := filepath.Join(b.dir, "short.txt")
	_ = os.WriteFile(short, []byte("too short"), 0o600)
	_, err = b.lab.Derive(t.Context(), parent, DeriveOptions{Quant: "Q4_0", MatrixText: short}, nil)
	wantProblem(t, err, backend.CodeInvalid, "too short")
	b.nothingLeft()
}

func TestNothingIsLeftOfAFailedDerivation(t *testing.T) {
	for _, c := range []struct {
		name string
		free int64
		do   func(b *bed, cancel context.CancelFunc, job Job) (Output, error, bool)
		code backend.Code
		says string
	}{
		{"the disk is full beforehand", 1 << 20, nil, backend.CodeDiskFull, "short by"},
		{"the disk fills up midway", 0, func(b *bed, _ context.CancelFunc, job Job) (Output, error, bool) {
			_ = os.WriteFile(job.Args[len(job.Args)-2], []byte("half"), 0o600)
			b.free = 1000
			return Output{Stderr: []byte("llama_model_quantize: failed to quantize: basic_ios::clear: iostream error\n")}, errors.New("exit status 1"), true
		}, backend.CodeDiskFull, "disk is full"},
		{"it is cancelled midway", 0, func(_ *bed, cancel context.CancelFunc, job Job) (Output, error, bool) {
			_ = os.WriteFile(job.Args[len(job.Args)-2], []byte("half"), 0o600)
			cancel()
			return Output{}, context.Canceled, true
		}, backend.CodeCancelled, "Cancelled"},
		{"it is cancelled before it is published", 0, func(b *bed, cancel context.CancelFunc, job Job) (Output, error, bool) {
			out, err := b.quantize(job, func(string) {})
			cancel()
			return out, err, true
		}, backend.CodeInternal, ""},
		{"the program is killed", 0, func(_ *bed, _ context.CancelFunc, job Job) (Output, error, bool) {
			_ = os.WriteFile(job.Args[len(job.Args)-2], []byte("half"), 0o600)
			return Output{}, errors.New("signal: killed"), true
		}, backend.CodeEngineDied, "was stopped"},
		{"the engine does not know the model", 0, func(*bed, context.CancelFunc, Job) (Output, error, bool) {
			return Output{Stderr: []byte("error: unknown model architecture: 'new'\n")}, errors.New("exit status 1"), true
		}, backend.CodeUnsupported, "does not know"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBed(t)
			parent := b.model("tiny:F16", "F16", 1e6)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.free > 0 {
				b.free = c.free
			}
			if c.do != nil {
				b.onJob = func(_ context.Context, job Job) (Output, error, bool) {
					if strings.Contains(strings.Join(job.Args, " "), "--dry-run") {
						return Output{}, nil, false
					}
					return c.do(b, cancel, job)
				}
			}
			_, err := b.lab.Derive(ctx, parent, DeriveOptions{Quant: "Q8_0"}, nil)
			if c.says != "" {
				wantProblem(t, err, c.code, c.says)
			} else if err == nil {
				t.Error("no error")
			}
			if len(b.models) != 1 {
				t.Errorf("the library has %d models", len(b.models))
			}
			b.nothingLeft()
		})
	}
}

func TestWhatIsNoModelCannotBeQuantized(t *testing.T) {
	b := newBed(t)
	part := b.model("part:F16", "F16", 1e6, func(f *gguftest.Builder) { f.Set("split.count", uint16(2)).Set("split.no", uint16(0)) })
	_, err := b.lab.Derive(t.Context(), part, DeriveOptions{Quant: "Q8_0"}, nil)
	wantProblem(t, err, backend.CodeUnsupported, "not a whole model")
	gone := b.model("gone:F16", "F16", 1e6)
	_ = os.Remove(gone.Path)
	_, err = b.lab.Derive(t.Context(), gone, DeriveOptions{Quant: "Q8_0"}, nil)
	wantProblem(t, err, backend.CodeNotFound, "can't be opened")
	broken := b.model("broken:F16", "F16", 1e6)
	_ = os.Truncate(broken.Path, 100)
	if _, err = b.lab.Derive(t.Context(), broken, DeriveOptions{Quant: "Q8_0"}, nil); err == nil {
		t.Error("a broken file was taken")
	}
	_, err = b.lab.Derive(t.Context(), b.model("tiny:F16", "F16", 1e6), DeriveOptions{Quant: "Q7"}, nil)
	wantProblem(t, err, backend.CodeInvalid, "Q7")
}

func TestLeftoversOfAKilledRunAreSwept(t *testing.T) {
	dir := t.TempDir()
	_ = os.MkdirAll(filepath.Join(dir, temporaryPrefix+"1", "x"), 0o700)
	_ = os.WriteFile(filepath.Join(dir, temporaryPrefix+"2"), []byte("x"), 0o600)
	_ = os.WriteFile(filepath.Join(dir, "text-1.txt"), []byte("x"), 0o600)
	n, err := Sweep(dir)
	left, _ := os.ReadDir(dir)
	if n != 2 || err != nil || len(left) != 1 {
		t.Errorf("%d swept, %v, left %v", n, err, left)
	}
}
