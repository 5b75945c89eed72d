package models

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"

	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/download/source"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
)

// Downloads is the part of the app that may go online, with everything it keeps for that. It is opened when somebody
// asks for it, which connects to nothing. It may be used from many goroutines.
type Downloads struct {
	opts Options

	mu      sync.Mutex // guards the following
	open    *network
	events  func(d download.Download, gone bool)
	onlines func(Online)
	wanted  map[string]bool     // references that this process was asked for
	answers map[string]answered // what sources answered lately, by the reference that was asked for
}

// NewDownloads makes Downloads. Nothing is opened yet.
func NewDownloads(o Options) *Downloads {
	return &Downloads{opts: o, wanted: map[string]bool{}, answers: map[string]answered{}}
}

// network is one client, whose every connection is in the ledger, and what stands on it. It makes no connection by
// itself.
type network struct {
	ledger  *web.Ledger
	client  *web.Client
	sources *source.Sources
	secrets source.Secrets
	limit   *transfer.Limit
	queue   *download.Queue
}

// Open opens the queue, so that downloads of an earlier run go on.
func (d *Downloads) Open(ctx context.Context) error {
	_, err := d.net(ctx)
	return err
}

// net opens the network, which connects to nothing, or returns the open one.
func (d *Downloads) net(ctx context.Context) (*network, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open != nil {
		return d.open, nil
	}
	if d.opts.History == nil {
		return nil, errors.New("the network needs the ledger, and the ledger the history")
	}
	ledger, err := web.OpenLedger(ctx, d.opts.History)
	if err != nil {
		return nil, err
	}
	n := &network{ledger: ledger, limit: &transfer.Limit{}, secrets: source.Keyring{}}
	ledger.OnChange(func() { d.onlineChanged(ledger) })
	gate := &web.Gate{}
	n.client = web.NewClient(web.ClientOptions{Ledger: ledger, Gate: gate})
	// HF_ENDPOINT is what every tool of Hugging Face reads, for mirrors inside a company.
	if n.sources, err = source.New(source.Options{Client: n.client, Secrets: source.WithDockerLogins(n.secrets), HuggingFace: os.Getenv("HF_ENDPOINT")}); err != nil {
		return nil, err
	}
	settings := d.opts.Settings(ctx)
	n.limit.Set(settings.SpeedLimit)
	n.queue, err = download.Open(ctx, download.QueueOptions{
		Dir:     d.opts.Library.DownloadsDir(),
		Store:   d.opts.History,
		Fetcher: &transfer.Fetcher{Client: n.client, Gate: gate, Limit: n.limit, Log: slog.Default()},
		Link: func(_ context.Context, _ download.Download, i web.Item) (web.Linker, error) {
			return n.sources.Linker(i)
		},
		Finish:  d.finish,
		Changed: d.changed,
		Allow:   d.allow,
		Active:  settings.DownloadsAtOnce,
		Log:     slog.Default(),
	})
	if err != nil {
		return nil, err
	}
	d.open = n
	return n, nil
}

// online is net for what goes online, which a person may have forbidden.
func (d *Downloads) online(ctx context.Context) (*network, error) {
	if d.opts.Settings(ctx).NeverOnline {
		return nil, backend.Fail(backend.CodeOffline, nil, "Weightroom is set never to go online.", "Change this on the Machine page, under Offline.")
	}
	return d.net(ctx)
}

// allow reports whether a download may run in this process: a command does what it was asked for, and not what the
// window had left.
func (d *Downloads) allow(one download.Download) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.opts.Alone || d.wanted[one.Landing.Ref]
}

func (d *Downloads) want(ref string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted[ref] = true
}

// changed passes on what happens to a download.
func (d *Downloads) changed(one download.Download, gone bool) {
	d.mu.Lock()
	events := d.events
	d.mu.Unlock()
	if events != nil {
		events(one, gone)
	}
}

// OnChange sets who hears of every change of a download, one call at a time. It must not call the queue.
func (d *Downloads) OnChange(f func(one download.Download, gone bool)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = f
}

// OnOnline sets who hears, from any goroutine, when connections are opened and closed, and of what they carry meanwhile.
func (d *Downloads) OnOnline(f func(Online)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onlines = f
}

