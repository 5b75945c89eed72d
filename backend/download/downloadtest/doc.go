// Package downloadtest is a file server for tests that says and does what its script tells it to, lies included, on
// real sockets.
package downloadtest
