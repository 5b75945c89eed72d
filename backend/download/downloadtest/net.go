package downloadtest

import (
	"context"
	"net"
	"net/netip"
	"net/url"
)

// Net stands in for the network, by host and port: names lead to the addresses they should have, and connections to
// loopback servers. What is dialled is checked as the real dialer checks it.
type Net map[string]Host

// Host is where a name of a Net leads: the IP address that it has, and the host and port that connections go to.
type Host [2]string

// Connect makes a connection. Addresses without a name lead to themselves.
func (n Net) Connect(ctx context.Context, _, address string, allow func(netip.Addr) error) (net.Conn, error) {
	h, ok := n[address]
	if !ok {
		host, _, _ := net.SplitHostPort(address)
		if ip, err := netip.ParseAddr(host); err == nil {
			if err := allow(ip); err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if err := allow(netip.MustParseAddr(h[0])); err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, "tcp", h[1])
}

// NoProxy is the proxy of an address where there is none.
func NoProxy(*url.URL) (*url.URL, error) { return nil, nil }
