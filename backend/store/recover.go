package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
)

// Recovery says what became of a history that was damaged or missing. Message and Hint are for the person.
type Recovery struct {
	Message  string
	Hint     string
	SetAside string // where the damaged file is now; empty: there was none

	Chats      int // in the history now
	Messages   int
	Salvaged   int       // messages read from the damaged file
	FromBackup int       // messages that only a backup had whole
	Unreadable int       // messages known to be lost; others may be, without a trace
	BackupTime time.Time // of the backup that was used; zero: none

	purging bool // the file set aside goes with a purge that was under way
}

// heap collects the newest version of each record.
type heap struct {
	newest map[string]record // kind and key
	source map[string]int    // which file it came from
	broken map[string]bool
	file   int
}

func (h *heap) add(r record) {
	id := string(byte(r.kind)) + string(r.key)
	if old, ok := h.newest[id]; ok && old.rev >= r.rev {
		return
	}
	raw := bytes.Clone(r.raw)
	r, _ = decodeRecord(raw)
	h.newest[id], h.source[id] = r, h.file
}

func (h *heap) miss(k kind, key []byte) {
	if chat, message, ok := strings.Cut(string(key), "/"); k == kindMessage && ok && validID(chat) && validID(message) {
		h.broken[string(byte(k))+string(key)] = true
	}
}

