package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"weightroom/backend"
)

// makeHistory fills dir with chats of every shape, and old versions of them on free pages.
func makeHistory(t *testing.T, dir string, chats int) {
	t.Helper()
	s := mustOpen(t, dir, Options{Now: newClock().now})
	s.db.bolt.NoSync = true // nothing here cuts the power
	ctx, r := t.Context(), random(42)
	for i := range chats {
		c := mustChat(t, s, fmt.Sprint("chat ", i))
		parent := ""
		for range 1 + r.IntN(10) {
			id := s.NewID()
			u, a, err := s.AddTurn(ctx, backend.Message{ID: id, ChatID: c.ID, Parent: parent, Text: streamText(id, r.IntN(2000))}, backend.Message{})
			if err != nil {
				t.Fatal(err)
			}
			size := 0
			for range r.IntN(4) {
				size += r.IntN(4000)
				a.Text = streamText(a.ID, size)
				if err := s.SaveAnswer(ctx, a); err != nil {
					t.Fatal(err)
				}
			}
			a.State = backend.StateDone
			if err := s.FinishAnswer(ctx, a); err != nil {
				t.Fatal(err)
			}
			parent = a.ID
			_ = u
		}
		if i%5 == 4 {
			if err := s.DeleteChat(ctx, c.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Put(ctx, "settings", map[string]string{"theme": "dark"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// place is where a message's newest record is in a file.
type place struct {
	at, size int
	text     string
}

// places finds the live messages of a sound file.
func places(ctx context.Context, path string, sound []byte) (map[string]place, error) {
	messages := map[string]place{}
	newest := map[string]uint64{}
	err := salvage(ctx, path, func(r record) {
		if r.kind == kindMessage && r.rev >= newest[string(r.key)] {
			newest[string(r.key)] = r.rev
			messages[string(r.key)] = place{at: bytes.Index(sound, r.raw), size: len(r.raw), text: string(r.data)}
		}
	}, func(kind, []byte) {})
	return messages, err
}

// mutate damages b in one of the ways that disks, copies and hands do. Some leave every checksum of bbolt right.
func mutate(r *rand.Rand, b []byte, page int) (string, []byte) {
	b = bytes.Clone(b)
	pages := len(b) / page
	at := r.IntN(len(b))
	header := r.IntN(pages) * page
	switch r.IntN(14) {
	case 0:
		b[at] ^= 1 << r.IntN(8)
		return "one bit", b
	case 1:
		for range 1 + r.IntN(200) {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		return "many bits", b
	case 2:
		for i := at; i < min(len(b), at+1+r.IntN(3*page)); i++ {
			b[i] = byte(r.Uint32())
		}
		return "random run", b
	case 3:
		clear(b[header:min(len(b), header+page*(1+r.IntN(4)))])
		return "zeroed pages", b
	case 4:
		return "truncated", b[:at]
	case 5:
		return "extended", append(b, b[:at]...)
	case 6:
		other := r.IntN(pages) * page
		tmp := bytes.Clone(b[header : header+page])
		copy(b[header:header+page], b[other:other+page])
		copy(b[other:other+page], tmp)
		return "swapped pages", b
	case 7:
		other := r.IntN(pages) * page
		copy(b[header:header+page], b[other:other+page])
		return "doubled page", b
	case 8:
		binary.NativeEndian.PutUint16(b[header+8+2*r.IntN(4):], uint16(r.Uint32()))
		return "page header", b
	case 9: // an entry's position or size
		count := int(native.Uint16(b[header+10:]))
		field := header + pageHeader + leafElement*r.IntN(max(min(count, 100), 1)) + 4*r.IntN(4)
		native.PutUint32(b[min(field, len(b)-4):], []uint32{0, 1, 0xFFFF, 1 << 31, 0xFFFFFFFF, r.Uint32N(uint32(page))}[r.IntN(6)])
		return "entry", b
	case 10: // meta pages with right checksums that lead elsewhere
		for i := range 2 {
			m := b[i*page+pageHeader:]
			field := []int{16, 32, 40, 48}[r.IntN(4)]
			native.PutUint64(m[field:], r.Uint64N(uint64(pages)*2))
			h := fnv.New64a()
			h.Write(m[:56])
			native.PutUint64(m[56:], h.Sum64())
		}
		return "false meta", b
	case 11: // the free list gives away what is used
		for id := range pages {
			if p := b[id*page:]; native.Uint64(p) == uint64(id) && native.Uint16(p[8:]) == flagFree {
				if n := int(native.Uint16(p[10:])); n > 0 && n < 100 {
					native.PutUint64(p[pageHeader+8*r.IntN(n):], r.Uint64N(uint64(pages)))
				}
			}
		}
		return "false free list", b
	case 12:
		cut := min(len(b)-at, 1+r.IntN(2*page))
		return "bytes missing", append(b[:at:at], b[at+cut:]...)
	default: // a branch that leads in a circle
		for id := range pages {
			if p := b[id*page:]; native.Uint64(p) == uint64(id) && native.Uint16(p[8:]) == flagBranch {
				n := int(native.Uint16(p[10:]))
				native.PutUint64(p[pageHeader+branchElem*r.IntN(max(n, 1))+8:], uint64(r.IntN(pages)))
			}
		}
		return "false branch", b
	}
}

// mutantsChild opens mutants of args[0]/history.db, numbers args[1] up to args[2], in folders under args[3], and says
// how each went.
func mutantsChild(args []string) error {
	from, _ := strconv.ParseUint(args[1], 10, 64)
	to, _ := strconv.ParseUint(args[2], 10, 64)
	ctx := context.Background()
	base := filepath.Join(args[0], fileName)
	sound, err := os.ReadFile(base)
	if err != nil {
		return err
	}
	live, err := places(ctx, base, sound)
	if err != nil {
		return err
	}
	page := int(native.Uint32(sound[pageHeader+8:]))
	for n := from; n < to; n++ {
		how, bad := mutate(random(n), sound, page)
		dir := filepath.Join(args[3], fmt.Sprint(n))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, fileName), bad, 0o600); err != nil {
			return err
		}
		want, back, told, err := openMutant(ctx, dir, sound, bad, page, live)
		if err != nil {
			return fmt.Errorf("mutant %d (%s): %w", n, how, err)
		}
		fmt.Println(n, want, back, told, how)
		os.RemoveAll(dir)
	}
	return nil
}

// memoryDir is a folder in memory where there is some, because a mutant's life is mostly syncs.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "weightroom")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// openMutant opens a damaged history, uses it, and counts the messages on pages that the damage left alone, how many
// of them came back, and whether the person was told of damage.
func openMutant(ctx context.Context, dir string, sound, bad []byte, page int, live map[string]place) (want, back int, told bool, err error) {
	s, recovery, err := Open(ctx, dir, Options{})
	if err != nil {
		return 0, 0, false, err
	}
	defer s.Close()
	_, messages, err := everything(ctx, s)
	if err != nil {
		return 0, 0, false, err
	}
	for key, p := range live {
		from, to := p.at/page*page, (p.at+p.size+page-1)/page*page
		if to > len(bad) || !bytes.Equal(sound[from:to], bad[from:to]) {
			continue
		}
		want++
		if m, ok := messages[key[idLength+1:]]; ok && m.Text == streamText(m.ID, len(m.Text)) && strings.Contains(p.text, m.Text) {
			back++
		}
	}
	c, err := s.CreateChat(ctx, backend.Chat{Title: "still works"})
	if err != nil {
		return 0, 0, false, err
	}
	if _, err := s.AddMessage(ctx, backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "hello"}); err != nil {
		return 0, 0, false, err
	}
	if _, err := s.Verify(ctx); err != nil {
		return 0, 0, false, err
	}
	return want, back, recovery != nil, nil
}

func TestADamagedFileNeverStopsTheApp(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	makeHistory(t, base, 20)
	work := memoryDir(t)
	n := seed(t) % (1 << 32) * 1_000_000
	count := uint64(trials(t, 100, 20_000))
	var want, back, told int
	worst, worstHow := 1.0, ""
	const batch = 500
	for from := n; from < n+count; from += batch {
		to := min(from+batch, n+count)
		c := startChild(t, "mutants", base, fmt.Sprint(from), fmt.Sprint(to), work)
		for i := from; i < to; i++ {
			hang := time.AfterFunc(20*time.Second, func() { c.Process.Kill() })
			ok := c.lines.Scan()
			if !hang.Stop() {
				t.Fatalf("mutant %d hangs", i)
			}
			var num uint64
			var w, b int
			var said bool
			if !ok {
				t.Fatalf("mutant %d: the child died", i)
			}
			line := c.lines.Text()
			if _, err := fmt.Sscan(line, &num, &w, &b, &said); err != nil || num != i {
				t.Fatalf("mutant %d: %s", i, line)
			}
			want, back = want+w, back+b
			if said {
				told++
			}
			if w > 0 && float64(b)/float64(w) < worst {
				worst, worstHow = float64(b)/float64(w), line
			}
		}
		c.end()
	}
	t.Logf("%d mutants: all start, 0 hangs; %d were repaired, the others' damage was where nothing is kept; %d of %d messages on undamaged pages came back, worst mutant %.4f %s",
		count, told, back, want, worst, worstHow)
	if worst < 0.99 {
		t.Errorf("worst mutant: %.4f (%s)", worst, worstHow)
	}
}

func TestAHistoryIsRebuiltFromItsBackup(t *testing.T) {
	t.Parallel()
	spoil := func(s string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(s), 0o600) }
	}
	for name, damage := range map[string]func(path string) error{
		"zero length":   func(path string) error { return os.Truncate(path, 0) },
		"truncated":     func(path string) error { return os.Truncate(path, 4096*3) },
		"cut in a page": func(path string) error { return os.Truncate(path, 4096*5+17) },
		"random bytes":  spoil(streamText("x", 100_000)),
		"a text file":   spoil("hello\n"),
		"missing":       os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir, clock := t.TempDir(), newClock()
			makeHistory(t, dir, 6)
			s := mustOpen(t, dir, Options{Now: clock.now})
			if _, err := s.Backup(t.Context()); err != nil {
				t.Fatal(err)
			}
			chats, messages, err := everything(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			path := filepath.Join(dir, fileName)
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			s, recovery, err := Open(t.Context(), dir, Options{Now: clock.now})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			gotChats, gotMessages, err := everything(t.Context(), s)
			if err != nil || len(gotChats) != len(chats) || len(gotMessages) != len(messages) {
				t.Fatalf("%d of %d chats, %d of %d messages, %v", len(gotChats), len(chats), len(gotMessages), len(messages), err)
			}
			if recovery == nil || recovery.Chats != len(chats) || recovery.Messages != len(messages) || recovery.FromBackup+recovery.Salvaged != len(messages) ||
				!strings.HasSuffix(recovery.Message, ".") || !strings.HasSuffix(recovery.Hint, ".") {
				t.Fatalf("%+v", recovery)
			}
			if _, err := os.Stat(recovery.SetAside); (err == nil) != (name != "missing") {
				t.Errorf("set aside: %v", err)
			}
			var settings map[string]string
			if ok, err := s.Get(t.Context(), "settings", &settings); !ok || err != nil || settings["theme"] != "dark" {
				t.Error(settings, err)
			}
			s.Close()
			mustOpen(t, dir, Options{}).Close() // once repaired, it stays repaired
		})
	}
	t.Run("a damaged backup is not trusted but still searched", func(t *testing.T) {
		dir := t.TempDir()
		makeHistory(t, dir, 6)
		s := mustOpen(t, dir, Options{})
		b, err := s.Backup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		f, err := os.OpenFile(b.Path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteAt(make([]byte, 8192), 0) // both meta pages
		f.Close()
		os.Truncate(filepath.Join(dir, fileName), 0)
		s, recovery, err := Open(t.Context(), dir, Options{})
		if err != nil || recovery.Messages != b.Messages {
			t.Fatalf("%v %+v, want %d", err, recovery, b.Messages)
		}
		s.Close()
	})
	t.Run("with nothing left it starts empty and keeps the file", func(t *testing.T) {
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, fileName), []byte("not a history"), 0o600)
		s, recovery, err := Open(t.Context(), dir, Options{})
		if err != nil || recovery == nil || recovery.Chats != 0 {
			t.Fatal(recovery, err)
		}
		s.Close()
		if kept, err := os.ReadFile(recovery.SetAside); err != nil || string(kept) != "not a history" {
			t.Fatal(err)
		}
	})
	t.Run("a message without its chat gets one", func(t *testing.T) {
		dir := t.TempDir()
		s := mustOpen(t, dir, Options{})
		c := mustChat(t, s, "lost title")
		_, a := mustTurn(t, s, c.ID, "", "question", "answer")
		s.Close()
		path := filepath.Join(dir, fileName)
		b, _ := os.ReadFile(path)
		b = bytes.ReplaceAll(b, []byte(`"title"`), []byte(`"tit1e"`)) // in every version of every chat
		os.WriteFile(path, b, 0o600)
		s, recovery, err := Open(t.Context(), dir, Options{})
		if err != nil || recovery == nil || recovery.Messages != 2 || recovery.Chats != 1 {
			t.Fatal(recovery, err)
		}
		defer s.Close()
		got, err := s.Chat(t.Context(), c.ID)
		if err != nil || got.Leaf != a.ID || got.Title == "" {
			t.Fatal(got, err)
		}
	})
	t.Run("a repair that cannot be finished leaves the damaged file in place", func(t *testing.T) {
		dir := t.TempDir()
		bad := []byte("not a history")
		os.WriteFile(filepath.Join(dir, fileName), bad, 0o600)
		os.Mkdir(filepath.Join(dir, fileName+tempSuffix), 0o700) // where the rebuilt file would go
		os.WriteFile(filepath.Join(dir, fileName+tempSuffix, "x"), nil, 0o600)
		if _, _, err := Open(t.Context(), dir, Options{}); err == nil {
			t.Fatal("opened")
		}
		if got, _ := os.ReadFile(filepath.Join(dir, fileName)); !bytes.Equal(got, bad) {
			t.Fatal("the file was changed")
		}
	})
	t.Run("a cancelled repair changes nothing", func(t *testing.T) {
		dir := t.TempDir()
		makeHistory(t, dir, 3)
		path := filepath.Join(dir, fileName)
		os.Truncate(path, 9000)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := newStore(Options{}, current())
		s.db.dir, s.db.path = dir, path
		if _, _, err := s.recover(ctx, damaged("test")); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != 9000 {
			t.Fatal(err)
		}
	})
}

func TestDamageThatArisesWhileOpenIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	makeHistory(t, dir, 6)
	s := mustOpen(t, dir, Options{})
	if err := os.Truncate(filepath.Join(dir, fileName), 8192); err != nil { // pages vanish under the map: reads fault
		t.Fatal(err)
	}
	_, _, err := everything(t.Context(), s)
	wantCode(t, err, backend.CodeDamaged)
	_, err = s.CreateChat(t.Context(), backend.Chat{Title: "x"})
	wantCode(t, err, backend.CodeDamaged)
}
