//go:build bindings

package app

// Generating says that Wails runs main only to write the page's bindings, so that nothing may be opened.
const Generating = true