// recover rebuilds the history from everything that is left: the damaged file, or when it is missing the one set aside
// last, and the backups down to the newest sound one. The new file takes the old one's place in one step.
func (s *Store) recover(ctx context.Context, why error) (*inspection, *Recovery, error) {
	s.db.opts.Log.Error("history is damaged", "err", why)
	h := &heap{newest: map[string]record{}, source: map[string]int{}, broken: map[string]bool{}}
	result := &Recovery{}

	from, present := s.db.path, true
	if _, err := os.Lstat(s.db.path); errors.Is(err, fs.ErrNotExist) {
		present, from = false, ""
		if aside := s.db.setAside(); len(aside) > 0 {
			from = aside[len(aside)-1]
		}
	}
	if from != "" {
		if err := salvage(ctx, from, h.add, h.miss); err != nil {
			return nil, nil, err
		}
	}
	if err := s.addBackups(ctx, h, result); err != nil {
		return nil, nil, err
	}
	if newer(h, s.db.schema.version) {
		return nil, nil, errNewer
	}
	records := h.mend(s.db.now(), s.db.schema.version, result)

	tmp := s.db.path + tempSuffix
	err := s.db.build(ctx, tmp, func(put func(kind, []byte, []byte) error) error {
		for _, r := range records {
			if err := put(r.kind, r.key, r.raw); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		os.Remove(tmp) //nolint:errcheck // the first error is the one to tell
		return nil, nil, err
	}
	found, err := inspect(ctx, tmp, s.db.schema.version)
	if err != nil {
		return nil, nil, fmt.Errorf("rebuilt history: %w", err)
	}
	if present {
		if result.SetAside, err = s.db.keepDamaged(); err != nil {
			return nil, nil, err
		}
	}
	if err := s.db.adopt(tmp); err != nil {
		return nil, nil, err
	}
	result.tell(present)
	s.db.opts.Log.Warn("history rebuilt", "chats", result.Chats, "messages", result.Messages, "salvaged", result.Salvaged,
		"from_backup", result.FromBackup, "unreadable", result.Unreadable)
	return found, result, nil
}

// addBackups adds the backups from the newest on, up to one that is sound.
func (s *Store) addBackups(ctx context.Context, h *heap, result *Recovery) error {
	backups := s.Backups()
	for i := len(backups) - 1; i >= 0; i-- {
		h.file++
		err := salvage(ctx, backups[i].Path, h.add, func(kind, []byte) {})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.db.opts.Log.Warn("backup cannot be read", "err", err)
			continue
		}
		if result.BackupTime.IsZero() {
			result.BackupTime = backups[i].Time
		}
		if _, err := inspect(ctx, backups[i].Path, s.db.schema.version); err == nil {
			return nil
		} else if errors.Is(err, errNewer) {
			return err
		}
	}
	return nil
}

func newer(h *heap, known int) bool {
	var version int
	if r, ok := h.newest[string(byte(kindMeta))+keySchema]; ok {
		_ = json.Unmarshal(r.data, &version)
	}
	return version > known
}

// mend makes a consistent history of what was found: chats whose purge had begun stay away, every message has a
// chat, every chat shows a message that exists, every parent exists. The records come in key order.
func (h *heap) mend(now time.Time, version int, result *Recovery) []record {
	var maxRev uint64
	for _, r := range h.newest {
		maxRev = max(maxRev, r.rev)
	}
	result.purging = h.dropPurged()

	trees := map[string][]backend.Message{}
	for id, r := range h.newest {
		if r.kind != kindMessage {
			continue
		}
		var m backend.Message
		if json.Unmarshal(r.data, &m) != nil || m.ChatID+"/"+m.ID != string(r.key) {
			delete(h.newest, id)
			continue
		}
		trees[m.ChatID] = append(trees[m.ChatID], m)
		if h.source[id] == 0 {
			result.Salvaged++
		} else {
			result.FromBackup++
		}
		result.Messages++
	}
	put := func(k kind, key string, v any) {
		if data, err := marshal(v); err == nil {
			r, _ := decodeRecord(encodeRecord(k, maxRev+1, key, data))
			h.newest[string(byte(k))+key] = r
		}
	}
	for chatID, messages := range trees {
		slices.SortFunc(messages, func(a, b backend.Message) int { return cmp.Compare(a.ID, b.ID) })
		last := messages[len(messages)-1]
		var c backend.Chat
		r, ok := h.newest[string(byte(kindChat))+chatID]
		if !ok || json.Unmarshal(r.data, &c) != nil {
			c = backend.Chat{ID: chatID, Title: "Recovered chat", Model: last.Model, Created: messages[0].Created, Updated: now}
		}
		exists := map[string]bool{}
		for _, m := range messages {
			exists[m.ID] = true
		}
		if !exists[c.Leaf] {
			c.Leaf = last.ID
			put(kindChat, chatID, c)
		}
		for _, m := range messages {
			if m.Parent != "" && !exists[m.Parent] {
				m.Parent = ""
				put(kindMessage, chatID+"/"+m.ID, m)
			}
		}
	}
	for key, r := range h.newest {
		if r.kind != kindChat {
			continue
		}
		result.Chats++
		var c backend.Chat
		if len(trees[string(r.key)]) == 0 && json.Unmarshal(r.data, &c) == nil && c.Leaf != "" {
			c.Leaf = ""
			put(kindChat, key[1:], c)
		}
	}
	if _, ok := h.newest[string(byte(kindMeta))+keySchema]; !ok {
		put(kindMeta, keySchema, version)
	}
	for id := range h.broken {
		if _, ok := h.newest[id]; !ok {
			result.Unreadable++
		}
	}
	return h.sorted()
}

// dropPurged removes the chats that were being purged and reports whether there were any. What was written after the mark
// stays: then the chat was restored or imported since. Marks that took something stay, so that Maintain wipes the
// other files too; the rest are what free pages kept of purges that ended long ago.
func (h *heap) dropPurged() bool {
	marks := map[string]uint64{}
	for id, r := range h.newest {
		if r.kind == kindMeta && bytes.HasPrefix(r.key, []byte(prefixPurged)) {
			marks[id[1:]] = r.rev
		}
	}
	if len(marks) == 0 {
		return false
	}
	used := map[string]bool{}
	purged := func(id string, rev uint64) bool {
		chat, _, _ := strings.Cut(id[1:], "/")
		mark := purgeMark(chat)
		since, marked := marks[mark]
		c, there := h.newest[string(byte(kindChat))+chat]
		if !marked || rev > since || there && c.rev > since {
			return false
		}
		used[mark] = true
		return true
	}
	for _, of := range []kind{kindMessage, kindChat} { // chats last: purged looks at them
		for id, r := range h.newest {
			if r.kind == of && purged(id, r.rev) {
				delete(h.newest, id)
			}
		}
	}
	maps.DeleteFunc(h.broken, func(id string, _ bool) bool { return purged(id, 0) })
	for mark := range marks {
		if !used[mark] {
			delete(h.newest, string(byte(kindMeta))+mark)
		}
	}
	return len(used) > 0
}

func (h *heap) sorted() []record {
	records := make([]record, 0, len(h.newest))
	for _, r := range h.newest {
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), bytes.Compare(a.key, b.key))
	})
	return records
}

// tell writes the sentences.
func (r *Recovery) tell(present bool) {
	what := "Your chat history was damaged"
	if !present {
		what = "Your chat history was missing"
	}
	switch {
	case r.Chats == 0 && r.Messages == 0:
		r.Message = what + " and nothing in it could be read, so it starts empty."
	case r.Unreadable > 0:
		r.Message = fmt.Sprintf("%s and has been repaired: %s with %s are back, %s could not be read.", what,
			backend.Plural(r.Chats, "chat"), backend.Plural(r.Messages, "message"), backend.Plural(r.Unreadable, "message"))
	default:
		r.Message = fmt.Sprintf("%s and has been repaired: %s with %s are back.", what,
			backend.Plural(r.Chats, "chat"), backend.Plural(r.Messages, "message"))
	}
	if r.FromBackup > 0 {
		r.Message += fmt.Sprintf(" %s came from the backup of %s.", backend.Plural(r.FromBackup, "message"), r.BackupTime.Format("2 January 2006"))
	}
	r.Hint = "Look through your latest chats. Something written since the last backup may be missing."
	if r.SetAside != "" && !r.purging {
		r.Hint += " The damaged file is kept as " + r.SetAside + "."
	}
}
