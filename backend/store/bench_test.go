package store

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"weightroom/backend"
)

// filled is a store with n messages of about 1 KiB, in chats of a hundred.
func filled(b *testing.B, dir string, n int) (*Store, backend.Chat) {
	b.Helper()
	s, _, err := Open(b.Context(), dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	var archive Archive
	for i := range n {
		if i%100 == 0 {
			archive.Chats = append(archive.Chats, ArchiveChat{Chat: backend.Chat{ID: s.NewID(), Title: fmt.Sprint("chat ", i)}})
		}
		c := &archive.Chats[len(archive.Chats)-1]
		id := s.NewID()
		c.Messages = append(c.Messages, backend.Message{ID: id, Role: backend.RoleUser, Text: streamText(id, 1024)})
	}
	archive.Weightroom = exportVersion
	if n > 0 {
		data, err := archive.JSON()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Import(b.Context(), strings.NewReader(string(data))); err != nil {
			b.Fatal(err)
		}
	}
	c, err := s.CreateChat(b.Context(), backend.Chat{})
	if err != nil {
		b.Fatal(err)
	}
	return s, c
}

// BenchmarkFlush is what the stream of an answer pays each second: its whole text so far, on disk.
func BenchmarkFlush(b *testing.B) {
	for _, messages := range []int{0, 50_000} {
		for _, size := range []int{1 << 10, 16 << 10} {
			b.Run(fmt.Sprintf("messages=%d/text=%dKiB", messages, size>>10), func(b *testing.B) {
				s, c := filled(b, b.TempDir(), messages)
				_, a, err := s.AddTurn(b.Context(), backend.Message{ChatID: c.ID}, backend.Message{Text: streamText("x", size)})
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := s.SaveAnswer(b.Context(), a); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkLarge(b *testing.B) {
	dir := b.TempDir()
	s, _ := filled(b, dir, 50_000)
	info, err := os.Stat(s.Path())
	if err != nil {
		b.Fatal(err)
	}
	size := info.Size()
	b.Run("search", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Search(b.Context(), "nowhere to be found", 50); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Chats(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("backup", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Backup(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("compact", func(b *testing.B) {
		for b.Loop() {
			if err := s.db.compact(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			s, _, err := Open(b.Context(), dir, Options{})
			if err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
	})
}
