package lab

import (
	"cmp"
	"context"
	"os"

	"weightroom/backend"
	"weightroom/backend/gguf"
	"weightroom/backend/llama"
)

// baseline is the reference's own probabilities of every token of the text, in a file that llama-perplexity reads again
// for each rival.
type baseline struct {
	path       string
	perplexity Estimate
	tokens     int
	chunks     int
}

// base runs the reference over the text.
func (l *Lab) base(ctx context.Context, reference backend.Model, header *gguf.File, text, path string, s Settings, report func(float64)) (baseline, error) {
	b := baseline{path: path}
	if err := l.checkSpace(llama.BaseBytes(header.Vocabulary(), s.TextContext, s.TextChunks), "the answers of the reference"); err != nil {
		return b, err
	}
	args := llama.ReferenceArgs(llama.Load{Path: reference.Path}, text, path, s.TextContext, s.TextChunks)
	out, err := l.o.Tools.Run(ctx, Job{Name: llama.Perplexity, Args: args, Threads: s.Threads, Watch: llama.WatchChunks(s.TextChunks, report)})
	if tooShort := shortText(out, s.TextContext); tooShort != nil {
		return b, tooShort
	}
	if err != nil {
		return b, l.explain(ctx, out, err, "measure the reference's quality")
	}
	perplexity, chunks, ok := llama.ParseReference(string(out.Stdout) + "\n" + string(out.Stderr))
	info, statErr := os.Stat(path)
	if !ok || statErr != nil || info.Size() == 0 {
		return b, l.explain(ctx, out, llama.ErrNoFigure, "measure the reference's quality")
	}
	b.perplexity, b.chunks = Estimate(perplexity), cmp.Or(chunks, s.TextChunks)
	b.tokens = b.chunks * s.TextContext
	// A disk that filled up leaves a file that ends early, and the program does not say so.
	if whole := llama.BaseBytes(header.Vocabulary(), s.TextContext, b.chunks); info.Size() < whole {
		return b, backend.Fail(backend.CodeDiskFull, nil, "The disk became full while the reference was measured.", "Free "+backend.Bytes(whole)+" and try again. Nothing was left half-done.")
	}
	return b, nil
}

// compareWith runs a rival over the same tokens.
func (l *Lab) compareWith(ctx context.Context, b baseline, r Rival, s Settings, report func(float64)) (Quality, error) {
	args := llama.DivergenceArgs(llama.Load{Path: r.Model.Path, KV: r.KV}, b.path, s.TextContext, s.TextChunks)
	out, err := l.o.Tools.Run(ctx, Job{Name: llama.Perplexity, Args: args, Threads: s.Threads, Watch: llama.WatchDivergence(b.chunks, report)})
	if err != nil {
		return Quality{}, l.explain(ctx, out, err, "measure this quant's quality")
	}
	d, ok := llama.ParseKLD(string(out.Stdout))
	switch {
	case !ok:
		return Quality{}, l.explain(ctx, out, llama.ErrNoFigure, "measure this quant's quality")
	case !d.Finite():
		return Quality{}, backend.Fail(backend.CodeModelFailed, nil, "This quant gives no usable probabilities: its weights are broken, or the engine can't run them here.", "Verify its file on the Library page, or make it again.")
	}
	d.Mean.Value, d.Worst = max(d.Mean.Value, 0), max(d.Worst, 0) // of the same weights, rounding makes it negative
	return Quality{Perplexity: Estimate(d.Perplexity), KLDivergence: Estimate(d.Mean), KLD99: d.Worst, SameTopToken: Estimate(d.SameTop)}, nil
}
