package web

import (
	"context"
	"net/http"

	"weightroom/backend"
)

// Item is one file of an offer.
type Item struct {
	Name   string           `json:"name"`             // for people and for the library: the file's name
	Kind   backend.FileKind `json:"kind"`             // or a media type of Ollama's layout
	Digest string           `json:"digest,omitempty"` // "sha256:" and 64 hex digits; empty: not known beforehand
	Bytes  int64            `json:"bytes"`            // -1: not known

	// Address is where the file is, with nothing secret in it, so that it can be kept and a Linker be made from it
	// after a restart: see QueueOptions.Link.
	Address string `json:"address,omitempty"`
	Link    Linker `json:"-"` // returns an address to fetch from, and renews it
}

// Linker returns the address of a file. Renew is set when the last address has expired or was refused. Its errors are
// final when they are a *backend.Error that Transient does not report.
type Linker interface {
	Link(ctx context.Context, renew bool) (Link, error)
}

// Link is an address and what to send with it. Its headers may hold secrets: neither is ever logged.
type Link struct {
	URL    string
	Header http.Header // authorisation and the like; may be nil
	ETag   string      // the file's strong ETag where the source knows it, as it stands in the header; else empty
	Ranges bool        // the source knows that ranges work here; when unset, the first answer tells
}

// Doer sends requests; *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}
