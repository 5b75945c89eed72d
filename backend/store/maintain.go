package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"weightroom/backend"
)

// Report is what Verify found.
type Report struct {
	Bytes    int64
	Chats    int
	Messages int
	Backups  int
}

// Verify reads the whole history from the disk and checks every page and record. Writes wait for it; reads do not.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	if err := take(ctx, s.db.tidy); err != nil {
		return Report{}, err
	}
	defer func() { <-s.db.tidy }()
	if err := take(ctx, s.db.writer); err != nil {
		return Report{}, err
	}
	defer func() { <-s.db.writer }()
	if err := s.db.view(ctx, func(*readTx) error { return nil }); err != nil {
		return Report{}, err
	}
	found, err := inspect(ctx, s.db.path, s.db.schema.version)
	var broken *damage
	if errors.As(err, &broken) {
		err = backend.Fail(backend.CodeDamaged, err, "The chat history is damaged on the disk.",
			"Start Weightroom again: it repairs the history from its backup and keeps the damaged file.")
	}
	if err != nil {
		return Report{}, s.db.told(err)
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
	s.db.keepReserve()
	err = errors.Join(err, s.purgeExpired(ctx))
	if err == nil || !isCode(err, backend.CodeCancelled) {
		if _, statErr := os.Stat(filepath.Join(s.db.sibling(backupsDir), s.todaysBackup())); errors.Is(statErr, fs.ErrNotExist) {
			_, backupErr := s.Backup(ctx)
			err = errors.Join(err, backupErr)
		}
	}
	return err
}
