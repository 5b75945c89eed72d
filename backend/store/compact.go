package store

import (
	"context"
	"errors"
	"os"
)

// compact rewrites history.db with its live records only. Writers wait; readers do but for the moment of the change.
func (d *database) compact(ctx context.Context) error {
	if err := take(ctx, d.writer); err != nil {
		return err
	}
	defer func() { <-d.writer }()
	if d.broken != nil {
		return d.broken
	}
	tmp := d.path + tempSuffix
	os.Remove(tmp) //nolint:errcheck // if a leftover stays, building says so
	counts := map[kind]int{}
	err := d.view(ctx, func(tx *readTx) error {
		return d.build(ctx, tmp, func(put func(kind, []byte, []byte) error) error {
			for _, k := range kinds {
				err := tx.tx.Bucket(k.kind.bucket()).ForEach(func(key, value []byte) error {
					if _, err := decodeFor(k.kind, key, value); err != nil {
						return err // a backup may hold it whole, so nothing is thrown away before the next Open has looked
					}
					counts[k.kind]++
					return put(k.kind, key, value)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == nil {
		var found *inspection
		found, err = inspect(ctx, tmp, d.schema.version)
		if err == nil && (found.counts[kindChat] != counts[kindChat] || found.counts[kindMessage] != counts[kindMessage]) {
			err = damaged("compacted history holds other counts")
		}
	}
	if err == nil {
		err = d.swap(tmp)
	}
	if err != nil {
		os.Remove(tmp) //nolint:errcheck // the first error is the one to tell
	}
	return d.told(err)
}

// swap puts the file tmp in the history's place while the store is open. The caller holds the writer.
func (d *database) swap(tmp string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bolt == nil {
		return errClosed()
	}
	err := d.bolt.Close()
	if err == nil {
		err = d.adopt(tmp)
	}
	d.bolt = nil
	return errors.Join(err, d.open()) // the old file or the new one: both are sound
}
