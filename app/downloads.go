package app

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/download/source"
	"weightroom/backend/download/web"
	"weightroom/backend/library"
)

// room is what must stay free on the library's disk beside a download.
const room = 64 << 20

// Offer asks the place that has ref what it has. No weights are fetched.
func (c *Core) Offer(ctx context.Context, ref string) (Offer, error) {
	offer, as, err := c.resolve(ctx, ref)
	if err != nil {
		return Offer{}, err
	}
	for _, i := range offer.Items {
		if i.Digest != "" && c.Models.Has(ctx, i.Digest) {
			as.Here = append(as.Here, i)
		}
	}
	c.network.mu.Lock()
	if c.network.offers == nil {
		c.network.offers = map[string]offered{}
	}
	for _, key := range []string{ref, as.Ref, offer.Ref} {
		c.network.offers[key] = offered{offer, as, time.Now()}
	}
	c.network.mu.Unlock()
	return c.offerOf(ctx, offer, as)
}

func (c *Core) offerOf(ctx context.Context, o source.Offer, as identity) (Offer, error) {
	n, err := c.net(ctx)
	if err != nil {
		return Offer{}, err
	}
	out := Offer{
		Ref: as.Ref, Name: as.Name, Quant: as.Quant, Host: as.Host, Files: []OfferFile{}, Choices: []OfferChoice{},
		LicenceName: as.Licence.Name, OpenSource: as.Licence.OpenSource, Licence: answersOf(as.Terms), LicenceText: as.Text,
		MustAccept: as.mustAccept(), Gated: o.Gated, GateAddress: "", Notes: strings0(o.Warnings),
	}
	if as.Terms.ID == "" || as.Terms.ID == "unknown" {
		out.Licence = []Answer{}
	}
	if out.MustAccept {
		_, before := c.accepted(ctx)[as.licenceKey()]
		out.MustAccept = !before
	}
	if o.Gated {
		out.GateAddress = o.Page
	}
	if secret, err := n.secrets.Get(ctx, "huggingface.co"); err == nil {
		out.TokenSet = secret.Password != ""
	}
	for _, i := range o.Items {
		here := slices.ContainsFunc(as.Here, func(h web.Item) bool { return h.Digest == i.Digest })
		size := max(0, i.Bytes)
		out.Files = append(out.Files, OfferFile{Name: i.Name, Kind: kindOf(i.Kind), Bytes: size, Here: here})
		out.TotalBytes += size
		if !here {
			out.Bytes += size
		}
		out.NoChecksum = out.NoChecksum || i.Digest == "" && i.Kind == backend.KindModel
	}
	_, out.FreeBytes, err = c.Models.Usage()
	if err != nil {
		return Offer{}, err
	}
	if out.Bytes > 0 {
		out.ShortByBytes = max(0, out.Bytes+room-out.FreeBytes)
	}
	if as.Open {
		for _, choice := range o.Choices {
			out.Choices = append(out.Choices, OfferChoice{Ref: choice.Ref, Quant: choice.Quant, Bytes: max(0, choice.Bytes)})
		}
		if !slices.ContainsFunc(out.Choices, func(x OfferChoice) bool { return x.Ref == o.Ref }) && len(out.Choices) > 0 {
			out.Choices = append(out.Choices, OfferChoice{Ref: o.Ref, Quant: o.Quant, Bytes: out.TotalBytes})
			slices.SortStableFunc(out.Choices, func(a, b OfferChoice) int { return cmp.Compare(a.Bytes, b.Bytes) })
		}
	}
	if m, err := c.Models.Model(ctx, as.Ref); err == nil && out.Bytes == 0 && len(o.Items) > 0 {
		out.Installed = m.Ref
	}
	if d, ok := n.underWay(as.Ref); ok {
		out.DownloadID = d.ID
	}
	return out, nil
}

// kindOf says a file's kind as the page knows it.
func kindOf(kind backend.FileKind) string {
	switch kind {
	case backend.KindModel, backend.KindProjector, backend.KindAdapter, backend.KindTemplate:
		return string(kind)
	case backend.KindLicence:
		return "licence"
	case backend.KindParams, backend.KindSystem, backend.KindConfig, backend.KindMessages:
		return "parameters"
	}
	return "other"
}

// underWay finds an unfinished download of a reference.
func (n *network) underWay(ref string) (download.Download, bool) {
	for _, d := range n.queue.List() {
		if d.State != download.StateDone && (d.Ref == ref || d.Landing.Ref == ref) {
			return d, true
		}
	}
	return download.Download{}, false
}

