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

// Report is what Verify found.
type Report struct {
	Bytes    int64
	Chats    int
	Messages int
	Backups  int
}

var (
	dailyName  = regexp.MustCompile(`^history-\d{4}-\d{2}-\d{2}\.db$`)
	schemaName = regexp.MustCompile(`^history-schema\d+-\d{8}-\d{6}\.db$`)
)

// keepSchemaBackups is how many backups from before a migration are kept.
const keepSchemaBackups = 2

// Backup copies the history to backups/history-YYYY-MM-DD.db, reads the copy back in full, and only then lets it take
// the place of an earlier one of that day and removes what is older than the kept ones.
func (s *Store) Backup(ctx context.Context) (Backup, error) {
	if err := take(ctx, s.tidy); err != nil {
		return Backup{}, err
	}
	defer func() { <-s.tidy }()
	return s.backup(ctx, s.todaysBackup())
}

func (s *Store) todaysBackup() string {
	return "history-" + s.opts.Now().Format(time.DateOnly) + ".db"
}

func (s *Store) backup(ctx context.Context, name string) (Backup, error) {
	dir := s.sibling(backupsDir)
	b, err := s.copyTo(ctx, filepath.Join(dir, "history"+tempSuffix), filepath.Join(dir, name))
	if err != nil {
		os.Remove(filepath.Join(dir, "history"+tempSuffix)) //nolint:errcheck // the first error is the one to tell
		return Backup{}, s.told(err)
	}
	s.rotate(dailyName, s.opts.KeepBackups)
	s.rotate(schemaName, keepSchemaBackups)
	s.opts.Log.Info("history backed up", "bytes", b.Bytes, "chats", b.Chats, "messages", b.Messages)
	return b, nil
}

func (s *Store) copyTo(ctx context.Context, tmp, path string) (Backup, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Backup{}, err
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Backup{}, err
	}
	counts := map[kind]int{}
	err = s.view(ctx, func(tx *readTx) error {
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
	found, err := inspect(ctx, tmp, s.schema.version)
	if err == nil && (found.counts[kindChat] != counts[kindChat] || found.counts[kindMessage] != counts[kindMessage]) {
		err = damaged("backup holds other counts than the history")
	}
	if err != nil {
		return Backup{}, notBackedUp(err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return Backup{}, err
	}
	if err := errors.Join(fsys.SyncDir(dir), fsys.SyncDir(s.dir)); err != nil {
		return Backup{}, err
	}
	return Backup{path, s.opts.Now(), found.bytes, counts[kindChat], counts[kindMessage]}, nil
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
func (s *Store) Backups() []Backup {
	entries, err := os.ReadDir(s.sibling(backupsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.opts.Log.Warn("backups cannot be listed", "err", err)
	}
	var list []Backup
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !dailyName.MatchString(e.Name()) && !schemaName.MatchString(e.Name()) {
			continue
		}
		list = append(list, Backup{Path: filepath.Join(s.sibling(backupsDir), e.Name()), Time: info.ModTime(), Bytes: info.Size()})
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
func (s *Store) rotate(name *regexp.Regexp, keep int) {
	var paths []string
	for _, b := range s.Backups() {
		if name.MatchString(filepath.Base(b.Path)) {
			paths = append(paths, b.Path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths[:max(len(paths)-keep, 0)] {
		if err := os.Remove(path); err != nil {
			s.opts.Log.Warn("old backup stays", "err", err)
		}
	}
}

// setAside lists the damaged files that were kept, oldest first.
func (s *Store) setAside() []string {
	list, _ := filepath.Glob(filepath.Join(globSafe(s.dir), "history.damaged-*.db")) // the pattern is sound
	slices.Sort(list)
	return list
}

// globSafe escapes a folder's name for Glob.
func globSafe(dir string) string {
	if filepath.Separator == '\\' {
		return dir // Windows has no escapes; brackets in a folder's name only hide files set aside
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// anythingLeft reports whether a missing history can be rebuilt.
func (s *Store) anythingLeft() bool { return len(s.Backups()) > 0 || len(s.setAside()) > 0 }

// Verify reads the whole history from the disk and checks every page and record. Writes wait for it; reads do not.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	if err := take(ctx, s.tidy); err != nil {
		return Report{}, err
	}
	defer func() { <-s.tidy }()
	if err := take(ctx, s.writer); err != nil {
		return Report{}, err
	}
	defer func() { <-s.writer }()
	if err := s.view(ctx, func(*readTx) error { return nil }); err != nil {
		return Report{}, err
	}
	found, err := inspect(ctx, s.path, s.schema.version)
	var broken *damage
	if errors.As(err, &broken) {
		err = backend.Fail(backend.CodeDamaged, err, "The chat history is damaged on the disk.",
			"Start Weightroom again: it repairs the history from its backup and keeps the damaged file.")
	}
	if err != nil {
		return Report{}, s.told(err)
	}
	return Report{found.bytes, found.counts[kindChat], found.counts[kindMessage], len(s.Backups())}, nil
}

// Maintain does what is due: it ends purges that were cut short, empties trash that is older than the kept time,
// and takes the day's backup. Call it soon after Open and once a day.
func (s *Store) Maintain(ctx context.Context) error {
	var err error
	if s.endsDue.Load() {
		err = s.endStreams(ctx)
	}
	s.keepReserve()
	err = errors.Join(err, s.purgeExpired(ctx))
	if err == nil || !isCode(err, backend.CodeCancelled) {
		if _, statErr := os.Stat(filepath.Join(s.sibling(backupsDir), s.todaysBackup())); errors.Is(statErr, fs.ErrNotExist) {
			_, backupErr := s.Backup(ctx)
			err = errors.Join(err, backupErr)
		}
	}
	return err
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
