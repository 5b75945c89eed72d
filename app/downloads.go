package app

import (
	"context"
	"log/slog"

	"weightroom/app/core"
	"weightroom/app/core/models"
	"weightroom/backend/download"
)

// Downloads is the bound service behind everything that may go online.
type Downloads struct{ host *host }

// List returns the downloads in the order of the queue.
func (s *Downloads) List() ([]Download, error) {
	return withCore(s.host, "Downloads.List", func(ctx context.Context, c *core.Core) ([]Download, error) {
		seq := s.host.seq.Load()
		all, err := c.Downloads.List(ctx)
		return convert(all, func(d download.Download) Download {
			out := downloadOf(d)
			out.Seq = seq
			return out
		}), err
	})
}

// Offer asks the source that has ref what it has.
func (s *Downloads) Offer(ref string) (Offer, error) {
	return withCore(s.host, "Downloads.Offer", func(ctx context.Context, c *core.Core) (Offer, error) {
		o, err := c.Downloads.Offer(ctx, ref)
		if err != nil {
			return Offer{}, err
		}
		return offerOf(o), nil
	})
}

// Start begins a download, or lets one go on.
func (s *Downloads) Start(ref string, accepted bool) (Download, error) {
	return withCore(s.host, "Downloads.Start", func(ctx context.Context, c *core.Core) (Download, error) {
		d, err := c.Downloads.Start(ctx, ref, accepted)
		out := downloadOf(d)
		if err == nil && d.State == download.StateDone {
			out.Seq = s.host.next()
			s.host.emit(EventLibrary, Changed{ID: d.Result, Seq: out.Seq})
			s.host.emit(EventDownloadFinished, out)
		}
		return out, err
	})
}

// Pause stops a download where it is.
func (s *Downloads) Pause(id string) error {
	return doCore(s.host, "Downloads.Pause", func(ctx context.Context, c *core.Core) error { return c.Downloads.Pause(ctx, id) })
}

// Resume lets a paused or failed download go on.
func (s *Downloads) Resume(id string) error {
	return doCore(s.host, "Downloads.Resume", func(ctx context.Context, c *core.Core) error { return c.Downloads.Resume(ctx, id) })
}

// Cancel takes a download off the list, with what is there of it.
func (s *Downloads) Cancel(id string) error {
	return doCore(s.host, "Downloads.Cancel", func(ctx context.Context, c *core.Core) error { return c.Downloads.Cancel(ctx, id) })
}

// Move changes a download's place in the queue, counted from 0.
func (s *Downloads) Move(id string, place int) error {
	return doCore(s.host, "Downloads.Move", func(ctx context.Context, c *core.Core) error { return c.Downloads.Move(ctx, id, place) })
}

// Ledger returns every connection the app has made.
func (s *Downloads) Ledger() (LedgerPage, error) {
	return withCore(s.host, "Downloads.Ledger", func(ctx context.Context, c *core.Core) (LedgerPage, error) {
		l, err := c.Downloads.Ledger(ctx)
		if err != nil {
			return LedgerPage{}, err
		}
		return ledgerPage(l), nil
	})
}

// Online returns what is connected now.
func (s *Downloads) Online() (Online, error) {
	return withCore(s.host, "Downloads.Online", func(ctx context.Context, c *core.Core) (Online, error) {
		seq := s.host.seq.Load()
		o, err := c.Downloads.Online(ctx)
		if err != nil {
			return Online{}, err
		}
		return onlineOf(o, seq), nil
	})
}

// Look reads the header of a model outside the catalog.
func (s *Downloads) Look(ref string) (Found, error) {
	return withCore(s.host, "Downloads.Look", func(ctx context.Context, c *core.Core) (Found, error) {
		x, err := c.Advice.PeekHeader(ctx, ref)
		if err != nil {
			return Found{}, err
		}
		return foundOf(x), nil
	})
}

// Search asks Hugging Face for repositories with GGUF files.
func (s *Downloads) Search(query string) ([]Hit, error) {
	return withCore(s.host, "Downloads.Search", func(ctx context.Context, c *core.Core) ([]Hit, error) {
		hits, err := c.Downloads.Search(ctx, query)
		if err != nil {
			return nil, err
		}
		return convert(hits, hitOf), nil
	})
}

// Token reports whether a Hugging Face token is kept.
func (s *Downloads) Token() (Token, error) { return withCore(s.host, "Downloads.Token", keptToken) }

// SetToken keeps a Hugging Face token; an empty one is forgotten.
func (s *Downloads) SetToken(value string) (Token, error) {
	return withCore(s.host, "Downloads.SetToken", func(ctx context.Context, c *core.Core) (Token, error) {
		if err := c.Downloads.SetToken(ctx, value); err != nil {
			return Token{}, err
		}
		return keptToken(ctx, c)
	})
}

func keptToken(ctx context.Context, c *core.Core) (Token, error) {
	set, err := c.Downloads.HasToken(ctx)
	if err != nil || !set {
		return Token{}, err
	}
	return Token{Set: true, Place: "keyring"}, nil
}

// open lets downloads of an earlier run go on, and tells the page of every change.
func (s *Downloads) open(ctx context.Context) {
	ended := map[string]bool{}
	states := map[string]download.State{}
	s.host.core.Downloads.OnChange(func(d download.Download, gone bool) {
		before := states[d.ID]
		states[d.ID] = d.State
		out := downloadOf(d)
		out.Seq = s.host.next()
		switch {
		case gone:
			delete(states, d.ID)
			s.host.emit(EventDownloadsChanged, Changed{ID: d.ID, Seq: out.Seq})
		case d.State == download.StateDone || d.State == download.StateFailed:
			if before == d.State || ended[d.ID] && d.State == download.StateDone {
				return
			}
			ended[d.ID] = d.State == download.StateDone
			s.host.emit(EventDownloadFinished, out)
			s.host.emit(EventDownloadsChanged, Changed{ID: d.ID, Seq: s.host.next()})
			s.host.emit(EventLibrary, Changed{ID: d.Result, Seq: s.host.next()})
		case before != d.State:
			s.host.emit(EventDownloadProgress, out)
			s.host.emit(EventDownloadsChanged, Changed{ID: d.ID, Seq: s.host.next()})
		default:
			s.host.emit(EventDownloadProgress, out)
		}
	})
	s.host.core.Downloads.OnOnline(func(o models.Online) { s.host.emit(EventNetwork, onlineOf(o, s.host.next())) })
	if err := s.host.core.Downloads.Open(ctx); err != nil {
		slog.Error("downloads not opened", "error", err)
	}
}
