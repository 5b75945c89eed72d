package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

// Backup is one copy of the history, checked when it was made.
type Backup struct {
	Path     string
	Time     time.Time
	Bytes    int64
	Chats    int // known for a backup that was just made
	Messages int
}

var (
	dailyName  = regexp.MustCompile(`^history-\d{4}-\d{2}-\d{2}\.db$`)
	schemaName = regexp.MustCompile(`^history-schema\d+-\d{8}-\d{6}\.db$`)
)

// keepSchemaBackups is how many backups from before a migration are kept.
const keepSchemaBackups = 2

// backupSet is the copies of the history in its folder backups.
type backupSet struct{ db *database }

// Backup copies the history to backups/history-YYYY-MM-DD.db, reads the copy back in full, and only then lets it take
// the place of an earlier one of that day and removes what is older than the kept ones.
func (s backupSet) Backup(ctx context.Context) (Backup, error) {
	if err := take(ctx, s.db.tidy); err != nil {
		return Backup{}, err
	}
	defer func() { <-s.db.tidy }()
	return s.backup(ctx, s.todaysBackup())
}

func (s backupSet) todaysBackup() string {
	return "history-" + s.db.opts.Now().Format(time.DateOnly) + ".db"
}

func (s backupSet) backup(ctx context.Context, name string) (Backup, error) {
	dir := s.db.sibling(backupsDir)
	b, err := s.copyTo(ctx, filepath.Join(dir, "history"+tempSuffix), filepath.Join(dir, name))
	if err != nil {
		os.Remove(filepath.Join(dir, "history"+tempSuffix)) //nolint:errcheck // the first error is the one to tell
		return Backup{}, s.db.told(err)
	}
	s.rotate(dailyName, s.db.opts.KeepBackups)
	s.rotate(schemaName, keepSchemaBackups)
	s.db.opts.Log.Info("history backed up", "bytes", b.Bytes, "chats", b.Chats, "messages", b.Messages)
	return b, nil
}

func (s backupSet) copyTo(ctx context.Context, tmp, path string) (Backup, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Backup{}, err
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Backup{}, err
	}
	counts := map[kind]int{}
	err = s.db.view(ctx, func(tx *readTx) error {
		for _, k := range kinds {
			if err := tx.tx.Bucket(k.kind.bucket()).ForEach(func(_, _ []byte) error { counts[k.kind]++; return nil }); err != nil {
				return err
			}
		}
		_, err := tx.tx.WriteTo(&ctxWriter{ctx, f})
		return err
	})
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return Backup{}, err
	}
	found, err := inspect(ctx, tmp, s.db.schema.version)
	if err == nil && (found.counts[kindChat] != counts[kindChat] || found.counts[kindMessage] != counts[kindMessage]) {
		err = damaged("backup holds other counts than the history")
	}
	if err != nil {
		return Backup{}, notBackedUp(err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return Backup{}, err
	}
	if err := errors.Join(fsys.SyncDir(dir), fsys.SyncDir(s.db.dir)); err != nil {
		return Backup{}, err
	}
	return Backup{path, s.db.opts.Now(), found.bytes, counts[kindChat], counts[kindMessage]}, nil
}

func notBackedUp(err error) error {
	var broken *damage
	if errors.As(err, &broken) {
		return backend.Fail(backend.CodeDamaged, err, "The backup could not be made, because the history or the disk is damaged.",
			"Earlier backups are still there. Start Weightroom again: it repairs the history.")
	}
	return err
}

// Backups lists the backups, oldest first.
func (s backupSet) Backups() []Backup {
	entries, err := os.ReadDir(s.db.sibling(backupsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.db.opts.Log.Warn("backups cannot be listed", "err", err)
	}
	var list []Backup
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !dailyName.MatchString(e.Name()) && !schemaName.MatchString(e.Name()) {
			continue
		}
		list = append(list, Backup{Path: filepath.Join(s.db.sibling(backupsDir), e.Name()), Time: info.ModTime(), Bytes: info.Size()})
	}
	slices.SortFunc(list, func(a, b Backup) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Path, b.Path)
	})
	return list
}

// rotate keeps the newest backups of one kind. Their names sort by time.
func (s backupSet) rotate(name *regexp.Regexp, keep int) {
	var paths []string
	for _, b := range s.Backups() {
		if name.MatchString(filepath.Base(b.Path)) {
			paths = append(paths, b.Path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths[:max(len(paths)-keep, 0)] {
		if err := os.Remove(path); err != nil {
			s.db.opts.Log.Warn("old backup stays", "err", err)
		}
	}
}

// ctxWriter stops a long copy.
type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *ctxWriter) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}
