package download

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"weightroom/backend"
)

// place is where an address leads.
type place int

const (
	placeUnknown place = iota // a name that was not looked up yet
	placePublic
	placePrivate // this computer, or the network it stands in
)

// placeOf says where an IP address leads. Everything that is not plainly public counts as private.
func placeOf(ip netip.Addr) place {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || carrierNAT().Contains(ip) || reserved().Contains(ip) {
		return placePrivate
	}
	return placePublic
}

func carrierNAT() netip.Prefix { return netip.MustParsePrefix("100.64.0.0/10") } // RFC 6598
func reserved() netip.Prefix   { return netip.MustParsePrefix("240.0.0.0/4") }   // RFC 1112, 4

// placeOfName says where a host name leads as far as the name itself tells.
func placeOfName(host string) place {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return placeOf(ip.WithZone(""))
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") {
		return placePrivate
	}
	return placeUnknown
}

// isLoopback says whether a host name is this computer itself, by the name alone.
func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}

// hostPort is the host and port of an address, in one form for all spellings.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), port)
}

// checkAddress refuses what is never fetched: anything but https, save plain http on this computer itself, and
// addresses with a password in them.
func checkAddress(u *url.URL) error {
	switch {
	case u.Hostname() == "":
		return backend.Fail(backend.CodeInvalid, nil, "This address names no server.", "Copy the whole address, from https:// on.")
	case u.User != nil:
		return backend.Fail(backend.CodeInvalid, nil, "This address holds a password.", "Remove what stands before the @, and keep passwords in the settings.")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return backend.Fail(backend.CodeInvalid, nil, "This address begins with http://, which anyone on the way can read and change.", "Use the https:// address of the same file.")
	}
	return backend.Fail(backend.CodeInvalid, nil, "Weightroom fetches from https:// addresses only.", "Use an https:// address.")
}
