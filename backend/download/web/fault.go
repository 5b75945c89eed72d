package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"weightroom/backend"
)

// FaultKind says what to do about a fault.
type FaultKind int

// The kinds of faults.
const (
	FaultFinal     FaultKind = iota // nothing helps but a person
	FaultTransient                  // try again, later
	FaultBusy                       // the host asked for patience
	FaultRefused                    // the address may have expired
	FaultLie                        // the answer does not fit the request
	FaultNoRanges                   // the server sends whole files only
	FaultChanged                    // the file is another one than before
)

// FaultError is a failed exchange: what to do about it, and the sentence for a person, whose cause is for the log and names
// no address.
type FaultError struct {
	Kind   FaultKind
	Reason *backend.Error
	Until  time.Time // of a busy host
}

func (f *FaultError) Error() string { return f.Reason.Error() }
func (f *FaultError) Unwrap() error { return f.Reason }

// The next steps that several sentences share.
const (
	hintLater      = "Weightroom tries again by itself; what is already here is kept."
	hintConnection = "Check the internet connection. " + hintLater
	HintElsewhere  = "Try again later, or get this model from somewhere else."
	hintLogin      = "Open any page in a browser to log in to this network, then resume the download."
	hintProxy      = "Check the proxy set for this computer (HTTPS_PROXY, NO_PROXY), then resume the download."
)

// AskedOnce is err with a next step for somebody who asked for something once, an offer or a search: nothing tries that
// again by itself, and nothing of it is here already, as with a download.
func AskedOnce(err error) error {
	var e *backend.Error
	if !errors.As(err, &e) || !strings.HasSuffix(e.Hint, hintLater) {
		return err
	}
	hint := "Try again in a few minutes."
	if e.Hint == hintConnection {
		hint = "Check the internet connection, then try again."
	}
	return backend.Fail(e.Code, err, e.Message, hint)
}

// Transient reports whether an error goes away by itself, so that trying again later makes sense.
func Transient(err error) bool {
	var e *backend.Error
	return errors.As(err, &e) && slices.Contains([]backend.Code{
		backend.CodeOffline, backend.CodeStalled, backend.CodeServerBusy, backend.CodeDiskFull,
	}, e.Code)
}

// ErrStalled is the cause of a request that was given up because too little came.
var ErrStalled = errors.New("stalled")

// FaultOf says what an error of a request to host, or of reading its answer, means.
func FaultOf(err error, host string) *FaultError {
	err = withoutAddress(err)
	tell := func(k FaultKind, code backend.Code, message, hint string) *FaultError {
		return &FaultError{Kind: k, Reason: backend.Fail(code, err, message, hint)}
	}
	var (
		own      *FaultError
		wait     *BusyError
		unknown  x509.UnknownAuthorityError
		name     x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		notTLS   tls.RecordHeaderError
		dns      *net.DNSError
		op       *net.OpError
		readable *backend.Error
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &readable):
		return &FaultError{Kind: FaultFinal, Reason: readable}
	case errors.As(err, &wait):
		f := tell(FaultBusy, backend.CodeServerBusy, wait.Host+" is busy and asks to wait.", hintLater)
		f.Until = wait.Until
		return f
	case errors.Is(err, ErrStalled):
		return tell(FaultTransient, backend.CodeStalled, host+" stopped sending.", hintConnection)
	case errors.As(err, &unknown):
		return tell(FaultFinal, backend.CodeCertificate, "The connection to "+host+" is not trusted: its certificate comes from an authority this computer does not know.",
			"A company network or a virus scanner that reads the traffic may be the reason: its certificate must be installed on this computer.")
	case errors.As(err, &name):
		return tell(FaultFinal, backend.CodeCertificate, "The connection to "+host+" is not trusted: the certificate is for another name.", hintLogin)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return tell(FaultFinal, backend.CodeCertificate, "The connection to "+host+" is not trusted: its certificate is not valid today.", "Check this computer's date and time.")
	case errors.As(err, &invalid), errors.As(err, &verify):
		return tell(FaultFinal, backend.CodeCertificate, "The connection to "+host+" is not trusted: its certificate is not valid.", HintElsewhere)
	case errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return tell(FaultFinal, backend.CodeCertificate, host+" does not speak https.", "Check the address.")
	case strings.Contains(err.Error(), http.StatusText(http.StatusProxyAuthRequired)):
		return tell(FaultFinal, backend.CodeProxy, "The proxy asks for a name and a password.", hintProxy)
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return tell(FaultTransient, backend.CodeOffline, "The proxy does not answer.", hintProxy)
	case errors.As(err, &dns) && dns.IsNotFound:
		return tell(FaultTransient, backend.CodeOffline, "There is no server called "+host+", or this computer is offline.", hintConnection)
	case errors.As(err, &dns):
		return tell(FaultTransient, backend.CodeOffline, "The address of "+host+" cannot be looked up.", hintConnection)
	case errors.As(err, &op) && op.Op == "dial":
		return tell(FaultTransient, backend.CodeOffline, host+" cannot be reached.", hintConnection)
	case strings.Contains(err.Error(), "HTTP/1.x transport connection broken") && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return &FaultError{Kind: FaultLie, Reason: backend.Fail(backend.CodeServer, err, host+" does not speak proper HTTP.", HintElsewhere)}
	case errors.Is(err, context.Canceled):
		return tell(FaultFinal, backend.CodeCancelled, "The download was stopped.", "Resume it to go on.")
	}
	return tell(FaultTransient, backend.CodeOffline, "The connection to "+host+" was lost.", hintConnection)
}

