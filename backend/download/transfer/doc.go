// Package transfer brings exactly the bytes of one file to this disk, or says plainly why not.
//
// Fetcher.Fetch transfers one web.Item: several ranges at once, each answer checked against its request, hashed in order
// while the bytes flow, and resumable after anything. A plan says which stream fetches which piece of the file, a
// journal beside the file remembers the pieces that are here, a watchdog ends streams that stall, a pacer finds how
// many streams help, and Limit is a speed limit over all transfers that share it.
//
// Errors are *backend.Error; the ones that web.Transient reports go away by themselves. Sizes are bytes.
package transfer
