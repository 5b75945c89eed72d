package fsys

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestLocks(t *testing.T) {
	for _, c := range []struct {
		name       string
		has, wants Mode
		free       bool
	}{
		{"one holder keeps others out", Exclusive, Exclusive, false},
		{"one holder keeps sharers out", Exclusive, Shared, false},
		{"sharers keep a lone holder out", Shared, Exclusive, false},
		{"sharers share", Shared, Shared, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			a, b := open(t, path), open(t, path)
			if err := TryLock(a, c.has); err != nil {
				t.Fatal(err)
			}
			err := TryLock(b, c.wants)
			if c.free && err != nil || !c.free && !errors.Is(err, ErrLocked) {
				t.Error(err)
			}
			if _, err := b.WriteAt([]byte("x"), 0); err != nil {
				t.Errorf("a lock keeps from writing: %v", err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			if err := TryLock(b, c.wants); err != nil {
				t.Errorf("the lock outlives its file: %v", err)
			}
		})
	}
}

func TestLockFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := LockFile(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a second one is told after the wait", func(t *testing.T) {
		start := time.Now()
		if _, err := LockFile(t.Context(), path, 50*time.Millisecond); !errors.Is(err, ErrLocked) || time.Since(start) < 50*time.Millisecond {
			t.Error(err, time.Since(start))
		}
	})
	t.Run("waiting can be cancelled", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := LockFile(ctx, path, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	t.Run("a freed one is got while waiting, and the file stays", func(t *testing.T) {
		time.AfterFunc(30*time.Millisecond, func() { _ = first.Close() })
		second, err := LockFile(t.Context(), path, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		_ = second.Close()
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	})
	t.Run("a missing folder is said", func(t *testing.T) {
		if _, err := LockFile(t.Context(), filepath.Join(path, "no", "lock"), 0); err == nil || errors.Is(err, ErrLocked) {
			t.Error(err)
		}
	})
}

func TestSpace(t *testing.T) {
	free, total, err := Space(t.TempDir())
	if err != nil || free <= 0 || total < free {
		t.Error(free, total, err)
	}
	if _, _, err := Space(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}

func TestReservingKeepsTheLength(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "file"))
	for _, size := range []int64{-1, 0, 1 << 20} {
		if err := Reserve(f, size); err != nil {
			t.Fatal(size, err)
		}
	}
	if info, err := f.Stat(); err != nil || info.Size() != 0 {
		t.Error(info.Size(), err)
	}
	if _, err := Allocated(f); err != nil {
		t.Error(err)
	}
}

func TestHolesTakeNoSpace(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "file"))
	if err := AllowHoles(f); err != nil {
		t.Skip(err)
	}
	if err := f.Truncate(64 << 20); err != nil {
		t.Fatal(err)
	}
	if used, err := Allocated(f); err != nil || used > 1<<20 {
		t.Errorf("%d bytes, %v", used, err)
	}
}

func TestClonesHoldTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	src, dst := open(t, filepath.Join(dir, "src")), open(t, filepath.Join(dir, "dst"))
	want := bytes.Repeat([]byte("weights "), 8192)
	if _, err := src.Write(want); err != nil {
		t.Fatal(err)
	}
	if err := Clone(dst, src); err != nil {
		t.Skip("this file system can't:", err)
	}
	if got, err := os.ReadFile(dst.Name()); err != nil || !bytes.Equal(got, want) {
		t.Error(len(got), err)
	}
}

func TestNames(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	DropCache(open(t, path))
	if err := errors.Join(SyncFile(path), SyncDir(dir)); err != nil {
		t.Error(err)
	}
	if err := SyncFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if !SameDisk(path, dir) || SameDisk(filepath.Join(dir, "none"), dir) && filepath.VolumeName(dir) == "" {
		t.Error("the disk of a file is not found")
	}
	if err := os.Link(path, filepath.Join(dir, "second")); err != nil {
		t.Skip(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := Links(info); n != 2 && filepath.VolumeName(dir) == "" {
		t.Errorf("%d names", n)
	}
}
