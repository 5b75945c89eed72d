package lab

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/gguf"
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
	out, err := l.o.Tools.Run(ctx, Job{Name: "llama-quantize", Args: []string{"--allow-requantize", "--dry-run", parent.Path, quant}})
	if err != nil {
		if ctx.Err() != nil || fatal(err) {
			return p, l.explain(ctx, out, err, "look at this model")
		}
		p.Refused = "The engine can't make it from this model: " + lastWords(string(out.Stderr))
		return p, nil
	}
	q := parseQuantize(string(out.Stderr))
	p.FallBacks, p.NeedsMatrix = q.fallBacks, q.needsMatrix
	p.Bytes = header.DataOffset + q.bytes(header.Alignment)
	if n := header.Parameters(); n > 0 {
		p.BitsPer = 8 * float64(q.bytes(1)) / float64(n)
	}
	return p, nil
}

// fatal says whether a program did not even run.
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

// refusal says why a quant makes no sense for a model; empty: it may be tried.
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

// quantizing is what llama-quantize says while it works.
type quantizing struct {
	tensors     []quantized
	fallBacks   []FallBack
	needsMatrix bool
}

type quantized struct {
	shape []int64
	kind  string // lower case, as ggml names it
}

// bytes is the size of all tensors, each padded to align.
func (q quantizing) bytes(align int64) int64 {
	var sum int64
	for _, t := range q.tensors {
		kind, ok := typeNamed(t.kind)
		if !ok {
			continue
		}
		n, ok := kind.Bytes(t.shape)
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

// Lines of src/llama-quant.cpp, llama.cpp b10488:
//
//	[   4/ 272] blk.0.attn_k.weight - [   576,    192,      1,      1], type =   q4_1, size =     0.07 MiB ->     0.07 MiB (q5_0)
//	warning: blk.0.attn_k.weight - ncols    576 not divisible by 256 (required for type    q4_K) -> falling back to    q5_0
//
// Without --dry-run the type comes before the sizes: "converting to q5_0 .. size =".
var (
	tensorLine = regexp.MustCompile(`^\[ *(\d+)/ *(\d+)\] +(\S+) +- \[ *(\d+), *(\d+), *(\d+), *(\d+)\], type = +(\S+), (.*)$`)
	fallLine   = regexp.MustCompile(`^warning: (\S+) +- ncols +(\d+) not divisible by +\d+ \(required for type +(\S+)\) .*-> falling back to +(\S+)`)
	newType    = regexp.MustCompile(`\((\w+)\)$|converting to (\w+) `)
	countLine  = regexp.MustCompile(`\[ *(\d+)/ *(\d+)\] `)
)

func parseQuantize(log string) quantizing {
	q := quantizing{fallBacks: []FallBack{}, needsMatrix: strings.Contains(log, "will require an imatrix")}
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\r\n ")
		if m := fallLine.FindStringSubmatch(line); m != nil {
			columns, _ := strconv.ParseInt(m[2], 10, 64)
			q.fallBacks = append(q.fallBacks, FallBack{Tensor: m[1], Columns: columns, Wanted: strings.ToUpper(m[3]), Got: strings.ToUpper(m[4])})
			continue
		}
		m := tensorLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		t := quantized{kind: m[8]}
		for _, n := range m[4:8] {
			v, _ := strconv.ParseInt(n, 10, 64)
			t.shape = append(t.shape, v)
		}
		if to := newType.FindStringSubmatch(m[9]); to != nil {
			t.kind = to[1] + to[2]
		}
		q.tensors = append(q.tensors, t)
	}
	return q
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
	if err := l.foresee(p.Bytes, "The quant"); err != nil {
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
	args := []string{}
	if original(parent.Quant) && parent.Quant != "Q8_0" {
		args = append(args, parent.Path)
	} else {
		args = append(args, "--allow-requantize", parent.Path)
	}
	share := 0.0 // of the progress that is behind
	if o.MatrixText != "" {
		share = 0.5
		matrix := filepath.Join(dir, "matrix.gguf")
		if err := l.matrix(ctx, parent, o, matrix, s, share); err != nil {
			return Made{}, err
		}
		if d.MatrixSHA256, err = sumOf(o.MatrixText); err != nil {
			return Made{}, onDisk(err)
		}
		d.MatrixText = filepath.Base(o.MatrixText)
		args = append([]string{"--imatrix", matrix}, args...)
	}
	path := filepath.Join(dir, "model.gguf")
	args = append(args, path, quant)
	if o.Threads > 0 {
		args = append(args, strconv.Itoa(o.Threads))
	}
	label := "Making " + quant
	s.at(Progress{Stage: StageQuantize, Label: label, Row: -1, Done: share})
	out, err := l.o.Tools.Run(ctx, Job{Name: "llama-quantize", Args: args, Watch: counted(func(f float64) {
		s.at(Progress{Stage: StageQuantize, Label: label, Row: -1, Done: share + (0.9-share)*f})
	})})
	if err != nil {
		return Made{}, l.explain(ctx, out, err, "make this quant")
	}
	d.FallBacks = parseQuantize(string(out.Stderr)).fallBacks
	if err := os.Chmod(path, 0o600); err != nil { // as every file of the library
		return Made{}, onDisk(err)
	}
	m, err := l.publish(ctx, path, parent, &d, s)
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
	m, err := l.o.Shelf.Publish(ctx, path, Publication{
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
	args := []string{"-m", parent.Path, "-f", o.MatrixText, "-o", path, "-c", strconv.Itoa(chunk), "--chunks", strconv.Itoa(chunks), "--no-ppl"}
	if o.Threads > 0 {
		args = append(args, "-t", strconv.Itoa(o.Threads))
	}
	of := chunks
	out, err := l.o.Tools.Run(ctx, Job{Name: "llama-imatrix", Args: args, Watch: chunked(&of, func(f float64) {
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

// counted reads "[  12/ 272]" from what a program writes.
func counted(report func(float64)) func(string) {
	var line strings.Builder
	return func(text string) {
		for _, r := range text {
			if r != '\n' {
				line.WriteRune(r)
				continue
			}
			if m := countLine.FindStringSubmatch(line.String()); m != nil {
				n, _ := strconv.ParseFloat(m[1], 64)
				of, _ := strconv.ParseFloat(m[2], 64)
				report(n / max(1, of))
			}
			line.Reset()
		}
	}
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
	models, err := l.o.Shelf.Models(ctx)
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

// Derivation gives how a model was made; false: it was not made here.
func (l *Lab) Derivation(ctx context.Context, digest string) (Derivation, bool) {
	var d Derivation
	found, err := l.o.Store.Get(ctx, derivationKey(digest), &d)
	return d, found && err == nil
}

func (l *Lab) keepDerivation(ctx context.Context, d Derivation) error {
	return l.o.Store.Put(context.WithoutCancel(ctx), derivationKey(d.Digest), d)
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, bufio.NewReader(f)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
