package download

import (
	"context"
	"net/http"
	"time"

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
	Link    Linker `json:"-"` // gives an address to fetch from, and renews it
}

// Linker gives the address of a file. Renew is set when the last address has expired or was refused. Its errors are
// final when they are a *backend.Error whose code is not a passing one, see Passing.
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

// Progress is how far one file, or one download, is.
type Progress struct {
	Bytes   int64         // received and kept; never less than in an earlier report of the same call
	Total   int64         // -1: not known
	Sent    int64         // received from the network by this call, thrown away or not
	Rate    float64       // bytes per second, smoothed; 0 when nothing comes
	Left    time.Duration // until the last byte at this rate; negative: not known
	Streams int           // connections at work
	// Waiting is why nothing comes, for a person to read; nil when something does.
	Waiting *backend.Error
}

// Done is what one Fetch gave.
type Done struct {
	Digest string // "sha256:…" of what is in the file, computed while the bytes came
	Bytes  int64  // the file's size
	Sent   int64  // bytes received from the network by this call
}
