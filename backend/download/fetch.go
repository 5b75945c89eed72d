package download

import "log/slog"

// Fetcher transfers files. One is made for the whole app, so that the speed limit and the patience that a server asks
// for hold for all its transfers. It may be used from many goroutines.
type Fetcher struct {
	Client  Doer
	Gate    *Gate  // wrapped around Client's transport too; nil: none
	Limit   *Limit // nil: none
	Streams int    // connections for one file; 0: as many as help, up to 16
	Log     *slog.Logger
}
