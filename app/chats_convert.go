package app

import (
	"time"

	"weightroom/app/core"
	"weightroom/app/core/models"
	"weightroom/backend"
)

// chatSummary is a chat as a row of the list.
func chatSummary(c *core.Core, chat backend.Chat) ChatSummary {
	var purge time.Time
	if !chat.Deleted.IsZero() {
		purge = chat.Deleted.Add(c.History.KeepTrash())
	}
	return ChatSummary{
		Streaming: c.Chat.Streaming(chat.ID),
		ID:        chat.ID, Title: chat.Title, Model: chat.Model, Pinned: chat.Pinned,
		CreatedAt: millis(chat.Created), UpdatedAt: millis(chat.Updated), DeletedAt: millis(chat.Deleted), PurgeAt: millis(purge),
	}
}

func chatOf(c backend.Chat, messages []backend.Message) Chat {
	o := optionsOf(c.System, c.Sampling)
	return Chat{
		ID: c.ID, Title: c.Title, Model: c.Model, System: c.System, Leaf: c.Leaf, Draft: c.Draft, Pinned: c.Pinned,
		CreatedAt: millis(c.Created), UpdatedAt: millis(c.Updated),
		Temperature: o.Temperature, TopP: o.TopP, TopK: o.TopK, MinP: o.MinP, RepeatPenalty: o.RepeatPenalty, Stop: o.Stop, Seed: o.Seed,
		MaxTokens: o.MaxTokens, ContextLength: o.ContextLength,
		Messages: convert(messages, messageOf),
	}
}

// or is what p points to, or standard where it points to nothing.
func or[T any](p *T, standard T) T {
	if p == nil {
		return standard
	}
	return *p
}

func optionsOf(system string, s backend.Sampling) ChatOptions {
	return ChatOptions{
		System: system, Temperature: or(s.Temperature, -1), TopP: or(s.TopP, -1), TopK: or(s.TopK, -1), MinP: or(s.MinP, -1),
		RepeatPenalty: or(s.RepeatPenalty, -1), Stop: append([]string{}, s.Stop...), Seed: or(s.Seed, -1),
		MaxTokens: s.MaxTokens, ContextLength: s.ContextLength,
	}
}

// said is a pointer to n, or nothing where n says that the model decides.
func said[T int | int64 | float64](n T) *T {
	if n < 0 {
		return nil
	}
	return &n
}

func samplingOf(o ChatOptions) backend.Sampling {
	return backend.Sampling{
		Temperature: said(o.Temperature), TopP: said(o.TopP), TopK: said(o.TopK), MinP: said(o.MinP), RepeatPenalty: said(o.RepeatPenalty),
		Stop: o.Stop, Seed: said(o.Seed), MaxTokens: max(0, o.MaxTokens), ContextLength: max(0, o.ContextLength),
	}
}

func defaultsOf(d models.Defaults) ChatDefaults {
	o := optionsOf(d.System, d.Sampling)
	return ChatDefaults{
		System: o.System, Temperature: o.Temperature, TopP: o.TopP, TopK: o.TopK, MinP: o.MinP, RepeatPenalty: o.RepeatPenalty,
		Stop: o.Stop, FromModel: append([]string{}, d.FromModel...),
	}
}

func presetOf(p core.Preset) ChatPreset {
	return ChatPreset{Name: p.Name, BuiltIn: p.BuiltIn, Options: optionsOf(p.System, p.Sampling)}
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
