package app

import "sync"

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