// StartDownload puts what ref means into the queue. accepted says that the person agrees to its licence. One that is in
// the queue already goes on.
func (c *Core) StartDownload(ctx context.Context, ref string, accepted bool) (download.Download, error) {
	n, err := c.online(ctx)
	if err != nil {
		return download.Download{}, err
	}
	c.network.mu.Lock()
	asked, known := c.network.offers[ref]
	c.network.mu.Unlock()
	if !known || time.Since(asked.at) > offerLasts {
		if _, err := c.Offer(ctx, ref); err != nil {
			return download.Download{}, err
		}
		c.network.mu.Lock()
		asked = c.network.offers[ref]
		c.network.mu.Unlock()
	}
	offer, as := asked.offer, asked.as
	c.network.mu.Lock()
	c.network.wanted = as.Ref
	c.network.mu.Unlock()
	if d, ok := n.underWay(as.Ref); ok {
		if d.State == download.StatePaused || d.State == download.StateFailed {
			err = n.queue.Resume(ctx, d.ID)
		}
		return d, err
	}
	shown, err := c.offerOf(ctx, offer, as)
	if err != nil {
		return download.Download{}, err
	}
	switch {
	case shown.Installed != "":
		return download.Download{}, backend.Fail(backend.CodeInvalid, nil, as.Name+" is in the library already.", "Use it as "+shown.Installed+".")
	case offer.Gated && !shown.TokenSet:
		return download.Download{}, backend.Fail(backend.CodeDenied, nil, "The publisher of "+as.Name+" asks for a sign-in.",
			"Ask for access on "+offer.Page+", then add your Hugging Face token in Settings.")
	case shown.ShortByBytes > 0:
		return download.Download{}, backend.Fail(backend.CodeDiskFull, nil, "There is not enough space for "+as.Name+": the disk is short by "+backend.Bytes(shown.ShortByBytes)+".",
			"Free some space, or move the library to another disk.")
	}
	at, err := c.agreed(ctx, as, accepted)
	if err != nil {
		return download.Download{}, err
	}
	d := download.Download{Ref: as.Ref, Name: as.Name, LicenceName: as.Licence.Name, LicenceAccepted: at, Landing: as.Landing}
	for _, i := range offer.Items {
		if !slices.ContainsFunc(as.Here, func(h web.Item) bool { return h.Digest == i.Digest }) {
			d.Items = append(d.Items, i)
		}
	}
	if len(d.Items) == 0 && len(as.Here) > 0 { // every byte is here, under another name
		d.State = download.StateDone
		d.Result, err = c.finish(ctx, d, nil)
		return d, err
	}
	return n.queue.Add(ctx, d)
}

// finish takes the files of a download into the library.
func (c *Core) finish(ctx context.Context, d download.Download, files []download.File) (string, error) {
	as := d.Landing
	in := library.Incoming{
		Ref: as.Ref, Licence: as.Licence, Source: library.SourcePull, Address: as.Page, Revision: as.Revision,
	}
	if as.Named {
		in.Name = as.Name
	}
	for _, f := range files {
		in.Files = append(in.Files, library.IncomingFile{
			Kind: f.Kind, Name: f.Name, Path: f.Path, Digest: f.Digest, Bytes: f.Bytes, Address: f.Address, Verified: true,
		})
	}
	for _, i := range as.Here {
		in.Files = append(in.Files, library.IncomingFile{Kind: i.Kind, Name: i.Name, Digest: i.Digest, Bytes: i.Bytes, Address: i.Address})
	}
	m, err := c.Models.Accept(ctx, in)
	return m.Ref, err
}

// downloadChanged passes on what happens to a download.
func (c *Core) downloadChanged(d download.Download, gone bool) {
	c.network.mu.Lock()
	events := c.network.events
	c.network.mu.Unlock()
	if events != nil {
		events(d, gone)
	}
}

// OnDownload sets who hears of every change of a download, one call at a time. It must not call the queue.
func (c *Core) OnDownload(f func(d download.Download, gone bool)) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.network.events = f
}

// downloadOf is a download as the page shows it.
func downloadOf(d download.Download) Download {
	as := d.Landing
	out := Download{
		ID: d.ID, Ref: as.Ref, Name: as.Name, Quant: as.Quant, Host: as.Host, State: string(d.State), Done: d.Bytes, Total: max(0, d.Total),
		BytesPerSecond: int64(d.Rate), SecondsLeft: -1, Model: d.Result, AddedAt: millis(d.Added), EndedAt: millis(d.Finished), RetryAt: millis(d.RetryAt),
	}
	if d.Left >= 0 && d.State == download.StateRunning {
		out.SecondsLeft = d.Left.Seconds()
	}
	switch {
	case d.Error == nil:
	case d.State == download.StateFailed:
		out.Problem = problemOf(d.Error)
	default:
		out.Waiting = strings.TrimSpace(d.Error.Message + " " + d.Error.Hint)
	}
	return out
}

// Downloads is the bound service behind everything that may go online.
type Downloads struct{ window *Window }

func withNetwork[T any](s *Downloads, method string, f func(ctx context.Context, core *Core, n *network) (T, error)) (T, error) {
	return call("Downloads."+method, func() (T, error) {
		var none T
		core, err := s.window.Core()
		if err != nil {
			return none, err
		}
		n, err := core.net(s.window.ctx)
		if err != nil {
			return none, err
		}
		return f(s.window.ctx, core, n)
	})
}

func (s *Downloads) do(method string, f func(ctx context.Context, core *Core, n *network) error) error {
	_, err := withNetwork(s, method, func(ctx context.Context, core *Core, n *network) (struct{}, error) {
		return struct{}{}, f(ctx, core, n)
	})
	return err
}

