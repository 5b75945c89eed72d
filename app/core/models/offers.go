package models

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
	"weightroom/backend/catalog"
	"weightroom/backend/download"
	"weightroom/backend/download/source"
	"weightroom/backend/download/web"
	"weightroom/backend/fsys"
	"weightroom/backend/gguf"
	"weightroom/backend/library"
)

const (
	// room is what must stay free on the library's disk beside a download.
	room = 64 << 20
	// offerLasts is how long an answer of a source is believed: as long as a person reads it.
	offerLasts = 10 * time.Minute
)

// answered is what a source answered, and when.
type answered struct {
	resolved
	at time.Time
}

// Offered is what a reference can bring, and what stands in its way. Sizes are bytes.
type Offered struct {
	Offer       source.Offer
	Landing     download.Landing
	Terms       catalog.Licence // of its licence, in words; zero: not known
	LicenceText string          // its own words; empty: not given
	Ambiguous   bool            // the reference leaves open which of the offer's choices is meant

	Total      int64          // of all files
	Fetch      int64          // to be fetched: what is here already is not counted
	Free       int64          // on the library's disk
	ShortBy    int64          // that the disk lacks
	Installed  string         // the library's reference; empty: not there
	MustAccept bool           // the licence asks for it, and the person has not yet
	Gated      bool           // the publisher asks for a sign-in and a token
	TokenSet   bool           // a Hugging Face token is kept
	Problem    *backend.Error // why the engine can't run it; nil: it can, as far as the beginning of its header says
	DownloadID string         // of a download of the same that is in the list; empty: none
}

// Offer asks the source that has ref what it has. No weights are fetched.
func (d *Downloads) Offer(ctx context.Context, ref string) (Offered, error) {
	r, err := d.answer(ctx, ref)
	if err != nil {
		return Offered{}, web.AskedOnce(err)
	}
	return d.offered(ctx, r)
}

// answer asks the source that has ref what it has, and remembers it.
func (d *Downloads) answer(ctx context.Context, ref string) (resolved, error) {
	r, err := d.resolve(ctx, ref)
	if err != nil {
		return r, err
	}
	for _, i := range r.offer.Items {
		if i.Digest != "" && d.opts.Library.Has(ctx, i.Digest) {
			r.Here = append(r.Here, i)
		}
	}
	d.name(ctx, &r)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range []string{ref, r.Ref, r.offer.Ref} {
		d.answers[key] = answered{r, time.Now()}
	}
	return r, nil
}

// name gives what a source offers the name that it will have in the library: the catalog's, else the header's, of which the
// first bytes are read, else the source's.
func (d *Downloads) name(ctx context.Context, r *resolved) {
	if r.Named {
		return
	}
	given := r.Name
	r.Name = ""
	if n, err := d.online(ctx); err == nil && !r.offer.Gated {
		if lead := n.sources.ModelLead(ctx, r.offer); lead != nil {
			r.Name, r.problem = library.Title(lead.Name()), gguf.CheckHeader(lead)
		}
		r.Named = r.Name != ""
	}
	r.Name = cmp.Or(r.Name, library.Title(given), given)
}

// recent is answer, or what it was a short time ago.
func (d *Downloads) recent(ctx context.Context, ref string) (resolved, error) {
	d.mu.Lock()
	a, ok := d.answers[ref]
	d.mu.Unlock()
	if ok && time.Since(a.at) <= offerLasts {
		return a.resolved, nil
	}
	return d.answer(ctx, ref)
}

// isHere reports whether the library has a file of a download already.
func isHere(l download.Landing, i web.Item) bool {
	return slices.ContainsFunc(l.Here, func(h web.Item) bool { return h.Digest == i.Digest })
}

// IsHere reports whether the library has a file of the offer already.
func (o Offered) IsHere(i web.Item) bool { return isHere(o.Landing, i) }

