package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"weightroom/backend"
)

// Hit is one place where a search found its words. Before, Match and After are cut from the text around the first.
type Hit struct {
	ChatID    string
	MessageID string // empty: the chat's title
	Title     string // of the chat
	Role      backend.Role
	Time      time.Time
	Before    string
	Match     string
	After     string
}

// Runes of context on each side of a match.
const (
	contextBefore = 40
	contextAfter  = 120
)

// Search finds titles and messages outside the trash that hold every word of query, in any case, newest first and
// titles before messages. No words find nothing.
func (t chatTable) Search(ctx context.Context, query string, limit int) ([]Hit, error) {
	words := searchWords(query)
	hits := []Hit{}
	if len(words) == 0 || limit <= 0 {
		return hits, ctx.Err()
	}
	err := t.db.view(ctx, func(tx *readTx) error {
		titles := map[string]string{}
		err := tx.scan(kindChat, "", func(r record) error {
			var c backend.Chat
			if json.Unmarshal(r.data, &c) != nil {
				return errRecord
			}
			if !c.Deleted.IsZero() {
				return nil
			}
			titles[c.ID] = c.Title
			if h, ok := match(c.Title, words); ok {
				h.ChatID, h.Title, h.Time = c.ID, c.Title, c.Updated
				hits = append(hits, h)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.scan(kindMessage, "", func(r record) error {
			chatID, _, _ := strings.Cut(string(r.key), "/")
			title, ok := titles[chatID]
			if !ok {
				return nil
			}
			var m backend.Message
			if json.Unmarshal(r.data, &m) != nil {
				return errRecord
			}
			if h, ok := match(m.Text, words); ok {
				h.ChatID, h.MessageID, h.Title, h.Role, h.Time = m.ChatID, m.ID, title, m.Role, m.Created
				hits = append(hits, h)
				if len(hits) > 4*limit+1000 { // bounds the memory of a word that is everywhere
					hits = newest(hits, limit)
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return newest(hits, limit), nil
}

func newest(hits []Hit, limit int) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int {
		if title := a.MessageID == ""; title != (b.MessageID == "") {
			if title {
				return -1
			}
			return 1
		}
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.MessageID, a.MessageID), cmp.Compare(b.ChatID, a.ChatID))
	})
	return hits[:min(len(hits), limit)]
}

func searchWords(query string) [][]rune {
	var words [][]rune
	for _, w := range strings.Fields(query) {
		runes := []rune(w)
		for i, r := range runes {
			runes[i] = fold(r)
		}
		words = append(words, runes)
	}
	return words
}

// fold maps a letter's cases to one rune: σ, ς and Σ are the same, as are ſ and s.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// match reports whether text holds every word, and cuts out the surroundings of the one that comes first.
func match(text string, words [][]rune) (Hit, bool) {
	from, to := len(text), len(text)
	for _, w := range words {
		start, end := indexFold(text, w)
		if start < 0 {
			return Hit{}, false
		}
		if start < from {
			from, to = start, end
		}
	}
	before, after := from, to
	for range contextBefore {
		_, n := utf8.DecodeLastRuneInString(text[:before])
		before -= n
	}
	for range contextAfter {
		_, n := utf8.DecodeRuneInString(text[after:])
		after += n
	}
	return Hit{Before: text[before:from], Match: text[from:to], After: text[to:after]}, true
}

// indexFold finds the first place of word, which is folded, in text.
func indexFold(text string, word []rune) (start, end int) {
	for i, r := range text {
		if fold(r) != word[0] {
			continue
		}
		n, at := 0, i
		for _, r := range text[i:] {
			if n == len(word) || fold(r) != word[n] {
				break
			}
			n++
			_, size := utf8.DecodeRuneInString(text[at:])
			at += size
		}
		if n == len(word) {
			return i, at
		}
	}
	return -1, -1
}
