package app

import (
	"cmp"
	"slices"

	"weightroom/app/core/advice"
	"weightroom/app/core/models"
	"weightroom/backend"
	"weightroom/backend/download"
	"weightroom/backend/download/source"
)

// offerOf is what a reference can bring, as the page shows it.
func offerOf(o models.Offered) Offer {
	to := o.Landing
	out := Offer{
		Ref: to.Ref, Name: to.Name, Quant: to.Quant, Host: to.Host, Bytes: o.Fetch, TotalBytes: o.Total, FreeBytes: o.Free, ShortByBytes: o.ShortBy,
		Files: []OfferFile{}, Choices: []OfferChoice{}, LicenceName: to.Licence.Name, OpenSource: to.Licence.OpenSource, Licence: []Answer{},
		LicenceText: o.LicenceText, MustAccept: o.MustAccept, Gated: o.Gated, TokenSet: o.TokenSet, Installed: o.Installed,
		DownloadID: o.DownloadID, Notes: nonNil(o.Offer.Warnings),
	}
	if o.Terms.ID != "" && o.Terms.ID != "unknown" {
		out.Licence = answersOf(o.Terms)
	}
	if o.Gated {
		out.GateAddress = o.Offer.Page
	}
	for _, i := range o.Offer.Items {
		out.Files = append(out.Files, OfferFile{Name: i.Name, Kind: kindOf(i.Kind), Bytes: max(0, i.Bytes), Here: o.IsHere(i)})
		out.NoChecksum = out.NoChecksum || i.Digest == "" && i.Kind == backend.KindModel
	}
	if !o.Ambiguous {
		return out
	}
	for _, choice := range o.Offer.Choices {
		out.Choices = append(out.Choices, OfferChoice{Ref: choice.Ref, Quant: choice.Quant, Bytes: max(0, choice.Bytes)})
	}
	if !slices.ContainsFunc(out.Choices, func(x OfferChoice) bool { return x.Ref == o.Offer.Ref }) && len(out.Choices) > 0 {
		out.Choices = append(out.Choices, OfferChoice{Ref: o.Offer.Ref, Quant: o.Offer.Quant, Bytes: o.Total})
		slices.SortStableFunc(out.Choices, func(a, b OfferChoice) int { return cmp.Compare(a.Bytes, b.Bytes) })
	}
	return out
}

// downloadOf is a download as the page shows it.
func downloadOf(d download.Download) Download {
	to := d.Landing
	out := Download{
		ID: d.ID, Ref: to.Ref, Name: to.Name, Quant: to.Quant, Host: to.Host, State: string(d.State), Done: d.Bytes, Total: max(0, d.Total),
		BytesPerSecond: int64(d.Rate), SecondsLeft: models.SecondsLeft(d), Waiting: models.Waiting(d), Model: d.Result,
		AddedAt: millis(d.Added), EndedAt: millis(d.Finished), RetryAt: millis(d.RetryAt),
	}
	if d.State == download.StateFailed {
		out.Problem = problemOf(d.Error)
	}
	return out
}

func ledgerPage(l models.Ledger) LedgerPage {
	return LedgerPage{
		Count: l.Count, BytesIn: l.BytesIn, BytesOut: l.BytesOut,
		Connections: convert(l.Connections, func(c models.Connection) Connection {
			return Connection{At: c.At, Why: c.Why, Host: c.Host, BytesIn: c.In, BytesOut: c.Out, Failed: c.Failed}
		}),
	}
}

func hitOf(h source.Hit) Hit {
	return Hit{
		Ref: h.Ref, Owner: h.Owner, Name: h.Name, Downloads: h.Downloads, Likes: h.Likes, UpdatedAt: millis(h.Updated),
		LicenceName: h.Licence, Gated: h.Gated, Params: h.Parameters, Context: h.ContextLength,
	}
}

// foundOf is a model outside the catalog as the page shows it.
func foundOf(x advice.External) Found {
	return Found{Model: externalModel(x), Quant: x.Choice.Quant, Choice: choiceOf(x.Choice), Host: x.Landing.Host, HeaderBytes: x.Fetched}
}

// maxOpenReasons keeps what is connected under the size of an event.
const maxOpenReasons = 8

func onlineOf(o models.Online, seq int64) Online {
	open := o.Open[:min(len(o.Open), maxOpenReasons)]
	return Online{
		Seq: seq, BytesOut: o.BytesOut,
		Open: convert(open, func(p models.OpenPurpose) OpenReason {
			return OpenReason{Kind: string(p.Kind), Of: p.Of, Host: p.Host, Connections: p.Connections, Since: p.Since, BytesIn: p.In, BytesOut: p.Out}
		}),
	}
}
