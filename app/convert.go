package app

import (
	"time"

	"weightroom/backend"
	"weightroom/backend/engine"
	"weightroom/backend/store"
	"weightroom/hardware"
)

type engineStatus = engine.Status

// millis gives milliseconds since 1970, and 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// convert maps a slice and never gives nil, which would reach the page as null.
func convert[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}

func strings0(in []string) []string { return convert(in, func(s string) string { return s }) }

func problemOf(e *backend.Error) Problem {
	if e == nil {
		return Problem{}
	}
	return Problem{Code: string(e.Code), Severity: string(backend.SeverityError), Title: e.Message, Hint: e.Hint}
}

func standing(p backend.Problem) Problem {
	return Problem{Code: p.Code, Severity: string(p.Severity), Title: p.Title, Hint: p.Hint}
}

func noticeOf(r *store.Recovery) Problem {
	if r == nil {
		return Problem{}
	}
	return Problem{Code: string(backend.CodeDamaged), Severity: string(backend.SeverityWarning), Title: r.Message, Hint: r.Hint}
}

func (c *Core) chatSummary(chat backend.Chat) ChatSummary {
	return ChatSummary{
		Streaming: c.Chat.Streaming(chat.ID),
		ID:        chat.ID, Title: chat.Title, Model: chat.Model, Pinned: chat.Pinned,
		CreatedAt: millis(chat.Created), UpdatedAt: millis(chat.Updated), DeletedAt: millis(chat.Deleted),
	}
}

func chatOf(c backend.Chat, messages []backend.Message) Chat {
	out := Chat{
		ID: c.ID, Title: c.Title, Model: c.Model, System: c.System, Leaf: c.Leaf, Draft: c.Draft, Pinned: c.Pinned,
		CreatedAt: millis(c.Created), UpdatedAt: millis(c.Updated),
		Temperature: -1, TopP: -1, Seed: -1,
		MaxTokens: c.Sampling.MaxTokens, ContextLength: c.Sampling.ContextLength,
		Messages: convert(messages, messageOf),
	}
	if c.Sampling.Temperature != nil {
		out.Temperature = *c.Sampling.Temperature
	}
	if c.Sampling.TopP != nil {
		out.TopP = *c.Sampling.TopP
	}
	if c.Sampling.Seed != nil {
		out.Seed = *c.Sampling.Seed
	}
	return out
}

func samplingOf(o ChatOptions) backend.Sampling {
	s := backend.Sampling{MaxTokens: max(0, o.MaxTokens), ContextLength: max(0, o.ContextLength)}
	if o.Temperature >= 0 {
		s.Temperature = &o.Temperature
	}
	if o.TopP >= 0 {
		s.TopP = &o.TopP
	}
	if o.Seed >= 0 {
		s.Seed = &o.Seed
	}
	return s
}

func messageOf(m backend.Message) Message {
	return Message{
		ID: m.ID, ChatID: m.ChatID, ParentID: m.Parent, Role: string(m.Role), Text: m.Text, Thinking: m.Thinking,
		State: string(m.State), Problem: problemOf(m.Problem), Model: m.Model, CreatedAt: millis(m.Created),
		PromptTokens: m.Metrics.PromptTokens, Tokens: m.Metrics.Tokens,
		PromptTokensPerSecond: m.Metrics.PromptTokensPerSecond, TokensPerSecond: m.Metrics.TokensPerSecond,
		TimeToFirstTokenSeconds: m.Metrics.TimeToFirstTokenSeconds, LoadSeconds: m.Metrics.LoadSeconds,
		ThinkingSeconds: m.Metrics.ThinkingSeconds,
	}
}

func turnOf(user, answer backend.Message) Turn {
	return Turn{User: messageOf(user), Answer: messageOf(answer)}
}

func modelOf(m backend.Model, lastUsed int64) Model {
	return Model{
		Ref: m.Ref, Name: m.Name, Quant: m.Quant, Family: m.Family, Architecture: m.Architecture,
		Parameters: m.Parameters, Bytes: m.Bytes, ContextLength: m.ContextLength, Digest: m.Digest,
		LicenceName: m.Licence.Name, OpenSource: m.Licence.OpenSource, Source: m.Source, Capable: strings0(m.Capable),
		Template: m.Template, Path: m.Path, AddedAt: millis(m.Added), LastUsedAt: lastUsed,
	}
}

func gpuOf(g hardware.GPU) GPU {
	return GPU{
		Name: g.Name, Vendor: g.Vendor, Backend: g.Backend, Driver: g.Driver,
		TotalBytes: g.TotalBytes, FreeBytes: g.FreeBytes, FreeKnown: g.FreeKnown, Integrated: g.Integrated, SharedBytes: g.SharedBytes, Note: g.Note,
	}
}
