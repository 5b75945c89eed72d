package models

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/catalog"
	"weightroom/backend/download"
	"weightroom/backend/download/source"
)

// resolved is what a source offers for a reference, and what it becomes in the library.
type resolved struct {
	download.Landing
	offer     source.Offer
	terms     catalog.Licence // in words; zero: not known
	text      string          // the licence's own words
	ambiguous bool            // the reference leaves open which of several is meant
	problem   *backend.Error  // why the engine can't run it, by the beginning of its header; nil: it can, or that was not read
}

// resolve asks the source that has ref what it has. A model of the catalog is looked for at the sources that are known
// for it, one after another: what they really list counts, not what the catalog remembers.
func (d *Downloads) resolve(ctx context.Context, ref string) (resolved, error) {
	all, err := d.opts.Catalog.Load()
	if err != nil {
		return resolved{}, err
	}
	found, unknown := all.Resolve(ref)
	if errors.Is(unknown, catalog.ErrNoQuant) {
		return resolved{}, unknown
	}
	net, err := d.online(ctx)
	if err != nil {
		return resolved{}, err
	}
	if unknown != nil || found.Model == nil || found.Tag != nil || found.Repo != nil {
		offer, err := net.sources.Resolve(ctx, ref)
		if err != nil {
			return resolved{}, betterThan(err, unknown)
		}
		r := d.land(offer, found.Model, offer.Ref)
		r.ambiguous = offer.Source == source.HuggingFace && !strings.Contains(strings.ToLower(ref), ".gguf") && quantIn(ref) == ""
		return r, nil
	}
	if found.Quant == "" {
		found.Quant = usualQuant(found.Model)
	}
	sources := Sources(found.Model, found.Quant)
	if len(sources) == 0 {
		return resolved{}, backend.Fail(backend.CodeNotFound, nil,
			"No known source has "+found.Model.Name+" at "+found.Quant+".", "Choose another quant, or search Hugging Face on the Discover page.")
	}
	var last error
	for _, from := range sources {
		offer, err := net.sources.Resolve(ctx, from)
		switch {
		case err == nil && (offer.Quant == "" || strings.EqualFold(offer.Quant, found.Quant)):
			return d.land(offer, found.Model, found.Model.ID+":"+found.Quant), nil
		case err == nil:
			last = backend.Fail(backend.CodeNotFound, nil, from+" has "+offer.Quant+" and not "+found.Quant+".", "Choose another quant.")
		case !missing(err):
			return resolved{}, err
		default:
			last = err
		}
	}
	return resolved{}, backend.Fail(backend.CodeNotFound, last,
		"None of the known places has "+found.Model.Name+" at "+found.Quant+" now.", "Choose another quant, or search Hugging Face on the Discover page.")
}

// quantIn is the quant that a reference names; empty: none.
func quantIn(ref string) string {
	_, quant := backend.SplitRef(ref)
	return quant
}

// missing reports whether a source does not have what was asked for, or not for everybody, so that another one may.
func missing(err error) bool {
	var e *backend.Error
	return errors.As(err, &e) && slices.Contains([]backend.Code{backend.CodeNotFound, backend.CodeInvalid, backend.CodeDenied, backend.CodeUnsupported}, e.Code)
}

// betterThan prefers the catalog's sentence for what is no address and not in the catalog either.
func betterThan(err, unknown error) error {
	var e *backend.Error
	if unknown != nil && errors.As(err, &e) && e.Code == backend.CodeNotFound {
		var k *backend.Error
		if errors.As(unknown, &k) && k.Code == backend.CodeUnsupported {
			return unknown
		}
	}
	return err
}

// Sources lists where a model of the catalog may be had at a quant: Ollama's tags that say so, then the repositories,
// the publisher's own first and those whose name was only recalled last.
func Sources(m *catalog.Model, quant string) []string {
	var sources []string
	if m.Ollama != nil {
		for _, exact := range []bool{true, false} {
			for _, t := range m.Ollama.Tags {
				if strings.EqualFold(t.Quant, quant) && !t.Cloud && !t.QAT && t.Exact == exact {
					sources = append(sources, t.Name)
				}
			}
		}
	}
	rank := func(r catalog.Repo) int {
		switch {
		case r.Official:
			return 0
		case r.Seen:
			return 1
		}
		return 2
	}
	repos := slices.Clone(m.Repos)
	slices.SortStableFunc(repos, func(a, b catalog.Repo) int { return rank(a) - rank(b) })
	for _, r := range repos {
		sources = append(sources, "hf.co/"+r.Name+":"+quant)
	}
	return sources
}

// land says what an offer becomes in the library. m is its entry in the catalog; nil: it has none.
func (d *Downloads) land(o source.Offer, m *catalog.Model, ref string) resolved {
	r := resolved{offer: o, text: o.Licence.Text, Landing: download.Landing{
		Ref: ref, Name: o.Name, Quant: o.Quant, Host: hostOf(o), Page: o.Page, Revision: o.Revision,
		Licence: backend.Licence{Name: o.Licence.Name},
	}}
	if m != nil {
		r.Name, r.Named = m.Name, true
		r.terms = m.Licence
	} else if terms, ok := d.opts.Catalog.Terms(o.Licence); ok {
		r.terms = terms
	}
	if r.terms.Name != "" && r.terms.ID != "unknown" {
		r.Licence = r.terms.Plain()
	}
	return r
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
