// Package library keeps the models on disk, in the store layout that the embedded Ollama server reads.
//
// A store is a folder with blobs/sha256-HEX, files named by what is in them, and manifests/HOST/NAMESPACE/NAME/TAG,
// small JSON files that say which blobs make a model. Weights enter through Import alone, which checks the header
// before a byte is copied, hashes while the bytes flow, and writes the manifest last: a model is in the library whole
// or not at all. Nothing is ever written in place.
//
// Changes to the store are made under a lock file, so that two processes may use one store; a copy in progress holds
// a lock on its own temporary file instead, and Tidy removes only temporary files that nobody holds. The file
// index.json is a cache of header facts and may be deleted at any time.
//
// All sizes are bytes. Errors that a person should read are *backend.Error. Long calls take a context; a cancelled
// one leaves nothing behind.
package library
