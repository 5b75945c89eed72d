package transfer

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

const sniffed = 512 // bytes at the start of an answer that must not look like a web page

// stream fetches s with one request. Of the first piece, rest bytes are in buf already; the rest that it returns are
// those of the piece it could not complete. Used is the generation of the link.
func (t *transfer) stream(ctx context.Context, s *span, buf []byte, rest int) (left, used int, err error) {
	link, used, err := t.address(ctx)
	if err != nil {
		return rest, used, err
	}
	t.mu.Lock()
	at, size, piece := int64(s.at), t.plan.size, t.plan.piece
	a := web.Ask{From: at*piece + int64(rest), To: -1, Size: size, ETag: t.etag, Whole: t.whole, Strict: t.item.Digest == "" && t.etag != ""}
	if s.end != endless && size >= 0 {
		a.To = min(int64(s.end)*piece, size)
	}
	if t.whole {
		a.From, rest = at*piece, 0
	}
	t.mu.Unlock()
	if size == 0 {
		return 0, used, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := a.Request(ctx, link)
	if err != nil {
		return rest, used, err
	}
	w := t.dog.add(cancel)
	defer w.done()
	resp, err := t.f.Client.Do(req)
	if err != nil {
		return rest, used, t.broken(ctx, err, req.URL.Host)
	}
	defer func() { _ = resp.Body.Close() }()
	w.answered()
	g, wrong := a.Check(resp, t.f.Gate)
	if wrong == nil {
		wrong = t.learn(g, a)
	}
	if wrong != nil {
		if wrong.Kind == web.FaultChanged && t.item.Digest == "" {
			return 0, used, &restart{why: wrong, etag: g.ETag}
		}
		return rest, used, wrong
	}
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return 0, used, nil // the file is empty
	}
	left, err = t.receive(ctx, s, buf, rest, resp, g, w)
	return left, used, err
}

// broken is the fault of a request that failed.
func (t *transfer) broken(ctx context.Context, err error, host string) error {
	if cause := context.Cause(ctx); errors.Is(cause, web.ErrStalled) {
		return web.FaultOf(cause, host)
	} else if cause != nil {
		return cause
	}
	var u *url.Error
	if errors.As(err, &u) {
		if at, parseErr := url.Parse(u.URL); parseErr == nil && at.Host != "" {
			host = at.Host // of the hop that failed
		}
	}
	return web.FaultOf(err, host)
}

