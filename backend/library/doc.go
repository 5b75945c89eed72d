// Package library keeps the models on disk, in the store layout that the embedded Ollama server reads.
//
// A store is a folder with blobs/sha256-HEX, files named by what is in them, and manifests/HOST/NAMESPACE/NAME/TAG,
// small JSON files that say which blobs make a model. Weights enter by four doors: Import copies a file, all parts of a
// split model, an adapter, or a folder that Export wrote; Accept moves files that were fetched; Adopt shares a file that
// another app keeps; Attach joins an adapter to its base. Each checks every header before it takes a file, knows the
// sha256 of every byte, and writes the manifest last: a model is in the library whole or not at all. Nothing is ever
// written in place, and a file of another app is never written or deleted.
//
// Changes to the store are made under a lock file, so that two processes may use one store; a copy in progress holds
// a lock on its own temporary file instead, and Tidy removes only temporary files that nobody holds. Work of several
// steps (an arrival, a removal, a move) has a journal beside the store, by which the next New finishes what a process
// that ended had begun.
//
// The file index.json is a cache of header facts and of what manifests and configs say, and the folder sums has the
// sums of each 64 MiB of large blobs, by which Verify finds a bad part and Repair has only that fetched. Both may be
// deleted at any time: what is lost is time, and names of models that are damaged too. DownloadsDir is not touched.
//
// The format is package layout's, finding models elsewhere is package scan's; here are the verbs, the lock and the
// journals. A Library is the sum of its parts. Below are the folder with its lock, the catalogue of what is in it, the
// stager of files on their way, and the publisher, which makes models of them. On these stand the use cases: inspector,
// importer, acceptor, adopter, attacher, verifier, repairer, exporter, keeper and mover.
//
// To read it: library.go, folder.go and lock.go, catalogue.go, stage.go, land.go and arrival.go (how files become a
// model), mend.go (how it heals), then import.go, accept.go, adopt.go, attach.go, verify.go and repair.go, move.go,
// bundle.go and unpack.go.
//
// All sizes are bytes. Errors that a person should read are *backend.Error. Long calls take a context; a cancelled
// one leaves nothing behind.
package library
