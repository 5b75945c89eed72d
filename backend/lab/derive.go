package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/llama"
)

// Predict says for each quant what it would be, by asking llama-quantize for a dry run, which reads only the header.
// What can't be made is in the list with its reason. Errors are about the model as a whole.
func (l *Lab) Predict(ctx context.Context, parent backend.Model, names []string) ([]Prediction, error) {
	header, err := sourceHeader(parent)
	if err != nil {
		return nil, err
	}
	out := make([]Prediction, 0, len(names))
	for _, name := range names {
		quant, ok := canonical(name)
		if !ok {
			return nil, unknownQuant(name)
		}
		p, err := l.predict(ctx, parent, header, quant)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (l *Lab) predict(ctx context.Context, parent backend.Model, header *gguf.File, quant string) (Prediction, error) {
	p := Prediction{Quant: quant, SecondHand: secondHand(parent), FallBacks: []FallBack{}}
	if p.Refused = refusal(parent, header, quant); p.Refused != "" {
		return p, nil
	}
	out, err := l.o.Tools.Run(ctx, Job{
		Name: llama.Quantize, Args: llama.QuantizeArgs(llama.QuantizeOptions{Source: parent.Path, Quant: quant, Requantize: true, DryRun: true}),
	})
	if err != nil {
		if ctx.Err() != nil || fatal(err) {
			return p, l.explain(ctx, out, err, "look at this model")
		}
		p.Refused = "The engine can't make it from this model: " + llama.LastWords(string(out.Stderr))
		return p, nil
	}
	q := llama.ParseQuantize(string(out.Stderr))
	p.FallBacks, p.NeedsMatrix = fallBacks(q.FallBacks), q.NeedsMatrix
	p.Bytes = header.DataOffset + tensorBytes(q.Tensors, header.Alignment)
	if n := header.Parameters(); n > 0 {
		p.BitsPer = 8 * float64(tensorBytes(q.Tensors, 1)) / float64(n)
	}
	return p, nil
}

// tensorBytes is the size of all tensors, each padded to align.
func tensorBytes(tensors []llama.Tensor, align int64) int64 {
	var sum int64
	for _, t := range tensors {
		kind, ok := typeNamed(t.Type)
		if !ok {
			continue
		}
		n, ok := kind.Bytes(t.Shape)
		if !ok {
			continue
		}
		sum += (n + align - 1) / align * align
	}
	return sum
}

func typeNamed(name string) (gguf.TensorType, bool) {
	for t := gguf.TensorType(0); t < 64; t++ {
		if _, ok := t.Info(); ok && strings.EqualFold(t.String(), name) {
			return t, true
		}
	}
	return 0, false
}

func fallBacks(from []llama.FallBack) []FallBack {
	out := make([]FallBack, len(from))
	for i, f := range from {
		out[i] = FallBack(f)
	}
	return out
}

// fatal reports whether a program did not even run.
func fatal(err error) bool {
	e := backend.Readable(err)
	return e.Code == backend.CodeEngineMissing
}

// sourceHeader reads a model's header and refuses what no quant can be made of.
func sourceHeader(m backend.Model) (*gguf.File, error) {
	header, err := gguf.ReadFile(m.Path)
	if err != nil && !errors.As(err, new(*backend.Error)) {
		return nil, backend.Fail(backend.CodeNotFound, err, "The file of "+m.Ref+" can't be opened.", "Verify it on the Library page.")
	}
	if err != nil {
		return nil, err
	}
	if _, parts := header.Split(); header.Role() != gguf.RoleModel || parts > 1 {
		return nil, backend.Fail(backend.CodeUnsupported, nil, m.Ref+" is not a whole model, so no quant can be made of it.", "Pick another model.")
	}
	return header, nil
}

// refusal returns why a quant is of no use for a model; empty: it may be tried.
func refusal(parent backend.Model, header *gguf.File, quant string) string {
	experts, _ := header.Experts()
	switch {
	case quant == parent.Quant:
		return "The model has this quant already."
	case quant == "MXFP4_MOE" && experts < 2:
		return "MXFP4 is only for models made of experts, and this one is not."
	case bitsOf(quant) > bitsOf(parent.Quant) && bitsOf(parent.Quant) > 0 && quant != "F16" && quant != "BF16" && quant != "F32":
		return fmt.Sprintf("%s is less precise than %s already: a larger quant of it would only be larger.", parent.Quant, quant)
	}
	return ""
}

// Derive makes a quant of a model and puts it into the library. However it ends, the library has the whole new model
// or nothing of it, and no file is left over. Progress counts from 0 to 1. Errors are *backend.Error.
func (l *Lab) Derive(ctx context.Context, parent backend.Model, o DeriveOptions, report func(Progress)) (Made, error) {
	done, err := l.busy()
	if err != nil {
		return Made{}, err
	}
	defer done()
	return l.derive(ctx, parent, o, report)
}

func (l *Lab) derive(ctx context.Context, parent backend.Model, o DeriveOptions, report func(Progress)) (Made, error) {
	begin := time.Now()
	quant, ok := canonical(o.Quant)
	if !ok {
		return Made{}, unknownQuant(o.Quant)
	}
	header, err := sourceHeader(parent)
	if err != nil {
		return Made{}, err
	}
	if made, ok := l.existing(ctx, parent, quant, o.MatrixText); ok {
		return made, nil
	}
	p, err := l.predict(ctx, parent, header, quant)
	if err != nil {
		return Made{}, err
	}
	if p.Refused != "" {
		return Made{}, backend.Fail(backend.CodeInvalid, nil, "No "+quant+" can be made of "+parent.Ref+". "+p.Refused, "Choose another quant, or start from a more precise file.")
	}
	if p.NeedsMatrix && o.MatrixText == "" {
		return Made{}, backend.Fail(backend.CodeInvalid, nil, quant+" is only of use with an importance matrix.", "Name a text of the kind that you will use the model for, or choose another quant.")
	}
	if err := l.checkSpace(p.Bytes, "the quant"); err != nil {
		return Made{}, err
	}
	dir, remove, err := l.temporary()
	if err != nil {
		return Made{}, err
	}
	defer remove()
	s := &steps{report: report}
	d := Derivation{
		Quant: quant, Parent: parent.Ref, ParentDigest: parent.Digest, ParentQuant: parent.Quant, SecondHand: p.SecondHand,
		FallBacks: p.FallBacks, Engine: l.o.Meter.Conditions(ctx).LlamaCpp, At: now(),
	}
	work := llama.QuantizeOptions{
		Source: parent.Path, Target: filepath.Join(dir, "model.gguf"), Quant: quant,
		Requantize: !original(parent.Quant) || parent.Quant == "Q8_0",
	}
	share := 0.0 // of the progress that is behind
	if o.MatrixText != "" {
		share = 0.5
		work.Matrix = filepath.Join(dir, "matrix.gguf")
		if err := l.matrix(ctx, parent, o, work.Matrix, s, share); err != nil {
			return Made{}, err
		}
		if d.MatrixSHA256, err = sumOf(o.MatrixText); err != nil {
			return Made{}, onDisk(err)
		}
		d.MatrixText = filepath.Base(o.MatrixText)
	}
	label := "Making " + quant
	s.at(Progress{Stage: StageQuantize, Label: label, Row: -1, Done: share})
	out, err := l.o.Tools.Run(ctx, Job{Name: llama.Quantize, Args: llama.QuantizeArgs(work), Threads: o.Threads, Watch: llama.WatchTensors(func(f float64) {
		s.at(Progress{Stage: StageQuantize, Label: label, Row: -1, Done: share + (0.9-share)*f})
	})})
	if err != nil {
		return Made{}, l.explain(ctx, out, err, "make this quant")
	}
	d.FallBacks = fallBacks(llama.ParseQuantize(string(out.Stderr)).FallBacks)
	if err := os.Chmod(work.Target, 0o600); err != nil { // as every file of the library
		return Made{}, onDisk(err)
	}
	m, err := l.publish(ctx, work.Target, parent, &d, s)
	if err != nil {
		return Made{}, err
	}
	d.Seconds = time.Since(begin).Seconds()
	if err := l.keepDerivation(ctx, d); err != nil {
		return Made{}, err
	}
	s.at(Progress{Stage: StageDone, Label: label, Row: -1, Done: 1})
	return Made{Model: m, Derivation: d}, nil
}

// publish puts the finished file into the library.
func (l *Lab) publish(ctx context.Context, path string, parent backend.Model, d *Derivation, s *steps) (backend.Model, error) {
	name, _ := backend.SplitRef(parent.Ref)
	tag := d.Quant
	if d.MatrixText != "" {
		tag += "-imatrix"
	}
	s.at(Progress{Stage: StagePublish, Label: "Adding it to the library", Row: -1, Done: 0.9})
	m, err := l.o.Library.Publish(ctx, path, Publication{
		Ref: name + ":" + tag, Name: parent.Name, Licence: parent.Licence,
		Parent: backend.Parent{Ref: parent.Ref, Digest: parent.Digest, Quant: parent.Quant, SecondHand: d.SecondHand, Matrix: d.MatrixText},
	}, func(done, total int64) {
		s.at(Progress{Stage: StagePublish, Label: "Adding it to the library", Row: -1, Done: 0.9 + 0.1*float64(done)/float64(max(1, total))})
	})
	if err != nil {
		return m, err
	}
	d.Ref, d.Digest, d.Bytes = m.Ref, m.Digest, m.Bytes
	return m, nil
}

// matrix makes an importance matrix: how much each input of a tensor matters on a text.
func (l *Lab) matrix(ctx context.Context, parent backend.Model, o DeriveOptions, path string, s *steps, share float64) error {
	const chunk, chunks = 512, 100
	if err := longEnough(o.MatrixText, chunk); err != nil {
		return err
	}
	label := "Reading the text for the importance matrix"
	s.at(Progress{Stage: StageMatrix, Label: label, Row: -1})
	args := llama.ImatrixArgs(llama.Load{Path: parent.Path}, o.MatrixText, path, chunk, chunks)
	out, err := l.o.Tools.Run(ctx, Job{Name: llama.Imatrix, Args: args, Threads: o.Threads, Watch: llama.WatchChunks(chunks, func(f float64) {
		s.at(Progress{Stage: StageMatrix, Label: label, Row: -1, Done: share * f})
	})})
	if tooShort := shortText(out, chunk); tooShort != nil {
		return tooShort
	}
	if err != nil {
		return l.explain(ctx, out, err, "make an importance matrix")
	}
	if _, err := os.Stat(path); err != nil {
		return l.explain(ctx, out, err, "make an importance matrix")
	}
	return nil
}

// existing finds a quant of this very parent, made the same way, that is still in the library.
func (l *Lab) existing(ctx context.Context, parent backend.Model, quant, matrixText string) (Made, bool) {
	sum := ""
	if matrixText != "" {
		var err error
		if sum, err = sumOf(matrixText); err != nil {
			return Made{}, false
		}
	}
	models, err := l.o.Library.Models(ctx)
	if err != nil {
		return Made{}, false
	}
	for _, m := range models {
		if m.Quant != quant || m.Parent.Digest != parent.Digest || m.Parent.Digest == "" || (m.Parent.Matrix == "") != (matrixText == "") {
			continue
		}
		d, ok := l.Derivation(ctx, m.Digest)
		if sum != "" && (!ok || d.MatrixSHA256 != sum) {
			continue
		}
		return Made{Model: m, Derivation: d, Existed: true}, true
	}
	return Made{}, false
}

func derivationKey(digest string) string { return "lab/derived/" + digest }

// Derivation returns how a model was made; false: it was not made here.
func (l *Lab) Derivation(ctx context.Context, digest string) (Derivation, bool) {
	var d Derivation
	found, err := l.o.Store.Get(ctx, derivationKey(digest), &d)
	return d, found && err == nil
}

func (l *Lab) keepDerivation(ctx context.Context, d Derivation) error {
	return l.o.Store.Put(context.WithoutCancel(ctx), derivationKey(d.Digest), d)
}
