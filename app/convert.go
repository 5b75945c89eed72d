package app

import (
	"time"

	"weightroom/backend"
	"weightroom/backend/store"
)

// millis returns milliseconds since 1970, and 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// convert maps a slice and never returns nil, which would reach the page as null.
func convert[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}

// nonNil copies a slice, so that it does not reach the page as null.
func nonNil(in []string) []string { return convert(in, func(s string) string { return s }) }

func problemOf(e *backend.Error) Problem {
	if e == nil {
		return Problem{}
	}
	return Problem{Code: string(e.Code), Severity: string(backend.SeverityError), Title: e.Message, Hint: e.Hint}
}

func standing(p backend.Problem) Problem {
	return Problem{Code: p.Code, Severity: string(p.Severity), Title: p.Title, Hint: p.Hint}
}

func noticeOf(r *store.Recovery) Problem {
	if r == nil {
		return Problem{}
	}
	return Problem{Code: string(backend.CodeDamaged), Severity: string(backend.SeverityWarning), Title: r.Message, Hint: r.Hint}
}
