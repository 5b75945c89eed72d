package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Keys of the meta bucket.
const (
	keySchema    = "schema"  // number
	keyEpoch     = "epoch"   // number: how often the file was opened for writing
	prefixPurged = "purged/" // and a hash of a chat's id: its purge is not finished
)

// schema is the version a program writes and the way there from older ones.
type schema struct {
	version int
	steps   map[int]func(*writeTx) error // from version n to n+1, each in its own transaction
}

// current is the schema of this version. A released step is never edited: the golden files in testdata hold it to that.
func current() schema {
	return schema{version: 1}
}

// migrate brings the file to the schema's version, with a verified backup before the first step. A process that is
// killed between steps goes on at the next Open.
func (s *Store) migrate(ctx context.Context, from int) error {
	if from == s.db.schema.version {
		return nil
	}
	name := fmt.Sprintf("history-schema%d-%s.db", from, s.db.opts.Now().Format("20060102-150405"))
	if _, err := s.backup(ctx, name); err != nil {
		return err
	}
	for v := from; v < s.db.schema.version; v++ {
		step := s.db.schema.steps[v]
		if step == nil {
			return fmt.Errorf("no way from schema %d to %d", v, v+1)
		}
		err := s.db.update(ctx, func(tx *writeTx) error {
			if err := step(tx); err != nil {
				return err
			}
			return tx.put(kindMeta, keySchema, v+1)
		})
		if err != nil {
			return err
		}
		s.db.opts.Log.Info("history schema changed", "from", v, "to", v+1)
	}
	return nil
}

// purgeMark is the key of the mark. It holds a hash, because an id tells when its chat was made, and marks are written
// after the files are rewritten.
func purgeMark(id string) string {
	sum := sha256.Sum256([]byte(id))
	return prefixPurged + hex.EncodeToString(sum[:8])
}
