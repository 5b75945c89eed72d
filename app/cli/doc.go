// Package cli is Weightroom's commands: the same services as the window's, without one.
//
// With --json a command writes one JSON object to standard output and nothing else there; progress and logs go to
// standard error. It exits 0 when done, 1 when it failed, with one plain sentence and a hint, and 2 on wrong usage.
// A command that needs the history while the window is open is handed over to the window's process, which runs it.
package cli
