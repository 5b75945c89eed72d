package lab

import (
	"context"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"

	"weightroom/backend"
	"weightroom/backend/gguf"
)

// baseline is the reference's own probabilities of every token of the text, in a file that llama-perplexity reads again
// for each rival.
type baseline struct {
	path       string
	perplexity Estimate
	tokens     int
	chunks     int
}

// baseBytes is how large that file gets: for the second half of each chunk, 16 bits for every word of the vocabulary
// and four numbers more (tools/perplexity/perplexity.cpp, b10488).
func baseBytes(vocabulary, context, chunks int) int64 {
	row := int64(2*((vocabulary+1)/2)+4) * 2
	return int64(chunks) * (row*int64(context-1-context/2) + 4*int64(context))
}

// base runs the reference over the text.
func (l *Lab) base(ctx context.Context, reference backend.Model, header *gguf.File, text, path string, s Settings, report func(float64)) (baseline, error) {
	b := baseline{path: path}
	if err := l.foresee(baseBytes(header.Vocabulary(), s.TextContext, s.TextChunks), "Comparing with the reference"); err != nil {
		return b, err
	}
	of := s.TextChunks
	out, err := l.o.Tools.Run(ctx, Job{Name: "llama-perplexity", Args: append(s.perplexityArgs(reference, "f16"), "-f", text, "--kl-divergence-base", path), Watch: chunked(&of, report)})
	if tooShort := shortText(out, s.TextContext); tooShort != nil {
		return b, tooShort
	}
	if err != nil {
		return b, l.explain(ctx, out, err, "measure the reference's quality")
	}
	log := string(out.Stdout) + "\n" + string(out.Stderr)
	m := finalEstimate.FindStringSubmatch(log)
	info, statErr := os.Stat(path)
	if m == nil || statErr != nil || info.Size() == 0 {
		return b, l.explain(ctx, out, errNoFigure, "measure the reference's quality")
	}
	b.perplexity = estimate(m[1], m[2], 1)
	b.chunks = s.TextChunks
	if c := overChunks.FindStringSubmatch(log); c != nil {
		b.chunks, _ = strconv.Atoi(c[1])
	}
	b.tokens = b.chunks * s.TextContext
	// A disk that filled up leaves a file that ends early, and the program does not say so.
	if whole := baseBytes(header.Vocabulary(), s.TextContext, b.chunks); info.Size() < whole {
		return b, backend.Fail(backend.CodeDiskFull, nil, "The disk became full while the reference was measured.", "Free "+backend.Bytes(whole)+" and try again. Nothing was left half-done.")
	}
	return b, nil
}

// compareWith runs a rival over the same tokens.
func (l *Lab) compareWith(ctx context.Context, b baseline, r Rival, s Settings, report func(float64)) (Quality, error) {
	of := b.chunks
	out, err := l.o.Tools.Run(ctx, Job{Name: "llama-perplexity", Args: append(s.perplexityArgs(r.Model, r.KV), "--kl-divergence-base", b.path, "--kl-divergence"), Watch: lines(&of, report)})
	if err != nil {
		return Quality{}, l.explain(ctx, out, err, "measure this quant's quality")
	}
	q, ok := parseKLD(string(out.Stdout))
	switch {
	case !ok:
		return Quality{}, l.explain(ctx, out, errNoFigure, "measure this quant's quality")
	case !q.finite():
		return Quality{}, backend.Fail(backend.CodeModelFailed, nil, "This quant gives no usable probabilities: its weights are broken, or the engine can't run them here.", "Verify its file on the Library page, or make it again.")
	}
	return q, nil
}

func (s Settings) perplexityArgs(m backend.Model, kv string) []string {
	args := []string{"-m", m.Path, "-c", strconv.Itoa(s.TextContext), "--chunks", strconv.Itoa(s.TextChunks)}
	if s.Threads > 0 {
		args = append(args, "-t", strconv.Itoa(s.Threads))
	}
	return append(args, kvArgs(kv)...)
}

