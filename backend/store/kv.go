package store

import (
	"context"

	"weightroom/backend"
)

// documentTable is small documents and counters by name: settings, and what the use cases keep.
type documentTable struct{ db *database }

// Get reads a small document, settings for example, into v and reports whether there is one. A damaged one counts as
// missing, so that the app starts with its defaults; Problems tells of it.
func (d documentTable) Get(ctx context.Context, key string, v any) (found bool, err error) {
	err = d.db.view(ctx, func(tx *readTx) error {
		ok, err := tx.get(kindKV, key, v)
		found = ok && err == nil
		return nil
	})
	return found, err
}

// Put stores a small document.
func (d documentTable) Put(ctx context.Context, key string, v any) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return d.db.update(ctx, func(tx *writeTx) error { return tx.put(kindKV, key, v) })
}

// Update changes a small document in one transaction, so that no change of another is lost: it reads what is stored into
// v, or leaves v as it is where there is none, calls change, and stores v again. When change fails nothing is stored. It
// must not call the store.
func (d documentTable) Update(ctx context.Context, key string, v any, change func() error) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return d.db.update(ctx, func(tx *writeTx) error {
		_, _ = tx.get(kindKV, key, v) // a damaged one counts as missing; get has counted the damage
		if err := change(); err != nil {
			return err
		}
		return tx.put(kindKV, key, v)
	})
}

// Count adds to a counter and gives its new value. A counter that was never counted is 0.
func (d documentTable) Count(ctx context.Context, key string, add int64) (total int64, err error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	err = d.db.update(ctx, func(tx *writeTx) error {
		total = 0
		_, _ = tx.get(kindKV, key, &total) // a damaged counter starts again; get has counted the damage
		total += add
		return tx.put(kindKV, key, total)
	})
	return total, err
}

func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return backend.Fail(backend.CodeInvalid, nil, "This setting cannot be saved.", "Its name is empty or too long.")
	}
	return nil
}
