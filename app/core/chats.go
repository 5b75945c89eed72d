package core

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"weightroom/backend"
	"weightroom/backend/store"
)

// searchLimit is how many hits a search looks at.
const searchLimit = 500

// FoundChat is a chat that a search has found, with the newest of its messages that hold the words.
type FoundChat struct {
	Chat      backend.Chat
	MessageID string // empty: only the title holds them
	Before    string // the words' surroundings in the message, on one line
	Match     string
	After     string
}

// FindChats returns the chats that hold every word of query: by their title first, then those with the newest message
// that does.
func (c *Core) FindChats(ctx context.Context, query string) ([]FoundChat, error) {
	hits, err := c.History.Search(ctx, query, searchLimit)
	if err != nil {
		return nil, err
	}
	var found []FoundChat
	place := map[string]int{}
	for _, h := range hits {
		at, seen := place[h.ChatID]
		if !seen {
			chat, err := c.History.Chat(ctx, h.ChatID)
			if err != nil {
				return nil, err
			}
			at = len(found)
			place[h.ChatID] = at
			found = append(found, FoundChat{Chat: chat})
		}
		if f := &found[at]; f.MessageID == "" && h.MessageID != "" {
			f.MessageID, f.Before, f.Match, f.After = h.MessageID, oneLine(h.Before), oneLine(h.Match), oneLine(h.After)
		}
	}
	return found, nil
}

// oneLine makes each stretch of white space one space.
func oneLine(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
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

// LoadAnyway answers again beside an answer whose model was refused because it does not fit into memory, and has it loaded.
func (c *Core) LoadAnyway(ctx context.Context, chatID, answerID string) (user, answer backend.Message, err error) {
	chat, err := c.History.Chat(ctx, chatID)
	if err != nil {
		return user, answer, err
	}
	refused, err := c.History.Message(ctx, chatID, answerID)
	if err != nil {
		return user, answer, err
	}
	model, err := c.Models.Resolve(ctx, cmp.Or(refused.Model, chat.Model))
	if err != nil {
		return user, answer, err
	}
	c.Machine.LoadAnyway(ctx, model, chat.Sampling.ContextLength)
	return c.Chat.Regenerate(ctx, chatID, answerID, model.Ref)
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

// ExportChats returns every chat outside the trash as JSON, and a name for its file.
func (c *Core) ExportChats(ctx context.Context) (text []byte, name string, err error) {
	archive, err := c.History.Export(ctx)
	if err != nil {
		return nil, "", err
	}
	text, err = archive.JSON()
	return text, "weightroom-chats-" + archive.Exported.Local().Format(time.DateOnly) + ".json", err
}

// ImportChats adds the chats of a file that ExportChats or ExportChat wrote. Nothing that is here is changed.
func (c *Core) ImportChats(ctx context.Context, path string) (store.Imported, error) {
	f, err := os.Open(path)
	if err != nil {
		return store.Imported{}, backend.Fail(backend.CodeNotFound, err, "The file can't be opened.", "Check its name and its permissions.")
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return c.History.Import(ctx, f)
}

// ChatBackup is a daily copy of the history.
type ChatBackup struct {
	Name  string // of its file
	Time  time.Time
	Bytes int64
	Chats int   // outside the trash
	Err   error // why it can't be restored; nil: it can
}

// ChatBackups returns the backups of the history, the newest first. It reads each of them.
func (c *Core) ChatBackups(ctx context.Context) ([]ChatBackup, error) {
	var out []ChatBackup
	for _, b := range slices.Backward(c.History.Backups()) {
		one := ChatBackup{Name: filepath.Base(b.Path), Time: b.Time, Bytes: b.Bytes}
		one.Chats, one.Err = c.History.CountBackup(ctx, one.Name)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out = append(out, one)
	}
	return out, nil
}
