package app

import (
	"time"

	"weightroom/app/core"
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
