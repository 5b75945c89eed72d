package download

import (
	"context"
	"log/slog"
	"time"

	"weightroom/backend"
	"weightroom/backend/download/transfer"
	"weightroom/backend/download/web"
)

// State is where a download stands.
type State string

// The states of a Download.
const (
	StateQueued    State = "queued"    // waits for its turn
	StateRunning   State = "running"   // bytes are coming, or soon
	StateWaiting   State = "waiting"   // goes on by itself: Error says what for, RetryAt when it tries again
	StatePaused    State = "paused"    // by a person
	StateFinishing State = "finishing" // everything is here; Finish is at work
	StateDone      State = "done"
	StateFailed    State = "failed" // Error says why; Resume tries again
)

// Download is one thing a person asked for: the files that together make a model.
type Download struct {
	ID              string     `json:"id"`
	Ref             string     `json:"ref"`  // as the person gave it, resolved by a source
	Name            string     `json:"name"` // for people
	Items           []web.Item `json:"items"`
	LicenceName     string     `json:"licenceName,omitempty"`
	LicenceAccepted time.Time  `json:"licenceAccepted"` // zero: nothing had to be accepted
	Landing         Landing    `json:"landing"`

	Added    time.Time      `json:"added"`
	Finished time.Time      `json:"finished"`
	State    State          `json:"state"`
	Error    *backend.Error `json:"error,omitempty"`
	RetryAt  time.Time      `json:"retryAt"`
	Result   string         `json:"result,omitempty"` // what Finish gave: the model's reference
	Bytes    int64          `json:"bytes"`            // received and kept, of all items
	Total    int64          `json:"total"`            // -1: not known

	Rate    float64       `json:"-"` // bytes per second
	Left    time.Duration `json:"-"` // negative: not known
	Streams int           `json:"-"`
}

// Landing is what a download becomes in the library.
type Landing struct {
	Ref      string          `json:"ref"` // in the library; set for every download of a queue
	Name     string          `json:"name"`
	Named    bool            `json:"named"` // Name is the catalog's or the header's; else the library looks into the file
	Quant    string          `json:"quant"`
	Host     string          `json:"host"` // it comes from
	Licence  backend.Licence `json:"licence"`
	Page     string          `json:"page"`           // where a person can read about it
	Revision string          `json:"revision"`       // of what was offered
	Here     []web.Item      `json:"here,omitempty"` // files of it that the library has already
}

// File is an item that is here and verified.
type File struct {
	web.Item
	Path   string // where it lies; Finish may take it away by renaming or linking it
	Digest string // of what is in it; equal to Item.Digest where that was known
	Bytes  int64
}

// QueueOptions is what a Queue works with.
type QueueOptions struct {
	Dir     string // for files that are not whole yet: one folder for each download; best on the library's own disk
	Store   backend.KV
	Fetcher *transfer.Fetcher
	// Link makes an item's Linker anew from its Address, after a restart.
	Link func(ctx context.Context, d Download, i web.Item) (web.Linker, error)
	// Allow reports whether a download may begin in this process now; nil: every one may. It must not call the queue.
	Allow func(d Download) bool
	// Finish takes the files of a download in, and returns what came of them. The download is done only when it returned
	// no error. The files are verified but not synced: Finish does that. It may take them away by renaming. When the app
	// was killed before the end of a download was stored, Finish runs again for the same files, and some may be gone
	// from their paths because it has taken them already.
	Finish func(ctx context.Context, d Download, files []File) (result string, err error)
	// Changed hears of every change, one call at a time; of progress at most ten times a second for each download. The
	// last state of a download is always heard, and it is stored before it is. It must not call the queue. The copy is
	// the callee's to keep. Gone is set when the download is no longer in the list.
	Changed func(d Download, gone bool)
	Active  int // downloads at once; 0: two
	Log     *slog.Logger

	pauses    []time.Duration // nil: waits; tests shorten them
	spaceLook time.Duration   // between two looks at a full disk; 0: spaceLook; tests shorten it
}