// offered finds what stands in the way of a download.
func (d *Downloads) offered(ctx context.Context, r resolved) (Offered, error) {
	n, err := d.net(ctx)
	if err != nil {
		return Offered{}, err
	}
	out := Offered{Offer: r.offer, Landing: r.Landing, Terms: r.terms, LicenceText: r.text, Ambiguous: r.ambiguous, Gated: r.offer.Gated, Problem: r.problem, MustAccept: r.mustAccept()}
	if out.MustAccept {
		_, before := d.accepted(ctx)[r.licenceKey()]
		out.MustAccept = !before
	}
	if secret, err := n.secrets.Get(ctx, hubHost); err == nil {
		out.TokenSet = secret.Password != ""
	}
	for _, i := range r.offer.Items {
		size := max(0, i.Bytes)
		out.Total += size
		if !out.IsHere(i) {
			out.Fetch += size
		}
	}
	if _, out.Free, err = d.opts.Library.Usage(); err != nil {
		return Offered{}, err
	}
	if out.Fetch > 0 {
		out.ShortBy = max(0, out.Fetch+room-out.Free)
	}
	if m, err := d.opts.Library.Model(ctx, r.Ref); err == nil && out.Fetch == 0 && len(r.offer.Items) > 0 {
		out.Installed = m.Ref
	}
	if one, ok := n.underWay(r.Ref); ok {
		out.DownloadID = one.ID
	}
	return out, nil
}

