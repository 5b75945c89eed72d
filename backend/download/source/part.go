package source

import (
	"context"
	"io"

	"weightroom/backend"
	"weightroom/backend/download/web"
)

// Part returns n bytes of an item's file from off on, for a repair: by ranges of less than 1 MiB, each checked as a
// transfer's answers are. What the bytes are worth is for the caller to check. The item's size must be known.
func (s *Sources) Part(ctx context.Context, i web.Item, off, n int64) (io.ReadCloser, error) {
	if off < 0 || n < 0 || off+n > i.Bytes {
		return nil, backend.Fail(backend.CodeInvalid, nil, "This file has no such part.", "Download it again.")
	}
	ctx = web.WithPurpose(ctx, web.PurposeDownload, i.Name)
	linker := i.Link
	if linker == nil {
		var err error
		if linker, err = s.Linker(i); err != nil {
			return nil, err
		}
	}
	r := &rangeReader{ctx: ctx, client: s.client, linker: linker, size: i.Bytes}
	return partReader{io.NewSectionReader(r, off, n), r}, nil
}

// partReader reads a part, and returns a sentence where a range did not come.
type partReader struct {
	section *io.SectionReader
	r       *rangeReader
}

func (p partReader) Read(b []byte) (int, error) {
	n, err := p.section.Read(b)
	if p.r.err != nil {
		return n, p.r.explain(p.r.err)
	}
	return n, err
}

func (partReader) Close() error { return nil }
