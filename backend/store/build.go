package store

import (
	"context"

	"go.etcd.io/bbolt"
)

// buildBatch is how many bytes of records one transaction of a build takes, to bound its memory.
const buildBatch = 4 << 20

// build writes a new history file at path, synced but not yet in its place. each hands it every record, in key order
// per kind, which fills the pages; the bytes stay valid until build returns. A nil each makes an empty history.
func (d *database) build(ctx context.Context, path string, each func(put func(kind, []byte, []byte) error) error) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: d.opts.Timeout, FreelistType: bbolt.FreelistMapType, NoStatistics: true,
		NoSync: true, NoGrowSync: true, // one sync at the end: until it is renamed, nobody relies on the file
	})
	if err != nil {
		return err
	}
	err = guard(func() error { return d.fill(ctx, db, each) })
	if err == nil {
		err = db.Sync()
	}
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (d *database) fill(ctx context.Context, db *bbolt.DB, each func(put func(kind, []byte, []byte) error) error) error {
	tx, err := db.Begin(true)
	if err != nil {
		return err
	}
	defer func() {
		if tx != nil {
			tx.Rollback() //nolint:errcheck // after a commit it only says so
		}
	}()
	for _, k := range kinds {
		if _, err := tx.CreateBucket([]byte(k.bucket)); err != nil {
			return err
		}
	}
	if each == nil {
		data, err := marshal(d.schema.version)
		if err != nil {
			return err
		}
		raw := encodeRecord(kindMeta, 0, keySchema, data)
		if err := tx.Bucket(kindMeta.bucket()).Put([]byte(keySchema), raw); err != nil {
			return err
		}
		return tx.Commit()
	}
	pending := 0
	err = each(func(k kind, key, raw []byte) error {
		if pending += len(key) + len(raw); pending > buildBatch {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := tx.Commit(); err != nil {
				return err
			}
			if tx, err = db.Begin(true); err != nil {
				return err
			}
			pending = 0
		}
		b := tx.Bucket(k.bucket())
		b.FillPercent = 1
		return b.Put(key, raw) // which bbolt keeps until its commit
	})
	if err != nil {
		return err
	}
	return tx.Commit()
}
