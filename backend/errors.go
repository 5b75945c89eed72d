package backend

import (
	"errors"
	"fmt"
)

// Code names a kind of failure, for the page and for scripts.
type Code string

// The codes of every failure that has a written sentence.
const (
	CodeInternal       Code = "internal"
	CodeNotFound       Code = "not_found"
	CodeInvalid        Code = "invalid"
	CodeBusy           Code = "busy"
	CodeCancelled      Code = "cancelled"
	CodeNotGGUF        Code = "not_gguf"
	CodeTruncated      Code = "truncated"
	CodeHostileFile    Code = "hostile_file"
	CodeUnsupported    Code = "unsupported"
	CodeTooBig         Code = "too_big"
	CodeNoRoom         Code = "no_room" // by the plan it does not fit into memory; the person may have it loaded anyway
	CodeDiskFull       Code = "disk_full"
	CodeReadOnly       Code = "read_only"
	CodeDenied         Code = "denied"
	CodeLocked         Code = "locked"
	CodeEngineMissing  Code = "engine_missing"
	CodeEngineDied     Code = "engine_died"
	CodeEngineHung     Code = "engine_hung"
	CodeModelFailed    Code = "model_failed"
	CodeDamaged        Code = "damaged"
	CodeStarterMissing Code = "starter_missing"
	CodeDisk           Code = "disk" // the disk itself reported an error
	CodeOffline        Code = "offline"
	CodeServer         Code = "server" // it answered with something other than was asked for
	CodeServerBusy     Code = "server_busy"
	CodeStalled        Code = "stalled"
	CodeLoginPage      Code = "login_page" // a page stood where the file should be: a login, a hotspot
	CodeProxy          Code = "proxy"
	CodeCertificate    Code = "certificate"
	CodeLicence        Code = "licence" // it has to be accepted first
	CodeChanged        Code = "changed" // the file became another one while it was fetched
	CodeNoKeyring      Code = "no_keyring"
)

// Error is a failure a person can read: one plain sentence and a next step. Cause is for the log only.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
	Cause   error  `json:"-"`
}

// Error returns the sentence and, for the log, its cause.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s (%v)", e.Message, e.Cause)
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Fail makes an Error.
func Fail(code Code, cause error, message, hint string) *Error {
	return &Error{Code: code, Message: message, Hint: hint, Cause: cause}
}

// Readable returns err's own sentence where it has one, else one fixed text, so that nothing reaches the screen
// that nobody wrote for it.
func Readable(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Fail(CodeInternal, err, "Something went wrong inside Weightroom.", "Try again. If it happens again, the log on the Machine page says more.")
}

// Severity says how loudly a standing problem is shown.
type Severity string

// The severities of a Problem.
const (
	SeverityInfo    Severity = "info"
	SeverityWarning Severity = "warning"
	SeverityError   Severity = "error"
)

// Problem is a standing condition, true until something changes: no engine, a disk nearly full.
type Problem struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	Hint     string   `json:"hint"`
}
