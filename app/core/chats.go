package core

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"weightroom/backend"
)

// searchLimit is how many hits a search looks at.
const searchLimit = 500

// FindChats returns the chats that hold every word of query, those with the newest hit first.
func (c *Core) FindChats(ctx context.Context, query string) ([]backend.Chat, error) {
	hits, err := c.History.Search(ctx, query, searchLimit)
	if err != nil {
		return nil, err
	}
	var chats []backend.Chat
	seen := map[string]bool{}
	for _, h := range hits {
		if seen[h.ChatID] {
			continue
		}
		seen[h.ChatID] = true
		chat, err := c.History.Chat(ctx, h.ChatID)
		if err != nil {
			return nil, err
		}
		chats = append(chats, chat)
	}
	return chats, nil
}

// CreateChat makes an empty chat that runs on model; an empty reference means the default model.
func (c *Core) CreateChat(ctx context.Context, model string) (backend.Chat, error) {
	return c.History.CreateChat(ctx, backend.Chat{Model: c.chatModel(ctx, model), System: c.Settings(ctx).SystemPrompt})
}

// StartChat makes a chat that runs on model as options say, sends its first message and begins to answer. When that fails
// there is no chat.
func (c *Core) StartChat(ctx context.Context, model string, options backend.Chat, text string) (user, answer backend.Message, err error) {
	if err := options.Sampling.Check(); err != nil {
		return user, answer, err
	}
	options.Model = c.chatModel(ctx, model)
	chat, err := c.History.CreateChat(ctx, options)
	if err != nil {
		return user, answer, err
	}
	if user, answer, err = c.Chat.Send(ctx, chat.ID, "", text); err != nil {
		ctx = context.WithoutCancel(ctx)
		err = errors.Join(err, c.History.DeleteChat(ctx, chat.ID), c.History.PurgeChats(ctx, chat.ID))
	}
	return user, answer, err
}

// chatModel is the reference that a new chat gets: the model's own where it is found, else what was asked for.
func (c *Core) chatModel(ctx context.Context, ref string) string {
	if m, err := c.Models.Resolve(ctx, ref); err == nil {
		return m.Ref
	}
	return ref
}

// ExportChat returns a chat as "json" or "markdown", and a name for its file.
func (c *Core) ExportChat(ctx context.Context, id, format string) (text []byte, name string, err error) {
	chat, err := c.History.Chat(ctx, id)
	if err != nil {
		return nil, "", err
	}
	archive, err := c.History.Export(ctx, id)
	if err != nil {
		return nil, "", err
	}
	if format == "markdown" {
		return []byte(archive.Markdown()), FileName(chat.Title) + ".md", nil
	}
	text, err = archive.JSON()
	return text, FileName(chat.Title) + ".json", err
}

// FileName makes a title safe as a file's name on every system.
func FileName(title string) string {
	safe := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return ' '
	}, title)
	safe = strings.Join(strings.Fields(safe), "-")
	if safe == "" {
		return "chat"
	}
	return safe
}
