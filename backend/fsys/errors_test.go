package fsys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"weightroom/backend"
)

// meaning is what one error of the system says about a disk.
type meaning struct {
	full, tooLarge, readOnly, bad bool
}

// checkMeanings holds every number of table against what the package says of it, alone and inside other errors.
func checkMeanings(t *testing.T, table map[syscall.Errno]meaning) {
	t.Helper()
	for number, want := range table {
		for name, err := range map[string]error{
			"alone":        number,
			"of a path":    &fs.PathError{Op: "write", Path: "model.gguf", Err: number},
			"wrapped":      fmt.Errorf("copy: %w", os.NewSyscallError("write", number)),
			"joined":       errors.Join(errors.New("first"), number),
			"as text only": errors.New("write model.gguf: " + number.Error()),
		} {
			if got := (meaning{IsFull(err), IsTooLarge(err), IsReadOnly(err), IsBadDisk(err)}); got != want {
				t.Errorf("%v %s: %+v, want %+v", number, name, got, want)
			}
			code := backend.Code("")
			switch {
			case want.full:
				code = backend.CodeDiskFull
			case want.readOnly:
				code = backend.CodeReadOnly
			case want.bad:
				code = backend.CodeDisk
			}
			e := Explain(err, "")
			if code == "" {
				if e != nil {
					t.Errorf("%v %s: %v", number, name, e)
				}
			} else if e == nil || e.Code != code || !errors.Is(e, err) || !strings.HasSuffix(e.Hint, " Then try again.") {
				t.Errorf("%v %s: %+v, want %s", number, name, e, code)
			}
		}
	}
}

func TestErrorsOfOtherThingsSayNothingOfTheDisk(t *testing.T) {
	for _, err := range []error{nil, fs.ErrNotExist, fs.ErrPermission, fs.ErrClosed, errors.New("no space left for jokes")} {
		if IsFull(err) || IsTooLarge(err) || IsReadOnly(err) || IsBadDisk(err) || Explain(err, "") != nil {
			t.Error(err)
		}
	}
}

func TestTheNextStepEndsAsTheCallerSays(t *testing.T) {
	cause := errors.New("cause")
	for _, e := range []*backend.Error{Full(cause, "Then it goes on."), ReadOnly(cause, "Then it goes on."), BadDisk(cause, "Then it goes on.")} {
		if !strings.HasSuffix(e.Hint, ". Then it goes on.") || !strings.HasSuffix(e.Message, ".") || !errors.Is(e, cause) {
			t.Errorf("%+v", e)
		}
	}
}

func TestProgramsThatMetAFullDiskAreUnderstood(t *testing.T) {
	for output, want := range map[string]bool{
		"fwrite failed: No space left on device\n": true,
		"error: Disk quota exceeded":               true,
		"write: File too large":                    true,
		"write: Input/output error":                false,
		"failed to allocate 4 GB":                  false,
		"":                                         false,
	} {
		if got := SaysFull(output); got != want {
			t.Errorf("%q: %v", output, got)
		}
	}
}
