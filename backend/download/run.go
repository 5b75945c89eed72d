package download

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
)

// waits are the pauses after 1, 2, 3… failures in a row that may go away by themselves.
func waits() []time.Duration {
	return []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}
}

// loop starts what may start.
func (q *Queue) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for q.ctx.Err() == nil {
		q.mu.Lock()
		next := q.startDue(time.Now())
		q.mu.Unlock()
		timer.Reset(next)
		select {
		case <-q.ctx.Done():
		case <-q.wake:
		case <-timer.C:
		}
	}
}

// startDue starts what may run, and returns the time until something else may.
func (q *Queue) startDue(now time.Time) time.Duration {
	running := 0
	for _, e := range q.list {
		if e.cancel != nil {
			running++
		}
	}
	next := time.Hour
	for _, e := range q.list {
		if e.cancel != nil || e.d.State != StateQueued && e.d.State != StateWaiting {
			continue
		}
		if wait := e.d.RetryAt.Sub(now); e.d.State == StateWaiting && wait > 0 {
			next = min(next, wait)
			continue
		}
		if e.d.State == StateWaiting && e.d.Error != nil && e.d.Error.Code == backend.CodeDiskFull && q.checkSpace(e) != nil {
			e.d.RetryAt = now.Add(q.opts.spaceLook)
			next = min(next, q.opts.spaceLook)
			continue
		}
		if running >= q.active || q.closed || q.opts.Allow != nil && !q.opts.Allow(copyOf(e.d)) {
			continue
		}
		running++
		q.begin(e)
	}
	return next
}

// begin runs e.
func (q *Queue) begin(e *entry) {
	ctx, cancel := context.WithCancel(q.ctx)
	e.cancel, e.over, e.then, e.gone = cancel, make(chan struct{}), "", false
	e.d.State, e.d.Error, e.d.RetryAt = StateRunning, nil, time.Time{}
	_ = q.changed(ctx, e) // it is logged; the next change stores again
	q.work.Go(func() {
		err := q.run(ctx, e)
		cancel()
		q.mu.Lock()
		defer q.mu.Unlock()
		q.ended(e, err)
		e.cancel = nil
		close(e.over)
		q.kick()
	})
}

// folder is where the files of a download come to lie.
func (q *Queue) folder(e *entry) string { return filepath.Join(q.opts.Dir, e.d.ID) }

func (q *Queue) path(e *entry, i int) string {
	return filepath.Join(q.folder(e), fmt.Sprintf("%03d", i))
}

// checkSpace returns an error when the rest of e does not fit on the disk.
func (q *Queue) checkSpace(e *entry) error {
	need := int64(0)
	for i, item := range e.d.Items {
		need += max(item.Bytes, 0)
		need -= min(transfer.OnDisk(q.path(e, i)), max(item.Bytes, 0))
	}
	return transfer.CheckSpace(q.folder(e), need)
}

// makeFolder makes sure of e's folder. What stands in its place, which nothing of ours puts there, is moved aside, or
// deleted where it is inside the folder that is all ours.
func (q *Queue) makeFolder(e *entry) error {
	_, absent := os.Lstat(q.opts.Dir)
	if info, err := os.Stat(q.opts.Dir); absent == nil && (err != nil || !info.IsDir()) { // a link to a folder is fine
		if err := os.Rename(q.opts.Dir, q.opts.Dir+".set-aside-"+time.Now().UTC().Format("20060102-150405")); err != nil {
			return err
		}
	}
	if info, err := os.Lstat(q.folder(e)); err == nil && !info.IsDir() {
		if err := os.Remove(q.folder(e)); err != nil {
			return err
		}
	}
	return os.MkdirAll(q.folder(e), 0o755)
}

// run brings a download from wherever it is to its end.
func (q *Queue) run(ctx context.Context, e *entry) error {
	q.mu.Lock()
	handed, taken := e.handed, q.taken(e)
	q.mu.Unlock()
	if handed && taken {
		if err := q.finish(ctx, e); err == nil || ctx.Err() != nil || web.Transient(err) {
			return err
		}
	}
	q.mu.Lock()
	if taken || !e.fresh {
		e.files = nil // Fetch finds what is whole, reads it again, and brings the rest
	}
	e.handed, e.fresh = false, true
	have, items := len(e.files), e.d.Items
	sum := int64(0)
	for _, f := range e.files {
		sum += f.Bytes
	}
	q.mu.Unlock()
	if err := q.makeFolder(e); err != nil {
		return transfer.Explain(err)
	}
	if err := q.checkSpace(e); err != nil {
		return err
	}
	for i := have; i < len(items); i++ {
		file, err := q.fetch(ctx, e, i, sum)
		if err != nil {
			return err
		}
		sum += file.Bytes
		q.mu.Lock()
		e.files = append(e.files, file)
		q.mu.Unlock()
	}
	return q.finish(ctx, e)
}

