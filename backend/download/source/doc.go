// Package source says what elsewhere there is of a model, and where its bytes are: on Hugging Face, in Ollama's registry,
// in any other OCI registry, or at a plain address.
//
// Sources.Resolve turns a reference into an Offer of items before a byte of weights is fetched, Search finds
// repositories, Header and ModelHeader read the headers of GGUF files alone, and Part reads a part of a file for a
// repair. Linker gives an item's addresses again after a restart. Secrets keeps what a person gave for a host; a token
// is sent only to the host that it is for, and only when that host refused to answer without.
//
// Everything connects through a web.Client, only while a call runs. Errors are *backend.Error, and hold no address with
// a secret in it. Sizes are bytes.
package source
