package store

import "os"

// reserveSize is what a deletion needs at most on a full disk: copies of a few pages and of the free list.
const reserveSize = 1 << 20

// keepReserve makes the file whose room urgent writes may take. Without it the app works; only a full disk is worse.
func (f *folder) keepReserve() {
	path := f.sibling(reserveName)
	if info, err := os.Stat(path); err == nil && info.Size() == reserveSize {
		return
	}
	if err := os.WriteFile(path, make([]byte, reserveSize), 0o600); err != nil {
		os.Remove(path) //nolint:errcheck // half a reserve only takes room
		f.opts.Log.Warn("history has no reserve", "err", err)
	}
}

// releaseReserve gives the room to a write, and reports whether there was any.
func (f *folder) releaseReserve() bool {
	err := os.Remove(f.sibling(reserveName))
	f.opts.Log.Warn("history reserve released", "err", err)
	return err == nil
}
