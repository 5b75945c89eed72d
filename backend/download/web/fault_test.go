package web

import (
	"errors"
	"testing"

	"weightroom/backend"
)

func TestWhatWasAskedForOnceIsNotTriedAgain(t *testing.T) {
	for hint, want := range map[string]string{
		hintConnection: "Check the internet connection, then try again.",
		hintLater:      "Try again in a few minutes.",
		HintElsewhere:  HintElsewhere,
	} {
		err := AskedOnce(&FaultError{Kind: FaultOf(errors.New("x"), "h").Kind, Reason: backend.Fail(backend.CodeOffline, nil, "No.", hint)})
		if e := backend.Readable(err); e.Hint != want || e.Message != "No." || e.Code != backend.CodeOffline {
			t.Errorf("%q: %+v", hint, e)
		}
	}
	if AskedOnce(nil) != nil {
		t.Error("no error became one")
	}
}
