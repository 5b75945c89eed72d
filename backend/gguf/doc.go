// Package gguf reads the header of a GGUF model file and refuses it unless every claim in it holds.
//
// A GGUF file is a header (metadata, then the names, shapes and types of the tensors) followed by the weights.
// Read looks at the header alone: it reads it once, in order, with bounded memory, and never trusts a number in it
// before comparing it with the file's size. It stands between files from elsewhere and the engine, so it refuses
// whatever the engine would crash on, as well as what the format forbids; each refusal is a *backend.Error.
//
// The layout is llama.cpp's ggml/include/gguf.h. Limits that come from the engine (llama.cpp b10488, Ollama v0.34.4)
// name their source beside them. All sizes are bytes, all counts are exact.
package gguf
