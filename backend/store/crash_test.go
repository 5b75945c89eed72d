package store

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
)

// writeChild writes chats until it is killed, and says on its standard output what was acknowledged. Texts are
// prefixes of a stream that the message's id decides, so that anyone can check them.
func writeChild(args []string) error {
	n, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	r, ctx := random(n), context.Background()
	s, recovery, err := Open(ctx, args[0], Options{})
	if err != nil {
		return err
	}
	if recovery != nil {
		return fmt.Errorf("recovered: %+v", recovery)
	}
	say := func(args ...any) { fmt.Println(args...) } // one write call each
	say("open")
	for {
		c, err := s.CreateChat(ctx, backend.Chat{Title: "title"})
		if err != nil {
			return err
		}
		say("chat", c.ID)
		for range 1 + r.IntN(6) {
			id := s.NewID()
			u, a, err := s.AddTurn(ctx, backend.Message{ID: id, ChatID: c.ID, Text: streamText(id, r.IntN(3000))}, backend.Message{})
			if err != nil {
				return err
			}
			say("save", c.ID, u.ID, len(u.Text), u.State)
			say("save", c.ID, a.ID, 0, "")
			size := 0
			for range r.IntN(8) {
				size += r.IntN(2000)
				a.Text = streamText(a.ID, size)
				if err := s.SaveAnswer(ctx, a); err != nil {
					return err
				}
				say("save", c.ID, a.ID, size, "")
			}
			if r.IntN(8) > 0 {
				a.State = backend.StateDone
				if err := s.FinishAnswer(ctx, a); err != nil {
					return err
				}
				say("save", c.ID, a.ID, size, a.State)
			}
		}
		if r.IntN(3) == 0 {
			if _, err := s.Backup(ctx); err != nil {
				return err
			}
		}
		if r.IntN(3) == 0 {
			if err := s.DeleteChat(ctx, c.ID); err != nil {
				return err
			}
			say("purging", c.ID)
			if err := s.PurgeChats(ctx, c.ID); err != nil {
				return err
			}
			say("purged", c.ID)
		}
	}
}

// acknowledged is what a history must hold.
type acknowledged struct {
	chats    map[string]string // id to "", "purging" or "purged"
	messages map[string]saved
}

type saved struct {
	chat, state string
	size        int
}

func newAcknowledged() *acknowledged {
	return &acknowledged{map[string]string{}, map[string]saved{}}
}

func (k *acknowledged) hear(line string) error {
	f := strings.Split(line, " ")
	switch {
	case f[0] == "open":
	case f[0] == "chat":
		k.chats[f[1]] = ""
	case strings.HasPrefix(f[0], "purg"):
		k.chats[f[1]] = f[0]
	case f[0] == "save":
		n, err := strconv.Atoi(f[3])
		if err != nil {
			return err
		}
		k.messages[f[2]] = saved{f[1], f[4], n}
	default:
		return fmt.Errorf("child said %q", line)
	}
	return nil
}

// check compares a reopened history with what was acknowledged and says what is wrong. Chats whose purge had begun
// may be there or not; what was never acknowledged, too.
func (k *acknowledged) check(ctx context.Context, s *Store) (wrong []string, err error) {
	chats, messages, err := everything(ctx, s)
	if err != nil {
		return nil, err
	}
	for id, state := range k.chats {
		if _, ok := chats[id]; ok != (state == "") && state != "purging" {
			wrong = append(wrong, fmt.Sprintf("chat %s: there %v, state %q", id, ok, state))
		}
	}
	for id, want := range k.messages {
		got, ok := messages[id]
		switch {
		case k.chats[want.chat] == "purged" && !ok, k.chats[want.chat] == "purging" && !ok:
		case !ok:
			wrong = append(wrong, "lost "+id)
		case len(got.Text) < want.size || got.Text != streamText(id, len(got.Text)):
			wrong = append(wrong, fmt.Sprintf("message %s has %d bytes, %d were acknowledged", id, len(got.Text), want.size))
		case want.state != "" && string(got.State) != want.state, got.State == backend.StateStreaming:
			wrong = append(wrong, fmt.Sprintf("message %s is %s, want %q", id, got.State, want.state))
		}
	}
	return wrong, nil
}

func TestAnAcknowledgedMessageSurvivesAKilledApp(t *testing.T) {
	t.Parallel()
	n := seed(t)
	r := random(n)
	kills := trials(t, 25, 10_000)
	var dir string
	var known *acknowledged
	total := 0
	for i := range kills {
		if i%25 == 0 { // a new folder, so that creation is killed too
			if dir != "" {
				os.RemoveAll(dir)
			}
			dir, known = t.TempDir(), newAcknowledged()
		}
		c := startChild(t, "write", dir, fmt.Sprint(n+uint64(i)))
		if r.IntN(2) == 0 { // at a moment
			time.Sleep(time.Duration(r.Int64N(int64(60 * time.Millisecond))))
		} else { // at the Nth acknowledgement
			for range 1 + r.IntN(40) {
				if !c.lines.Scan() {
					break
				}
				if err := known.hear(c.lines.Text()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, line := range c.end() {
			if err := known.hear(line); err != nil {
				t.Fatal(err)
			}
		}
		s, recovery, err := Open(t.Context(), dir, Options{})
		if err != nil || recovery != nil {
			t.Fatalf("kill %d of seed %d: %v %+v", i, n, err, recovery)
		}
		wrong, err := known.check(t.Context(), s)
		if err != nil || wrong != nil {
			t.Fatalf("kill %d of seed %d: %v %v", i, n, err, wrong)
		}
		if i%10 == 0 {
			checkBoth(t, s)
		}
		if err := s.Maintain(t.Context()); err != nil { // ends the purge that was cut short
			t.Fatal(err)
		}
		there, _, err := everything(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for id, state := range known.chats {
			if _, ok := there[id]; !ok && state != "" {
				if files := filesWith(t, dir, id); files != nil {
					t.Fatalf("kill %d of seed %d: purged chat %s is still in %v", i, n, id, files)
				}
				known.chats[id] = "purged"
			}
		}
		total += len(known.messages)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills: 0 lost in %d comparisons", kills, total)
}