// taken reports whether a file that was here is not where it was.
func (q *Queue) taken(e *entry) bool {
	for _, f := range e.files {
		if _, err := os.Lstat(f.Path); err != nil {
			return true
		}
	}
	return false
}

// fetch brings item i; before is how many bytes the items before it have.
func (q *Queue) fetch(ctx context.Context, e *entry, i int, before int64) (File, error) {
	q.mu.Lock()
	d := copyOf(e.d)
	q.mu.Unlock()
	item := d.Items[i]
	ctx = web.WithPurpose(ctx, web.PurposeDownload, d.Ref)
	if item.Link == nil && q.opts.Link != nil {
		link, err := q.opts.Link(ctx, d, item)
		if err != nil {
			return File{}, transfer.Explain(err)
		}
		item.Link = link
	}
	done, err := q.opts.Fetcher.Fetch(ctx, item, q.path(e, i), func(p transfer.Progress) {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.progress(e, i, before, p)
	})
	if err != nil {
		return File{}, err
	}
	return File{Item: item, Path: q.path(e, i), Digest: done.Digest, Bytes: done.Bytes}, nil
}

// progress takes in what the transfer of item i reports.
func (q *Queue) progress(e *entry, i int, before int64, p transfer.Progress) {
	if e.d.Items[i].Bytes < 0 && p.Total >= 0 {
		e.d.Total = before + p.Total
		for _, later := range e.d.Items[i+1:] {
			if e.d.Total += later.Bytes; later.Bytes < 0 {
				e.d.Total = -1
				break
			}
		}
	}
	e.d.Bytes = max(e.d.Bytes, before+p.Bytes)
	e.d.Rate, e.d.Streams, e.d.Left = p.Rate, p.Streams, -1
	if rest := e.d.Total - before - p.Bytes; e.d.Total >= 0 && p.Rate > 1 && p.Left >= 0 {
		e.d.Left = p.Left + time.Duration(float64(rest-(p.Total-p.Bytes))/p.Rate*float64(time.Second))
	}
	e.d.Error = p.Waiting
	q.notices.soon(e.d.ID)
}

// finish hands the files over.
func (q *Queue) finish(ctx context.Context, e *entry) error {
	q.mu.Lock()
	e.d.State, e.d.Rate, e.d.Left, e.d.Streams, e.d.Error = StateFinishing, 0, -1, 0, nil
	e.handed = true
	err := q.changed(ctx, e)
	d, files := copyOf(e.d), append([]File(nil), e.files...)
	q.mu.Unlock()
	if err != nil {
		return err
	}
	result := ""
	if q.opts.Finish != nil {
		if result, err = q.opts.Finish(ctx, d, files); err != nil {
			return transfer.Explain(err)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	e.d.Result = result
	return nil
}

// ended records how a run came to its end.
func (q *Queue) ended(e *entry, err error) {
	now := time.Now()
	e.d.Rate, e.d.Left, e.d.Streams = 0, -1, 0
	switch {
	case err == nil:
		e.d.State, e.d.Error, e.d.Finished, e.d.Bytes = StateDone, nil, now, max(e.d.Bytes, e.d.Total)
		e.files, e.handed = nil, false
		if q.changed(q.ctx, e) == nil {
			q.removeFolder(e.d.ID)
		}
		if e.gone {
			_ = q.remove(q.ctx, e) // it is logged
		}
		return
	case e.gone:
		_ = q.remove(q.ctx, e)
		return
	case e.then != "":
		e.d.State, e.d.Error = e.then, nil
	case q.ctx.Err() != nil:
		return // stored as it is, it goes on after the next Open
	case web.Transient(err):
		q.waitFor(e, err, now)
	default:
		e.d.State, e.d.Error = StateFailed, plainError(err)
		q.opts.Log.Warn("download failed", "id", e.d.ID, "error", err)
	}
	_ = q.changed(q.ctx, e)
}

// waitFor lets e try again later.
func (q *Queue) waitFor(e *entry, err error, now time.Time) {
	if e.d.Bytes > e.at {
		e.tries = 0
	}
	e.at = e.d.Bytes
	pauses := q.opts.pauses
	if pauses == nil {
		pauses = waits()
	}
	wait := pauses[min(e.tries, len(pauses)-1)]
	e.tries++
	e.d.State, e.d.Error, e.d.RetryAt = StateWaiting, plainError(err), now.Add(wait)
	var f *web.FaultError
	if errors.As(err, &f) && f.Until.After(e.d.RetryAt) {
		e.d.RetryAt = f.Until
	}
	if e.d.Error.Code == backend.CodeDiskFull {
		e.d.RetryAt = now.Add(q.opts.spaceLook)
	}
	q.opts.Log.Info("download waits", "id", e.d.ID, "error", err)
}

// plainError is err's sentence alone, as it is stored.
func plainError(err error) *backend.Error {
	e := *backend.Readable(err)
	e.Cause = nil
	return &e
}
