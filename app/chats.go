package app

import (
	"context"
	"strings"

	"weightroom/app/core"
	"weightroom/backend"
)

// Chats are the conversations. Every method waits until the history is open.
type Chats struct{ host *host }

// list returns the rows of chats.
func (s *Chats) list(method string, find func(ctx context.Context, c *core.Core) ([]backend.Chat, error)) ([]ChatSummary, error) {
	return withCore(s.host, method, func(ctx context.Context, c *core.Core) ([]ChatSummary, error) {
		chats, err := find(ctx, c)
		return convert(chats, func(chat backend.Chat) ChatSummary { return chatSummary(c, chat) }), err
	})
}

// List returns the chats, newest first, without the trash.
func (s *Chats) List() ([]ChatSummary, error) {
	return s.list("Chats.List", func(ctx context.Context, c *core.Core) ([]backend.Chat, error) { return c.History.Chats(ctx) })
}

// Trash returns the deleted chats, last deleted first.
func (s *Chats) Trash() ([]ChatSummary, error) {
	return s.list("Chats.Trash", func(ctx context.Context, c *core.Core) ([]backend.Chat, error) { return c.History.Trash(ctx) })
}

// Search returns the chats whose title or messages hold every word of query, with the place in a message.
func (s *Chats) Search(query string) ([]FoundChat, error) {
	return withCore(s.host, "Chats.Search", func(ctx context.Context, c *core.Core) ([]FoundChat, error) {
		found, err := c.FindChats(ctx, query)
		return convert(found, func(f core.FoundChat) FoundChat {
			return FoundChat{chatSummary(c, f.Chat), f.MessageID, f.Before, f.Match, f.After}
		}), err
	})
}

// Get returns a whole chat.
func (s *Chats) Get(id string) (Chat, error) {
	return withCore(s.host, "Chats.Get", func(ctx context.Context, c *core.Core) (Chat, error) {
		chat, err := c.History.Chat(ctx, id)
		if err != nil {
			return Chat{}, err
		}
		messages, err := c.History.Messages(ctx, id)
		if live, ok := c.Chat.Live(id); ok {
			for i := range messages {
				messages[i] = ahead(messages[i], live)
			}
		}
		return chatOf(chat, messages), err
	})
}

// ahead returns the answer that streams instead of what the store has of it.
func ahead(stored, live backend.Message) backend.Message {
	if stored.ID == live.ID && stored.State == backend.StateStreaming {
		return live
	}
	return stored
}

// Message returns one message: as stored, or as far as it has streamed.
func (s *Chats) Message(chatID, id string) (Message, error) {
	return withCore(s.host, "Chats.Message", func(ctx context.Context, c *core.Core) (Message, error) {
		live, _ := c.Chat.Live(chatID)
		m, err := c.History.Message(ctx, chatID, id)
		return messageOf(ahead(m, live)), err
	})
}

// Create makes an empty chat that runs on model; an empty reference means the default model.
func (s *Chats) Create(model string) (ChatSummary, error) {
	return withCore(s.host, "Chats.Create", func(ctx context.Context, c *core.Core) (ChatSummary, error) {
		chat, err := c.CreateChat(ctx, model)
		if err != nil {
			return ChatSummary{}, err
		}
		s.changed(chat.ID)
		return chatSummary(c, chat), nil
	})
}

// Start makes a chat that runs on model as options say, and sends its first message: all of it, or nothing.
func (s *Chats) Start(model string, options ChatOptions, text string) (Turn, error) {
	return withCore(s.host, "Chats.Start", func(ctx context.Context, c *core.Core) (Turn, error) {
		chat := backend.Chat{System: options.System, Sampling: samplingOf(options)}
		user, answer, err := c.StartChat(ctx, model, chat, text)
		if err != nil {
			return Turn{}, err
		}
		s.changed(user.ChatID)
		return turnOf(user, answer), nil
	})
}

func (s *Chats) changed(id string) {
	s.host.emit(EventChatsChanged, Changed{ID: id, Seq: s.host.next()})
}