func (d *Downloads) onlineChanged(ledger *web.Ledger) {
	d.mu.Lock()
	f := d.onlines
	d.mu.Unlock()
	if f != nil {
		f(onlineNow(ledger))
	}
}

// Apply passes on what of the settings concerns downloads. Who wants nothing to go online pauses what would.
func (d *Downloads) Apply(ctx context.Context, s backend.Settings) {
	d.mu.Lock()
	n := d.open
	d.mu.Unlock()
	if n == nil {
		return
	}
	n.limit.Set(s.SpeedLimit)
	n.queue.SetActive(s.DownloadsAtOnce)
	if !s.NeverOnline {
		return
	}
	for _, one := range n.queue.List() {
		switch one.State {
		case download.StateQueued, download.StateRunning, download.StateWaiting:
			if err := n.queue.Pause(ctx, one.ID); err != nil {
				slog.Warn("download not paused", "error", err)
			}
		case download.StatePaused, download.StateFinishing, download.StateDone, download.StateFailed:
		}
	}
}

// Close stops downloads where they are, and stores the ledger.
func (d *Downloads) Close() error {
	d.mu.Lock()
	n := d.open
	d.mu.Unlock()
	if n == nil {
		return nil
	}
	err := n.queue.Close()
	n.client.CloseIdle()
	return errors.Join(err, n.ledger.Close())
}

// Ledger is every connection the app has made.
type Ledger struct {
	Connections       []Connection // the last of them, newest first
	Count             int64        // of all
	BytesIn, BytesOut int64        // since the app was installed
}

// Connection is one line of the ledger.
type Connection struct {
	At      int64  // milliseconds since 1970
	Why     string // in a person's words
	Host    string
	In, Out int64 // bytes
	Failed  bool  // it ended otherwise than it should
}

// ledgerShown is how many connections are listed.
const ledgerShown = 200

// Ledger returns the connections that were made.
func (d *Downloads) Ledger(ctx context.Context) (Ledger, error) {
	n, err := d.net(ctx)
	if err != nil {
		return Ledger{}, err
	}
	l := Ledger{}
	for _, c := range n.ledger.Connections(ledgerShown) {
		l.Connections = append(l.Connections, Connection{
			At: c.Began, Why: why(c.Purpose), Host: c.Host, In: c.In, Out: c.Out, Failed: c.Ended != 0 && c.Result != "ok",
		})
	}
	for _, t := range n.ledger.Totals() {
		l.Count += t.Connections
		l.BytesIn += t.In
		l.BytesOut += t.Out
	}
	return l, nil
}

// Online is what is connected now. Nothing: the app is offline.
type Online struct {
	Open     []OpenPurpose // what connections are open for, the oldest first
	BytesOut int64         // since the app was installed
}

// OpenPurpose is what one or more open connections are for.
type OpenPurpose struct {
	Kind        web.PurposeKind
	Of, Host    string // of the first of them
	Connections int
	Since       int64 // milliseconds since 1970
	In, Out     int64 // bytes of these connections so far
}

// Online returns what is connected now.
func (d *Downloads) Online(ctx context.Context) (Online, error) {
	n, err := d.net(ctx)
	if err != nil {
		return Online{}, err
	}
	return onlineNow(n.ledger), nil
}

func onlineNow(ledger *web.Ledger) Online {
	var o Online
	at := map[web.Purpose]int{}
	for _, c := range ledger.Open() {
		i, ok := at[c.Purpose]
		if !ok {
			i = len(o.Open)
			at[c.Purpose] = i
			o.Open = append(o.Open, OpenPurpose{Kind: c.Purpose.Kind, Of: c.Purpose.Of, Host: c.Host, Since: c.Began})
		}
		p := &o.Open[i]
		p.Connections++
		p.In += c.In
		p.Out += c.Out
	}
	for _, t := range ledger.Totals() {
		o.BytesOut += t.Out
	}
	return o
}

// why says in a person's words why a connection was made.
func why(p web.Purpose) string {
	words := map[web.PurposeKind]string{
		web.PurposeDownload: "You downloaded ",
		web.PurposeLookup:   "You asked about ",
		web.PurposeHeader:   "You looked at ",
		web.PurposeSearch:   "You searched for ",
	}
	return words[p.Kind] + p.Of
}
