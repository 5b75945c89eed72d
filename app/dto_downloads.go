package app

// Offer is what a reference can bring: read from the place itself, and not a byte of the weights.
type Offer struct {
	Ref          string        `json:"ref"`  // what Downloads.Start takes
	Name         string        `json:"name"` // "Qwen3 4B"
	Quant        string        `json:"quant"`
	Host         string        `json:"host"`       // where the bytes come from
	Bytes        int64         `json:"bytes"`      // to be fetched; what is here already is not counted
	TotalBytes   int64         `json:"totalBytes"` // of all files
	FreeBytes    int64         `json:"freeBytes"`  // on the library's disk
	ShortByBytes int64         `json:"shortByBytes"`
	Files        []OfferFile   `json:"files"`
	Choices      []OfferChoice `json:"choices"` // when the reference leaves open which; else empty
	LicenceName  string        `json:"licenceName"`
	OpenSource   bool          `json:"openSource"`
	Licence      []Answer      `json:"licence"`     // in plain words; empty: not known
	LicenceText  string        `json:"licenceText"` // its own words; empty: not given
	MustAccept   bool          `json:"mustAccept"`  // the licence asks for it, and the person has not yet
	Gated        bool          `json:"gated"`       // the publisher asks for a sign-in and a token
	GateAddress  string        `json:"gateAddress"` // where that is done; empty: not gated
	TokenSet     bool          `json:"tokenSet"`    // a Hugging Face token is kept
	Installed    string        `json:"installed"`   // the library's reference; empty: not there
	DownloadID   string        `json:"downloadId"`  // of a download of the same that is in the list; empty: none
	NoChecksum   bool          `json:"noChecksum"`  // the place gives none, so only the size can be compared
	Notes        []string      `json:"notes"`
}

// OfferFile is one file of an Offer.
type OfferFile struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"` // model, projector, adapter, template, licence, parameters, other
	Bytes int64  `json:"bytes"`
	Here  bool   `json:"here"` // in the library already
}

// OfferChoice is one of several models that a reference may mean.
type OfferChoice struct {
	Ref   string `json:"ref"`
	Quant string `json:"quant"`
	Bytes int64  `json:"bytes"` // 0: not known
}

// Download is one model on its way into the library.
type Download struct {
	ID             string  `json:"id"`
	Seq            int64   `json:"seq"`
	Ref            string  `json:"ref"`
	Name           string  `json:"name"`
	Quant          string  `json:"quant"`
	Host           string  `json:"host"`
	State          string  `json:"state"` // queued, running, waiting, finishing, paused, failed, done
	Done           int64   `json:"done"`
	Total          int64   `json:"total"`
	BytesPerSecond int64   `json:"bytesPerSecond"` // 0: not known, or not running
	SecondsLeft    float64 `json:"secondsLeft"`    // -1: not known
	Waiting        string  `json:"waiting"`        // what a waiting one waits for, as a sentence
	RetryAt        int64   `json:"retryAt"`        // when a waiting one tries again; 0: not known
	Problem        Problem `json:"problem"`        // of a failed one
	Model          string  `json:"model"`          // the library's reference, once it is there
	AddedAt        int64   `json:"addedAt"`
	EndedAt        int64   `json:"endedAt"` // 0: not ended
}

// Hit is a repository that a search of Hugging Face found.
type Hit struct {
	Ref         string `json:"ref"` // "hf.co/OWNER/REPO"
	Owner       string `json:"owner"`
	Name        string `json:"name"`
	Downloads   int64  `json:"downloads"` // in the last 30 days
	Likes       int64  `json:"likes"`
	UpdatedAt   int64  `json:"updatedAt"` // 0: not known
	LicenceName string `json:"licenceName"`
	Gated       bool   `json:"gated"`
	Params      int64  `json:"params"`  // 0: not known
	Context     int    `json:"context"` // tokens; 0: not known
}

// Found is a model that is not in the catalog, read from its file's header alone.
type Found struct {
	Model       CatalogModel `json:"model"`
	Quant       string       `json:"quant"`  // the one whose header was read
	Choice      Choice       `json:"choice"` // it, judged for this machine
	Host        string       `json:"host"`
	HeaderBytes int64        `json:"headerBytes"` // fetched for it
}

// Token reports whether a Hugging Face token is kept, never the token itself.
type Token struct {
	Set   bool   `json:"set"`
	Place string `json:"place"` // keyring or file
	Note  string `json:"note"`  // why it is not in the system's keyring; empty: it is, or there is none
}

// Connection is one entry of the network ledger.
type Connection struct {
	At       int64  `json:"at"`
	Why      string `json:"why"`
	Host     string `json:"host"`
	BytesIn  int64  `json:"bytesIn"`
	BytesOut int64  `json:"bytesOut"`
	Failed   bool   `json:"failed"`
}

// LedgerPage is every connection the app has made, newest first.
type LedgerPage struct {
	Connections []Connection `json:"connections"` // the last of them
	Count       int64        `json:"count"`       // of all
	BytesIn     int64        `json:"bytesIn"`     // since the app was installed
	BytesOut    int64        `json:"bytesOut"`
}

// Online is what is connected now.
type Online struct {
	Seq      int64        `json:"seq"`
	Open     []OpenReason `json:"open"`     // what connections are open for, at most eight; empty: the app is offline
	BytesOut int64        `json:"bytesOut"` // sent since the app was installed
}

// OpenReason is what one or more open connections are for.
type OpenReason struct {
	Kind        string `json:"kind"` // download, lookup, header, search
	Of          string `json:"of"`   // the reference, or what was searched for
	Host        string `json:"host"`
	Connections int    `json:"connections"`
	Since       int64  `json:"since"`
	BytesIn     int64  `json:"bytesIn"` // of these connections, so far
	BytesOut    int64  `json:"bytesOut"`
}
