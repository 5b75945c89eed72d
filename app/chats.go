package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"weightroom/backend"
)

// searchLimit is how many hits a search looks at.
const searchLimit = 500

// FindChats gives the chats that hold every word of query, those with the newest hit first.
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

// Chats are the conversations. Every method waits until the history is open.
type Chats struct{ window *Window }

// List gives the chats, newest first, without the trash.
func (s *Chats) List() ([]ChatSummary, error) {
	return call("Chats.List", func() ([]ChatSummary, error) {
		core, err := s.window.Core()
		if err != nil {
			return nil, err
		}
		chats, err := core.History.Chats(s.window.ctx)
		return convert(chats, core.chatSummary), err
	})
}

// Trash gives the deleted chats, last deleted first.
func (s *Chats) Trash() ([]ChatSummary, error) {
	return call("Chats.Trash", func() ([]ChatSummary, error) {
		core, err := s.window.Core()
		if err != nil {
			return nil, err
		}
		chats, err := core.History.Trash(s.window.ctx)
		return convert(chats, core.chatSummary), err
	})
}

// Search gives the chats whose title or messages hold query.
func (s *Chats) Search(query string) ([]ChatSummary, error) {
	return call("Chats.Search", func() ([]ChatSummary, error) {
		core, err := s.window.Core()
		if err != nil {
			return nil, err
		}
		chats, err := core.FindChats(s.window.ctx, query)
		return convert(chats, core.chatSummary), err
	})
}

// Get gives a whole chat.
func (s *Chats) Get(id string) (Chat, error) {
	return call("Chats.Get", func() (Chat, error) {
		core, err := s.window.Core()
		if err != nil {
			return Chat{}, err
		}
		c, err := core.History.Chat(s.window.ctx, id)
		if err != nil {
			return Chat{}, err
		}
		messages, err := core.History.Messages(s.window.ctx, id)
		if live, ok := core.Chat.Live(id); ok {
			for i := range messages {
				messages[i] = ahead(messages[i], live)
			}
		}
		return chatOf(c, messages), err
	})
}

// ahead gives the answer that streams instead of what the store has of it.
func ahead(stored, live backend.Message) backend.Message {
	if stored.ID == live.ID && stored.State == backend.StateStreaming {
		return live
	}
	return stored
}

// Message gives one message: as stored, or as far as it has streamed.
func (s *Chats) Message(chatID, id string) (Message, error) {
	return call("Chats.Message", func() (Message, error) {
		core, err := s.window.Core()
		if err != nil {
			return Message{}, err
		}
		live, _ := core.Chat.Live(chatID)
		m, err := core.History.Message(s.window.ctx, chatID, id)
		return messageOf(ahead(m, live)), err
	})
}

// Create makes an empty chat that runs on model; an empty reference means the default model.
func (s *Chats) Create(model string) (ChatSummary, error) {
	return call("Chats.Create", func() (ChatSummary, error) {
		core, err := s.window.Core()
		if err != nil {
			return ChatSummary{}, err
		}
		if m, err := core.Resolve(s.window.ctx, model); err == nil {
			model = m.Ref
		}
		c, err := core.History.CreateChat(s.window.ctx, backend.Chat{Model: model, System: core.Settings(s.window.ctx).SystemPrompt})
		s.changed(c.ID)
		return core.chatSummary(c), err
	})
}

func (s *Chats) changed(id string) {
	s.window.emit(EventChatsChanged, Changed{ID: id, Seq: s.window.next()})
}

// update changes a chat and tells the page.
func (s *Chats) update(method, id string, change func(*backend.Chat) error) error {
	return do(method, func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		_, err = core.History.UpdateChat(s.window.ctx, id, change)
		if err == nil {
			s.changed(id)
		}
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
		c.System, c.Sampling = o.System, samplingOf(o)
		return nil
	})
}

// SetLeaf shows the branch that ends at a message.
func (s *Chats) SetLeaf(id, messageID string) error {
	return do("Chats.SetLeaf", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		if _, err := core.History.Message(s.window.ctx, id, messageID); err != nil {
			return err
		}
		_, err = core.History.UpdateChat(s.window.ctx, id, func(c *backend.Chat) error { c.Leaf = messageID; return nil })
		return err
	})
}

// SaveDraft keeps what is typed but not sent.
func (s *Chats) SaveDraft(id, text string) error {
	return do("Chats.SaveDraft", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		_, err = core.History.UpdateChat(s.window.ctx, id, func(c *backend.Chat) error { c.Draft = text; return nil })
		return err
	})
}

// Delete moves a chat to the trash.
func (s *Chats) Delete(id string) error {
	return do("Chats.Delete", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		core.Chat.Stop(id)
		err = core.History.DeleteChat(s.window.ctx, id)
		s.changed(id)
		return err
	})
}

// Restore takes a chat out of the trash.
func (s *Chats) Restore(id string) error {
	return do("Chats.Restore", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		err = core.History.RestoreChat(s.window.ctx, id)
		s.changed(id)
		return err
	})
}

// Purge deletes a chat for good, from the backups too.
func (s *Chats) Purge(id string) error {
	return do("Chats.Purge", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		core.Chat.Stop(id)
		err = core.History.PurgeChats(s.window.ctx, id)
		s.changed(id)
		return err
	})
}

// Send saves the person's text after the message parent and begins to answer.
func (s *Chats) Send(chatID, parent, text string) (Turn, error) {
	return s.turn("Chats.Send", chatID, func(core *Core) (user, answer backend.Message, err error) {
		return core.Chat.Send(s.window.ctx, chatID, parent, text)
	})
}

// Edit answers a changed text beside one of the person's messages.
func (s *Chats) Edit(chatID, id, text string) (Turn, error) {
	return s.turn("Chats.Edit", chatID, func(core *Core) (user, answer backend.Message, err error) {
		return core.Chat.Edit(s.window.ctx, chatID, id, text)
	})
}

// Regenerate answers again, beside an answer.
func (s *Chats) Regenerate(chatID, id string) (Turn, error) {
	return s.turn("Chats.Regenerate", chatID, func(core *Core) (user, answer backend.Message, err error) {
		return core.Chat.Regenerate(s.window.ctx, chatID, id)
	})
}

func (s *Chats) turn(method, chatID string, begin func(*Core) (user, answer backend.Message, err error)) (Turn, error) {
	return call(method, func() (Turn, error) {
		core, err := s.window.Core()
		if err != nil {
			return Turn{}, err
		}
		user, answer, err := begin(core)
		if err != nil {
			return Turn{}, err
		}
		s.changed(chatID)
		return turnOf(user, answer), nil
	})
}

// Stop ends the answer that streams in a chat and keeps its text.
func (s *Chats) Stop(chatID string) error {
	return do("Chats.Stop", func() error {
		core, err := s.window.Core()
		if err != nil {
			return err
		}
		core.Chat.Stop(chatID)
		return nil
	})
}

// Export writes a chat to a file that the person chooses and gives its path, or nothing when they cancelled.
func (s *Chats) Export(id, format string) (string, error) {
	return call("Chats.Export", func() (string, error) {
		core, err := s.window.Core()
		if err != nil {
			return "", err
		}
		text, name, err := core.ExportChat(s.window.ctx, id, format)
		if err != nil {
			return "", err
		}
		path, err := runtime.SaveFileDialog(s.window.ctx, runtime.SaveDialogOptions{Title: "Export chat", DefaultFilename: name})
		if err != nil || path == "" {
			return "", err
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", backend.Fail(backend.CodeDenied, err, "The chat could not be written to "+filepath.Base(path)+".", "Choose another folder.")
		}
		return path, nil
	})
}
