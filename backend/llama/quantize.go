package llama

import (
	"regexp"
	"strconv"
	"strings"
)

// Quantizing is what llama-quantize says of its work.
type Quantizing struct {
	Tensors     []Tensor
	FallBacks   []FallBack // never nil
	NeedsMatrix bool       // it would refuse to do it without an importance matrix
}

// Tensor is one tensor of the result.
type Tensor struct {
	Shape []int64
	Type  string // lower case, as ggml names it
}

// FallBack is a tensor whose width the wanted type does not divide.
type FallBack struct {
	Tensor  string
	Columns int64
	Wanted  string
	Got     string
}

// Lines of src/llama-quant.cpp:
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

// ParseQuantize reads the log of llama-quantize, which may be that of a dry run.
func ParseQuantize(log string) Quantizing {
	q := Quantizing{FallBacks: []FallBack{}, NeedsMatrix: strings.Contains(log, "will require an imatrix")}
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\r\n ")
		if m := fallLine.FindStringSubmatch(line); m != nil {
			columns, _ := strconv.ParseInt(m[2], 10, 64)
			q.FallBacks = append(q.FallBacks, FallBack{Tensor: m[1], Columns: columns, Wanted: strings.ToUpper(m[3]), Got: strings.ToUpper(m[4])})
			continue
		}
		m := tensorLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		t := Tensor{Type: m[8]}
		for _, n := range m[4:8] {
			v, _ := strconv.ParseInt(n, 10, 64)
			t.Shape = append(t.Shape, v)
		}
		if to := newType.FindStringSubmatch(m[9]); to != nil {
			t.Type = to[1] + to[2]
		}
		q.Tensors = append(q.Tensors, t)
	}
	return q
}

// WatchTensors returns a reader of the marks "[  12/ 272]" of llama-quantize. It takes what the program writes, in pieces,
// and reports the share that is done.
func WatchTensors(report func(float64)) func(string) {
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
