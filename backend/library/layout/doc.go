// Package layout is the format of the library on disk: the store that the embedded Ollama server reads, and what the
// library keeps beside it.
//
// A Store is a folder with blobs/sha256-HEX, files named by what is in them, and manifests/HOST/NAMESPACE/NAME/TAG,
// small JSON files that say which blobs make a model. The package knows names, kinds, manifests, configs, the sums of
// large blobs and the index, how each is read and how a file is put in its place in one step: written beside it,
// synced, renamed, and the folder synced. It takes no lock and decides nothing: the library does, which alone and with
// the scan of other apps' folders may import it.
//
// The zero value of everything but Store.Dir serves to read a store of somebody else's. Sizes are bytes, sums are
// sha256 in hexadecimal, digests have "sha256:" before them.
package layout
