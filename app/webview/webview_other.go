//go:build !linux || !desktop

package webview

import "context"

// Ended never gives anything here.
func Ended() <-chan string { return nil }

// Turn does not wait here.
func Turn(context.Context) {}

// Load can't here.
func Load(string) bool { return false }
