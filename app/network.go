package app

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"

	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/download/source"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
)

// network is the part of the app that may go online: one client, whose every connection is in the ledger, and what
// stands on it. It makes no connection by itself.
type network struct {
	ledger  *web.Ledger
	client  *web.Client
	sources *source.Sources
	secrets source.Secrets
	limit   *transfer.Limit
	queue   *download.Queue
}

// networkCell holds the network once somebody has asked for it.
type networkCell struct {
	mu     sync.Mutex
	open   *network
	events func(download.Download, bool)
	only   bool               // this process does one download alone
	wanted string             // that one; empty: none yet
	offers map[string]offered // what places answered lately, by the reference that was asked for
}

// offered is one answer of a place.
type offered struct {
	offer source.Offer
	as    identity
	at    time.Time
}

// offerLasts is how long an answer of a place is believed: as long as a person reads it.
const offerLasts = 10 * time.Minute

// net opens the network, which connects to nothing, or gives the open one.
func (c *Core) net(ctx context.Context) (*network, error) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	if c.network.open != nil {
		return c.network.open, nil
	}
	if c.History == nil {
		return nil, errors.New("the network needs the ledger, and the ledger the history")
	}
	ledger, err := web.OpenLedger(ctx, c.History)
	if err != nil {
		return nil, err
	}
	n := &network{ledger: ledger, limit: &transfer.Limit{}, secrets: source.Keyring{}}
	gate := &web.Gate{}
	n.client = web.NewClient(web.ClientOptions{Ledger: ledger, Gate: gate})
	// HF_ENDPOINT is what every tool of Hugging Face reads, for mirrors inside a company.
	if n.sources, err = source.New(source.Options{Client: n.client, Secrets: source.WithDockerLogins(n.secrets), HuggingFace: os.Getenv("HF_ENDPOINT")}); err != nil {
		return nil, err
	}
	settings := c.Settings(ctx)
	n.limit.Set(settings.SpeedLimit)
	n.queue, err = download.Open(ctx, download.QueueOptions{
		Dir:     c.Models.DownloadsDir(),
		Store:   c.History,
		Fetcher: &transfer.Fetcher{Client: n.client, Gate: gate, Limit: n.limit, Log: slog.Default()},
		Link: func(_ context.Context, _ download.Download, i web.Item) (web.Linker, error) {
			return n.sources.Linker(i)
		},
		Finish:  c.finish,
		Changed: c.downloadChanged,
		Allow:   c.allowDownload,
		Active:  settings.DownloadsAtOnce,
		Log:     slog.Default(),
	})
	if err != nil {
		return nil, err
	}
	c.network.open = n
	return n, nil
}

// allowDownload says whether a download may run in this process: a command does what it was asked for, and not what
// the window had left.
func (c *Core) allowDownload(d download.Download) bool {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	return !c.network.only || d.Landing.Ref == c.network.wanted
}

// online is net for what goes online, which a person may have forbidden.
func (c *Core) online(ctx context.Context) (*network, error) {
	if c.Settings(ctx).NeverOnline {
		return nil, backend.Fail(backend.CodeOffline, nil, "Weightroom is set never to go online.", "Change this on the Machine page, under Offline.")
	}
	return c.net(ctx)
}

// setNetwork passes on what of the settings concerns downloads. Who wants nothing to go online
// pauses what would.
func (c *Core) setNetwork(ctx context.Context, p Preferences) {
	c.network.mu.Lock()
	n := c.network.open
	c.network.mu.Unlock()
	if n == nil {
		return
	}
	n.limit.Set(p.SpeedLimit)
	n.queue.SetActive(p.DownloadsAtOnce)
	if !p.NeverOnline {
		return
	}
	for _, d := range n.queue.List() {
		switch d.State {
		case download.StateQueued, download.StateRunning, download.StateWaiting:
			if err := n.queue.Pause(ctx, d.ID); err != nil {
				slog.Warn("download not paused", "error", err)
			}
		case download.StatePaused, download.StateFinishing, download.StateDone, download.StateFailed:
		}
	}
}

// closeNetwork stops downloads where they are, and stores the ledger.
func (c *Core) closeNetwork() error {
	c.network.mu.Lock()
	n := c.network.open
	c.network.mu.Unlock()
	if n == nil {
		return nil
	}
	err := n.queue.Close()
	n.client.CloseIdle()
	return errors.Join(err, n.ledger.Close())
}

// hostOf is where the bytes of an offer come from, for people.
func hostOf(o source.Offer) string {
	for _, i := range o.Items {
		if u, err := url.Parse(i.Address); err == nil && u.Host != "" {
			return u.Host
		}
	}
	if u, err := url.Parse(o.Page); err == nil && u.Host != "" {
		return u.Host
	}
	return o.Source
}

// connectionOf is a line of the ledger in a person's words.
func connectionOf(c web.Connection) Connection {
	words := map[web.PurposeKind]string{
		web.PurposeDownload: "You downloaded ",
		web.PurposeLookup:   "You asked about ",
		web.PurposeHeader:   "You looked at ",
		web.PurposeSearch:   "You searched for ",
	}
	return Connection{
		At: c.Began, Why: words[c.Purpose.Kind] + c.Purpose.Of, Host: c.Host, BytesIn: c.In, BytesOut: c.Out,
		Failed: c.Ended != 0 && c.Result != "ok",
	}
}

// ledgerShown is how many connections the page lists.
const ledgerShown = 200

// Ledger gives every connection the app has made, newest first.
func (c *Core) Ledger(ctx context.Context) (LedgerPage, error) {
	n, err := c.net(ctx)
	if err != nil {
		return LedgerPage{}, err
	}
	page := LedgerPage{Connections: convert(n.ledger.Connections(ledgerShown), connectionOf)}
	for _, t := range n.ledger.Totals() {
		page.Count += t.Connections
		page.BytesIn += t.In
		page.BytesOut += t.Out
	}
	return page, nil
}

// Ledger gives every connection the app has made.
func (s *Machine) Ledger() (LedgerPage, error) {
	return call("Machine.Ledger", func() (LedgerPage, error) {
		core, err := s.window.Core()
		if err != nil {
			return LedgerPage{}, err
		}
		return core.Ledger(s.window.ctx)
	})
}