// change does something to a chat and tells the page, once it is done.
func (s *Chats) change(method, id string, f func(ctx context.Context, c *core.Core) error) error {
	return doCore(s.host, method, func(ctx context.Context, c *core.Core) error {
		err := f(ctx, c)
		if err == nil {
			s.changed(id)
		}
		return err
	})
}

// update changes what is stored of a chat.
func (s *Chats) update(method, id string, change func(*backend.Chat) error) error {
	return s.change(method, id, func(ctx context.Context, c *core.Core) error {
		_, err := c.History.UpdateChat(ctx, id, change)
		return err
	})
}

// Rename gives a chat a title, which stays.
func (s *Chats) Rename(id, title string) error {
	title = strings.Join(strings.Fields(title), " ")
	return s.update("Chats.Rename", id, func(c *backend.Chat) error {
		if title == "" {
			return backend.Fail(backend.CodeInvalid, nil, "A chat needs a title.", "Write at least one letter.")
		}
		c.Title, c.Named = title, true
		return nil
	})
}

// SetPinned keeps a chat at the top of the list, or no longer.
func (s *Chats) SetPinned(id string, pinned bool) error {
	return s.update("Chats.SetPinned", id, func(c *backend.Chat) error { c.Pinned = pinned; return nil })
}

// SetModel chooses the model that answers next.
func (s *Chats) SetModel(id, ref string) error {
	return s.update("Chats.SetModel", id, func(c *backend.Chat) error { c.Model = ref; return nil })
}

// SetOptions changes the system prompt and how answers are drawn.
func (s *Chats) SetOptions(id string, o ChatOptions) error {
	return s.update("Chats.SetOptions", id, func(c *backend.Chat) error {
		if err := samplingOf(o).Check(); err != nil {
			return err
		}
		c.System, c.Sampling = o.System, samplingOf(o)
		return nil
	})
}

// SetLeaf shows the branch that ends at a message.
func (s *Chats) SetLeaf(id, messageID string) error {
	return doCore(s.host, "Chats.SetLeaf", func(ctx context.Context, c *core.Core) error {
		if _, err := c.History.Message(ctx, id, messageID); err != nil {
			return err
		}
		_, err := c.History.UpdateChat(ctx, id, func(chat *backend.Chat) error { chat.Leaf = messageID; return nil })
		return err
	})
}

// SaveDraft keeps what is typed but not sent.
func (s *Chats) SaveDraft(id, text string) error {
	return doCore(s.host, "Chats.SaveDraft", func(ctx context.Context, c *core.Core) error {
		_, err := c.History.UpdateChat(ctx, id, func(chat *backend.Chat) error { chat.Draft = text; return nil })
		return err
	})
}

// Delete moves a chat to the trash.
func (s *Chats) Delete(id string) error {
	return s.change("Chats.Delete", id, func(ctx context.Context, c *core.Core) error {
		c.Chat.Stop(id)
		return c.History.DeleteChat(ctx, id)
	})
}

// Restore takes a chat out of the trash.
func (s *Chats) Restore(id string) error {
	return s.change("Chats.Restore", id, func(ctx context.Context, c *core.Core) error { return c.History.RestoreChat(ctx, id) })
}

// Purge deletes a chat for good, from the backups too.
func (s *Chats) Purge(id string) error {
	return s.change("Chats.Purge", id, func(ctx context.Context, c *core.Core) error {
		c.Chat.Stop(id)
		return c.History.PurgeChats(ctx, id)
	})
}

// Send saves the person's text after the message parent and begins to answer.
func (s *Chats) Send(chatID, parent, text string) (Turn, error) {
	return s.turn("Chats.Send", chatID, func(ctx context.Context, c *core.Core) (user, answer backend.Message, err error) {
		return c.Chat.Send(ctx, chatID, parent, text)
	})
}

