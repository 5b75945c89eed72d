package web

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"weightroom/backend"
)

// scope is where an address leads.
type scope int

const (
	scopeUnknown scope = iota // a name that was not looked up yet
	scopePublic
	scopePrivate // this computer, or the network it stands in
)

// scopeOf says where an IP address leads. Everything that is not plainly public counts as private.
func scopeOf(ip netip.Addr) scope {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || carrierNAT().Contains(ip) || reserved().Contains(ip) {
		return scopePrivate
	}
	return scopePublic
}

func carrierNAT() netip.Prefix { return netip.MustParsePrefix("100.64.0.0/10") } // RFC 6598
func reserved() netip.Prefix   { return netip.MustParsePrefix("240.0.0.0/4") }   // RFC 1112, 4

// scopeOfName says where a host name leads as far as the name itself tells.
func scopeOfName(host string) scope {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return scopeOf(ip.WithZone(""))
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") {
		return scopePrivate
	}
	return scopeUnknown
}

// IsLoopback reports whether a host name is this computer itself, by the name alone.
func IsLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

// HostPort is the host and port of an address, in one form for all spellings.
func HostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), port)
}

// CheckAddress refuses what is never fetched: anything but https, save plain http on this computer itself, and
// addresses with a password in them.
func CheckAddress(u *url.URL) error {
	switch {
	case u.Hostname() == "":
		return backend.Fail(backend.CodeInvalid, nil, "This address names no server.", "Copy the whole address, from https:// on.")
	case u.User != nil:
		return backend.Fail(backend.CodeInvalid, nil, "This address holds a password.", "Remove what stands before the @, and keep passwords in the settings.")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && IsLoopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return backend.Fail(backend.CodeInvalid, nil, "This address begins with http://, which anyone on the way can read and change.", "Use the https:// address of the same file.")
	}
	return backend.Fail(backend.CodeInvalid, nil, "Weightroom fetches from https:// addresses only.", "Use an https:// address.")
}
