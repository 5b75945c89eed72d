package llama

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Estimate is a value with its standard error. The error of a single value is not known, and 0.
type Estimate struct{ Value, Error float64 }

// Divergence is how the probabilities of a model differ from a reference's on the same tokens.
type Divergence struct {
	Perplexity Estimate
	Mean       Estimate // Kullback-Leibler divergence, in nats
	Worst      float64  // its 99th percentile
	SameTop    Estimate // share of tokens whose likeliest next token is the same
}

// BaseBytes returns how large the reference's file of probabilities gets: for the second half of each chunk, 16 bits for
// every word of the vocabulary and four numbers more (tools/perplexity/perplexity.cpp).
func BaseBytes(vocabulary, context, chunks int) int64 {
	row := int64(2*((vocabulary+1)/2)+4) * 2
	return int64(chunks) * (row*int64(context-1-context/2) + 4*int64(context))
}

// LeastTokens returns how long a text has to be at least: two chunks (tools/perplexity/perplexity.cpp).
func LeastTokens(context int) int { return 2 * context }

// What llama-perplexity prints:
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
	onlyTokens    = regexp.MustCompile(`tokenizes to only (\d+) tokens`)
)

// ParseReference reads what llama-perplexity prints of a reference: its perplexity, and over how many chunks of text; 0
// chunks: it does not say.
func ParseReference(log string) (perplexity Estimate, chunks int, ok bool) {
	m := finalEstimate.FindStringSubmatch(log)
	if m == nil {
		return Estimate{}, 0, false
	}
	if c := overChunks.FindStringSubmatch(log); c != nil {
		chunks, _ = strconv.Atoi(c[1])
	}
	return estimate(m[1], m[2], 1), chunks, true
}

// ParseKLD reads what llama-perplexity prints of a comparison. Broken weights give figures that are no numbers, see
// Finite.
func ParseKLD(out string) (d Divergence, ok bool) {
	ppl, kld, tail, top := meanPPL.FindStringSubmatch(out), meanKLD.FindStringSubmatch(out), kld99.FindStringSubmatch(out), sameTop.FindStringSubmatch(out)
	if ppl == nil || kld == nil || tail == nil || top == nil {
		return Divergence{}, false
	}
	return Divergence{
		Perplexity: estimate(ppl[1], ppl[2], 1),
		Mean:       estimate(kld[1], kld[2], 1),
		Worst:      number(tail[1]),
		SameTop:    estimate(top[1], top[2], 100),
	}, true
}

// Finite reports whether all figures are numbers.
func (d Divergence) Finite() bool {
	for _, v := range []float64{d.Perplexity.Value, d.Mean.Value, d.Worst, d.SameTop.Value} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// TooShort finds the word of llama-perplexity and llama-imatrix that a text is too short, with the tokens it has. They
// end as if all were well.
func TooShort(log string) (tokens int, found bool) {
	m := onlyTokens.FindStringSubmatch(log)
	if m == nil {
		return 0, false
	}
	tokens, _ = strconv.Atoi(m[1])
	return tokens, true
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

// number reads what a program printed.
func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// WatchChunks returns a reader of the progress marks "[12]4.5678," of llama-perplexity and llama-imatrix, of which there
// will be at most of. It takes what the program writes, in pieces, and reports the share that is done.
func WatchChunks(of int, report func(float64)) func(string) {
	tail := ""
	return func(text string) {
		tail += text
		if m := overChunks.FindStringSubmatch(tail); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
				of = min(of, n)
			}
		}
		if all := chunkMark.FindAllStringSubmatch(tail, -1); all != nil {
			report(min(1, number(all[len(all)-1][1])/float64(max(1, of))))
		}
		tail = tail[max(0, len(tail)-200):]
	}
}

// WatchDivergence is WatchChunks for a comparison, which prints a line for each chunk that begins with its number.
func WatchDivergence(of int, report func(float64)) func(string) {
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
					report(min(1, float64(n)/float64(max(1, of))))
				}
			}
		}
	}
}
