package app

import (
	"time"

	"weightroom/backend"
	"weightroom/backend/catalog"
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

// kindOf is a file's kind as the page knows it.
func kindOf(kind backend.FileKind) string {
	switch kind {
	case backend.KindModel, backend.KindProjector, backend.KindAdapter, backend.KindTemplate:
		return string(kind)
	case backend.KindLicence:
		return "licence"
	case backend.KindParams, backend.KindSystem, backend.KindConfig, backend.KindMessages:
		return "parameters"
	}
	return "other"
}

// answersOf puts terms into questions and answers.
func answersOf(l catalog.Licence) []Answer {
	out := []Answer{}
	answer := func(question, text string) {
		if text != "" {
			out = append(out, Answer{question, text})
		}
	}
	answer("May I use it commercially?", l.MayISell)
	answer("Must I show a name?", l.MustIName)
	answer("Is there a limit on users or revenue?", l.UserLimit)
	answer("Is there an acceptable use policy?", l.UsePolicy)
	switch l.OpenSource {
	case catalog.Yes:
		answer("Is it open source?", "Yes, by the Open Source Initiative's definition.")
	case catalog.No:
		answer("Is it open source?", "No. The weights are open, but the licence is not open source by the Open Source Initiative's definition.")
	}
	for _, term := range l.OtherTerms {
		answer("What else?", term)
	}
	return out
}
