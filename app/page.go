package app

import (
	"context"
	"log/slog"
	"regexp"
	"sync"

	"weightroom/app/core"
	"weightroom/backend"
)

// Page is the bound service by which the page shows that it lives, and leaves what it wants back should it be loaded again.
type Page struct {
	host *host

	mu    sync.Mutex
	kept  string
	again bool // it had stopped and was loaded again, and has not been told so
}

// Alive is the page's answer to EventPageAsked.
func (p *Page) Alive() error {
	return do("Page.Alive", func() error {
		p.host.beat.signs.give()
		p.host.closing.signs.give()
		return nil
	})
}

// HandedOver is the page's answer to EventPageClosing: what was typed is stored, and the window may go.
func (p *Page) HandedOver() error {
	return do("Page.HandedOver", func() error {
		p.host.closing.handed.give()
		return nil
	})
}

// Keep takes what the page wants back if it is loaded again: where the person is, and what they type that is stored nowhere
// else. It stays in memory, and its form is the page's own.
func (p *Page) Keep(state string) error {
	return do("Page.Keep", func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.kept = state
		return nil
	})
}

// storedKey names the document of what pages store, and storedName is what a text in it may be called.
const storedKey = "page"

var storedName = regexp.MustCompile(`^[a-zA-Z]{1,32}$`)

// Store keeps a text of the page for later starts, in the data folder and not in the web view's own storage, which all
// data folders share.
func (p *Page) Store(name, text string) error {
	return doCore(p.host, "Page.Store", func(ctx context.Context, c *core.Core) error {
		if !storedName.MatchString(name) {
			return backend.Fail(backend.CodeInvalid, nil, "Texts are kept under short words.", "Use letters, 32 at most.")
		}
		var all map[string]string
		return c.History.Update(ctx, storedKey, &all, func() error {
			if all == nil {
				all = map[string]string{}
			}
			all[name] = text
			return nil
		})
	})
}

// stored is what pages have stored, by name.
func stored(ctx context.Context, c *core.Core) map[string]string {
	all := map[string]string{}
	if _, err := c.History.Get(ctx, storedKey, &all); err != nil {
		slog.Warn("what the page stored is not read", "error", err)
	}
	return all
}

// loadedAgain remembers to tell the page that it had stopped.
func (p *Page) loadedAgain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.again = true
}

// begin gives a page that starts what an earlier one kept, and whether that one had stopped.
func (p *Page) begin() (kept string, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept, again, p.again = p.kept, p.again, false
	return kept, again
}