// List gives the downloads in the order of the queue.
func (s *Downloads) List() ([]Download, error) {
	return withNetwork(s, "List", func(_ context.Context, _ *Core, n *network) ([]Download, error) {
		seq := s.window.seq.Load()
		return convert(n.queue.List(), func(d download.Download) Download {
			out := downloadOf(d)
			out.Seq = seq
			return out
		}), nil
	})
}

// Offer asks the place that has ref what it has.
func (s *Downloads) Offer(ref string) (Offer, error) {
	return withNetwork(s, "Offer", func(ctx context.Context, core *Core, _ *network) (Offer, error) { return core.Offer(ctx, ref) })
}

// Start begins a download, or lets one go on.
func (s *Downloads) Start(ref string, accepted bool) (Download, error) {
	return withNetwork(s, "Start", func(ctx context.Context, core *Core, _ *network) (Download, error) {
		d, err := core.StartDownload(ctx, ref, accepted)
		out := downloadOf(d)
		if err == nil && d.State == download.StateDone {
			out.Seq = s.window.next()
			s.window.emit(EventLibrary, Changed{ID: d.Result, Seq: out.Seq})
			s.window.emit(EventDownloadFinished, out)
		}
		return out, err
	})
}

// Pause stops a download where it is.
func (s *Downloads) Pause(id string) error {
	return s.do("Pause", func(ctx context.Context, _ *Core, n *network) error { return n.queue.Pause(ctx, id) })
}

// Resume lets a paused or failed download go on.
func (s *Downloads) Resume(id string) error {
	return s.do("Resume", func(ctx context.Context, core *Core, n *network) error {
		if _, err := core.online(ctx); err != nil {
			return err
		}
		return n.queue.Resume(ctx, id)
	})
}

// Cancel takes a download off the list, with what is there of it.
func (s *Downloads) Cancel(id string) error {
	return s.do("Cancel", func(ctx context.Context, _ *Core, n *network) error { return n.queue.Cancel(ctx, id) })
}

// Move changes a download's place in the queue, counted from 0.
func (s *Downloads) Move(id string, place int) error {
	return s.do("Move", func(ctx context.Context, _ *Core, n *network) error { return n.queue.Move(ctx, id, place) })
}

// Token says whether a Hugging Face token is kept.
func (s *Downloads) Token() (Token, error) {
	return withNetwork(s, "Token", func(ctx context.Context, _ *Core, n *network) (Token, error) { return n.token(ctx) })
}

// SetToken keeps a Hugging Face token; an empty one is forgotten.
func (s *Downloads) SetToken(value string) (Token, error) {
	return withNetwork(s, "SetToken", func(ctx context.Context, _ *Core, n *network) (Token, error) {
		var err error
		if value = strings.TrimSpace(value); value == "" {
			err = n.secrets.Delete(ctx, hubHost)
		} else if !strings.HasPrefix(value, "hf_") || strings.ContainsAny(value, " \t\r\n") || len(value) > 200 {
			err = backend.Fail(backend.CodeInvalid, nil, "This is not a Hugging Face token.", "Copy it whole from your settings there; tokens begin with hf_.")
		} else {
			err = n.secrets.Set(ctx, hubHost, source.Secret{Password: value})
		}
		if err != nil {
			return Token{}, err
		}
		return n.token(ctx)
	})
}

// hubHost is the host that a Hugging Face token is for.
const hubHost = "huggingface.co"

func (n *network) token(ctx context.Context) (Token, error) {
	secret, err := n.secrets.Get(ctx, hubHost)
	if err != nil || secret.Password == "" {
		return Token{}, err
	}
	return Token{Set: true, Place: "keyring"}, nil
}

// openDownloads lets downloads of an earlier run go on, and tells the page of every change.
func (w *Window) openDownloads(ctx context.Context) {
	ended := map[string]bool{}
	states := map[string]download.State{}
	w.core.OnDownload(func(d download.Download, gone bool) {
		before := states[d.ID]
		states[d.ID] = d.State
		out := downloadOf(d)
		out.Seq = w.next()
		switch {
		case gone:
			delete(states, d.ID)
			w.emit(EventDownloadsChanged, Changed{ID: d.ID, Seq: out.Seq})
		case d.State == download.StateDone || d.State == download.StateFailed:
			if before == d.State || ended[d.ID] && d.State == download.StateDone {
				return
			}
			ended[d.ID] = d.State == download.StateDone
			w.emit(EventDownloadFinished, out)
			w.emit(EventDownloadsChanged, Changed{ID: d.ID, Seq: w.next()})
			w.emit(EventLibrary, Changed{ID: d.Result, Seq: w.next()})
		case before != d.State:
			w.emit(EventDownloadProgress, out)
			w.emit(EventDownloadsChanged, Changed{ID: d.ID, Seq: w.next()})
		default:
			w.emit(EventDownloadProgress, out)
		}
	})
	if _, err := w.core.net(ctx); err != nil {
		slog.Error("downloads not opened", "error", err)
	}
}
