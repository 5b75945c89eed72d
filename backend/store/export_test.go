package store

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"weightroom/backend"
)

func TestExportAndImport(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{Now: newClock().now})
	ctx := t.Context()
	c := mustChat(t, s, "Capitals\n# of Europe")
	u, a := mustTurn(t, s, c.ID, "", "France?", "Paris.\n```go\nx\n```\n")
	mustTurn(t, s, c.ID, u.ID, "a branch", "not shown")
	if _, err := s.UpdateChat(ctx, c.ID, func(c *backend.Chat) error { c.Leaf = a.ID; return nil }); err != nil {
		t.Fatal(err)
	}
	trash := mustChat(t, s, "trash")
	if err := s.DeleteChat(ctx, trash.ID); err != nil {
		t.Fatal(err)
	}
	archive, err := s.Export(ctx)
	if err != nil || len(archive.Chats) != 1 || len(archive.Chats[0].Messages) != 4 {
		t.Fatal(archive, err)
	}
	data, err := archive.JSON()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("markdown shows the branch on screen", func(t *testing.T) {
		got := archive.Markdown()
		want := "# Capitals # of Europe\n\n2026-05-01\n\n## You\n\nFrance?\n\n## m:Q4_0\n\nParis.\n```go\nx\n```\n"
		if got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	})
	t.Run("an import brings every branch back, and a second one adds nothing", func(t *testing.T) {
		other := mustOpen(t, t.TempDir(), Options{})
		for i, want := range []Imported{{Chats: 1, Messages: 4}, {}} {
			got, err := other.Import(ctx, strings.NewReader(string(data)))
			if err != nil || got.Chats != want.Chats || got.Messages != want.Messages || len(got.IDs) != 1 {
				t.Fatal(i, got, err)
			}
		}
		chats, messages, err := everything(ctx, other)
		wantChats, wantMessages, _ := everything(ctx, s)
		if err != nil || !reflect.DeepEqual(chats[c.ID], wantChats[c.ID]) || len(messages) != 4 {
			t.Fatal(chats, err)
		}
		for id, m := range messages {
			if m != wantMessages[id] {
				t.Errorf("%+v, want %+v", m, wantMessages[id])
			}
		}
	})
	t.Run("a chat that does not exist is said", func(t *testing.T) {
		_, err := s.Export(ctx, s.NewID())
		wantCode(t, err, backend.CodeNotFound)
	})
	for name, bad := range map[string]string{
		"empty": "", "text": "hello", "other JSON": `{"a":1}`, "list": "[]", "cut": string(data[:len(data)/2]), "wrong types": `{"weightroom":1,"chats":3}`,
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			_, err := s.Import(ctx, strings.NewReader(bad))
			wantCode(t, err, backend.CodeInvalid)
		})
	}
	t.Run("refuses a newer format", func(t *testing.T) {
		_, err := s.Import(ctx, strings.NewReader(`{"weightroom":2}`))
		wantCode(t, err, backend.CodeUnsupported)
	})
	t.Run("what a file says is not trusted", func(t *testing.T) {
		other := mustOpen(t, t.TempDir(), Options{})
		hostile := `{"weightroom":1,"chats":[
			{"chat":{"id":"../../x","title":"t","leaf":"nowhere","deleted":"2020-01-01T00:00:00Z"},"messages":[
				{"id":"1","parent":"2","role":"system","state":"streaming","chatId":"elsewhere","text":"a"},
				{"id":"2","parent":"1","role":"assistant","state":"streaming"},
				{"id":"2","parent":"","role":"assistant","text":"twice"},
				{"id":"3","parent":"gone","role":"user","state":"failed"},
				{"id":"","parent":"","role":"assistant","state":"nonsense"}]},
			{"chat":{}}]}`
		got, err := other.Import(ctx, strings.NewReader(hostile))
		if err != nil || got.Chats != 2 || got.Messages != 4 {
			t.Fatal(got, err)
		}
		chats, messages, err := everything(ctx, other)
		if err != nil || len(chats) != 2 || len(messages) != 4 {
			t.Fatal(chats, messages, err)
		}
		for id, m := range messages {
			parent, ok := messages[m.Parent]
			if !validID(id) || m.State == backend.StateStreaming || m.Parent != "" && (!ok || parent.ChatID != m.ChatID) || m.Text == "twice" {
				t.Errorf("%+v", m)
			}
		}
		for _, c := range chats {
			if _, ok := messages[c.Leaf]; ok != (c.Title == "t") || !c.Deleted.IsZero() {
				t.Errorf("%+v", c)
			}
		}
	})
	t.Run("a long chain in reverse order is no trap", func(t *testing.T) {
		const n = 50_000
		var in []backend.Message
		for i := n; i > 0; i-- {
			in = append(in, backend.Message{ID: fmt.Sprint(i), Parent: fmt.Sprint(i - 1)})
		}
		_, messages := s.sane(ArchiveChat{Messages: in})
		if len(messages) != n || messages[0].Parent != "" || messages[n-1].Parent != messages[n-2].ID {
			t.Fatal(len(messages))
		}
	})
}