// Edit answers a changed text beside one of the person's messages.
func (s *Chats) Edit(chatID, id, text string) (Turn, error) {
	return s.turn("Chats.Edit", chatID, func(ctx context.Context, c *core.Core) (user, answer backend.Message, err error) {
		return c.Chat.Edit(ctx, chatID, id, text)
	})
}

// Regenerate answers again, beside an answer; by the model of the chat, or by another for once.
func (s *Chats) Regenerate(chatID, id, model string) (Turn, error) {
	return s.turn("Chats.Regenerate", chatID, func(ctx context.Context, c *core.Core) (user, answer backend.Message, err error) {
		return c.Chat.Regenerate(ctx, chatID, id, model)
	})
}

// LoadAnyway answers again beside an answer whose model was refused for its memory, and loads it although it does not fit.
func (s *Chats) LoadAnyway(chatID, id string) (Turn, error) {
	return s.turn("Chats.LoadAnyway", chatID, func(ctx context.Context, c *core.Core) (user, answer backend.Message, err error) {
		return c.LoadAnyway(ctx, chatID, id)
	})
}

// Continue has the model go on with the last answer where it ended.
func (s *Chats) Continue(chatID, id string) (Turn, error) {
	return s.turn("Chats.Continue", chatID, func(ctx context.Context, c *core.Core) (user, answer backend.Message, err error) {
		return c.Chat.Continue(ctx, chatID, id)
	})
}

// Defaults returns what counts where a chat on model says nothing.
func (s *Chats) Defaults(model string) (ChatDefaults, error) {
	return withCore(s.host, "Chats.Defaults", func(ctx context.Context, c *core.Core) (ChatDefaults, error) {
		d, err := c.Models.Defaults(ctx, model)
		return defaultsOf(d), err
	})
}

// Presets returns the named settings, those that come with the app first.
func (s *Chats) Presets() ([]ChatPreset, error) {
	return withCore(s.host, "Chats.Presets", func(ctx context.Context, c *core.Core) ([]ChatPreset, error) {
		return convert(c.Presets(ctx), presetOf), nil
	})
}

// SavePreset keeps settings under a name, in place of those that had it, and returns all presets.
func (s *Chats) SavePreset(name string, o ChatOptions) ([]ChatPreset, error) {
	return withCore(s.host, "Chats.SavePreset", func(ctx context.Context, c *core.Core) ([]ChatPreset, error) {
		all, err := c.SavePreset(ctx, core.Preset{Name: name, System: o.System, Sampling: samplingOf(o)})
		return convert(all, presetOf), err
	})
}

// DeletePreset forgets a preset and returns those that are left.
func (s *Chats) DeletePreset(name string) ([]ChatPreset, error) {
	return withCore(s.host, "Chats.DeletePreset", func(ctx context.Context, c *core.Core) ([]ChatPreset, error) {
		all, err := c.DeletePreset(ctx, name)
		return convert(all, presetOf), err
	})
}

func (s *Chats) turn(method, chatID string, begin func(ctx context.Context, c *core.Core) (user, answer backend.Message, err error)) (Turn, error) {
	return withCore(s.host, method, func(ctx context.Context, c *core.Core) (Turn, error) {
		user, answer, err := begin(ctx, c)
		if err != nil {
			return Turn{}, err
		}
		s.changed(chatID)
		return turnOf(user, answer), nil
	})
}

// Stop ends the answer that streams in a chat and keeps its text.
func (s *Chats) Stop(chatID string) error {
	return doCore(s.host, "Chats.Stop", func(_ context.Context, c *core.Core) error {
		c.Chat.Stop(chatID)
		return nil
	})
}

// Export writes a chat to a file that the person chooses and returns its path, or nothing when they cancelled.
func (s *Chats) Export(id, format string) (string, error) {
	return withCore(s.host, "Chats.Export", func(ctx context.Context, c *core.Core) (string, error) {
		text, name, err := c.ExportChat(ctx, id, format)
		if err != nil {
			return "", err
		}
		return s.host.saveFile("Export chat", name, text)
	})
}
