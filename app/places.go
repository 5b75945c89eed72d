package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"weightroom/backend"
	"weightroom/backend/catalog"
	"weightroom/backend/download"
	"weightroom/backend/download/source"
)

// identity is what an offer becomes in the library, with what is known of it only while it is resolved.
type identity struct {
	download.Landing
	Terms catalog.Licence // in words; zero: not known
	Model *catalog.Model  // nil: not in the catalog
	Text  string          // the licence's own words
	Open  bool            // the reference leaves open which of several is meant
}

// resolve asks the place that has ref what it has. A model of the catalog is looked for at the places that are known
// for it, one after another: what they really list counts, not what the catalog remembers.
func (c *Core) resolve(ctx context.Context, ref string) (source.Offer, identity, error) {
	net, err := c.online(ctx)
	if err != nil {
		return source.Offer{}, identity{}, err
	}
	if err := c.shelf.load(); err != nil {
		return source.Offer{}, identity{}, err
	}
	found, known := c.shelf.catalog.Resolve(ref)
	if known != nil || found.Model == nil || found.Tag != nil || found.Repo != nil {
		offer, err := net.sources.Resolve(ctx, ref)
		if err != nil {
			return offer, identity{}, betterThan(err, known)
		}
		as := c.identify(offer, found.Model, offer.Ref)
		as.Open = offer.Source == source.HuggingFace && !strings.Contains(strings.ToLower(ref), ".gguf") && quantIn(ref) == ""
		return offer, as, nil
	}
	if found.Quant == "" {
		found.Quant = usualQuant(found.Model)
	}
	places := placesOf(found.Model, found.Quant)
	if len(places) == 0 {
		return source.Offer{}, identity{}, backend.Fail(backend.CodeNotFound, nil,
			"No place is known that has "+found.Model.Name+" at "+found.Quant+".", "Choose another quant, or search Hugging Face on the Discover page.")
	}
	var last error
	for _, place := range places {
		offer, err := net.sources.Resolve(ctx, place)
		switch {
		case err == nil && (offer.Quant == "" || strings.EqualFold(offer.Quant, found.Quant)):
			return offer, c.identify(offer, found.Model, found.Model.ID+":"+found.Quant), nil
		case err == nil:
			last = backend.Fail(backend.CodeNotFound, nil, place+" has "+offer.Quant+" and not "+found.Quant+".", "Choose another quant.")
		case !missing(err):
			return source.Offer{}, identity{}, err
		default:
			last = err
		}
	}
	return source.Offer{}, identity{}, backend.Fail(backend.CodeNotFound, last,
		"None of the known places has "+found.Model.Name+" at "+found.Quant+" now.", "Choose another quant, or search Hugging Face on the Discover page.")
}

// quantIn is the quant that a reference names; empty: none.
func quantIn(ref string) string {
	_, quant := backend.SplitRef(ref)
	return quant
}

// missing says that a place does not have what was asked for, or not for everybody, so that another one may.
func missing(err error) bool {
	var e *backend.Error
	return errors.As(err, &e) && slices.Contains([]backend.Code{backend.CodeNotFound, backend.CodeInvalid, backend.CodeDenied, backend.CodeUnsupported}, e.Code)
}

// betterThan prefers the catalog's sentence for what is no address and not in the catalog either.
func betterThan(err, known error) error {
	var e *backend.Error
	if known != nil && errors.As(err, &e) && e.Code == backend.CodeNotFound {
		var k *backend.Error
		if errors.As(known, &k) && k.Code == backend.CodeUnsupported {
			return known
		}
	}
	return err
}

// placesOf lists where a model of the catalog may be had at a quant: Ollama's tags that say so, then the
// repositories, the publisher's own first and those whose name was only recalled last.
func placesOf(m *catalog.Model, quant string) []string {
	var places []string
	if m.Ollama != nil {
		for _, exact := range []bool{true, false} {
			for _, t := range m.Ollama.Tags {
				if strings.EqualFold(t.Quant, quant) && !t.Cloud && !t.QAT && t.Exact == exact {
					places = append(places, t.Name)
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
		places = append(places, "hf.co/"+r.Name+":"+quant)
	}
	return places
}

// identify says what an offer becomes in the library.
func (c *Core) identify(o source.Offer, m *catalog.Model, ref string) identity {
	i := identity{Text: o.Licence.Text, Model: m, Landing: download.Landing{
		Ref: ref, Name: o.Name, Quant: o.Quant, Host: hostOf(o), Page: o.Page, Revision: o.Revision,
		Licence: backend.Licence{Name: o.Licence.Name},
	}}
	if m != nil {
		i.Name, i.Named = m.Name, true
		i.Terms = m.Licence
	} else if terms, ok := c.termsOf(o.Licence); ok {
		i.Terms = terms
	}
	if i.Terms.Name != "" && i.Terms.ID != "unknown" {
		i.Licence = i.Terms.Plain()
	}
	return i
}

// termsOf finds a licence that the catalog explains, by its identifier or by the first words of its text.
func (c *Core) termsOf(t source.Terms) (catalog.Licence, bool) {
	name := strings.ToLower(strings.TrimSpace(t.Name))
	if l, ok := c.shelf.catalog.Licence(name); ok {
		return l, true
	}
	head := strings.ToLower(strings.Join(strings.Fields(t.Text[:min(len(t.Text), 400)]), " "))
	for _, known := range []struct{ words, id string }{
		{"apache license version 2.0", "apache-2.0"}, {"mit license", "mit"}, {"llama 3.1 community license", "llama3.1"},
		{"llama 3.2 community license", "llama3.2"}, {"llama 3.3 community license", "llama3.3"}, {"llama 4 community license", "llama4"},
		{"gemma terms of use", "gemma"}, {"qwen research license", "qwen-research"}, {"qwen license agreement", "qwen"},
	} {
		if strings.Contains(head, known.words) || strings.Contains(name, known.words) {
			return c.shelf.catalog.Licence(known.id)
		}
	}
	return catalog.Licence{}, false
}