// kvArgs choose the type of the KV cache; a quantized cache of values needs flash attention.
func kvArgs(kv string) []string {
	if kv == "" || kv == "f16" {
		return nil
	}
	return []string{"-ctk", kv, "-ctv", kv, "-fa", "on"}
}

// What llama-perplexity prints (b10488):
//
//	Final estimate: PPL = 1.0148 +/- 0.00124
//	Mean PPL(Q)                   :   1.028936 ±   0.002772
//	Mean    KLD:   0.006838 ±   0.000645
//	99.0%   KLD:   0.069381
//	Same top p: 100.000 ± 0.000 %
var (
	finalEstimate = regexp.MustCompile(`Final estimate: PPL = ([\d.]+) \+/- ([\d.]+)`)
	overChunks    = regexp.MustCompile(`over (\d+) chunks`)
	meanPPL       = regexp.MustCompile(`Mean PPL\(Q\) +: +(\S+) ± +(\S+)`)
	meanKLD       = regexp.MustCompile(`Mean +KLD: +(\S+) ± +(\S+)`)
	kld99         = regexp.MustCompile(`(?m)^99\.0% +KLD: +(\S+)`)
	sameTop       = regexp.MustCompile(`Same top p: +(\S+) ± +(\S+) %`)
	chunkMark     = regexp.MustCompile(`\[(\d+)\]`)
)

type failure string

func (f failure) Error() string { return string(f) }

const errNoFigure = failure("the program gave no figure")

func parseKLD(out string) (Quality, bool) {
	ppl, kld, tail, top := meanPPL.FindStringSubmatch(out), meanKLD.FindStringSubmatch(out), kld99.FindStringSubmatch(out), sameTop.FindStringSubmatch(out)
	if ppl == nil || kld == nil || tail == nil || top == nil {
		return Quality{}, false
	}
	return Quality{
		Perplexity:   estimate(ppl[1], ppl[2], 1),
		KLDivergence: estimate(kld[1], kld[2], 1),
		KLD99:        number(tail[1]),
		SameTopToken: estimate(top[1], top[2], 100),
	}, true
}

// estimate reads a value and its error, both divided by unit. Of a single value the error is no number, and left out.
func estimate(value, err string, unit float64) Estimate {
	e := Estimate{rounded(number(value) / unit), rounded(number(err) / unit)}
	if math.IsNaN(e.Error) || math.IsInf(e.Error, 0) {
		e.Error = 0
	}
	return e
}

// rounded takes off what dividing adds behind the printed digits.
func rounded(v float64) float64 { return math.Round(v*1e9) / 1e9 }

// finite says whether all figures are numbers; a broken quant gives "nan".
func (q Quality) finite() bool {
	for _, v := range []float64{q.Perplexity.Value, q.KLDivergence.Value, q.KLD99, q.SameTopToken.Value} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// number reads what a program printed.
func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// chunked reads the progress marks "[12]4.5678," of llama-perplexity and llama-imatrix, of which there will be *of.
func chunked(of *int, report func(float64)) func(string) {
	tail := ""
	return func(text string) {
		tail += text
		if m := overChunks.FindStringSubmatch(tail); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
				*of = min(*of, n)
			}
		}
		if all := chunkMark.FindAllStringSubmatch(tail, -1); all != nil {
			report(min(1, number(all[len(all)-1][1])/float64(max(1, *of))))
		}
		tail = tail[max(0, len(tail)-200):]
	}
}

// lines reads the progress of a comparison: a line that begins with the chunk's number.
func lines(of *int, report func(float64)) func(string) {
	rest := ""
	return func(text string) {
		rest += text
		for {
			line, after, found := strings.Cut(rest, "\n")
			if !found {
				return
			}
			rest = after
			if fields := strings.Fields(line); len(fields) > 4 && strings.Contains(line, "±") {
				if n, err := strconv.Atoi(fields[0]); err == nil {
					report(min(1, float64(n)/float64(max(1, *of))))
				}
			}
		}
	}
}
