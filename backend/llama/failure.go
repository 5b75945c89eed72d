package llama

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"weightroom/backend"
	"weightroom/backend/fsys"
)

type constError string

func (e constError) Error() string { return string(e) }

// ErrNoFigure means that a program ended well and printed no figure.
const ErrNoFigure = constError("the program gave no figure")

// Failure is a program that did not do its work.
type Failure struct {
	Err     error
	Log     string // what it printed, both streams
	Doing   string // "make this quant"
	LowDisk bool   // hardly any disk space is left, so a failed write means a full disk: some programs give no reason
}

// Explain returns the sentence for the failure. An error that has one already is returned as it is.
func (f Failure) Explain(ctx context.Context) error {
	if ctx.Err() != nil {
		return backend.Fail(backend.CodeCancelled, ctx.Err(), "Cancelled.", "Nothing was left half-done.")
	}
	var known *backend.Error
	if errors.As(f.Err, &known) {
		return f.Err
	}
	cause := fmt.Errorf("%w: %s", f.Err, LastWords(f.Log))
	lower := strings.ToLower(f.Log)
	says := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	switch {
	case fsys.SaysFull(f.Log), f.LowDisk && says("iostream error", "write"):
		return fsys.Full(cause, "Then try again: the engine could not "+f.Doing+", and nothing was left half-done.")
	case says("unknown model architecture", "unsupported model architecture"):
		return backend.Fail(backend.CodeUnsupported, cause, "The engine does not know this kind of model, so it could not "+f.Doing+".", "A newer Weightroom may.")
	case says("failed to allocate", "out of memory", "unable to allocate"):
		return backend.Fail(backend.CodeTooBig, cause, "There was not enough memory to "+f.Doing+".", "Close other programs, choose a shorter context, or take a smaller model.")
	case strings.Contains(f.Err.Error(), "signal: "):
		return backend.Fail(backend.CodeEngineDied, cause, "The engine was stopped while it tried to "+f.Doing+".", "Try again. If the system stopped it because memory ran out, close other programs first.")
	}
	return backend.Fail(backend.CodeModelFailed, cause, "The engine could not "+f.Doing+".", "It may need a newer engine, or more memory than is free. The log says more.")
}

// LastWords returns the first lines of a log that say why a program failed, three at most, or the end of the log where
// no line does.
func LastWords(log string) string {
	var found []string
	for line := range strings.Lines(log) {
		lower := strings.ToLower(line)
		for _, mark := range []string{"error", "fail", "assert", "abort", "wrong shape", "not found", "not supported", "disabled", "what()"} {
			if strings.Contains(lower, mark) {
				found = append(found, strings.TrimSpace(line))
				break
			}
		}
	}
	if len(found) == 0 {
		return log[max(0, len(log)-300):]
	}
	return strings.Join(found[:min(3, len(found))], " / ")
}