// address returns the link to use, and asks the source for one where there is none.
func (t *transfer) address(ctx context.Context) (web.Link, int, error) {
	t.linking.Lock()
	defer t.linking.Unlock()
	t.mu.Lock()
	link, have, renew, generation := t.link, t.haveLink, t.renew, t.generation
	t.mu.Unlock()
	if have || ctx.Err() != nil {
		return link, generation, ctx.Err()
	}
	if t.item.Link == nil {
		return link, generation, backend.Fail(backend.CodeInvalid, errors.New("item without a linker"), "The source gives no address for this file.", web.HintElsewhere)
	}
	asking, cancel := context.WithTimeoutCause(ctx, t.dog.Answer+t.dog.Body/2, web.ErrStalled)
	defer cancel()
	link, err := t.item.Link.Link(asking, renew)
	if err != nil {
		return link, generation, t.noAddress(asking, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.link, t.haveLink = link, true
	if etag := web.StrongETag(link.ETag); etag != "" && t.etag == "" && !t.etagKnown {
		t.etag = etag
	}
	return link, t.generation, nil
}

// noAddress is the fault of a source that gave no link.
func (t *transfer) noAddress(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return context.Canceled
	}
	if errors.Is(context.Cause(ctx), web.ErrStalled) {
		err = web.ErrStalled
	}
	f := web.FaultOf(err, "the source")
	if f.Kind == web.FaultFinal && web.Transient(f.Reason) { // the source tries nothing again, a transfer does
		f = &web.FaultError{Kind: web.FaultTransient, Reason: f.Reason}
	}
	return f
}

// learn takes in what the first answer tells about the file, and holds later ones against it.
func (t *transfer) learn(g web.Answer, a web.Ask) *web.FaultError {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g.Size >= 0 && t.plan.size < 0 {
		t.plan.learn(g.Size)
		if err := t.room(); err != nil {
			return web.FaultOf(Explain(err), "")
		}
	}
	if !t.etagKnown {
		t.etagKnown = true
		if t.etag == "" {
			t.etag = g.ETag
		}
		if t.item.Digest == "" && t.etag == "" && !t.whole {
			// Nothing would hold parts together: one answer must bring all of it.
			t.whole = true
			if a.From > 0 || g.To != t.plan.size {
				return web.NoRanges("the server", "does not say which version of the file it sends")
			}
		}
		if t.about.ETag != t.etag || t.about.Bytes != t.plan.size {
			t.about.ETag, t.about.Bytes = t.etag, t.plan.size
			if err := t.rewrite(); err != nil {
				return web.FaultOf(Explain(err), "")
			}
		}
		t.cond.Broadcast()
	}
	return nil
}

// receive reads the body of an answer into pieces.
func (t *transfer) receive(ctx context.Context, s *span, buf []byte, rest int, resp *http.Response, g web.Answer, w *watched) (int, error) {
	host, off, start := web.HostOf(resp), g.From, rest
	if off != int64(s.at)*t.plan.piece+int64(rest) {
		return 0, web.NoRanges(host, "sends from the start again")
	}
	clean := false // the first bytes are not a web page's
	for {
		t.mu.Lock()
		length := t.plan.length(s.at)
		t.mu.Unlock()
		most := length - int64(rest)
		if g.To >= 0 {
			most = min(most, g.To-off)
		}
		if limit := t.f.Limit.Rate(); limit > 0 {
			most = min(most, max(limit/10, 4<<10)) // an even flow
		}
		w.begin()
		n, err := resp.Body.Read(buf[rest : int64(rest)+most])
		w.end(n)
		rest, off = rest+n, off+int64(n)
		t.sent.Add(int64(n))
		if limitErr := t.f.Limit.take(ctx, n); limitErr != nil {
			err = limitErr
		}
		full := int64(rest) == length
		if !clean && (rest-start >= sniffed || full || err != nil || off == g.To) {
			if clean = true; web.LooksLikePage(buf[start:rest]) {
				return 0, web.UnexpectedPage(host)
			}
			if err != nil && !full && web.MayBePage(buf[start:rest]) {
				rest, off = start, off-int64(rest-start) // too little to tell
			}
			if rest > start {
				t.mu.Lock()
				t.refusals = 0
				t.mu.Unlock()
			}
		}
		ended := errors.Is(err, io.EOF)
		if ended && g.To < 0 {
			t.end(off)
			full = rest > 0
		}
		if full {
			more, putErr := t.put(s, buf[:rest])
			rest, start = 0, 0
			if putErr != nil || !more && off != g.To {
				return 0, putErr // someone else fetches what follows
			}
		}
		switch {
		case ended && g.To < 0, off == g.To:
			if !ended && resp.ContentLength >= 0 {
				_, _ = resp.Body.Read(make([]byte, 1)) // sees the end, so that the connection can be used again
			}
			return rest, nil
		case ended:
			return rest, web.FaultOf(io.ErrUnexpectedEOF, host)
		case err != nil:
			return rest, t.broken(ctx, err, host)
		}
	}
}

// end learns the size of a file from where it ended.
func (t *transfer) end(size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.plan.size < 0 {
		t.plan.learn(size)
		t.cond.Broadcast()
	}
}

// put writes the first piece of s, and reports whether s has more.
func (t *transfer) put(s *span, data []byte) (more bool, err error) {
	sum := crc32.Checksum(data, castagnoli)
	if _, err := t.file.WriteAt(data, int64(s.at)*t.plan.piece); err != nil {
		return false, err
	}
	defer t.cond.Broadcast() // after the lock is free, or whoever wakes waits for that again
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.at >= s.end {
		return false, nil // it was taken away meanwhile
	}
	_ = t.journal.add(recordPiece, pieceBody(s.at, sum)) // without it, a later call fetches the piece again
	more = t.plan.put(s, sum)
	t.failures = 0
	return more, nil
}
