package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"weightroom/backend"
)

// exportVersion is the format of an Archive's JSON.
const exportVersion = 1

// maxImport bounds what Import reads into memory.
const maxImport = 1 << 30

// Archive is what Export gives and Import takes: whole trees, so that every branch comes back.
type Archive struct {
	Weightroom int           `json:"weightroom"` // exportVersion
	Exported   time.Time     `json:"exported"`
	Chats      []ArchiveChat `json:"chats"`
}

// ArchiveChat is one chat with all its messages.
type ArchiveChat struct {
	Chat     backend.Chat      `json:"chat"`
	Messages []backend.Message `json:"messages"`
}

// Imported says what Import added.
type Imported struct {
	Chats    int      // new ones
	Back     int      // that came back from the trash
	Messages int      // new ones, in new and in known chats
	IDs      []string // of every chat that was in the file
}

// archiver takes chats out of the history and into it.
type archiver struct{ db *database }

// Export returns the named chats, or all outside the trash, as they were at one moment.
func (x archiver) Export(ctx context.Context, ids ...string) (*Archive, error) {
	a := &Archive{Weightroom: exportVersion, Exported: x.db.now(), Chats: []ArchiveChat{}}
	err := x.db.view(ctx, func(tx *readTx) error {
		all := len(ids) == 0
		if all {
			err := tx.scan(kindChat, "", func(r record) error {
				ids = append(ids, string(r.key))
				return nil
			})
			if err != nil {
				return err
			}
		}
		for _, id := range ids {
			c, err := tx.chat(id)
			if all && (err != nil || !c.Deleted.IsZero()) {
				continue // one damaged chat must not stop the others; get has counted it
			}
			if err != nil {
				return err
			}
			messages, err := tx.messages(id)
			if err != nil {
				return err
			}
			a.Chats = append(a.Chats, ArchiveChat{c, messages})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// JSON is the archive as Import takes it.
func (a *Archive) JSON() ([]byte, error) {
	data, err := marshal(a)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Markdown is the shown branch of every chat, for reading. It cannot be imported.
func (a *Archive) Markdown() string {
	var b strings.Builder
	for i, c := range a.Chats {
		if i > 0 {
			b.WriteString("\n---\n\n")
		}
		title := strings.Join(strings.Fields(c.Chat.Title), " ")
		if title == "" {
			title = "Untitled chat"
		}
		fmt.Fprintf(&b, "# %s\n\n%s\n", title, c.Chat.Created.Format(time.DateOnly))
		if c.Chat.System != "" {
			fmt.Fprintf(&b, "\n## System prompt\n\n%s\n", c.Chat.System)
		}
		for _, m := range backend.Path(c.Messages, c.Chat.Leaf) {
			who := "You"
			if m.Role == backend.RoleAssistant {
				who = m.Model
				if who == "" {
					who = "Answer"
				}
			}
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", who, strings.TrimRight(m.Text, "\n"))
			if m.Role == backend.RoleAssistant && m.State != backend.StateDone {
				fmt.Fprintf(&b, "\n*(%s)*\n", m.State)
			}
		}
	}
	return b.String()
}

// Import adds the chats of an Archive's JSON, all or none. Chats and messages that are here already are left as they
// are, so importing twice adds nothing; nothing is ever overwritten. A chat that lies in the trash comes back. What the file
// says is not trusted: ids of other forms are replaced, parents that do not exist become roots.
func (x archiver) Import(ctx context.Context, r io.Reader) (Imported, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxImport+1))
	if err != nil {
		return Imported{}, explain(err)
	}
	if len(data) > maxImport {
		return Imported{}, backend.Fail(backend.CodeTooBig, nil, "This file is too big to import.", "Export fewer chats at a time.")
	}
	var a Archive
	if err := json.Unmarshal(data, &a); err != nil || a.Weightroom < 1 {
		return Imported{}, backend.Fail(backend.CodeInvalid, err, "This file is not an export of Weightroom's chats.",
			"Choose a file that was made with Export.")
	}
	if a.Weightroom > exportVersion {
		return Imported{}, backend.Fail(backend.CodeUnsupported, nil, "This export was made by a newer Weightroom.",
			"Import it with the newer version.")
	}
	return x.add(ctx, &a)
}

// add brings in what of an archive is not here, all or nothing.
func (x archiver) add(ctx context.Context, a *Archive) (Imported, error) {
	var done Imported
	err := x.db.update(ctx, func(tx *writeTx) error {
		done = Imported{IDs: []string{}}
		for _, c := range a.Chats {
			if err := x.importChat(tx, c, &done); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Imported{}, err
	}
	return done, nil
}

// importChat adds what tx does not have yet.
func (x archiver) importChat(tx *writeTx, in ArchiveChat, done *Imported) error {
	c, messages := x.sane(in)
	done.IDs = append(done.IDs, c.ID)
	var known backend.Chat
	exists, _ := tx.get(kindChat, c.ID, &known)
	for _, m := range messages {
		if err := tx.ctx.Err(); err != nil {
			return err
		}
		var old backend.Message
		if there, _ := tx.get(kindMessage, messageKey(c.ID, m.ID), &old); there {
			continue
		}
		if err := tx.putMessage(m); err != nil {
			return err
		}
		done.Messages++
	}
	if exists && known.Deleted.IsZero() {
		return nil
	}
	if exists { // whoever asks for it again wants to see it
		done.Back++
		known.Deleted = time.Time{}
		return tx.put(kindChat, c.ID, known)
	}
	done.Chats++
	return tx.put(kindChat, c.ID, c)
}

// sane makes a chat of a file one that this package could have written.
func (x archiver) sane(in ArchiveChat) (backend.Chat, []backend.Message) {
	c, now := in.Chat, x.db.now()
	if !validID(c.ID) {
		c.ID = x.db.newID()
	}
	if !validTime(c.Created) {
		c.Created = now
	}
	if !validTime(c.Updated) {
		c.Updated = c.Created
	}
	c.Deleted = time.Time{}
	messages, renamed := x.saneTree(in.Messages, c.ID, now)
	c.Leaf = renamed[c.Leaf]
	if c.Leaf == "" && len(messages) > 0 {
		c.Leaf = messages[len(messages)-1].ID
	}
	return c, messages
}

// saneTree returns the messages with parents before their children, and the ids they got. Parents that do not exist,
// and cycles, become roots; of messages with the same id the first stays.
func (x archiver) saneTree(in []backend.Message, chatID string, now time.Time) ([]backend.Message, map[string]string) {
	renamed := map[string]string{}
	children := map[string][]int{}
	first := map[string]bool{}
	var order []int
	for i, m := range in {
		if _, twice := renamed[m.ID]; twice {
			continue
		}
		renamed[m.ID] = m.ID
		if !validID(m.ID) {
			renamed[m.ID] = x.db.newID()
		}
		first[m.ID] = true
		order = append(order, i)
	}
	var roots []int
	for _, i := range order {
		if parent := in[i].Parent; parent == "" || !first[parent] {
			roots = append(roots, i)
		} else {
			children[parent] = append(children[parent], i)
		}
	}
	var out []backend.Message
	placed := make([]bool, len(in))
	grow := func(root int) {
		for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
			i := queue[0]
			if placed[i] {
				continue
			}
			placed[i] = true
			parent := ""
			if i != root {
				parent = renamed[in[i].Parent]
			}
			out = append(out, saneMessage(in[i], chatID, renamed[in[i].ID], parent, now))
			queue = append(queue, children[in[i].ID]...)
		}
	}
	for _, i := range append(roots, order...) { // what no root leads to is in a cycle
		if !placed[i] {
			grow(i)
		}
	}
	return out, renamed
}

// saneMessage makes a message of a file one that this package could have written.
func saneMessage(m backend.Message, chatID, id, parent string, now time.Time) backend.Message {
	m.ID, m.ChatID, m.Parent = id, chatID, parent
	if !validTime(m.Created) {
		m.Created = now
	}
	if m.Role != backend.RoleAssistant {
		m.Role = backend.RoleUser
	}
	if m.State == backend.StateStreaming || !validState(m.State) {
		m.State = backend.StateInterrupted
	}
	if m.Role == backend.RoleUser {
		m.State = backend.StateDone
	}
	return m
}

// validTime reports whether JSON can hold t.
func validTime(t time.Time) bool { return t.Year() > 1 && t.Year() <= 9999 }
