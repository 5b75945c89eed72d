package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/web"
	"weightroom/backend/fsys"
)

// Fetcher transfers files. One is made for the whole app, so that the speed limit and the patience that a server asks
// for hold for all its transfers. It may be used from many goroutines.
type Fetcher struct {
	Client  web.Doer
	Gate    *web.Gate // the one around Client's transport; nil: none
	Limit   *Limit    // nil: none
	Streams int       // connections for one file; 0: as many as help, up to 16
	Log     *slog.Logger

	Patience  *Patience // how long silence is borne; nil: nothing stalls for more than 30 seconds
	Piece     int64     // bytes that are checked, kept and resumed together; 0: by the file's size
	NoReserve bool      // takes no disk for a file before its bytes come

	spans int64 // the least a stream takes on; 0: spanLeast; tests shorten it
}

// Progress is how far one file, or one download, is.
type Progress struct {
	Bytes   int64         // received and kept; never less than in an earlier report of the same call
	Total   int64         // -1: not known
	Sent    int64         // received from the network by this call, thrown away or not
	Rate    float64       // bytes per second, smoothed; 0 when nothing comes
	Left    time.Duration // until the last byte at this rate; negative: not known
	Streams int           // connections at work
	// Waiting is why nothing comes, for a person to read; nil when something does.
	Waiting *backend.Error
}

// Done is what one Fetch gave.
type Done struct {
	Digest string // "sha256:…" of what is in the file, computed while the bytes came
	Bytes  int64  // the file's size
	Sent   int64  // bytes received from the network by this call
}

// The files beside the one that is fetched.
const (
	suffixPart  = ".part"
	suffixState = ".state"
)

// tries bounds what one call does before it gives up.
const (
	failuresMost = 7 // failed exchanges without a piece in between
	liesMost     = 4 // answers that do not fit, before the file is asked for as a whole
	wholeMost    = 3 // such attempts
	repairsMost  = 3 // rounds of fetching bad pieces anew
	refusalsMost = 2 // addresses that were refused, one after the other
	changesMost  = 2 // times that the file may become another one
)

// Fetch transfers one file to path and returns when all of it is there and verified: against the item's digest, or,
// where that is not known, held together by one strong ETag or one unbroken answer. Until then the file is called
// path.part and its state path.state; after any end of the process the next call goes on from there, and what is on
// the disk is read again before it is trusted. Path.state stays until Remove.
//
// The file is not synced: whoever gives it its place does that. Transient faults are tried again for about half a
// minute; then their error is returned, see web.Transient. Progress, which may be nil, is called from one goroutine at a
// time, at most ten times a second, and once more before Fetch returns.
func (f *Fetcher) Fetch(ctx context.Context, item web.Item, path string, progress func(Progress)) (Done, error) {
	if !validDigest(item.Digest) || item.Bytes < -1 {
		return Done{}, backend.Fail(backend.CodeInvalid, nil, "The source describes this file wrongly.", "Choose another model.")
	}
	ctx = web.WithPurpose(ctx, web.PurposeDownload, item.Name)
	t := newTransfer(f, item, path)
	if progress != nil {
		t.progress = progress
	}
	done, err := t.run(ctx)
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	return done, Explain(err)
}

// Remove deletes what Fetch has left at path, whole or not.
func Remove(path string) error {
	return Explain(errors.Join(removeFile(path), removeFile(path+suffixPart), removeFile(path+suffixState), removeFile(path+suffixState+".new")))
}

// OnDisk returns the bytes of disk that a Fetch to path has taken so far, whole or not.
func OnDisk(path string) (n int64) {
	for _, suffix := range []string{"", suffixPart} {
		if f, err := os.Open(path + suffix); err == nil {
			has, _ := fsys.Allocated(f)
			n += has
			_ = f.Close()
		}
	}
	return n
}

func validDigest(d string) bool {
	if d == "" {
		return true
	}
	digits, ok := strings.CutPrefix(d, "sha256:")
	raw, err := hex.DecodeString(digits)
	return ok && err == nil && len(raw) == sha256.Size && digits == strings.ToLower(digits)
}

func (t *transfer) run(ctx context.Context) (Done, error) {
	if err := os.MkdirAll(filepath.Dir(t.path), 0o755); err != nil {
		return Done{}, err
	}
	if err := errors.Join(clearPlace(t.path), clearPlace(t.part), clearPlace(t.state)); err != nil {
		return Done{}, err
	}
	old, known := readState(t.state)
	if done, ok, err := t.already(ctx, old); ok || err != nil {
		return done, err
	}
	var err error
	if t.file, err = os.OpenFile(t.part, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return Done{}, err
	}
	defer func() { _ = t.file.Close() }()
	if errors.Is(fsys.TryLock(t.file, fsys.Exclusive), fsys.ErrLocked) { // without locks it counts as free
		return Done{}, backend.Fail(backend.CodeBusy, nil, "This file is being downloaded already.", "Wait for the other download.")
	}
	if err := t.start(old, known); err != nil {
		return Done{}, err
	}
	defer func() { _ = t.journal.close() }()
	digest, err := t.fillUntilRight(ctx)
	if err != nil {
		return Done{}, err
	}
	return t.finish(digest)
}

