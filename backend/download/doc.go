// Package download brings files from elsewhere to this disk, whole and verified, or says plainly why not.
//
// Sources turn a reference into an Offer of Items, search, and read a file's header alone. Fetcher.Fetch transfers one
// Item: several ranges at once, checked answer by answer, hashed in order while the bytes flow, and resumable after
// anything. Queue keeps the list of downloads that a person asked for and works through it, also after a restart.
//
// Client makes every connection, for a Purpose that its context names, and writes it into the Ledger.
//
// The package makes connections only while a call of its caller runs. Errors that a person should read are
// *backend.Error; addresses and headers may hold secrets and are in no error and no log. Sizes are bytes.
package download
