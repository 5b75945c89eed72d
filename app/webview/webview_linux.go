//go:build desktop

package webview

/*
#cgo pkg-config: gtk+-3.0
#cgo webkit2_41 pkg-config: webkit2gtk-4.1
#cgo !webkit2_41 pkg-config: webkit2gtk-4.0

#include <stdlib.h>
#include "webview_linux.h"
*/
import "C"

import (
	"context"
	"unsafe"
)

var (
	ended = make(chan string, 1)   //nolint:gochecknoglobals // what C calls has no object to call it on, and there is one window
	turns = make(chan struct{}, 1) //nolint:gochecknoglobals // the same
)

// Ended listens to the web view, once its window stands, and gives why the page's process ended each time it did.
func Ended() <-chan string {
	C.webview_watch()
	return ended
}

// Turn waits until the window's loop has taken a turn: a loop that is busy, and not the page, keeps it waiting.
func Turn(ctx context.Context) {
	select {
	case <-turns: // of a wait that was given up
	default:
	}
	C.webview_turn()
	select {
	case <-turns:
	case <-ctx.Done():
	}
}

// Load ends the page's process, should it still run, and loads the page in a new one.
func Load(address string) bool {
	text := C.CString(address)
	defer C.free(unsafe.Pointer(text))
	C.webview_load(text)
	return true
}

//export webviewEnded
func webviewEnded(reason C.int) {
	why := "its process ended"
	if reason == C.WEBVIEW_TOO_LARGE {
		why = "its process needed too much memory"
	}
	select {
	case ended <- why:
	default: // one ending is told already
	}
}

//export webviewTurned
func webviewTurned() {
	select {
	case turns <- struct{}{}:
	default:
	}
}