// StatusFault says what an answer that is neither 200 nor 206 means.
func StatusFault(resp *http.Response, gate *Gate) *FaultError {
	host, cause := HostOf(resp), fmt.Errorf("status %d", resp.StatusCode)
	tell := func(k FaultKind, code backend.Code, message, hint string) *FaultError {
		return &FaultError{Kind: k, Reason: backend.Fail(code, cause, message, hint)}
	}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		f := tell(FaultBusy, backend.CodeServerBusy, host+" is busy and asks to wait.", hintLater)
		f.Until = gate.Until(host)
		return f
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return tell(FaultRefused, backend.CodeDenied, host+" does not give this file to you.",
			"It may need an account, an accepted licence or a token: see the model's page there.")
	case code == http.StatusNotFound || code == http.StatusGone:
		return tell(FaultRefused, backend.CodeNotFound, host+" does not have this file.", "Check the name, or choose another model.")
	case code == http.StatusBadRequest:
		return tell(FaultRefused, backend.CodeServer, host+" does not accept the request.", HintElsewhere)
	case code == http.StatusProxyAuthRequired:
		return tell(FaultFinal, backend.CodeProxy, "The proxy asks for a name and a password.", hintProxy)
	case code == http.StatusNetworkAuthenticationRequired:
		return tell(FaultFinal, backend.CodeLoginPage, "This network wants you to log in first.", hintLogin)
	case code == http.StatusRequestTimeout || code == http.StatusTooEarly || code >= 500 && code < 600:
		return tell(FaultTransient, backend.CodeServerBusy, fmt.Sprintf("%s has trouble (status %d).", host, code), hintLater)
	case code == http.StatusRequestedRangeNotSatisfiable:
		return Lie(host, "says that the part asked for lies outside the file")
	case code >= 300 && code < 400:
		return Lie(host, fmt.Sprintf("redirects in circles or nowhere (status %d)", code))
	}
	return Lie(host, fmt.Sprintf("answers with status %d", resp.StatusCode))
}

// Lie is the fault of a host whose answer does not fit the request; what ends the sentence "it …".
func Lie(host, what string) *FaultError {
	return &FaultError{Kind: FaultLie, Reason: backend.Fail(backend.CodeServer, errors.New(what),
		host+" did not send what was asked for: it "+what+".", HintElsewhere)}
}

// UnexpectedPage is the fault of an answer that is a web page.
func UnexpectedPage(host string) *FaultError {
	return &FaultError{Kind: FaultRefused, Reason: backend.Fail(backend.CodeLoginPage, errors.New("html in place of the file"),
		"A web page came from "+host+" in place of the file: a login, perhaps of this network.", hintLogin)}
}

// HostOf returns the host that an answer came from.
func HostOf(resp *http.Response) string {
	if resp.Request != nil && resp.Request.URL != nil {
		return resp.Request.URL.Host
	}
	return "the server"
}

// withoutAddress drops the address from a client's error, because signed addresses are secrets.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// NoRanges is the fault of a host that can't send the part that was asked for; what says how that showed.
func NoRanges(host, what string) *FaultError {
	f := Lie(host, what)
	f.Kind = FaultNoRanges
	return f
}

// changedFault is the fault of a file that is no longer the one that was asked for.
func changedFault(host string) *FaultError {
	return &FaultError{Kind: FaultChanged, Reason: FileChanged(host)}
}

// FileChanged is the error of a file that is no longer the one it was.
func FileChanged(host string) *backend.Error {
	return backend.Fail(backend.CodeChanged, nil, "The file at "+host+" changed while it was being downloaded.", "Start the download again.")
}
