package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// checkBoth lets this package's inspection and bbolt's own look at a store's file.
func checkBoth(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	err := s.db.bolt.View(func(tx *bbolt.Tx) error {
		var all error
		for err := range tx.Check() {
			all = errors.Join(all, err)
		}
		return all
	})
	if err != nil {
		t.Error("bbolt:", err)
	}
}

func TestInspectionRefusesWhatBboltWouldTrust(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	c := mustChat(t, s, "chat")
	for range 40 {
		mustTurn(t, s, c.ID, "", streamText(c.ID, 900), streamText(c.ID, 5000))
	}
	s.Close()
	path := filepath.Join(dir, fileName)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := int(native.Uint32(sound[pageHeader+8:]))
	// A leaf of messages that is in use: the first one that a walk meets.
	leaf := 0
	w := walker{ctx: t.Context(), r: bytes.NewReader(sound), size: int64(len(sound)), visit: func(b, _, v []byte) {
		if leaf == 0 && string(b) == "messages" {
			leaf = bytes.LastIndex(sound, v) / page * page
		}
	}}
	if err := w.walk(); err != nil {
		t.Fatal(err)
	}
	for native.Uint64(sound[leaf:]) != uint64(leaf/page) || native.Uint16(sound[leaf+8:]) != flagLeaf {
		leaf -= page // the value may be on an overflow page
	}
	put16 := func(at int, v uint16) func([]byte) { return func(b []byte) { native.PutUint16(b[at:], v) } }
	put32 := func(at int, v uint32) func([]byte) { return func(b []byte) { native.PutUint32(b[at:], v) } }
	put64 := func(at int, v uint64) func([]byte) { return func(b []byte) { native.PutUint64(b[at:], v) } }
	for name, spoil := range map[string]func([]byte){
		"first meta page":             put32(pageHeader, 1),
		"second meta page":            put32(page+pageHeader, 1),
		"page that says another id":   put64(leaf, 99),
		"page of two types":           put16(leaf+8, flagLeaf|flagBranch),
		"leaf with too many entries":  put16(leaf+10, 0xFFFF),
		"leaf with an entry less":     put16(leaf+10, native.Uint16(sound[leaf+10:])-1),
		"overflow past the end":       put32(leaf+12, 1<<30),
		"entry that starts outside":   put32(leaf+pageHeader+4, 1<<31),
		"empty key":                   put32(leaf+pageHeader+8, 0),
		"value that reaches outside":  put32(leaf+pageHeader+12, 1<<31),
		"record with one flipped bit": func(b []byte) { b[leaf+pageHeader+int(native.Uint32(b[leaf+pageHeader+4:]))+200] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			bad := bytes.Clone(sound)
			spoil(bad)
			spoiled := filepath.Join(t.TempDir(), "x.db")
			if err := os.WriteFile(spoiled, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := inspect(t.Context(), spoiled, 1)
			var broken *damage
			if !errors.As(err, &broken) {
				t.Fatalf("error %v", err)
			}
		})
	}
	t.Run("a cancelled inspection ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := inspect(ctx, path, 1); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
}

// FuzzReaders holds the two readers of hostile bytes to their promise: no panic, and only whole records.
func FuzzReaders(f *testing.F) {
	f.Add([]byte("\xffWRm"))
	f.Add(encodeRecord(kindMessage, 7, "a/b", []byte(`{"id":"b"}`)))
	f.Add(append([]byte("x"), encodeRecord(kindChat, 7, "a", bytes.Repeat([]byte("y"), 5000))...))
	if golden, err := os.ReadFile("testdata/v1.db"); err == nil {
		f.Add(golden)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		_, _ = inspectAll(t.Context(), r, r.Size(), 1)
		err := salvageAll(t.Context(), r, r.Size(), func(r record) {
			if _, err := decodeRecord(r.raw); err != nil {
				t.Error(err)
			}
		}, func(kind, []byte) {})
		if err != nil {
			t.Fatal(err)
		}
	})
}
