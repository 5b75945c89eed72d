package core

import (
	"context"
	"strings"
	"testing"

	"weightroom/backend"
	"weightroom/backend/platform"
)

// open opens a Core on an empty folder.
func open(t *testing.T) *Core {
	t.Helper()
	folders, err := platform.Resolve(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(context.Background(), OpenOptions{Folders: folders, History: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestFileNames(t *testing.T) {
	for in, want := range map[string]string{"": "chat", "a/b\\c:d": "a-b-c-d", "../..": "chat", "Résumé 2": "Résumé-2", "con": "con"} {
		if got := FileName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestFindChatsTellsTheWordsInTheirPlace(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	archive := `{"weightroom": 1, "chats": [
		{"chat": {"title": "About Paris"}, "messages": [{"id": "1", "role": "user", "text": "Hello"}]},
		{"chat": {"title": "Cities"}, "messages": [
			{"id": "1", "role": "user", "text": "What is the\n\n capital of France?"},
			{"id": "2", "parent": "1", "role": "assistant", "text": "It is **Paris**,\nof course."}]}]}`
	if _, err := c.History.Import(ctx, strings.NewReader(archive)); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]FoundChat{
		"paris":          {{Chat: backend.Chat{Title: "About Paris"}}, {Chat: backend.Chat{Title: "Cities"}, Before: "It is **", Match: "Paris", After: "**, of course."}},
		"france capital": {{Chat: backend.Chat{Title: "Cities"}, Before: "What is the ", Match: "capital", After: " of France?"}},
		"cities":         {{Chat: backend.Chat{Title: "Cities"}}},
		"nowhere":        nil,
	} {
		t.Run(query, func(t *testing.T) {
			found, err := c.FindChats(ctx, query)
			if err != nil || len(found) != len(want) {
				t.Fatal(found, err)
			}
			for i, f := range found {
				w := want[i]
				if f.Chat.Title != w.Chat.Title || f.Before != w.Before || f.Match != w.Match || f.After != w.After || (f.MessageID == "") != (w.Match == "") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}
