// Package downloadtest is the other side in tests of downloads: a file server that does what its script says, lies
// included, a hub, a registry and a network, on real sockets; and what the packages' tests share.
package downloadtest