// already finds a file that an earlier call completed. One that is not right is removed.
func (t *transfer) already(ctx context.Context, old saved) (Done, bool, error) {
	info, err := os.Lstat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Done{}, false, nil
	}
	if err != nil {
		return Done{}, false, err
	}
	want := t.item.Digest
	if want == "" && t.fits(old.about) {
		want = old.digest
	}
	if want != "" && (t.item.Bytes < 0 || info.Size() == t.item.Bytes) {
		got, err := hashFile(ctx, t.path)
		if err == nil && got == want {
			return Done{Digest: got, Bytes: info.Size()}, true, removeFile(t.part)
		}
		if ctx.Err() != nil {
			return Done{}, false, ctx.Err()
		}
	}
	return Done{}, false, os.Remove(t.path)
}

func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h, buf := sha256.New(), make([]byte, 1<<20)
	for {
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if err == nil {
			err = ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			return digestOf(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

func digestOf(sum []byte) string { return "sha256:" + hex.EncodeToString(sum) }

// fits reports whether a journal is about the file that is asked for.
func (t *transfer) fits(a about) bool {
	return a.Version == stateVersion && a.Digest == t.item.Digest && a.Asked == t.item.Bytes
}

// start takes up where an earlier call ended, or begins.
func (t *transfer) start(old saved, known bool) error {
	piece := t.f.Piece
	if piece == 0 {
		piece = pieceFor(t.item.Bytes)
	}
	known = known && t.fits(old.about) && old.about.Piece == piece && (t.item.Digest != "" || old.about.ETag != "")
	if !known {
		old = saved{about: about{Version: stateVersion, Digest: t.item.Digest, Asked: t.item.Bytes, Bytes: t.item.Bytes, Piece: piece}}
	}
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	t.about, t.etag = old.about, old.about.ETag
	t.plan = newPlan(old.about.Bytes, piece)
	for i, sum := range old.pieces {
		if i < len(t.plan.state) && int64(i)*piece+t.plan.length(i) <= info.Size() {
			t.plan.sums[i] = sum
			t.plan.set(i, doubtful)
		} else {
			delete(old.pieces, i)
		}
	}
	t.hash.restore(old, t.plan)
	if !known && info.Size() > 0 {
		if err := t.file.Truncate(0); err != nil {
			return err
		}
	}
	if err := t.room(); err != nil {
		if !known {
			_ = removeFile(t.part)
		}
		return err
	}
	t.journal, err = newJournal(t.state, old)
	return err
}

// room makes sure of the space for the rest of the file, when its size is known.
func (t *transfer) room() error {
	if t.plan.size < 0 {
		return nil
	}
	has, _ := fsys.Allocated(t.file)
	if err := CheckSpace(t.path, t.plan.size-has); err != nil {
		return err
	}
	if t.f.NoReserve {
		return nil
	}
	return fsys.Reserve(t.file, t.plan.size)
}

// fillUntilRight fetches until the whole file has the right digest, or nothing more can be done about it.
func (t *transfer) fillUntilRight(ctx context.Context) (string, error) {
	var wholes, repairs, changes int
	for {
		err := t.fill(ctx)
		var again *restart
		switch {
		case errors.As(err, &again):
			if again.whole {
				wholes++
			} else {
				changes++
			}
			if wholes > wholeMost || changes > changesMost {
				return "", again.why
			}
			t.log.Info("download starts again", "file", t.item.Name, "whole", again.whole, "error", again.why)
			if err := t.reset(again); err != nil {
				return "", err
			}
			continue
		case err != nil:
			return "", err
		}
		digest := t.hash.digest()
		if t.item.Digest == "" || digest == t.item.Digest {
			return digest, nil
		}
		bad, err := t.recheck(ctx)
		if err != nil {
			return "", err
		}
		t.log.Warn("downloaded file has the wrong digest", "file", t.item.Name, "bad_pieces", bad)
		wrong := backend.Fail(backend.CodeDamaged, errors.New("wrong digest"), "What came is not the file that was promised: its checksum differs.", web.HintElsewhere)
		switch {
		case bad > 0 && repairs < repairsMost:
			repairs++
		case !t.whole:
			wholes = wholeMost - 1
			if err := t.reset(&restart{whole: true}); err != nil {
				return "", err
			}
		default:
			_ = t.file.Truncate(0) // nothing of it is worth keeping
			return "", errors.Join(wrong, removeFile(t.state))
		}
	}
}

// reset forgets every piece.
func (t *transfer) reset(why *restart) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.whole = t.whole || why.whole
	t.etag, t.etagKnown = why.etag, false
	t.about.ETag, t.about.Bytes = why.etag, t.item.Bytes
	t.plan = newPlan(t.item.Bytes, t.plan.piece)
	t.hash.reset()
	return t.rewrite()
}

// rewrite puts a journal in place that tells what the plan knows.
func (t *transfer) rewrite() error {
	_ = t.journal.close()
	s := saved{about: t.about, pieces: map[int]uint32{}}
	for i, state := range t.plan.state {
		if state == good || state == doubtful {
			s.pieces[i] = t.plan.sums[i]
		}
	}
	s.hashed, s.hash = t.hash.saved()
	j, err := newJournal(t.state, s)
	if err == nil {
		t.journal = j
	}
	return err
}

// finish gives the file its name.
func (t *transfer) finish(digest string) (Done, error) {
	size := t.plan.size
	if err := t.file.Truncate(size); err != nil { // an earlier, longer one may have lain there
		return Done{}, err
	}
	if err := t.journal.add(recordDone, []byte(digest)); err != nil && !fsys.IsFull(err) {
		return Done{}, err
	}
	if err := t.file.Close(); err != nil {
		return Done{}, err
	}
	if err := os.Rename(t.part, t.path); err != nil {
		return Done{}, err
	}
	return Done{Digest: digest, Bytes: size, Sent: t.sent.Load()}, nil
}
