package advice

import (
	"context"
	"log/slog"
	"slices"

	"weightroom/backend"
	"weightroom/hardware"
)

// An answer's speed is kept where it is long enough to tell.
const (
	leastAnswerTokens = 64
	leastPromptTokens = 64
)

// answerSpread is how far apart the speeds of answers lie, where only one is known.
const answerSpread = 0.1

// NoteAnswer keeps the speed of a finished answer of a model of the catalog, so that the figures shown for it are
// measured ones: the median of the recent answers that other programs did not disturb. It reports whether it kept one. How
// long the answer thought is kept too.
func (a *Advice) NoteAnswer(ctx context.Context, answer backend.Message) bool {
	m := answer.Metrics
	if answer.State != backend.StateDone || m.Tokens == 0 {
		return false
	}
	model, err := a.opts.Library.Model(ctx, answer.Model)
	if err != nil {
		return false
	}
	id, quant, ok := a.opts.Catalog.Entry(model)
	if !ok {
		return false
	}
	a.opts.noteThoughts(ctx, id, answer)
	if m.Tokens < leastAnswerTokens || !(m.TokensPerSecond > 0) {
		return false
	}
	here := a.rig(ctx)
	d := backend.Drive{
		Model: id, Quant: quant, Source: backend.SourceMeasured, Architecture: model.Architecture, Bytes: model.Bytes,
		TokensPerSecond: m.TokensPerSecond, Spread: answerSpread, LoadSeconds: m.LoadSeconds, DiskBytes: model.Bytes,
		Tokens: m.Tokens, Disturbed: m.Disturbed, Digest: model.Digest, KV: kvOf(here.kv), Depth: m.PromptTokens + m.Tokens/2,
		Machine: here.machine, Engine: here.engine, Power: string(here.power), At: answer.Created,
	}
	if !slices.ContainsFunc(a.opts.Machine.GPUs(ctx), func(g hardware.GPU) bool { return g.Backend != "" }) {
		d.Threads, d.Apart = here.threads, here.apart
	}
	if m.PromptTokens >= leastPromptTokens && band(d) == 0 { // later, most of a prompt has been read before
		d.PromptTokensPerSecond = m.PromptTokensPerSecond
	}
	if err := a.KeepRun(ctx, d); err != nil {
		slog.Warn("an answer's speed not kept", "error", err)
		return false
	}
	return true
}
