// Package web is the one client through which everything goes online, with its gate and its ledger.
//
// Client makes every connection, for the Purpose that its context names, and writes it into the Ledger before it is
// made. A Gate around it keeps requests from hosts that asked for patience. An Ask is one request for a file or a part
// of it, and holds the answer against itself; what went wrong is a FaultError, which says what to do about it and has a
// sentence for a person.
//
// An Item is a file elsewhere, and its Linker gives the address to fetch it from: so package source, which finds
// items, and package transfer, which fetches them, need not know each other.
//
// The package makes connections only while a call of its caller runs. Errors that a person should read are
// *backend.Error; addresses and headers may hold secrets and are in no error and no log. Sizes are bytes.
package web
