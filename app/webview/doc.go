// Package webview is what Wails has no door to in the web view that draws the page: it hears that the page's process has
// ended, waits for the window's own loop, and loads the page in a new process, and
// lets nothing else be opened in its place. Where it can't, Load says so.
package webview
