package download

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

// kind says what a transfer does about a fault.
type kind int

const (
	final     kind = iota // nothing helps but a person
	passing               // try again, later
	busy                  // the host asked for patience
	refused               // the address may have expired
	lie                   // the answer does not fit the request
	rangeless             // the server sends whole files only
	changed               // the file is another one than before
)

// fault is a failed exchange: what to do, and what to tell. Cause is for the log and names no address.
type fault struct {
	kind  kind
	told  *backend.Error
	until time.Time // of a busy host
}

func (f *fault) Error() string { return f.told.Error() }
func (f *fault) Unwrap() error { return f.told }

const (
	hintLater      = "Weightroom tries again by itself; what is already here is kept."
	hintConnection = "Check the internet connection. " + hintLater
	hintElsewhere  = "Try again later, or get this model from somewhere else."
	hintLogin      = "Open any page in a browser to log in to this network, then resume the download."
	hintProxy      = "Check the proxy set for this computer (HTTPS_PROXY, NO_PROXY), then resume the download."
)

// Passing says whether an error goes away by itself, so that trying again later makes sense.
func Passing(err error) bool {
	var e *backend.Error
	return errors.As(err, &e) && slices.Contains([]backend.Code{
		backend.CodeOffline, backend.CodeStalled, backend.CodeServerBusy, backend.CodeDiskFull,
	}, e.Code)
}

// errStalled is the cause of a request that was given up because too little came.
var errStalled = errors.New("stalled")

// faultOf says what an error of a request to host, or of reading its answer, means.
func faultOf(err error, host string) *fault {
	err = withoutAddress(err)
	tell := func(k kind, code backend.Code, message, hint string) *fault {
		return &fault{kind: k, told: backend.Fail(code, err, message, hint)}
	}
	var (
		own      *fault
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
		return &fault{kind: final, told: readable}
	case errors.As(err, &wait):
		f := tell(busy, backend.CodeServerBusy, wait.Host+" is busy and asks to wait.", hintLater)
		f.until = wait.Until
		return f
	case errors.Is(err, errStalled):
		return tell(passing, backend.CodeStalled, host+" stopped sending.", hintConnection)
	case errors.As(err, &unknown):
		return tell(final, backend.CodeCertificate, "The connection to "+host+" is not trusted: its certificate comes from an authority this computer does not know.",
			"A company network or a virus scanner that reads along may be the reason: its authority must be installed on this computer.")
	case errors.As(err, &name):
		return tell(final, backend.CodeCertificate, "The connection to "+host+" is not trusted: the certificate is for another name.", hintLogin)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return tell(final, backend.CodeCertificate, "The connection to "+host+" is not trusted: its certificate is not valid today.", "Check this computer's date and time.")
	case errors.As(err, &invalid), errors.As(err, &verify):
		return tell(final, backend.CodeCertificate, "The connection to "+host+" is not trusted: its certificate is not sound.", hintElsewhere)
	case errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return tell(final, backend.CodeCertificate, host+" does not speak https.", "Check the address.")
	case strings.Contains(err.Error(), http.StatusText(http.StatusProxyAuthRequired)):
		return tell(final, backend.CodeProxy, "The proxy asks for a name and a password.", hintProxy)
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return tell(passing, backend.CodeOffline, "The proxy does not answer.", hintProxy)
	case errors.As(err, &dns) && dns.IsNotFound:
		return tell(passing, backend.CodeOffline, "There is no server called "+host+", or this computer is offline.", hintConnection)
	case errors.As(err, &dns):
		return tell(passing, backend.CodeOffline, "The address of "+host+" cannot be looked up.", hintConnection)
	case errors.As(err, &op) && op.Op == "dial":
		return tell(passing, backend.CodeOffline, host+" cannot be reached.", hintConnection)
	case strings.Contains(err.Error(), "HTTP/1.x transport connection broken") && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return &fault{kind: lie, told: backend.Fail(backend.CodeServer, err, host+" does not speak proper HTTP.", hintElsewhere)}
	case errors.Is(err, context.Canceled):
		return tell(final, backend.CodeCancelled, "The download was stopped.", "Resume it to go on.")
	}
	return tell(passing, backend.CodeOffline, "The connection to "+host+" broke off.", hintConnection)
}

// faultOfStatus says what an answer that is neither 200 nor 206 means.
func faultOfStatus(resp *http.Response, gate *Gate) *fault {
	host, cause := hostOf(resp), fmt.Errorf("status %d", resp.StatusCode)
	tell := func(k kind, code backend.Code, message, hint string) *fault {
		return &fault{kind: k, told: backend.Fail(code, cause, message, hint)}
	}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		f := tell(busy, backend.CodeServerBusy, host+" is busy and asks to wait.", hintLater)
		f.until = gate.Until(host)
		return f
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return tell(refused, backend.CodeDenied, host+" does not give this file to you.",
			"It may need an account, an accepted licence or a token: see the model's page there.")
	case code == http.StatusNotFound || code == http.StatusGone:
		return tell(refused, backend.CodeNotFound, host+" does not have this file.", "Check the name, or choose another model.")
	case code == http.StatusBadRequest:
		return tell(refused, backend.CodeServer, host+" does not accept the request.", hintElsewhere)
	case code == http.StatusProxyAuthRequired:
		return tell(final, backend.CodeProxy, "The proxy asks for a name and a password.", hintProxy)
	case code == http.StatusNetworkAuthenticationRequired:
		return tell(final, backend.CodeLoginPage, "This network wants you to log in first.", hintLogin)
	case code == http.StatusRequestTimeout || code == http.StatusTooEarly || code >= 500 && code < 600:
		return tell(passing, backend.CodeServerBusy, fmt.Sprintf("%s has trouble (status %d).", host, code), hintLater)
	case code == http.StatusRequestedRangeNotSatisfiable:
		return liar(host, "says that the part asked for lies outside the file")
	case code >= 300 && code < 400:
		return liar(host, fmt.Sprintf("sends in circles or nowhere (status %d)", code))
	}
	return liar(host, fmt.Sprintf("answers with status %d", resp.StatusCode))
}

func liar(host, what string) *fault {
	return &fault{kind: lie, told: backend.Fail(backend.CodeServer, errors.New(what),
		host+" did not send what was asked for: it "+what+".", hintElsewhere)}
}

// page is the fault of an answer that is a web page.
func page(host string) *fault {
	return &fault{kind: refused, told: backend.Fail(backend.CodeLoginPage, errors.New("html in place of the file"),
		"A web page came from "+host+" in place of the file: a login, perhaps of this network.", hintLogin)}
}

func hostOf(resp *http.Response) string {
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

// rangelessFault is the fault of a host that can't send the part that was asked for; what says how that showed.
func rangelessFault(host, what string) *fault {
	f := liar(host, what)
	f.kind = rangeless
	return f
}

// changedFault is the fault of a file that is no longer the one that was asked for.
func changedFault(host string) *fault {
	return &fault{kind: changed, told: fileChanged(host)}
}

// fileChanged is the error of a file that is no longer the one it was.
func fileChanged(host string) *backend.Error {
	return backend.Fail(backend.CodeChanged, nil, "The file at "+host+" became another one while it was fetched.", "Start the download again.")
}