// refusal is why a download of an offer can't begin; nil: it can.
func (o Offered) refusal() error {
	name := o.Landing.Name
	switch {
	case o.Installed != "":
		return backend.Fail(backend.CodeInvalid, nil, name+" is in the library already.", "Use it as "+o.Installed+".")
	case o.Problem != nil:
		return o.Problem
	case o.Gated && !o.TokenSet:
		return backend.Fail(backend.CodeDenied, nil, "The publisher of "+name+" asks for a sign-in.",
			"Ask for access on "+o.Offer.Page+", then add your Hugging Face token in Settings.")
	case o.ShortBy > 0:
		return fsys.Short(name, o.ShortBy, "Or move the library to another disk.")
	}
	return nil
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

// Start puts what ref means into the queue. accepted says that the person agrees to its licence. One that is in the
// queue already goes on.
func (d *Downloads) Start(ctx context.Context, ref string, accepted bool) (download.Download, error) {
	n, err := d.online(ctx)
	if err != nil {
		return download.Download{}, err
	}
	r, err := d.recent(ctx, ref)
	if err != nil {
		return download.Download{}, web.AskedOnce(err)
	}
	d.want(r.Ref)
	if one, ok := n.underWay(r.Ref); ok {
		if one.State == download.StatePaused || one.State == download.StateFailed {
			err = n.queue.Resume(ctx, one.ID)
		}
		return one, err
	}
	offer, err := d.offered(ctx, r)
	if err != nil {
		return download.Download{}, err
	}
	if err := offer.refusal(); err != nil {
		return download.Download{}, err
	}
	at, err := d.agreed(ctx, r, accepted)
	if err != nil {
		return download.Download{}, err
	}
	one := download.Download{Ref: r.Ref, Name: r.Name, LicenceName: r.Licence.Name, LicenceAccepted: at, Landing: r.Landing}
	for _, i := range r.offer.Items {
		if !offer.IsHere(i) {
			one.Items = append(one.Items, i)
		}
	}
	if len(one.Items) == 0 && len(r.Here) > 0 { // every byte is here, under another name
		one.State = download.StateDone
		one.Result, err = d.finish(ctx, one, nil)
		return one, err
	}
	return n.queue.Add(ctx, one)
}

// finish takes the files of a download into the library.
func (d *Downloads) finish(ctx context.Context, one download.Download, files []download.File) (string, error) {
	to := one.Landing
	in := library.Incoming{
		Ref: to.Ref, Licence: to.Licence, Source: library.SourcePull, Address: to.Page, Revision: to.Revision,
	}
	if to.Named {
		in.Name = to.Name
	}
	for _, f := range files {
		in.Files = append(in.Files, library.IncomingFile{
			Kind: f.Kind, Name: f.Name, Path: f.Path, Digest: f.Digest, Bytes: f.Bytes, Address: f.Address, Verified: true,
		})
	}
	for _, i := range to.Here {
		in.Files = append(in.Files, library.IncomingFile{Kind: i.Kind, Name: i.Name, Digest: i.Digest, Bytes: i.Bytes, Address: i.Address})
	}
	m, err := d.opts.Library.Accept(ctx, in)
	return m.Ref, err
}

// Peeked is a model elsewhere, of which only the header was read.
type Peeked struct {
	Offer   source.Offer
	Landing download.Landing
	Terms   catalog.Licence // of its licence, in words; zero: not known
	Header  *gguf.File
	Fetched int64 // bytes
}

// PeekHeader reads the header of what ref names, by ranges. No weights are fetched.
func (d *Downloads) PeekHeader(ctx context.Context, ref string) (Peeked, error) {
	r, err := d.resolve(ctx, ref)
	if err != nil {
		return Peeked{}, web.AskedOnce(err)
	}
	n, err := d.online(ctx)
	if err != nil {
		return Peeked{}, err
	}
	f, read, err := n.sources.ModelHeader(ctx, r.offer)
	if err == nil && !r.Named {
		r.Name = cmp.Or(library.Title(f.Name()), library.Title(r.Name), r.Name)
	}
	return Peeked{Offer: r.offer, Landing: r.Landing, Terms: r.terms, Header: f, Fetched: read}, web.AskedOnce(err)
}

// WeightsBytes is the size of the files that hold an offer's weights.
func (p Peeked) WeightsBytes() int64 { return p.bytesOf(backend.KindModel) }

// ProjectorBytes is the size of what comes along so that the model sees; 0: nothing does.
func (p Peeked) ProjectorBytes() int64 { return p.bytesOf(backend.KindProjector) }

func (p Peeked) bytesOf(kind backend.FileKind) (n int64) {
	for _, i := range p.Offer.Items {
		if i.Kind == kind {
			n += max(0, i.Bytes)
		}
	}
	return n
}

// searchShown is how many hits are asked for.
const searchShown = 40

// Search asks Hugging Face for repositories with GGUF files. A licence that the catalog knows is called as it is there.
func (d *Downloads) Search(ctx context.Context, query string) ([]source.Hit, error) {
	n, err := d.online(ctx)
	if err != nil {
		return nil, err
	}
	hits, err := n.sources.Search(ctx, query, searchShown)
	if err != nil {
		return nil, web.AskedOnce(err)
	}
	if _, err := d.opts.Catalog.Load(); err != nil {
		return nil, err
	}
	for i := range hits {
		if terms, ok := d.opts.Catalog.Terms(source.Terms{Name: hits[i].Licence}); ok {
			hits[i].Licence = terms.Name
		}
	}
	return hits, nil
}

// hubHost is the host that a Hugging Face token is for.
const hubHost = "huggingface.co"

// HasToken reports whether a Hugging Face token is kept.
func (d *Downloads) HasToken(ctx context.Context) (bool, error) {
	n, err := d.net(ctx)
	if err != nil {
		return false, err
	}
	secret, err := n.secrets.Get(ctx, hubHost)
	return err == nil && secret.Password != "", err
}

// SetToken keeps a Hugging Face token; an empty one is forgotten.
func (d *Downloads) SetToken(ctx context.Context, value string) error {
	n, err := d.net(ctx)
	if err != nil {
		return err
	}
	switch value = strings.TrimSpace(value); {
	case value == "":
		return n.secrets.Delete(ctx, hubHost)
	case !strings.HasPrefix(value, "hf_") || strings.ContainsAny(value, " \t\r\n") || len(value) > 200:
		return backend.Fail(backend.CodeInvalid, nil, "This is not a Hugging Face token.", "Copy it whole from your settings there; tokens begin with hf_.")
	}
	return n.secrets.Set(ctx, hubHost, source.Secret{Password: value})
}
