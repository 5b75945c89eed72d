package source

import (
	"context"
	"errors"
	"io"

	"weightroom/backend"
	"weightroom/backend/download/web"
	"weightroom/backend/gguf"
)

const (
	firstChunk = 256 << 10 // what one request for a header brings: enough for most, and doubled each time
	largeChunk = 896 << 10 // so that, with what a reader looks ahead, at most 1 MiB too much is fetched
)

// Header reads the header of an item's file and nothing else of it: by ranges of less than 1 MiB each, and checked as
// strictly as a file on disk. fetched is how many bytes came. Errors are *backend.Error.
func (s *Sources) Header(ctx context.Context, i web.Item) (f *gguf.File, fetched int64, err error) {
	ctx = web.WithPurpose(ctx, web.PurposeHeader, i.Name)
	linker := i.Link
	if linker == nil {
		if linker, err = s.Linker(i); err != nil {
			return nil, 0, err
		}
	}
	r := &rangeReader{ctx: ctx, client: s.client, linker: linker, size: i.Bytes}
	if err := r.fill(0, firstChunk); err != nil { // also learns the size
		return nil, r.fetched, r.explain(err)
	}
	f, err = gguf.Read(r, r.size)
	if r.err != nil { // gguf takes it for a bad disk
		return nil, r.fetched, r.explain(r.err)
	}
	return f, r.fetched, err
}

// ModelHeader reads the headers of all parts of an offer's model and joins them: the first part's metadata, and the
// tensors of all, as if the model were one file.
func (s *Sources) ModelHeader(ctx context.Context, o Offer) (f *gguf.File, fetched int64, err error) {
	ctx = web.WithPurpose(ctx, web.PurposeHeader, o.Ref)
	parts := o.weights()
	if len(parts) == 0 {
		return nil, 0, backend.Fail(backend.CodeUnsupported, nil, "This offer has no weights.", "Choose another one.")
	}
	files := make([]*gguf.File, 0, len(parts))
	for _, p := range parts {
		f, n, err := s.Header(ctx, p)
		fetched += n
		if err != nil {
			return nil, fetched, err
		}
		files = append(files, f)
	}
	if len(files) == 1 {
		if _, count := files[0].Split(); count == 1 {
			return files[0], fetched, nil
		}
	}
	f, err = gguf.Join(files)
	return f, fetched, err
}

// leadBytes are enough for the name in a header, which stands before the vocabulary.
const leadBytes = 16 << 10

// ModelLead is the beginning of the header of an offer's model, read from its first bytes: what stands before the
// vocabulary. It is nil where the server gives no part of the file.
func (s *Sources) ModelLead(ctx context.Context, o Offer) *gguf.File {
	ctx = web.WithPurpose(ctx, web.PurposeLookup, o.Ref)
	parts := o.weights()
	if len(parts) == 0 {
		return nil
	}
	linker := parts[0].Link
	if linker == nil {
		var err error
		if linker, err = s.Linker(parts[0]); err != nil {
			return nil
		}
	}
	r := &rangeReader{ctx: ctx, client: s.client, linker: linker, size: parts[0].Bytes}
	if err := r.fill(0, leadBytes); err != nil {
		return nil
	}
	return gguf.Lead(r.chunk)
}

// rangeReader reads a file elsewhere in chunks that grow. It keeps one chunk, because a header is read front to back.
type rangeReader struct {
	ctx     context.Context
	client  web.Doer
	linker  web.Linker
	size    int64  // -1: not known yet
	etag    string // strong, and the same for all chunks; empty: none
	chunk   []byte
	at      int64 // of the chunk in the file
	fetched int64
	err     error // why the last chunk did not come
}

// ReadAt implements io.ReaderAt.
func (r *rangeReader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		if at >= r.size {
			return n, io.EOF
		}
		if at < r.at || at >= r.at+int64(len(r.chunk)) {
			if err := r.fill(at, min(max(2*int64(len(r.chunk)), firstChunk), largeChunk)); err != nil {
				r.err = err
				return n, err
			}
		}
		n += copy(p[n:], r.chunk[at-r.at:])
	}
	return n, nil
}

// fill fetches the chunk at off, renewing an address that has expired once.
func (r *rangeReader) fill(off, length int64) error {
	for attempt := range 2 {
		link, err := r.linker.Link(r.ctx, attempt > 0)
		if err != nil {
			return err
		}
		err = r.fetch(link, off, length)
		var f *web.FaultError
		if err == nil || !errors.As(err, &f) || f.Kind != web.FaultRefused && f.Kind != web.FaultTransient {
			return err
		}
		if attempt > 0 {
			return err
		}
	}
	return nil
}

func (r *rangeReader) fetch(link web.Link, off, length int64) error {
	a := web.Ask{From: off, To: off + length, Size: r.size, ETag: r.etag}
	if r.size >= 0 {
		a.To = min(a.To, r.size)
	}
	req, err := a.Request(r.ctx, link)
	if err != nil {
		return err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return web.FaultOf(err, req.URL.Host)
	}
	defer func() { _ = resp.Body.Close() }()
	g, f := a.Check(resp, nil)
	if f != nil {
		return f
	}
	want := min(a.To, g.Size)
	if g.To > 0 {
		want = min(want, g.To)
	}
	body := make([]byte, max(0, want-a.From))
	n, err := io.ReadFull(resp.Body, body)
	r.fetched += int64(n)
	if err != nil && len(body) > 0 {
		return web.FaultOf(err, web.HostOf(resp))
	}
	if off == 0 && web.LooksLikePage(body) {
		return web.UnexpectedPage(web.HostOf(resp))
	}
	r.size, r.chunk, r.at = g.Size, body, off
	if r.etag == "" {
		r.etag = g.ETag
	}
	return nil
}

func (r *rangeReader) explain(err error) error {
	var f *web.FaultError
	if r.ctx.Err() == nil && errors.As(err, &f) {
		return f.Reason
	}
	return explainRequest(r.ctx, err, "The server")
}
